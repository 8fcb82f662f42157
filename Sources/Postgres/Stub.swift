// Stands in until the module lands; its author deletes this file.
import EventLoops
import Logging
public struct PostgresError: Error { public var isUnavailable = false }
public struct PostgresConfiguration { public var schema = ""; public var connectionsMax = 1; public init(url: String) throws {} }
public final class PostgresPool { public init(loop: EventLoop, configuration: PostgresConfiguration, logger: Logger) {} }
