"""RFC 9113 sections 3 and 4: how a connection begins, and frames as such."""

import hpack
import wire
from cases import Table, connection_error, stream_error

TABLE = Table()
case = TABLE.case


@case("3.4", "preface and empty SETTINGS; the server's first frame is SETTINGS", "OK")
def _(c, target):
    c.send(wire.PREFACE, wire.settings())
    first = c.read()
    if first.kind != wire.SETTINGS or first.flags & wire.ACK:
        return f"the first frame was {first}"
    c.send(wire.frame(wire.SETTINGS, wire.ACK, 0))
    target.request(c)


@case("3.4", "request right behind the preface, before the server's SETTINGS are known", "OK")
def _(c, target):
    c.send(wire.PREFACE, wire.settings())
    target.request(c)


@case("3.4", "preface one byte at a time", "OK")
def _(c, target):
    for byte in wire.PREFACE + wire.settings():
        c.send(bytes([byte]))
    target.request(c)


@case("3.4", "something else instead of the preface", "GOAWAY PROTOCOL_ERROR", "closed", "HTTP/1.1 400")
def _(c, target):
    c.send(b"INVALID CONNECTION PREFACE\r\n\r\n")
    return closed_or_refused(c)


@case("3.4", "preface of another version", "GOAWAY PROTOCOL_ERROR", "closed", "HTTP/1.1 400", "HTTP/1.1 505")
def _(c, target):
    c.send(b"PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n")
    return closed_or_refused(c)


@case("3.4", "another frame than SETTINGS behind the preface", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.send(wire.PREFACE, wire.ping())


@case("4.1", "a frame of unknown type is ignored", "OK")
def _(c, target):
    c.start().send(wire.frame(0xFE, 0, 0, b"x" * 8))
    target.request(c)


@case("4.1", "flags that have no meaning are ignored", "PONG")
def _(c, target):
    c.start().send(wire.ping(flags=0xFE))
    return pong(c)


@case("4.1", "the reserved bit of the stream identifier is ignored", "PONG")
def _(c, target):
    c.start().send(wire.frame(wire.PING, 0, 1 << 31, b"jettyjet"))
    return pong(c)


@case("4.2", "DATA of 2^14 bytes is accepted", "OK", "grpc-status 3", "grpc-status 13")
def _(c, target):
    target.open(c.start())
    body = (b"\0" + (16379).to_bytes(4, "big") + bytes(16379)) if target.name.startswith("RPC") else bytes(16384)
    c.send(wire.data(1, body, end=True))


@case("4.2", "DATA of more than SETTINGS_MAX_FRAME_SIZE", *stream_error("FRAME_SIZE_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, bytes(16385), end=True))


@case("4.2", "HEADERS of more than SETTINGS_MAX_FRAME_SIZE", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.headers(1, target.block(more=[(f"x-{index}", "v" * 4000) for index in range(5)])))


@case("4.2", "SETTINGS of more than SETTINGS_MAX_FRAME_SIZE", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.settings(*[(0x99, 0)] * 2731))


@case("4.3", "a header block that cannot be decoded", *connection_error("COMPRESSION_ERROR"))
def _(c, target):
    c.start().send(wire.headers(1, b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", end=True))


@case("4.3", "PRIORITY inside a header block", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:10], end_headers=False), wire.priority(1), wire.continuation(1, block[10:]))


@case("4.3", "HEADERS of another stream inside a header block", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:10], end_headers=False), wire.headers(3, block))


@case("4.3", "a header block in eight CONTINUATION frames, one of them empty", "OK")
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:1], end_headers=False), *[wire.continuation(1, block[at : at + 1], False) for at in range(1, 7)])
    c.send(wire.continuation(1, b"", False), wire.continuation(1, block[7:]), wire.data(1, target.body, end=True))


@case("10.5.1", "a flood of CONTINUATION frames", *connection_error("ENHANCE_YOUR_CALM"))
def _(c, target):
    c.start().send(wire.headers(1, b"", end_headers=False), *[wire.continuation(1, b"", False)] * 100)


@case("4.3", "the same header block compressed by an encoder with a dynamic table", "OK")
def _(c, target):
    encoder = hpack.Encoder()
    c.start()
    for stream in (1, 3, 5):
        c.send(wire.headers(stream, encoder.encode(target.fields())), wire.data(stream, target.body, end=True))
        outcome = wire.observe(c, stream)
        if outcome.what != target.ok:
            return outcome
    return outcome


def pong(c) -> str:
    try:
        while True:
            got = c.read()
            if got.kind == wire.PING:
                return "PONG" if got.flags & wire.ACK and got.payload == b"jettyjet" else "a PING that is no answer"
            if got.kind == wire.GOAWAY:
                return f"GOAWAY {got.code}"
    except (wire.Closed, TimeoutError) as error:
        return type(error).__name__


def closed_or_refused(c) -> str:
    """For what is no HTTP/2: the HTTP server may take it for HTTP/1.1 and answer so."""
    c.socket.settimeout(5)
    received = b""
    try:
        while more := c.socket.recv(65536):
            received += more
            if received.startswith(b"HTTP/1.1 "):
                return received[:12].decode()
    except ConnectionResetError:
        return "closed"
    except TimeoutError:
        return "silence"
    c.buffer = received
    return wire.observe(c).what if received else "closed"
