/// Whether it is worth compressing a file's chunks on their way to the edge.
///
/// The type only says what is likely; the client samples the bytes before it spends time on gzip.
public enum CompressionAdvice: Sendable, Hashable {
  case none
  case gzip

  /// By media type, and by the file name where the type says nothing. Unknown means none: most large files are packed already.
  public init(mediaType: String?, fileName: String?) {
    if let mediaType, !mediaType.isEmpty {
      let essence = mediaType.prefix { $0 != ";" }.lowercased().filter { !$0.isWhitespace }
      if essence != "application/octet-stream" {
        self = Self.isCompressible(essence) ? .gzip : .none
        return
      }
    }
    let parts = (fileName ?? "").split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 1, let last = parts.last else {
      self = .none
      return
    }
    self = Self.compressibleExtensions.contains(last.lowercased()) ? .gzip : .none
  }

  private static func isCompressible(_ essence: String) -> Bool {
    essence.hasPrefix("text/") || essence.hasSuffix("+json") || essence.hasSuffix("+xml") || compressibleTypes.contains(essence)
  }

  private static let compressibleTypes: Set<String> = [
    "application/json", "application/x-ndjson", "application/xml", "application/javascript", "application/sql", "application/x-tar",
    "application/postscript", "application/rtf", "application/wasm", "application/yaml", "application/x-sqlite3", "image/bmp", "image/x-ms-bmp",
    "image/tiff", "audio/wav", "audio/x-wav", "font/ttf", "font/otf",
  ]

  private static let compressibleExtensions: Set<String> = [
    "txt", "log", "csv", "tsv", "json", "ndjson", "jsonl", "xml", "html", "htm", "css", "js", "md", "sql", "yaml", "yml", "tar", "svg", "bmp",
    "tif", "tiff", "wav", "rtf", "ps", "dump", "db", "sqlite", "wasm", "ttf", "otf", "obj", "stl", "vcf", "sam", "fasta", "fastq", "geojson",
  ]
}
