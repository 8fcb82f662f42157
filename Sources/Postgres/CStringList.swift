/// A null-terminated array of C strings, for as long as it lives.
struct CStringList: ~Copyable {
  private let storage: UnsafeMutableBufferPointer<UnsafePointer<CChar>?>

  init(_ texts: [String]) {
    storage = .allocate(capacity: texts.count + 1)
    for (index, text) in texts.enumerated() {
      let bytes = text.utf8CString
      let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
      for (offset, byte) in bytes.enumerated() { (copy + offset).initialize(to: byte) }
      storage.initializeElement(at: index, to: UnsafePointer(copy))
    }
    storage.initializeElement(at: texts.count, to: nil)
  }

  deinit {
    for text in storage { text?.deallocate() }
    storage.deallocate()
  }

  var pointers: UnsafePointer<UnsafePointer<CChar>?>? { storage.baseAddress.map { UnsafePointer($0) } }
}
