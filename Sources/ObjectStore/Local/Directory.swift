import Glibc

/// Blocking calls on directories and names in them.
enum Directory {
  /// Makes a directory and those above it, each durable before the next is made in it. Existing ones are fine.
  static func make(_ path: String) throws(ObjectStoreError) {
    if mkdir(path, 0o750) == 0 {
      try synchronise(parent(of: path))
      return
    }
    switch errno {
    case EEXIST:
      return
    case ENOENT where path.count > 1:
      try make(parent(of: path))
      guard mkdir(path, 0o750) == 0 || errno == EEXIST else { throw FileError.from(errno, doing: "make directory", path) }
      try synchronise(parent(of: path))
    case let code:
      throw FileError.from(code, doing: "make directory", path)
    }
  }

  /// Waits until the names in a directory are on the disk.
  static func synchronise(_ path: String) throws(ObjectStoreError) {
    let directory = try OpenFile(path, flags: O_RDONLY | O_DIRECTORY)
    guard fsync(directory.descriptor) == 0 else { throw FileError.from(errno, doing: "flush", path) }
  }

  /// Moves a finished file to its name in one step, replacing what is there, and makes that durable.
  static func move(_ source: String, to target: String) throws(ObjectStoreError) {
    guard rename(source, target) == 0 else { throw FileError.from(errno, doing: "rename to", target) }
    try synchronise(parent(of: target))
  }

  /// Deletes a file; false where there was none.
  @discardableResult
  static func remove(_ path: String) throws(ObjectStoreError) -> Bool {
    if unlink(path) == 0 { return true }
    guard errno == ENOENT || errno == ENOTDIR else { throw FileError.from(errno, doing: "delete", path) }
    return false
  }

  static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
    return String(path[..<slash])
  }

  /// The names in a directory, without `.` and `..`.
  static func names(in path: String) throws(ObjectStoreError) -> [String] {
    guard let stream = opendir(path) else { throw FileError.from(errno, doing: "list", path) }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }
}
