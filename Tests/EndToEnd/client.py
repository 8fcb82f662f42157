"""An independent client of the REST API, over HTTP/1.1 or HTTP/2 with prior knowledge."""

import base64
import gzip
import hashlib
import os
import ssl
import time

import httpx


def sha256_text(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def content_digest(data: bytes) -> str:
    return "sha-256=:" + base64.b64encode(hashlib.sha256(data).digest()).decode() + ":"


def made_up_file_id() -> str:
    """Well-formed (a UUIDv7), and of no file."""
    number = bytearray((int(time.time() * 1000)).to_bytes(6, "big") + os.urandom(10))
    number[6] = number[6] & 0x0F | 0x70
    number[8] = number[8] & 0x3F | 0x80
    return "file_" + base64.b32encode(number).decode().rstrip("=").lower()


class Client(httpx.Client):
    """Sends the API key with everything to the gateway."""

    def __init__(self, url: str, api_key: str, http2: bool = False, authority: str | None = None):
        # What makes a server trusted: for httpx's functions too, which a test calls on its own.
        self.trust = ssl.create_default_context(cafile=authority) if authority else True
        super().__init__(
            base_url=url,
            headers={"authorization": f"Bearer {api_key}"},
            http1=not http2,
            http2=http2,
            timeout=60,
            trust_env=False,
            verify=self.trust,
        )

    def plan(self, data: bytes, user: str = "usr_123", **more) -> dict:
        """Opens an upload of `data`."""
        request = {"userId": user, "fileSize": len(data), "fileHash": sha256_text(data), "priority": "speed", **more}
        answer = self.post("/api/jetty/optimal-edges", json=request)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def finalize(self, upload: "Upload") -> httpx.Response:
        return self.post(
            "/api/edge/finalize-upload", json={"fileId": upload.id, "totalChunks": upload.chunks_total, "userId": upload.user}
        )


class Upload:
    """An open upload and its bytes."""

    def __init__(self, client: Client, size: int, user: str = "usr_123", data: bytes | None = None, **more):
        self.client, self.user = client, user
        self.data = os.urandom(size) if data is None else data
        self.plan = client.plan(self.data, user, **more)
        self.id = self.plan["fileId"]
        self.token = self.plan["uploadToken"]
        self.chunks_total = self.plan["chunksTotal"]
        self.edge = self.plan["edges"][0]["url"] if self.plan["edges"] else None

    def chunk(self, index: int) -> bytes:
        size = self.plan["strategy"]["chunkSize"]
        return self.data[index * size : (index + 1) * size]

    def json_chunk(self, index: int, **changes) -> dict:
        """The documented body; a change to None leaves the member out."""
        data = self.chunk(index)
        body = {"fileId": self.id, "chunkIndex": index, "data": base64.b64encode(data).decode(), "hash": sha256_text(data)} | changes
        return {name: value for name, value in body.items() if value is not None}

    def post_chunk(self, index: int, door: str | None = None, token: str | None = None, **changes) -> httpx.Response:
        """The JSON door of `door`, an edge or the gateway; the edge by default."""
        return httpx.post(
            f"{door or self.edge}/api/edge/upload-chunk",
            json=self.json_chunk(index, **changes),
            headers={"authorization": f"Bearer {token or self.token}"},
            timeout=60,
            trust_env=False,
            verify=self.client.trust,
        )

    def put_chunk(self, index: int, data: bytes | None = None, compressed: bool = False, door: str | None = None, **headers) -> httpx.Response:
        """The raw door."""
        plain = self.chunk(index) if data is None else data
        fields = {"authorization": f"Bearer {self.token}", "content-digest": content_digest(plain)}
        if compressed:
            fields["content-encoding"] = "gzip"
        fields |= {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.put(
            f"{door or self.edge}/api/edge/files/{self.id}/chunks/{index}",
            content=gzip.compress(plain, 1) if compressed else plain,
            headers=fields,
            timeout=60,
            trust_env=False,
            verify=self.client.trust,
        )

    def put_rest(self, but: tuple[int, ...] = ()):
        """Sends every chunk that is not in `but`."""
        for index in range(self.chunks_total):
            if index not in but:
                answer = self.put_chunk(index)
                assert answer.status_code == 200, answer.text

    def complete(self) -> dict:
        """Sends everything (again), finalizes, and compares what came to lie in the store."""
        self.put_rest()
        answer = self.client.finalize(self)
        assert answer.status_code == 200, answer.text
        file = answer.json()["file"]
        stored = httpx.get(file["url"], timeout=60, trust_env=False, verify=self.client.trust)
        assert stored.status_code == 200, stored.text
        assert sha256_text(stored.content) == sha256_text(self.data)
        return file


def problem(answer: httpx.Response, status: int, field: str | None = None, reason: str | None = None) -> dict:
    """Checks a refusal: RFC 9457 with the documented `error`, and what it names."""
    assert answer.status_code == status, f"{answer.status_code} {answer.text}"
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json"
    body = answer.json()
    assert body["status"] == status and body["title"] and body["type"]
    assert len(body["error"]) > 5 and body["detail"] == body["error"], body
    if field is not None:
        assert body.get("field") == field, body
        assert field in body["error"], f"the sentence does not name {field}: {body['error']}"
    if reason is not None:
        assert body.get("reason") == reason, body
    return body
