import HTTPClient
import JSON

/// Asks an OpenAI-compatible endpoint (`POST /v1/embeddings`) for 384-dimensional embeddings.
struct RemoteEmbedder: Embedder {
  enum Failure: Error {
    case status(Int)
    case unexpectedReply(String)
  }

  let client: HTTPClient
  let url: String
  let model: String
  let apiKey: String?
  var limits = DedupLimits()

  var name: String { "remote:\(model)" }

  func embed(_ description: FileDescription) async throws -> Embedding {
    var headers = [(name: "content-type", value: "application/json")]
    if let apiKey { headers.append((name: "authorization", value: "Bearer \(apiKey)")) }
    let request = HTTPClientRequest(.post, url, headers: headers, timeoutMilliseconds: limits.embedderTimeoutMilliseconds)
    let reply = try await client.send(request, body: HTTPClientBody(body(for: description)), responseBytesMax: limits.embedderReplyBytesMax)
    guard reply.status == 200 else { throw Failure.status(reply.status) }
    return Embedding(embedder: name, vector: try Self.vector(in: reply.body))
  }

  private func body(for description: FileDescription) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("model")
    json.string(model)
    json.key("dimensions")
    json.integer(Int64(DedupLimits.dimensions))
    json.key("input")
    json.string("\(description.name)\n\(description.type)\n\(description.size.rawValue) bytes")
    json.endObject()
    return json.bytes
  }

  static func vector(in bytes: [UInt8]) throws -> [Float] {
    guard let numbers = try JSONValue(parsing: bytes)["data"]?[0]?["embedding"]?.arrayValue else {
      throw Failure.unexpectedReply("the reply has no data[0].embedding")
    }
    guard numbers.count == DedupLimits.dimensions else {
      throw Failure.unexpectedReply("\(numbers.count) dimensions instead of \(DedupLimits.dimensions)")
    }
    let vector = numbers.compactMap { $0.doubleValue.map { Float($0) } }
    let length = vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    guard vector.count == numbers.count, length.isFinite, length > 0 else { throw Failure.unexpectedReply("the embedding is not a direction") }
    return vector.map { $0 / length }
  }
}
