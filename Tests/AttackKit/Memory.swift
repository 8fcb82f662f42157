import Glibc

/// What a process holds, as the kernel counts it.
public enum Memory {
  /// Resident bytes of `process` (0: this one); nil if it is gone.
  public static func residentBytes(of process: Int32 = 0) -> Int? {
    guard let file = fopen("/proc/\(process == 0 ? "self" : "\(process)")/statm", "r") else { return nil }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return nil }
    let fields = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self).split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}
