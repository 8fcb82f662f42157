@main enum EdgeWorkerServer { static func main() {} }
