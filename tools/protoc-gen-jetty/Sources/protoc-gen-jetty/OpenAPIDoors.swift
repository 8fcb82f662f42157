/// The doors that are written by hand, because what passes them is not one JSON message each way. Described here so that openapi.json has them all.
enum OpenAPIDoors {
  static let paths: [(String, JSONNode)] = [
    (
      "/api/edge/upload-chunk",
      [
        "post": [
          "operationId": "uploadChunk",
          "tags": ["EdgeWorker"],
          "description": "One chunk as JSON. At the gateway, which passes it on to a live edge, and at every edge.",
          "security": [["uploadToken": []], ["apiKey": []]],
          "requestBody": ["required": true, "content": ["application/json": ["schema": chunk]]],
          "responses": stored,
        ]
      ]
    ),
    (
      "/api/edge/files/{fileId}/chunks/{index}",
      [
        "put": [
          "operationId": "putChunk",
          "tags": ["EdgeWorker"],
          "description": "One chunk as raw bytes, at every edge. Content-Encoding gzip is accepted; the digest is that of the plain bytes.",
          "security": [["uploadToken": []]],
          "parameters": [
            ["name": "fileId", "in": "path", "required": true, "schema": fileID],
            ["name": "index", "in": "path", "required": true, "description": "From 0.", "schema": index],
            [
              "name": "Content-Digest", "in": "header", "required": true,
              "description": "RFC 9530, sha-256 of the plain bytes: `sha-256=:<base64>:`.", "schema": ["type": "string"],
            ],
          ],
          "requestBody": ["required": true, "content": ["application/octet-stream": ["schema": [:]]]],
          "responses": stored,
        ]
      ]
    ),
    (
      "/healthz",
      [
        "get": [
          "operationId": "health", "tags": ["Gateway"], "security": [], "description": "Whether the process lives.",
          "responses": ["200": ["description": "It does."]],
        ]
      ]
    ),
  ]

  private static let fileID: JSONNode = ["type": "string", "pattern": "^file_[a-z2-7]{26}$"]
  private static let index: JSONNode = ["type": "integer", "minimum": 0, "maximum": 9999]

  private static let chunk: JSONNode = [
    "type": "object",
    "properties": [
      "fileId": fileID,
      "chunkIndex": index,
      "data": ["type": "string", "contentEncoding": "base64", "description": "The bytes of the chunk."],
      "hash": ["type": "string", "pattern": "^sha256:[0-9A-Fa-f]{64}$", "description": "Of the bytes."],
    ],
    "required": ["fileId", "chunkIndex", "data", "hash"],
  ]

  private static let stored: JSONNode = [
    "200": [
      "description": "The chunk is stored and recorded.",
      "content": ["application/json": ["schema": ["$ref": "#/components/schemas/UploadChunkResponse"]]],
    ],
    "default": ["$ref": "#/components/responses/Problem"],
  ]
}
