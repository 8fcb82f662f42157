import Contracts
import RPC

/// grpc.reflection.v1alpha: the same for clients from before v1.
public final class ReflectionServiceV1Alpha: GRPCReflectionV1Alpha.ServerReflectionService {
  private let answers: ReflectionAnswers

  /// Lists what `router` has at the time of the question.
  public init(_ router: RPCRouter) {
    answers = ReflectionAnswers(index: .contracts) { [weak router] in router?.services.map(\.name).sorted() ?? [] }
  }

  public func serverReflectionInfo(
    _ requests: RPCReader<GRPCReflectionV1Alpha.ServerReflectionRequest>, to responses: RPCWriter<GRPCReflectionV1Alpha.ServerReflectionResponse>,
    context: ServerContext
  ) async throws {
    for try await request in requests {
      try await responses.write(
        GRPCReflectionV1Alpha.ServerReflectionResponse(
          validHost: request.host, originalRequest: request, messageResponse: coded(answers.answer(question(request)))))
    }
  }

  private func question(_ request: GRPCReflectionV1Alpha.ServerReflectionRequest) -> ReflectionQuestion {
    switch request.messageRequest {
    case .fileByFilename(let name)?: .fileByName(name)
    case .fileContainingSymbol(let symbol)?: .fileContainingSymbol(symbol)
    case .fileContainingExtension(let request)?: .fileContainingExtension(type: request.containingType, number: request.extensionNumber)
    case .allExtensionNumbersOfType(let type)?: .extensionNumbers(type: type)
    case .listServices?: .services
    case nil: .unknown
    }
  }

  private func coded(_ answer: ReflectionAnswer) -> GRPCReflectionV1Alpha.ServerReflectionResponse.MessageResponse {
    switch answer {
    case .files(let files): .fileDescriptorResponse(GRPCReflectionV1Alpha.FileDescriptorResponse(fileDescriptorProto: files))
    case .extensionNumbers(let type, let numbers):
      .allExtensionNumbersResponse(GRPCReflectionV1Alpha.ExtensionNumberResponse(baseTypeName: type, extensionNumber: numbers))
    case .services(let names):
      .listServicesResponse(GRPCReflectionV1Alpha.ListServiceResponse(service: names.map { GRPCReflectionV1Alpha.ServiceResponse(name: $0) }))
    case .failure(let code, let message): .errorResponse(GRPCReflectionV1Alpha.ErrorResponse(errorCode: code.rawValue, errorMessage: message))
    }
  }
}
