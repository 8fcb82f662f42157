@main enum GatewayServer { static func main() {} }
