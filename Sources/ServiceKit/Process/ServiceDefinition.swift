/// What makes one program: its name, what it can be told, and how its parts are made.
public struct ServiceDefinition: Sendable {
  /// As in the names of binaries and Kubernetes objects: `edge-selection`.
  public let name: String
  public let summary: String
  /// Settings besides `SettingKey.common`.
  public let settings: [SettingKey]
  /// Notes what contradicts itself in settings that are each right.
  public let validate: @Sendable (Settings) -> Void
  /// What `--job` may name: work that can be done from outside, by a Kubernetes CronJob for one, in a process of its own.
  public let jobs: [String]
  /// Runs once, on the first loop, before any part is made: migrations. Is tried again while what it needs is away.
  public let prepare: @Sendable (ServiceRuntime) async throws -> Void
  /// Makes the parts of one loop, on that loop.
  public let build: @Sendable (ServiceRuntime) async throws -> ServiceParts

  public init(
    name: String, summary: String, settings: [SettingKey], jobs: [String] = [],
    validate: @escaping @Sendable (Settings) -> Void = { _ in },
    prepare: @escaping @Sendable (ServiceRuntime) async throws -> Void = { _ in },
    build: @escaping @Sendable (ServiceRuntime) async throws -> ServiceParts
  ) {
    self.name = name
    self.summary = summary
    self.settings = jobs.isEmpty ? settings : settings + [.job]
    self.jobs = jobs
    self.validate = validate
    self.prepare = prepare
    self.build = build
  }
}
