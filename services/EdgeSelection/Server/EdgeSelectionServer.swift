import EdgeSelection
import ServiceKit

@main enum EdgeSelectionServer {
  static func main() { ServiceProcess.main(EdgeSelectionProgram.definition) }
}
