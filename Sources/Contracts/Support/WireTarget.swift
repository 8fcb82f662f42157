import Bytes
internal import CProtobufC

/// Where protobuf-c writes a message piece by piece: the small ones are copied, the arrays of its arena are lent.
struct WireTarget {
  /// First, since its address is that of the whole.
  private var base: ProtobufCBuffer
  private let buffer: UnsafeMutablePointer<ByteBuffer>
  private let lent: UnsafeMutablePointer<LentBytes>
  private let arrays: WireArrays

  init(buffer: UnsafeMutablePointer<ByteBuffer>, lent: UnsafeMutablePointer<LentBytes>, arrays: WireArrays) {
    self.buffer = buffer
    self.lent = lent
    self.arrays = arrays
    base = ProtobufCBuffer(append: { base, count, data in
      guard let base, let data else { return }
      UnsafeMutableRawPointer(base).assumingMemoryBound(to: WireTarget.self).pointee.append(data, count)
    })
  }

  mutating func pack(_ message: UnsafePointer<ProtobufCMessage>) {
    withUnsafeMutablePointer(to: &self) { target in
      _ = protobuf_c_message_pack_to_buffer(message, UnsafeMutableRawPointer(target).assumingMemoryBound(to: ProtobufCBuffer.self))
    }
  }

  private func append(_ data: UnsafePointer<UInt8>, _ count: Int) {
    if let array = arrays.find(data, count) {
      lent.pointee.append(LentBlock(array), 0..<count, behind: buffer.pointee.count)
    } else {
      buffer.pointee.append(data, count: count)
    }
  }
}
