@main enum EdgeSelectionServer { static func main() {} }
