// swift-tools-version: 6.2
import PackageDescription

// A package of its own: everything below it is built anew, with libFuzzer's counters and AddressSanitizer in it. `make fuzz` passes the flags;
// they must reach the modules of the project, which only the command line can do.
let strict: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

func jetty(_ name: String) -> Target.Dependency { .product(name: name, package: "agentcache-jetty") }

let package = Package(
  name: "jetty-fuzz",
  dependencies: [.package(name: "agentcache-jetty", path: "../..")],
  targets: [
    .executableTarget(
      name: "fuzz",
      dependencies: ["Bytes", "JSON", "EventLoops", "HTTP1", "HTTP2", "RPC", "Contracts"].map(jetty),
      swiftSettings: strict + [.unsafeFlags(["-parse-as-library"])])
  ],
  swiftLanguageModes: [.v6]
)
