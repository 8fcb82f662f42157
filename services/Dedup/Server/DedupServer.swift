@main enum DedupServer { static func main() {} }
