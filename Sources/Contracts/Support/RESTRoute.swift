import Bytes
import JSON
import RPC

/// A REST route of the contracts and the RPC behind it.
public struct RESTRoute: Sendable {
  public enum Segment: Sendable, Equatable {
    case literal(String)
    /// Takes one segment of the path; the name as in JSON.
    case parameter(String)
  }

  /// `GET`, `POST` and so on.
  public let httpMethod: String
  /// As the contract writes it: `/api/jetty/get-state/{user_id}/{file_id}`.
  public let template: String
  public let segments: [Segment]
  /// The request is a JSON body; without one it is read from the query.
  public let hasBody: Bool
  /// The RPC that answers.
  public let method: MethodDescriptor
  private let perform: @Sendable (RPCChannel, JSONReader, CallOptions) async throws -> [UInt8]

  /// The full name of the service that answers, e.g. `jetty.v1.EdgeSelection`.
  public var service: String { method.service }

  static func unary<Request: RPCMessage & JSONCodable, Response: RPCMessage & JSONCodable>(
    _ method: MethodDescriptor, _ httpMethod: String, _ template: String, _ segments: [Segment], hasBody: Bool,
    _ request: Request.Type, _ response: Response.Type
  ) -> RESTRoute {
    RESTRoute(httpMethod: httpMethod, template: template, segments: segments, hasBody: hasBody, method: method) { channel, reader, options in
      let request: Request
      do throws(JSONError) { request = try Request(json: reader) } catch { throw RPCError(error) }
      try request.validate()
      let response: Response = try await channel.unary(method, request, options: options)
      return response.json
    }
  }

  /// The parameters in `path` where it has the form of this route; nil where it has not. `path` is as it came: percent-encoded, no query.
  public func match(_ path: some StringProtocol) -> [(name: String, value: String)]? {
    guard path.hasPrefix("/") else { return nil }
    let parts = path.dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == segments.count else { return nil }
    var parameters: [(name: String, value: String)] = []
    for (part, segment) in zip(parts, segments) {
      switch segment {
      case .literal(let literal):
        guard part == literal else { return nil }
      case .parameter(let name):
        guard !part.isEmpty, let value = PercentEncoding.decode(part) else { return nil }
        parameters.append((name, value))
      }
    }
    return parameters
  }

  /// Reads the request, checks its rules, makes the call and returns the response as JSON.
  ///
  /// - Parameters:
  ///   - channel: to the service that answers.
  ///   - parameters: what `match` returned. They win over members of the body.
  ///   - query: the raw query without its question mark. Ignored where the route has a body.
  ///   - body: the JSON text. Ignored where the route has none.
  /// - Throws: `RPCError`; INVALID_ARGUMENT with a `Problem` where the request is malformed.
  public func invoke(
    _ channel: RPCChannel, parameters: [(name: String, value: String)] = [], query: String = "", body: [UInt8] = [],
    limits: JSONLimits = .standard, options: CallOptions = .init()
  ) async throws -> [UInt8] {
    let reader: JSONReader
    do {
      reader = try self.reader(parameters, query, body, limits)
    } catch {
      throw RPCError(error)
    }
    return try await perform(channel, reader, options)
  }

  private func reader(
    _ parameters: [(name: String, value: String)], _ query: String, _ body: [UInt8], _ limits: JSONLimits
  ) throws(JSONError) -> JSONReader {
    var object = JSONObject()
    if hasBody {
      object = try JSONReader(try JSONValue(parsing: body, limits: limits)).object
    } else {
      object = try RESTRoute.members(ofQuery: query)
    }
    for parameter in parameters { object[parameter.name] = .string(parameter.value) }
    return JSONReader(object, isTextual: !hasBody)
  }

  /// Most members of a query.
  private static let queryMembersMax = 64

  /// `a=1&b=2` as an object of texts. A name that occurs twice becomes an array.
  static func members(ofQuery query: String) throws(JSONError) -> JSONObject {
    var object = JSONObject()
    let pairs = query.split(separator: "&")
    guard pairs.count <= queryMembersMax else { throw JSONError(path: "", problem: "has more than \(queryMembersMax) query parameters") }
    for pair in pairs {
      let name = pair.prefix { $0 != "=" }
      let value = pair.dropFirst(name.count + 1)
      guard let name = PercentEncoding.decode(name, plusIsSpace: true), let value = PercentEncoding.decode(value, plusIsSpace: true) else {
        throw JSONError(path: "", problem: "has a query that is not valid percent-encoded UTF-8")
      }
      switch object[name] {
      case nil: object[name] = .string(value)
      case .array(let items)?: object[name] = .array(items + [.string(value)])
      case let first?: object[name] = .array([first, .string(value)])
      }
    }
    return object
  }
}
