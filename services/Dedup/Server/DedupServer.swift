import Dedup
import ServiceKit

@main enum DedupServer {
  static func main() { ServiceProcess.main(DedupProgram.definition) }
}
