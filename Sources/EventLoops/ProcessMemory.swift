import CLinux

/// How malloc treats the large buffers of a process that serves messages.
enum ProcessMemory {
  /// Blocks below this come from the heap. glibc begins at 128 KiB: above it every buffer is mapped, faulted in page by page, and unmapped
  /// again, which took half of the time of 1 MiB messages.
  private static let mappedBlockBytesMin: Int32 = 4 << 20
  /// Free memory at the end of the heap beyond this is given back to the system.
  private static let heapEndBytesMax: Int32 = 16 << 20

  /// Set once, by the first loop that starts.
  static let prepared: Void = {
    mallopt(M_MMAP_THRESHOLD, mappedBlockBytesMin)
    mallopt(M_TRIM_THRESHOLD, heapEndBytesMax)
  }()
}
