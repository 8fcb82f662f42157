// swift-tools-version: 6.2
// grpc-swift-2 with its own transport, as somebody would use it. A package of its own: its build takes about half an hour, and
// neither the project nor the other benchmarks may wait for it. Everything here that needs grpc-swift-2 shares that one build.
import PackageDescription

let grpc: [Target.Dependency] = [
  .product(name: "GRPCCore", package: "grpc-swift-2"),
  .product(name: "GRPCNIOTransportHTTP2Posix", package: "grpc-swift-nio-transport"),
  .product(name: "GRPCProtobuf", package: "grpc-swift-protobuf"),
  .product(name: "SwiftProtobuf", package: "swift-protobuf"),
  .product(name: "NIOPosix", package: "swift-nio"),
]

let package = Package(
  name: "grpc-swift-peer",
  platforms: [.macOS(.v15)],
  dependencies: [
    .package(url: "https://github.com/grpc/grpc-swift-2", exact: "2.4.3"),
    .package(url: "https://github.com/grpc/grpc-swift-nio-transport", exact: "2.9.2"),
    .package(url: "https://github.com/grpc/grpc-swift-protobuf", exact: "2.4.1"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0", traits: []),
    .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
  ],
  targets: [
    .executableTarget(name: "bench-server", dependencies: grpc),
    // gRPC's interoperability cases, for Tests/Conformance.
    .executableTarget(name: "interop-peer", dependencies: grpc),
  ]
)
