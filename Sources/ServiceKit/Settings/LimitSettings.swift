/// The limits of one part as settings: which name sets which member, and within which range. The defaults are those of the part itself.
///
///     var table = LimitSettings(GatewayLimits())
///     table.add("gateway.call.timeout.ms", \.callMilliseconds, 100...600_000, "longest that …")
public struct LimitSettings<Limits: Sendable>: Sendable {
  private let defaults: Limits
  public private(set) var keys: [SettingKey] = []
  private var appliers: [@Sendable (inout Limits, Settings) -> Void] = []

  public init(_ defaults: Limits) { self.defaults = defaults }

  public mutating func add<Number: FixedWidthInteger & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Limits, Number> & Sendable, _ range: ClosedRange<Int>, _ summary: String
  ) {
    let key = SettingKey(name, summary, .integer(range), default: "\(defaults[keyPath: path])")
    append(key) { limits, settings in limits[keyPath: path] = Number(clamping: settings.integer(key)) }
  }

  /// Where nil means "never" or "no bound": 0 says so.
  public mutating func addOptional<Number: FixedWidthInteger & Sendable>(
    _ name: String, _ path: any WritableKeyPath<Limits, Number?> & Sendable, _ range: ClosedRange<Int>, _ summary: String
  ) {
    let key = SettingKey(name, summary, .integer(range), default: defaults[keyPath: path].map { "\($0)" } ?? "0")
    append(key) { limits, settings in
      let number = settings.integer(key)
      limits[keyPath: path] = number == 0 ? nil : Number(clamping: number)
    }
  }

  private mutating func append(_ key: SettingKey, _ apply: @escaping @Sendable (inout Limits, Settings) -> Void) {
    keys.append(key)
    appliers.append(apply)
  }

  /// The limits as configured.
  public func read(_ settings: Settings) -> Limits {
    var limits = defaults
    apply(settings, to: &limits)
    return limits
  }

  /// Sets the members that the table knows, and leaves the others.
  public func apply(_ settings: Settings, to limits: inout Limits) {
    for apply in appliers { apply(&limits, settings) }
  }
}
