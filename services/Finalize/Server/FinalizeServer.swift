import Finalize
import ServiceKit

@main enum FinalizeServer {
  static func main() { ServiceProcess.main(FinalizeProgram.definition) }
}
