import ServiceKit
import UploadState

@main enum UploadStateServer {
  static func main() { ServiceProcess.main(UploadStateProgram.definition) }
}
