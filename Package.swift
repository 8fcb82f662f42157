// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
  .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A C library of the system: a module map and a shim header under Sources/<name>.
func system(_ name: String, pkgConfig: String? = nil, apt: String) -> Target {
  .systemLibrary(name: name, pkgConfig: pkgConfig, providers: [.apt([apt])])
}

func module(_ name: String, path: String? = nil, _ dependencies: Target.Dependency..., exclude: [String] = [], resources: [Resource] = []) -> Target {
  .target(name: name, dependencies: dependencies, path: path, exclude: exclude, resources: resources, swiftSettings: strict)
}

func executable(_ name: String, path: String? = nil, _ dependencies: Target.Dependency...) -> Target {
  .executableTarget(name: name, dependencies: dependencies, path: path, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: Target.Dependency...) -> Target {
  .testTarget(name: name, dependencies: dependencies, path: "Tests/\(name)", swiftSettings: strict)
}

/// One service: a library (Domain and Adapters) and the executable that composes it (Server).
/// With `migrations`, every migrations/*.sql is embedded as PackageResources.
///
/// Nothing here looks at the disk: SwiftPM remembers what a manifest evaluates to by its text alone.
func service(_ name: String, migrations: Bool = true, _ dependencies: Target.Dependency...) -> [Target] {
  let path = "services/\(name)"
  let all = dependencies + [
    "Bytes", "JSON", "Model", "EventLoops", "RPC", "Contracts", "ServiceKit", .product(name: "Logging", package: "swift-log"),
  ]
  let named = dependencies.compactMap { if case .byNameItem(let name, _) = $0 { name } else { nil } }
  let handedOver = ["HTTPServer", "ObjectStore", "Redis", "Postgres", "Accounts"].filter { !named.contains($0) }
  return [
    .target(
      name: name, dependencies: all, path: path, exclude: ["Server", "README.md", "Dockerfile"],
      resources: migrations ? [.embedInCode("migrations")] : [], swiftSettings: strict),
    // All of them again, and what ServiceKit hands over: with cross-module optimisation the executable knows the layout of their types,
    // and SwiftPM builds it anew only for dependencies that are named.
    .executableTarget(
      name: "\(name)Server", dependencies: all + [.target(name: name)] + handedOver.map { .byName(name: $0) },
      path: "\(path)/Server", swiftSettings: strict),
  ]
}

let log = Target.Dependency.product(name: "Logging", package: "swift-log")
let arguments = Target.Dependency.product(name: "ArgumentParser", package: "swift-argument-parser")
let configuration = Target.Dependency.product(name: "Configuration", package: "swift-configuration")

let binaries = [
  "jetty-edge-selection": "EdgeSelectionServer", "jetty-chunk-metadata": "ChunkMetadataServer", "jetty-upload-state": "UploadStateServer",
  "jetty-admin": "jetty-admin", "jetty-dedup": "DedupServer", "jetty-finalize": "FinalizeServer", "jetty-gateway": "GatewayServer",
  "jetty-edge-worker": "EdgeWorkerServer",
]

/// What the packages beside this one build on: Benchmarks, Tests/Conformance, Tests/Fuzz.
let libraries = [
  "Bytes", "JSON", "HTTP1", "EventLoops", "TLS", "HTTP2", "RPC", "RPCServices", "Contracts", "Redis", "Postgres", "CProtobufC",
  "HTTPServer",
]

let package = Package(
  name: "agentcache-jetty",
  products: libraries.map { .library(name: $0, targets: [$0]) } + [.executable(name: "jetty", targets: ["jetty"])]
    + binaries.sorted { $0.key < $1.key }.map { .executable(name: $0.key, targets: [$0.value]) },
  dependencies: [
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-configuration", from: "1.4.0", traits: [.defaults, "CommandLineArguments"]),
  ],
  targets: [
    system("CNghttp2", pkgConfig: "libnghttp2", apt: "libnghttp2-dev"),
    system("COpenSSL", pkgConfig: "openssl", apt: "libssl-dev"),
    system("CHiredis", pkgConfig: "hiredis", apt: "libhiredis-dev"),
    system("CLibpq", pkgConfig: "libpq", apt: "libpq-dev"),
    system("CProtobufC", pkgConfig: "libprotobuf-c", apt: "libprotobuf-c-dev"),
    system("CUV", pkgConfig: "libuv", apt: "libuv1-dev"),
    system("CCurl", pkgConfig: "libcurl", apt: "libcurl4-openssl-dev"),
    system("CLinux", apt: "libc6-dev"),
    system("CFiles", apt: "libc6-dev"),
    system("CZlib", pkgConfig: "zlib", apt: "zlib1g-dev"),
    .target(name: "ContractsC", linkerSettings: [.linkedLibrary("protobuf-c")]),

    module("Bytes"),
    module("JSON", "Bytes"),
    module("Model", "Bytes"),
    module("EventLoops", "CUV", "CLinux", "Bytes"),
    module("TLS", "COpenSSL", "Bytes"),
    module("Compression", "CZlib", "Bytes"),
    module("HTTP2", "CNghttp2", "Bytes"),
    module("HTTP1", "Bytes"),
    module("RPC", "EventLoops", "HTTP2", "TLS", "Compression", "Bytes", log),
    module("Contracts", "ContractsC", "CProtobufC", "RPC", "JSON", "Model", "Bytes"),
    module("RPCServices", "RPC", "Contracts", "EventLoops"),
    module("HTTPServer", "EventLoops", "HTTP1", "HTTP2", "TLS", "JSON", "Bytes", log),
    module("Redis", "CHiredis", "EventLoops", "Bytes", log),
    module("Postgres", "CLibpq", "EventLoops", "Bytes", log),
    module("HTTPClient", "CCurl", "EventLoops", "Bytes", log),
    module("ObjectStore", "CFiles", "HTTPClient", "EventLoops", "TLS", "Bytes", log),
    module("Accounts", "TLS", "Model", "JSON", "Bytes", "EventLoops", "Postgres", log),
    module(
      "ServiceKit", "EventLoops", "JSON", "RPC", "RPCServices", "Contracts", "HTTPServer", "TLS", "Redis", "Postgres", "ObjectStore", "Accounts",
      "Model", log, configuration),
    module("Doors", "HTTPServer", "HTTP1", "RPC", "Contracts", "Compression", "EventLoops", "JSON", "Model", "Bytes"),
    module("UploadClient", "HTTPClient", "EventLoops", "TLS", "Compression", "JSON", "Contracts", "Model", "Bytes"),
    executable("jetty", "UploadClient", "EventLoops", "HTTPClient", "Contracts", "JSON", "Model", arguments),
    executable("jetty-admin", "Accounts", "EventLoops", "Postgres", "Model", arguments, log),
  ]
    + service("EdgeSelection", "Postgres", "Redis", "Accounts", "HTTPClient")
    + service("ChunkMetadata", "Postgres", "Redis", "Accounts")
    + service("UploadState", "Postgres", "Redis", "ObjectStore", "Accounts")
    + service("Dedup", "Postgres", "Redis", "ObjectStore", "HTTPClient", "TLS")
    + service("Finalize", "Postgres", "Redis", "ObjectStore", "TLS")
    + service("Gateway", migrations: false, "Doors", "Postgres", "Redis", "Accounts", "HTTPServer", "HTTP1", "ObjectStore", "TLS")
    + service("EdgeWorker", migrations: false, "Doors", "HTTPServer", "ObjectStore", "Accounts", "TLS")
    + [
      tests("BytesTests", "Bytes", "JSON", "Model"),
      tests("EventLoopsTests", "EventLoops"),
      tests("TLSTests", "TLS", "Accounts", "Model", "TestSupport"),
      tests("HTTP1Tests", "HTTP1", "HTTPServer", "HTTP2", "Compression", "EventLoops", "TLS"),
      tests("RPCTests", "RPC", "RPCServices", "Contracts", "HTTP2"),
      tests("ContractsTests", "Contracts", "JSON", "RPC", "Bytes", "EventLoops"),
      tests("RedisTests", "Redis", "TestSupport"),
      tests("PostgresTests", "Postgres", "RPC", "Redis", "TestSupport"),
      tests("ObjectStoreTests", "ObjectStore", "HTTPClient", "EventLoops", "TLS", "Bytes", "TestSupport"),
      tests("EdgeSelectionTests", "EdgeSelection", "ServiceKit", "TestSupport"),
      tests("ChunkMetadataTests", "ChunkMetadata", "Accounts", "TLS", "TestSupport"),
      tests("UploadStateTests", "UploadState", "Accounts", "TLS", "ObjectStore", "TestSupport"),
      tests("DedupTests", "Dedup", "TestSupport", "Contracts", "RPC", "Postgres", "Redis", "ObjectStore", "EventLoops", "Model", "TLS"),
      tests("FinalizeTests", "Finalize", "TestSupport", "ServiceKit", "Contracts", "RPC", "Postgres", "ObjectStore", "EventLoops", "Model", "TLS"),
      tests("GatewayTests", "Gateway", "HTTPClient", "TestSupport"),
      tests("EdgeWorkerTests", "EdgeWorker", "HTTPClient", "Compression", "TestSupport"),
      tests("UploadClientTests", "UploadClient", "HTTPServer", "Compression", "TestSupport"),
      tests("ServiceKitTests", "ServiceKit", "EventLoops", "ObjectStore", "RPC"),
      tests("ArchitectureTests"),
      tests("AttackTests", "AttackKit"),
      tests("LeakTests", "AttackKit", "RPC", "Redis", "Postgres", "EventLoops", "TLS", "TestSupport"),
      module("AttackKit", path: "Tests/AttackKit", "RPC", "HTTPServer", "Contracts", "Compression", "EventLoops", "Bytes"),
      executable("attack", path: "Tests/AttackRunner", "AttackKit", "EventLoops"),
      module("TestSupport", path: "Tests/TestSupport", "EventLoops", "Redis", "Postgres"),
    ],
  swiftLanguageModes: [.v6]
)

// SwiftPM compiles a module again when one of its direct dependencies has changed, and swiftc leaves the interface of that one alone
// where its text is the same: a new field of a struct two modules down goes unnoticed, and the program crashes. So every
// target also lists what it depends on by way of others.
func name(of dependency: Target.Dependency) -> String? {
  switch dependency {
  case .targetItem(let name, _), .byNameItem(let name, _): name
  default: nil
  }
}

func closure(of target: Target, among targets: [String: Target]) -> Set<String> {
  target.dependencies.compactMap(name(of:)).reduce(into: []) { found, name in
    found.insert(name)
    if let dependency = targets[name] { found.formUnion(closure(of: dependency, among: targets)) }
  }
}

let targetsByName = Dictionary(uniqueKeysWithValues: package.targets.map { ($0.name, $0) })
let closures = package.targets.map { closure(of: $0, among: targetsByName) }
for (target, all) in zip(package.targets, closures) {
  let direct = Set(target.dependencies.compactMap(name(of:)))
  target.dependencies += all.subtracting(direct).sorted().map { .byName(name: $0) }
}
