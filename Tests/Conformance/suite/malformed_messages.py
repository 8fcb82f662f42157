"""gRPC's framing, compression and protobuf, broken in every way. `UnaryCall` unless a case is about another shape of call."""

import gzip
import zlib

import wire
from cases import Table
from targets import SERVICE, message

TABLE = Table()
case = TABLE.case

INTERNAL, EXHAUSTED, UNIMPLEMENTED, INVALID = "grpc-status 13", "grpc-status 8", "grpc-status 12", "grpc-status 3"

# SimpleRequest: response_size 1.
REQUEST = bytes.fromhex("1001")
SHAPES = {
    "unary": "UnaryCall", "server streaming": "StreamingOutputCall", "client streaming": "StreamingInputCall", "bidirectional": "FullDuplexCall",
}


def call(c, target, *frames: bytes, method: str = "UnaryCall", more=()):
    c.start().send(wire.headers(1, target.block(replace={":path": SERVICE + method}, more=more)), *frames)


def body(section: str, name: str, expected: str | tuple[str, ...], sent: bytes, method: str = "UnaryCall", more=()):
    @case(section, name, *((expected,) if isinstance(expected, str) else expected))
    def _(c, target):
        frames = [wire.data(1, sent[at : at + 16384]) for at in range(0, len(sent), 16384)]
        call(c, target, *frames, wire.data(1, end=True), method=method, more=more)


# How many messages

for _shape, _method in SHAPES.items():
    _expected = UNIMPLEMENTED if _shape in ("unary", "server streaming") else "OK"
    body("count", f"{_shape}, the end and no message", _expected, b"", _method)

    @case("count", f"{_shape}, END_STREAM on HEADERS", _expected)
    def _(c, target, method=_method):
        c.start().send(wire.headers(1, target.block(replace={":path": SERVICE + method}), end=True))

    for _count in (1, 4):
        body("framing", f"{_shape}, {_count} bytes of a message's header", INTERNAL, bytes(_count), _method)
    body("framing", f"{_shape}, a message that ends too early", INTERNAL, message(REQUEST, length=100), _method)
    body("framing", f"{_shape}, an unknown flag", INTERNAL, message(REQUEST, flag=2), _method)
    body("framing", f"{_shape}, a length of 4 GiB", EXHAUSTED, message(REQUEST, length=0xFFFFFFFF), _method)
    body("compression", f"{_shape}, compressed without grpc-encoding", INTERNAL, message(gzip.compress(REQUEST), 1), _method)

body("count", "two messages in a unary call", UNIMPLEMENTED, message(REQUEST) * 2)
body("count", "two messages in a server-streaming call", UNIMPLEMENTED, message() * 2, "StreamingOutputCall")
body("count", "one message and part of another in a unary call", INTERNAL, message(REQUEST) + b"\0\0")
body("framing", "flag 255", INTERNAL, message(REQUEST, flag=255))
body("framing", "a length of 4 MiB and one byte", EXHAUSTED, message(b"", length=(4 << 20) + 1))
body("framing", "a length below the message's", INTERNAL, message(REQUEST, length=1))
body("framing", "the second message of a stream ends too early", INTERNAL, message() + message(b"x", length=9), "StreamingInputCall")
body("framing", "the second message of a stream has an unknown flag", INTERNAL, message() + message(b"", flag=7), "FullDuplexCall")


@case("framing", "a message in pieces of one byte is right", "OK")
def _(c, target):
    call(c, target, *[wire.data(1, bytes([byte])) for byte in message(REQUEST)], wire.data(1, end=True))


@case("framing", "RST_STREAM behind a whole message", "gone")
def _(c, target):
    call(c, target, wire.data(1, message(REQUEST)), wire.rst_stream(1))
    c.send(wire.ping())
    while c.read().kind != wire.PING:
        pass
    return "gone"


# Compression

GZIP = [("grpc-encoding", "gzip")]
PACKED = gzip.compress(REQUEST)


# The glitch budget may end the connection at once: small messages that become large ones cost the peer most of it.
BOMB = (EXHAUSTED, "GOAWAY ENHANCE_YOUR_CALM")


def packed(name: str, expected: str | tuple[str, ...], sent: bytes, more=GZIP):
    body("compression", name, expected, message(sent, 1), more=more)


packed("compressed, and grpc-encoding is identity", INTERNAL, PACKED, [("grpc-encoding", "identity")])
packed("nothing, compressed", INTERNAL, b"")
packed("truncated gzip", INTERNAL, PACKED[:-9])
packed("gzip without its checksum", INTERNAL, PACKED[:-8])
packed("gzip with a wrong checksum", INTERNAL, PACKED[:-8] + bytes(4) + PACKED[-4:])
packed("gzip with a wrong length", INTERNAL, PACKED[:-4] + b"\xff\0\0\0")
packed("gzip with garbage behind it", INTERNAL, PACKED + b"garbage")
packed("a gzip header only", INTERNAL, PACKED[:10])
packed("zlib instead of gzip", INTERNAL, zlib.compress(REQUEST))
packed("raw deflate instead of gzip", INTERNAL, zlib.compress(REQUEST)[2:-4])
packed("plain bytes that say they are compressed", INTERNAL, REQUEST)
packed("gzip with a reserved block type", INTERNAL, PACKED[:10] + b"\x07" + PACKED[11:])
packed("a gzip bomb of 64 MiB", BOMB, gzip.compress(bytes(1 << 26), 9)[:-8] + b"\0" * 8)
packed("a gzip bomb just above the limit", BOMB, gzip.compress(bytes((4 << 20) + 1)))
packed("compressed as announced is right", "OK", PACKED)
body("compression", "not compressed although announced is right", "OK", message(REQUEST), more=GZIP)

# protobuf


def proto(name: str, expected: str, sent: bytes, method: str = "UnaryCall"):
    body("protobuf", name, expected, message(sent), method)


proto("a tag that ends in the middle", INTERNAL, b"\x80")
proto("a varint of 11 bytes", INTERNAL, b"\x10" + b"\xff" * 10 + b"\x01")
proto("field number 0", INTERNAL, b"\x00\x01")
proto("wire type 6", INTERNAL, b"\x0e")
proto("wire type 7", INTERNAL, b"\x0f")
proto("a text longer than the message", INTERNAL, b"\x1a\x7f\x08")
proto("a length of 2^64-1", INTERNAL, b"\x1a" + b"\xff" * 9 + b"\x01")
proto("a nested message cut short", INTERNAL, b"\x1a\x04\x12\x7fab")
proto("the end of a group that never began", INTERNAL, b"\x14")
proto("random bytes", INTERNAL, bytes(range(200, 256)) * 4)
proto("text that is not UTF-8", INVALID, b"\x3a\x05\x08\x02\x12\x01\xff")
proto("an unknown field is right", "OK", REQUEST + b"\xf8\x07\x01")
proto("an enum value nobody knows is right", "OK", REQUEST + b"\x08\x63")
proto("a broken message in a stream", INTERNAL, b"\x0f", "StreamingInputCall")
proto("a size below zero", INVALID, b"\x10" + b"\xff" * 9 + b"\x01")
proto("a size of 2 GiB", INVALID, b"\x10\xff\xff\xff\xff\x07")
