import Contracts
import RPC

/// grpc.reflection.v1: tells clients such as grpcurl which services and messages there are.
public final class ReflectionService: GRPCReflectionV1.ServerReflectionService {
  private let answers: ReflectionAnswers

  /// Lists what `router` has at the time of the question.
  public init(_ router: RPCRouter) {
    answers = ReflectionAnswers(index: .contracts) { [weak router] in router?.services.map(\.name).sorted() ?? [] }
  }

  /// Adds both versions of the protocol to `router`.
  public static func add(to router: RPCRouter) {
    router.add(ReflectionService(router))
    router.add(ReflectionServiceV1Alpha(router))
  }

  public func serverReflectionInfo(
    _ requests: RPCReader<GRPCReflectionV1.ServerReflectionRequest>, to responses: RPCWriter<GRPCReflectionV1.ServerReflectionResponse>,
    context: ServerContext
  ) async throws {
    for try await request in requests {
      try await responses.write(
        GRPCReflectionV1.ServerReflectionResponse(
          validHost: request.host, originalRequest: request, messageResponse: coded(answers.answer(question(request)))))
    }
  }

  private func question(_ request: GRPCReflectionV1.ServerReflectionRequest) -> ReflectionQuestion {
    switch request.messageRequest {
    case .fileByFilename(let name)?: .fileByName(name)
    case .fileContainingSymbol(let symbol)?: .fileContainingSymbol(symbol)
    case .fileContainingExtension(let request)?: .fileContainingExtension(type: request.containingType, number: request.extensionNumber)
    case .allExtensionNumbersOfType(let type)?: .extensionNumbers(type: type)
    case .listServices?: .services
    case nil: .unknown
    }
  }

  private func coded(_ answer: ReflectionAnswer) -> GRPCReflectionV1.ServerReflectionResponse.MessageResponse {
    switch answer {
    case .files(let files): .fileDescriptorResponse(GRPCReflectionV1.FileDescriptorResponse(fileDescriptorProto: files))
    case .extensionNumbers(let type, let numbers):
      .allExtensionNumbersResponse(GRPCReflectionV1.ExtensionNumberResponse(baseTypeName: type, extensionNumber: numbers))
    case .services(let names):
      .listServicesResponse(GRPCReflectionV1.ListServiceResponse(service: names.map { GRPCReflectionV1.ServiceResponse(name: $0) }))
    case .failure(let code, let message): .errorResponse(GRPCReflectionV1.ErrorResponse(errorCode: code.rawValue, errorMessage: message))
    }
  }
}
