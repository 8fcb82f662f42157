/// openapi.json: the REST routes of the contracts.
enum OpenAPIEmitter {
  static func emit(_ model: ContractModel) throws -> String {
    let schemas = OpenAPISchemas(model)
    var paths: [(String, [(String, JSONNode)])] = []
    // What the Problem and the doors refer to.
    var roots = ["IncompleteUpload", "BudgetTooSmall", "UploadChunkResponse", "StateEvent"].map { "\(SwiftNames.mainPackage).\($0)" }
    for file in model.files {
      for service in file.services {
        for method in service.methods {
          guard let http = method.http else { continue }
          roots += [method.requestFullName, method.responseFullName]
          let path = try path(http, method, model)
          let operation = operation(method, http, service, try fields(http, method, model), schemas)
          if let index = paths.firstIndex(where: { $0.0 == path }) {
            paths[index].1.append((http.verb.lowercased(), operation))
          } else {
            paths.append((path, [(http.verb.lowercased(), operation)]))
          }
        }
      }
    }
    let components = schemas.schemas(reachableFrom: roots) + [("Problem", problem)]
    let document: JSONNode = [
      "openapi": "3.1.0",
      "info": [
        "title": "AgentCache Jetty", "version": "1.0.0",
        "description": """
          File transfer over many edges into one plain object. Generated from the contracts in proto/jetty/v1. \
          64-bit integers are accepted as strings too; members that are not listed are ignored.
          """,
      ],
      "servers": [["url": "/"]],
      "security": [["apiKey": []]],
      "paths": .object(paths.map { ($0.0, .object($0.1)) } + OpenAPIDoors.paths),
      "components": [
        "securitySchemes": [
          "apiKey": ["type": "http", "scheme": "bearer", "description": "An API key of the account."],
          "uploadToken": ["type": "http", "scheme": "bearer", "description": "The uploadToken of one upload, from optimal-edges."],
        ],
        "schemas": .object(components.sorted { $0.0 < $1.0 }),
        "responses": [
          "Problem": [
            "description": "What went wrong (RFC 9457).",
            "content": ["application/problem+json": ["schema": OpenAPISchemas.reference("Problem")]],
          ]
        ],
      ],
    ]
    return document.pretty
  }

  /// The fields that stand in the path.
  private static func fields(_ http: HTTPRule, _ method: MethodModel, _ model: ContractModel) throws -> Set<String> {
    Set(
      try RoutesEmitter.segments(of: http.template, method, model).compactMap { segment in
        if case .parameter(let field) = segment { field.name } else { nil }
      })
  }

  /// The template with the names of JSON.
  private static func path(_ http: HTTPRule, _ method: MethodModel, _ model: ContractModel) throws -> String {
    try RoutesEmitter.segments(of: http.template, method, model).map { segment in
      switch segment {
      case .literal(let literal): "/\(literal)"
      case .parameter(let field): "/{\(field.jsonName)}"
      }
    }.joined()
  }

  private static func operation(
    _ method: MethodModel, _ http: HTTPRule, _ service: ServiceModel, _ inPath: Set<String>, _ schemas: OpenAPISchemas
  ) -> JSONNode {
    var members: [(String, JSONNode)] = [("operationId", .string(SwiftNames.lowerFirst(method.name))), ("tags", .array([.string(service.name)]))]
    if !method.documentation.isEmpty { members.append(("description", .string(method.documentation))) }
    let parameters = schemas.parameters(of: method.requestFullName, inPath: inPath, inQuery: !http.hasBody)
    if !parameters.isEmpty { members.append(("parameters", .array(parameters))) }
    if http.hasBody {
      let schema = OpenAPISchemas.reference(schemas.name(method.requestFullName))
      members.append(("requestBody", ["required": true, "content": ["application/json": ["schema": schema]]]))
    }
    let schema = OpenAPISchemas.reference(schemas.name(method.responseFullName))
    members.append(
      (
        "responses",
        [
          "200": ["description": "Done.", "content": ["application/json": ["schema": schema]]],
          "default": ["$ref": "#/components/responses/Problem"],
        ]
      ))
    return .object(members)
  }

  /// problem+json as the gateway writes it: RFC 9457, the documented `error`, and the members of jetty.v1.Problem.
  private static let problem: JSONNode = [
    "type": "object",
    "description": "What went wrong, for people (title, detail, error) and for programs (reason, field).",
    "properties": [
      "type": ["type": "string", "format": "uri-reference"],
      "title": ["type": "string"],
      "status": ["type": "integer", "description": "The HTTP status."],
      "detail": ["type": "string", "description": "One sentence about this occurrence."],
      "error": ["type": "string", "description": "The same sentence."],
      "reason": ["type": "string", "description": "A stable upper-case word, e.g. INCOMPLETE_UPLOAD."],
      "field": ["type": "string", "description": "JSON path of the offending field, e.g. userLocation.lat."],
      "requestId": ["type": "string"],
      "uploaded": ["type": "integer", "description": "Chunks that are stored (INCOMPLETE_UPLOAD)."],
      "expected": ["type": "integer", "description": "Chunks of the plan (INCOMPLETE_UPLOAD)."],
      "missing": ["type": "array", "items": ["type": "integer"], "description": "The first 1,000 missing indices (INCOMPLETE_UPLOAD)."],
      "minimumCost": ["type": "number", "description": "Dollars that the upload takes at least (BUDGET_TOO_SMALL)."],
    ],
    "required": ["title", "status", "error"],
  ]
}
