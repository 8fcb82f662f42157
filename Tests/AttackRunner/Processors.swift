import Glibc

/// On which processors the parts run: the servers on one, everything else on another, so that an attacker's own work is not taken for the
/// harm it does. Where there is only one, they share it.
enum Processors {
  private static let taskset = "/usr/bin/taskset"
  private static var arePinned: Bool { sysconf(Int32(_SC_NPROCESSORS_ONLN)) > 1 && access(taskset, X_OK) == 0 }

  /// Begins the command of a program on the servers' processor.
  static var forServers: [String] { arePinned ? [taskset, "-c", "0"] : [] }
  static var forClients: [String] { arePinned ? [taskset, "-c", "1"] : [] }
}
