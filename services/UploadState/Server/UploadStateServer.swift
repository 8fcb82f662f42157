@main enum UploadStateServer { static func main() {} }
