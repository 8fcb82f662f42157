import RPC

/// What a client of reflection may ask, in both versions of the protocol.
enum ReflectionQuestion {
  case fileByName(String)
  case fileContainingSymbol(String)
  case fileContainingExtension(type: String, number: Int32)
  case extensionNumbers(type: String)
  case services
  case unknown
}

enum ReflectionAnswer: Equatable {
  case files([[UInt8]])
  case extensionNumbers(type: String, [Int32])
  case services([String])
  case failure(StatusCode, String)
}

/// Answers from the descriptors that Contracts embeds and from the services that a router really has.
struct ReflectionAnswers {
  let index: DescriptorIndex
  let services: () -> [String]

  func answer(_ question: ReflectionQuestion) -> ReflectionAnswer {
    switch question {
    case .fileByName(let name):
      index.files(named: name).map { .files($0) } ?? .failure(.notFound, "there is no file \(name.prefix(200))")
    case .fileContainingSymbol(let symbol):
      index.files(containing: symbol).map { .files($0) } ?? .failure(.notFound, "there is no symbol \(symbol.prefix(200))")
    case .fileContainingExtension(let type, let number):
      index.files(extending: type, number: number).map { .files($0) }
        ?? .failure(.notFound, "\(type.prefix(200)) has no extension number \(number)")
    case .extensionNumbers(let type):
      index.extensionNumbers(of: type).map { .extensionNumbers(type: type, $0) } ?? .failure(.notFound, "there is no type \(type.prefix(200))")
    case .services:
      .services(services())
    case .unknown:
      .failure(.invalidArgument, "the request asks nothing that is known here")
    }
  }
}
