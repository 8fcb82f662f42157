import Glibc
import Model

/// The journals of one user of this machine: a directory of small files, named after the uploads.
///
/// All of it blocks, briefly. Losing a journal loses a convenience, never data, so only `save` reports errors.
public struct JournalStore: Sendable {
  public let directory: String
  /// More than anybody leaves unfinished.
  static let journalsMax = 10_000

  public init(directory: String) { self.directory = directory }

  /// `$XDG_STATE_HOME/jetty/uploads`, by default `~/.local/state/jetty/uploads`. nil where there is no home either.
  public init?(environment: (String) -> String?) {
    if let state = environment("XDG_STATE_HOME"), state.hasPrefix("/") {
      directory = state + "/jetty/uploads"
    } else if let home = environment("HOME"), home.hasPrefix("/") {
      directory = home + "/.local/state/jetty/uploads"
    } else {
      return nil
    }
  }

  /// Writes a journal so that a crash leaves either the old one or the new one. Readable by its owner only.
  public func save(_ journal: UploadJournal) throws {
    try makeDirectory()
    let path = path(of: journal.fileID)
    let temporary = "\(path).\(getpid()).new"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw failure("create", temporary) }
    let bytes = journal.json
    let isWritten = bytes.withUnsafeBytes { writeAll($0, to: descriptor) } && fsync(descriptor) == 0
    let code = errno
    close(descriptor)
    guard isWritten, rename(temporary, path) == 0 else {
      if isWritten == false { errno = code }
      let failure = failure("write", path)
      unlink(temporary)
      throw failure
    }
  }

  public func remove(_ file: FileID) { unlink(path(of: file)) }

  public func journal(of file: FileID) -> UploadJournal? { readFile(path(of: file)).flatMap { UploadJournal(json: $0) } }

  /// Every journal of a file, newest upload first.
  public func journals(path: String) -> [UploadJournal] { all().filter { $0.path == path } }

  /// Every journal, newest upload first.
  public func all() -> [UploadJournal] {
    guard let handle = opendir(directory) else { return [] }
    defer { closedir(handle) }
    var ids: [FileID] = []
    while let entry = readdir(handle), ids.count < Self.journalsMax {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
      if name.hasSuffix(".json"), let id = FileID(name.dropLast(5)) { ids.append(id) }
    }
    return ids.sorted(by: >).compactMap { journal(of: $0) }
  }

  private func path(of file: FileID) -> String { "\(directory)/\(file.text).json" }

  private func makeDirectory() throws {
    var path = ""
    for part in directory.split(separator: "/") {
      path += "/" + part
      if mkdir(path, 0o700) != 0, errno != EEXIST { throw failure("create", path) }
    }
  }

  private func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var written = 0
    while written < bytes.count {
      let count = retryingInterrupts { write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written) }
      guard count > 0 else { return false }
      written += count
    }
    return true
  }

  private func readFile(_ path: String) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_size > 0, status.st_size <= UploadJournal.bytesMax else { return nil }
    var isWhole = false
    let bytes = [UInt8](unsafeUninitializedCapacity: Int(status.st_size)) { buffer, count in
      while count < buffer.count {
        let got = retryingInterrupts { Glibc.read(descriptor, buffer.baseAddress.map { $0 + count }, buffer.count - count) }
        if got <= 0 { break }
        count += got
      }
      isWhole = count == buffer.count
    }
    return isWhole ? bytes : nil
  }

  private func failure(_ verb: String, _ path: String) -> UploadFailure {
    UploadFailure(.file, "cannot \(verb) \(path): \(systemErrorText(errno))")
  }
}
