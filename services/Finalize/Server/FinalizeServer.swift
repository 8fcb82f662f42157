@main enum FinalizeServer { static func main() {} }
