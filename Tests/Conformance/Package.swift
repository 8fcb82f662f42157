// swift-tools-version: 6.2
import PackageDescription

// gRPC's interoperability server and client on this project's runtime. A package of its own: who builds the platform does not build them.
// `make conformance` builds it.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

func jetty(_ name: String) -> Target.Dependency { .product(name: name, package: "agentcache-jetty") }

let package = Package(
  name: "jetty-conformance",
  products: [
    .executable(name: "interop-server", targets: ["interop-server"]),
    .executable(name: "interop-client", targets: ["interop-client"]),
  ],
  dependencies: [.package(name: "agentcache-jetty", path: "../..")],
  targets: [
    .target(name: "InteropMessagesC", linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(name: "InteropMessages", dependencies: ["InteropMessagesC", jetty("CProtobufC"), jetty("RPC"), jetty("Bytes")], swiftSettings: strict),
    .target(name: "InteropKit", dependencies: [jetty("TLS")], swiftSettings: strict),
    .executableTarget(
      name: "interop-server",
      dependencies: ["InteropMessages", "InteropKit", jetty("RPC"), jetty("EventLoops"), jetty("TLS"), jetty("HTTPServer")],
      swiftSettings: strict),
    .executableTarget(
      name: "interop-client", dependencies: ["InteropMessages", "InteropKit", jetty("RPC"), jetty("EventLoops"), jetty("TLS")],
      swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
