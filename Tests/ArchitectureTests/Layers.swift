/// What may import what. docs/ARCHITECTURE.md shows the same picture; SwiftPM itself does not enforce it.
enum Layers {
  /// From the bottom up. A module imports only modules of lower rows.
  static let rows: [[String]] = [
    ["Bytes"],
    ["JSON", "Model"],
    ["EventLoops", "TLS", "Compression", "HTTP1", "HTTP2"],
    ["RPC", "HTTPServer", "Redis", "Postgres", "HTTPClient"],
    ["Contracts", "ObjectStore"],
    ["RPCServices", "Accounts", "UploadClient", "Doors"],
    ["ServiceKit"],
    services + ["jetty", "jetty-admin"],
  ]

  static let services = ["ChunkMetadata", "Dedup", "EdgeSelection", "EdgeWorker", "Finalize", "Gateway", "UploadState"]

  /// Each C module has one Swift module that wraps it: nobody else sees a C pointer.
  static let wrappers: [String: String] = [
    "CUV": "EventLoops", "CLinux": "EventLoops", "COpenSSL": "TLS", "CZlib": "Compression", "CNghttp2": "HTTP2", "CHiredis": "Redis",
    "CLibpq": "Postgres", "CCurl": "HTTPClient", "CFiles": "ObjectStore",
    "CProtobufC": "Contracts", "ContractsC": "Contracts",
  ]

  /// Bytes in, events out: these do no I/O and know no loop.
  static let withoutIO = ["Bytes", "JSON", "Model", "Compression", "HTTP1", "HTTP2"]

  /// Modules on the hot path do without Foundation.
  static let withoutFoundation = ["Bytes", "EventLoops", "TLS", "Compression", "HTTP1", "HTTP2", "RPC", "Redis", "Postgres", "HTTPClient"]

  /// What the Domain directory of a service may import: it reads as its subject.
  static let domainImports: Set = ["Bytes", "Model", "Foundation", "FoundationEssentials", "Glibc", "Synchronization"]

  static func row(of module: String) -> Int? { rows.firstIndex { $0.contains(module) } }
}
