import Model

/// Embeds a description without a model: the words of its name, their trigrams, its type and the order of magnitude of its size are
/// hashed into 384 signed components (feature hashing, Weinberger et al. 2009), then scaled to length 1.
///
/// Deterministic and offline. Like any embedding of names it cannot tell "part 1" from "part 2", which is why a similar file is a hint only.
struct FeatureHashingEmbedder: Embedder {
  let name = "feature-hashing-1"

  func embed(_ description: FileDescription) async throws -> Embedding { Embedding(embedder: name, vector: Self.vector(of: description)) }

  static func vector(of description: FileDescription) -> [Float] {
    var sums = [Float](repeating: 0, count: DedupLimits.dimensions)
    for (feature, weight) in features(of: description) {
      let hash = fnv1a(feature)
      let index = Int(hash % UInt64(DedupLimits.dimensions))
      sums[index] += hash >> 63 == 0 ? weight : -weight
    }
    let length = sums.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
    // Features can cancel each other out; a description then still needs a direction.
    guard length > 0 else {
      sums[0] = 1
      return sums
    }
    return sums.map { $0 / length }
  }

  private static func features(of description: FileDescription) -> [(String, Float)] {
    var features: [(String, Float)] = []
    let words = words(of: description.name)
    for word in words {
      features.append(("word:\(word)", 1))
      let letters = Array("^\(word)$")
      if letters.count > 3 {
        for start in 0...(letters.count - 3) { features.append(("gram:\(String(letters[start..<start + 3]))", 0.3)) }
      }
    }
    if words.count > 1, let last = words.last { features.append(("extension:\(last)", 1)) }
    if !description.type.isEmpty {
      features.append(("type:\(description.type.lowercased())", 1))
      features.append(("family:\(description.type.lowercased().prefix { $0 != "/" })", 0.5))
    }
    features.append(("magnitude:\(UInt64.bitWidth - description.size.rawValue.leadingZeroBitCount)", 0.5))
    return features
  }

  /// Runs of letters and digits, in lower case.
  private static func words(of name: String) -> [String] {
    var words: [String] = []
    var word = ""
    for character in String(decoding: name.utf8.prefix(DedupLimits.nameBytesMax), as: UTF8.self).lowercased() {
      if character.isLetter || character.isNumber {
        word.append(character)
      } else if !word.isEmpty {
        words.append(word)
        word = ""
      }
    }
    if !word.isEmpty { words.append(word) }
    return words
  }

  /// FNV-1a, 64 bits (draft-eastlake-fnv), with a final mix so that the low bits depend on all of the text.
  private static func fnv1a(_ text: String) -> UInt64 {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in text.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    hash ^= hash >> 33
    hash = hash &* 0xff51_afd7_ed55_8ccd
    return hash ^ (hash >> 33)
  }
}
