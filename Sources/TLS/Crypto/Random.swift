import COpenSSL

/// `count` unpredictable bytes, fit for keys and tokens (OpenSSL's DRBG, seeded by the kernel).
public func randomBytes(_ count: Int) -> [UInt8] {
  precondition(count >= 0 && count <= 1 << 20, "between 0 and 1 MiB of randomness at a time")
  return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
    // It fails only where the kernel gives no entropy; to go on with predictable keys would be worse than to stop.
    precondition(count == 0 || RAND_bytes(buffer.baseAddress, Int32(count)) == 1, "the system gives no randomness")
    filled = count
  }
}

/// Whether two byte strings are equal, in a time that depends on their lengths only.
public func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
  left.count == right.count && CRYPTO_memcmp(left, right, left.count) == 0
}
