import ChunkMetadata
import ServiceKit

@main enum ChunkMetadataServer {
  static func main() { ServiceProcess.main(ChunkMetadataProgram.definition) }
}
