// swift-tools-version: 6.2
import PackageDescription

// The generator is a package of its own so that swift-protobuf is needed to change a contract, never to build or run a service.
let package = Package(
  name: "protoc-gen-jetty",
  products: [.executable(name: "protoc-gen-jetty", targets: ["protoc-gen-jetty"])],
  dependencies: [.package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0")],
  targets: [
    .executableTarget(
      name: "protoc-gen-jetty",
      dependencies: [
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
        .product(name: "SwiftProtobufPluginLibrary", package: "swift-protobuf"),
      ])
  ],
  swiftLanguageModes: [.v6]
)
