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
      "/api/jetty/watch/{userId}/{fileId}",
      [
        "get": [
          "operationId": "watchState",
          "tags": ["UploadState"],
          "description": """
            The progress of an upload as it happens (server-sent events): one event at once, one for each stored chunk, and `end` when the \
            upload has ended. The data of each is a StateEvent, its id the version of the state: sent back as Last-Event-ID, only what is \
            newer is told. After `end`, a request with its id is answered 204. Comments keep the line alive.
            """,
          "parameters": [
            ["name": "userId", "in": "path", "required": true, "schema": userID],
            ["name": "fileId", "in": "path", "required": true, "schema": fileID],
            [
              "name": "Last-Event-ID", "in": "header", "required": false, "description": "The id of the last event seen.",
              "schema": ["type": "string"],
            ],
          ],
          "responses": [
            "200": [
              "description": "Events named `progress` and, as the last one, `end`.",
              "content": ["text/event-stream": ["schema": ["type": "string"]]],
            ],
            "204": ["description": "The upload has ended, and the client knows."],
            "default": ["$ref": "#/components/responses/Problem"],
          ],
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
  private static let userID: JSONNode = ["type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"]
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
