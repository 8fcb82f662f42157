@main enum ChunkMetadataServer { static func main() {} }
