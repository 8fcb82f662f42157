@main enum Jetty { static func main() {} }
