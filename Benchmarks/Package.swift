// swift-tools-version: 6.2
import PackageDescription

// A package of its own: who builds the project does not pay for the benchmarks, and these do not pay for the services.
// `make bench-rpc` builds it with the flags of scripts/build.sh.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

func jetty(_ name: String) -> Target.Dependency { .product(name: name, package: "agentcache-jetty") }

let package = Package(
  name: "jetty-benchmarks",
  products: [
    .executable(name: "bench-server", targets: ["bench-server"]),
    .executable(name: "bench-client", targets: ["bench-client"]),
  ],
  dependencies: [.package(name: "agentcache-jetty", path: "..")],
  targets: [
    .target(name: "BenchContractsC", linkerSettings: [.linkedLibrary("protobuf-c")]),
    .target(
      name: "BenchContracts", dependencies: ["BenchContractsC", jetty("CProtobufC"), jetty("RPC"), jetty("Bytes")], swiftSettings: strict),
    .target(name: "BenchSupport", dependencies: [jetty("EventLoops")], swiftSettings: strict),
    .executableTarget(
      name: "bench-server",
      dependencies: [
        "BenchContracts", "BenchSupport", jetty("RPC"), jetty("RPCServices"), jetty("EventLoops"), jetty("TLS"), jetty("Redis"), jetty("Postgres"),
      ],
      swiftSettings: strict),
    .executableTarget(
      name: "bench-client", dependencies: ["BenchContracts", "BenchSupport", jetty("RPC"), jetty("EventLoops")], swiftSettings: strict),
  ],
  swiftLanguageModes: [.v6]
)
