"""Input that is no HTTP/2, or that ends where it should not: what comes before any gRPC."""

import os

import wire
from cases import Table, connection_error

TABLE = Table()
case = TABLE.case

NOT_HTTP2 = ("GOAWAY PROTOCOL_ERROR", "closed")


for _name, _bytes in (
    ("a request of HTTP/1.1", b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    ("an upgrade from HTTP/1.1", b"GET / HTTP/1.1\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n\r\n"),
    ("a TLS ClientHello", bytes.fromhex("160301002f0100002b0303") + bytes(40)),
    ("zeros", bytes(64)),
    ("random bytes", os.urandom(4096)),
    ("a preface with one byte changed", wire.PREFACE[:-1] + b"\r"),
    ("SETTINGS without a preface", wire.settings()),
    ("SSH", b"SSH-2.0-OpenSSH_9.2p1\r\n"),
):

    @case("start", _name, *NOT_HTTP2)
    def _(c, target, sent=_bytes):
        c.send(sent)


def gone(c) -> str:
    """The client leaves; what the server made of it, it can tell nobody."""
    c.close()
    return "closed"


@case("end", "nothing at all", "closed")
def _(c, target):
    return gone(c)


@case("end", "half a preface", "closed")
def _(c, target):
    c.send(wire.PREFACE[:12])
    return gone(c)


@case("end", "half a frame header", "closed")
def _(c, target):
    c.start().send(wire.ping()[:5])
    return gone(c)


@case("end", "half a header block", "closed")
def _(c, target):
    c.start().send(wire.headers(1, target.block()[:30], end_headers=False))
    return gone(c)


@case("end", "half a message", "closed")
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, b"\0\0\0\0\x10" + bytes(8)))
    return gone(c)


@case("end", "in the middle of a call", "closed")
def _(c, target):
    target.slow_request(c.start())
    return gone(c)


@case("end", "in the middle of two hundred calls", "closed")
def _(c, target):
    c.start()
    for index in range(200):
        target.slow_request(c, 2 * index + 1)
    return gone(c)


@case("end", "a TCP reset in the middle of a call", "closed")
def _(c, target):
    target.slow_request(c.start())
    c.socket.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SOL_SOCKET, SO_LINGER: zero seconds
    return gone(c)


@case("end", "the client stops sending and waits", "grpc-status 0", "closed")
def _(c, target):
    target.slow_request(c.start())
    c.socket.shutdown(1)


@case("end", "RST_STREAM in the middle of a message", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, b"\0\0\0\0\x10" + bytes(8)), wire.rst_stream(1))
    target.request(c, 3)
    return wire.observe(c, 3)


@case("end", "GOAWAY, then the end", "closed")
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.goaway(2, debug=b"bye"))
    return gone(c)


@case("limits", "a frame that says it has 16 MiB", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.DATA, 0, 1, b"x", length=(1 << 24) - 1))


@case("limits", "metadata of 40 KiB", "grpc-status 8")
def _(c, target):
    block = target.block(more=[(f"x-{index}", "v" * 2000) for index in range(20)])
    parts = [block[at : at + 16000] for at in range(0, len(block), 16000)]
    c.start().send(wire.headers(1, parts[0], end_headers=False))
    c.send(*[wire.continuation(1, part, part is parts[-1]) for part in parts[1:]], wire.data(1, target.body, end=True))


@case("limits", "metadata of a hundred KiB made of one indexed field (a HPACK bomb)", *connection_error("ENHANCE_YOUR_CALM"), "grpc-status 8")
def _(c, target):
    entry = b"\x40" + wire.text("x-bomb") + wire.text("v" * 3000)
    c.start().send(wire.headers(1, target.block() + entry + wire.integer(62, 7, 0x80) * 100), wire.data(1, target.body, end=True))


@case("limits", "a HPACK bomb of 40 MB", *connection_error("ENHANCE_YOUR_CALM"))
def _(c, target):
    entry = b"\x40" + wire.text("x-bomb") + wire.text("v" * 3000)
    c.start().send(wire.headers(1, target.block() + entry + wire.integer(62, 7, 0x80) * 13000), wire.data(1, target.body, end=True))


@case("limits", "a thousand fields", "grpc-status 8")
def _(c, target):
    c.start().send(wire.headers(1, target.block(more=[(f"x-{index}", "") for index in range(1000)])), wire.data(1, target.body, end=True))


@case(
    "limits", "more DATA than the window", "RST_STREAM FLOW_CONTROL_ERROR", "GOAWAY FLOW_CONTROL_ERROR", "grpc-status 8", "grpc-status 13")
def _(c, target):
    # The first message is complete before the window is exceeded, and is no message: the handler may be the first to say so.
    c.start().send(wire.headers(1, target.block(replace={":path": "/grpc.testing.TestService/FullDuplexCall"})))
    # The header of a message of 4 MiB, which is within the limits, and then far more than it.
    c.send(wire.data(1, b"\0" + (4 << 20).to_bytes(4, "big")))
    for _ in range(2048):
        c.send(wire.data(1, bytes(16384)))
