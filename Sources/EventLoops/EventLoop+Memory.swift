import CLinux

extension EventLoop {
  /// Every so often gives the memory back to the system that was freed and lies idle in the allocator, where that is over `idleBytesMin`. Without
  /// it resident memory stays where a flood, or many large bodies at once, took it: the allocator keeps every page below the last one in use.
  ///
  /// For one loop of a process. The work (milliseconds for 100 MiB) is done on a thread of the pool. Ends with the loop.
  public func trimMemory(everyMilliseconds: UInt64 = 15_000, idleBytesMin: Int = 16 << 20) {
    _ = schedule(afterMilliseconds: everyMilliseconds) { [weak self] in
      guard let self else { return }
      spawn {
        // Fails only where the loop ends.
        _ = try? await self.offload { if linux_idle_heap_bytes() > idleBytesMin { malloc_trim(1 << 20) } }
      }
      trimMemory(everyMilliseconds: everyMilliseconds, idleBytesMin: idleBytesMin)
    }
  }
}
