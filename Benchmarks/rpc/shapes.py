"""The loads: what h2load sends, and exactly what must come back."""

from dataclasses import dataclass
import pathlib
import struct

from settings import WORK

SERVICE = "jetty.bench.v1.ChunkMetadata"
STORED = "jetty.bench.v1.StoredChunks"
FILE_ID = "file_0123456789abcdef"
CHUNK_BYTES = 1 << 20
STREAM_MESSAGES = 10_000


@dataclass(frozen=True)
class Shape:
    name: str
    part: str
    path: str
    connections: int
    streams: int
    request: str
    # DATA bytes of one right answer.
    reply_bytes: int
    # Requests of the longest load, and of the warm-up.
    requests_max: int
    warm_up: int
    # What one request counts as: 1 call, bytes, or messages.
    units: int = 1
    unit: str = "request"
    # Each request carries a deadline, which a server has to keep.
    deadline: bool = True

    @property
    def request_file(self) -> pathlib.Path:
        return WORK / "requests" / self.request


def frame(message) -> bytes:
    body = message.SerializeToString()
    return b"\0" + struct.pack(">I", len(body)) + body


def make(messages) -> dict[str, Shape]:
    """Writes the requests, and the answers for nghttpd, and returns the shapes by name."""
    digest = "sha256:" + "".join(f"{(number * 37 + 11) & 255:02x}" for number in range(32))
    requests = {
        "record": messages.RecordChunkRequest(file_id=FILE_ID, chunk_index=5, hash=digest, edge_id="sfo-1", size=52428800),
        "put": messages.Chunk(content=b"j" * CHUNK_BYTES),
        "get": messages.ChunkRequest(byte_count=CHUNK_BYTES),
        "list": messages.ListChunksRequest(file_id=FILE_ID, count=STREAM_MESSAGES),
    }
    recorded = frame(messages.RecordChunkResponse(ok=True, ttl_seconds=3600, echo_file_id=FILE_ID))
    replies = {
        "RecordChunk": recorded,
        "PutChunk": frame(messages.ChunkReceipt(byte_count=CHUNK_BYTES)),
        "GetChunk": frame(messages.Chunk(content=b"j" * CHUNK_BYTES)),
    }
    (WORK / "requests").mkdir(parents=True, exist_ok=True)
    for name, message in requests.items():
        (WORK / "requests" / name).write_bytes(frame(message))
    site = WORK / "www" / SERVICE
    site.mkdir(parents=True, exist_ok=True)
    for name, reply in replies.items():
        (site / name).write_bytes(reply)

    small, record = len(recorded), f"/{SERVICE}/RecordChunk"
    shapes = [
        Shape("8x32", "unary", record, 8, 32, "record", small, 200_000, 5_000),
        Shape("64x1", "unary", record, 64, 1, "record", small, 100_000, 5_000),
        Shape("1x1", "unary", record, 1, 1, "record", small, 40_000, 2_000),
        Shape("8x32 no deadline", "instructions", record, 8, 32, "record", small, 200_000, 5_000, deadline=False),
        Shape("32x8", "loops", record, 32, 8, "record", small, 200_000, 5_000),
        Shape("put 1 MiB", "bulk", f"/{SERVICE}/PutChunk", 2, 4, "put", len(replies["PutChunk"]), 3_000, 50, CHUNK_BYTES, "byte"),
        Shape("get 1 MiB", "bulk", f"/{SERVICE}/GetChunk", 2, 4, "get", len(replies["GetChunk"]), 3_000, 50, CHUNK_BYTES, "byte"),
        Shape("stream", "stream", f"/{SERVICE}/ListChunks", 4, 1, "list", small * STREAM_MESSAGES, 400, 4, STREAM_MESSAGES, "message"),
        Shape("redis", "stores", f"/{STORED}/FromRedis", 8, 32, "record", small, 100_000, 5_000),
        Shape("postgres", "stores", f"/{STORED}/FromPostgres", 8, 32, "record", small, 50_000, 2_000),
    ]
    return {shape.name: shape for shape in shapes}
