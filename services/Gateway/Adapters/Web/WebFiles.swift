import Bytes
import Compression
import Foundation
import TLS

/// The pages, read into memory once: a request can only name what is in this table, so no path leads anywhere else. Any thread.
public struct WebFiles: Sendable {
  /// One file, ready to be sent.
  struct File: Sendable {
    let contentType: String
    let etag: String
    let bytes: [UInt8]
    /// Where that is smaller.
    let gzip: [UInt8]?
  }

  public struct LoadError: Error, CustomStringConvertible {
    public let description: String
  }

  /// By the path that a request names.
  private let files: [String: File]

  static let filesMax = 256
  static let fileBytesMax = 4 << 20

  /// Pages have no suffix in their URLs.
  private static let pages = ["/index.html": "/", "/dashboard.html": "/dashboard"]

  private static let contentTypes = [
    "html": "text/html; charset=utf-8", "js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml",
    "png": "image/png", "ico": "image/x-icon", "txt": "text/plain; charset=utf-8", "webmanifest": "application/manifest+json",
  ]

  /// Reads the regular files below a directory that are of a kind for the web. Links and hidden files are left out.
  public init(directory: String) throws {
    guard let paths = FileManager.default.enumerator(atPath: directory), FileManager.default.fileExists(atPath: directory + "/index.html") else {
      throw LoadError(description: "there is no index.html in \(directory)")
    }
    var files: [String: File] = [:]
    for case let path as String in paths {
      guard !path.split(separator: "/").contains(where: { $0.hasPrefix(".") }) else { continue }
      guard let type = Self.contentTypes[String(path.split(separator: ".").last ?? "")] else { continue }
      guard let attributes = paths.fileAttributes, attributes[.type] as? FileAttributeType == .typeRegular else { continue }
      guard files.count < Self.filesMax else { throw LoadError(description: "\(directory) has more than \(Self.filesMax) files") }
      guard let data = FileManager.default.contents(atPath: "\(directory)/\(path)"), data.count <= Self.fileBytesMax else {
        throw LoadError(description: "\(directory)/\(path) cannot be read, or is larger than \(Self.fileBytesMax) bytes")
      }
      files[Self.pages["/\(path)"] ?? "/\(path)"] = try Self.file(Array(data), type)
    }
    self.files = files
  }

  subscript(path: String) -> File? { files[path] }

  private static func file(_ bytes: [UInt8], _ contentType: String) throws -> File {
    var digest = SHA256()
    bytes.withUnsafeBytes { digest.update($0) }
    let etag = digest.finish().prefix(12).map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    var packed = ByteBuffer()
    try bytes.withUnsafeBytes { try Gzip.compress($0, level: 9, into: &packed) }
    return File(contentType: contentType, etag: etag, bytes: bytes, gzip: packed.count < bytes.count ? packed.array : nil)
  }
}
