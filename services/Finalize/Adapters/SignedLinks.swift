import ObjectStore

/// Presigned URLs.
struct SignedLinks: FileLinks {
  let signer: ObjectURLSigner
  var limits = FinalizeLimits()

  /// An empty URL where the key is none; only a damaged table has such.
  func link(to file: StoredFile) -> (url: String, expiresAt: Int64) {
    guard let key = try? ObjectKey(file.objectKey) else { return ("", 0) }
    let signed = signer.presignedGet(
      key: key, expiresInSeconds: limits.urlSeconds, fileName: file.name.isEmpty ? nil : file.name,
      contentType: file.mediaType.isEmpty ? nil : file.mediaType)
    return (signed.url, signed.expiresAtMilliseconds)
  }
}
