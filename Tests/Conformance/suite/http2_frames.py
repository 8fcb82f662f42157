"""RFC 9113 section 6: each kind of frame."""

import wire
from cases import Table, connection_error, stream_error
from http2_connection import pong

TABLE = Table()
case = TABLE.case


@case("6.1", "DATA on stream 0", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.data(0, b"x"))


@case("6.1", "DATA with padding", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.DATA, wire.END_STREAM | wire.PADDED, 1, b"\x06" + target.body + bytes(6)))


@case("6.1", "a body in several DATA frames, empty ones between", "OK")
def _(c, target):
    target.open(c.start())
    for byte in target.body:
        c.send(wire.data(1, bytes([byte])), wire.data(1))
    c.send(wire.data(1, end=True))


@case("6.1", "DATA with as much padding as payload", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.DATA, wire.END_STREAM | wire.PADDED, 1, b"\x06" + b"12345"))


@case("6.1", "padded DATA without the pad length", *connection_error("FRAME_SIZE_ERROR"), *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.DATA, wire.PADDED, 1))


@case("6.2", "HEADERS with padding", "OK")
def _(c, target):
    c.start().send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.PADDED, 1, b"\x08" + target.block() + bytes(8)))
    c.send(wire.data(1, target.body, end=True))


@case("6.2", "HEADERS on stream 0", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.headers(0, target.block()))


@case("6.2", "HEADERS with more padding than payload", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.PADDED, 1, b"\xff" + target.block()[:20]))


@case("6.2", "HEADERS too short for its priority", *connection_error("FRAME_SIZE_ERROR"), *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.PRIORITIZED, 1, b"abc"))


@case("6.3", "PRIORITY of an idle stream is accepted", "OK")
def _(c, target):
    c.start().send(wire.priority(7))
    target.request(c)


@case("6.3", "PRIORITY on stream 0", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.priority(0))


@case("6.3", "PRIORITY of 4 bytes", *stream_error("FRAME_SIZE_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.priority(1, payload=bytes(4)))


@case("6.4", "RST_STREAM on stream 0", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.rst_stream(0))


@case("6.4", "RST_STREAM of 3 bytes", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.RST_STREAM, 0, 1, bytes(3)))


@case("6.5", "SETTINGS acknowledgement with a payload", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.SETTINGS, wire.ACK, 0, bytes(6)))


@case("6.5", "SETTINGS on a stream", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.SETTINGS, 0, 1, bytes(6)))


@case("6.5", "SETTINGS of 5 bytes", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.SETTINGS, 0, 0, bytes(5)))


@case("6.5.2", "SETTINGS_ENABLE_PUSH of 2", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.settings((wire.ENABLE_PUSH, 2)))


@case("6.5.2", "SETTINGS_INITIAL_WINDOW_SIZE of 2^31", *connection_error("FLOW_CONTROL_ERROR"))
def _(c, target):
    c.start().send(wire.settings((wire.INITIAL_WINDOW_SIZE, 1 << 31)))


@case("6.5.2", "SETTINGS_MAX_FRAME_SIZE of 2^14-1", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.settings((wire.MAX_FRAME_SIZE, (1 << 14) - 1)))


@case("6.5.2", "SETTINGS_MAX_FRAME_SIZE of 2^24", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.settings((wire.MAX_FRAME_SIZE, 1 << 24)))


@case("6.5.2", "an unknown setting is ignored", "OK")
def _(c, target):
    c.start().send(wire.settings((0xFF, 1)))
    target.request(c)


@case("6.5.2", "SETTINGS_HEADER_TABLE_SIZE of 0 and of 2^32-1", "OK")
def _(c, target):
    c.start(
        (wire.HEADER_TABLE_SIZE, 0),
    ).send(wire.settings((wire.HEADER_TABLE_SIZE, 2**32 - 1)))
    target.request(c)


@case("6.5.3", "SETTINGS are acknowledged", "ACK")
def _(c, target):
    c.start().send(wire.settings())
    while (got := c.read()).kind == wire.WINDOW_UPDATE:
        pass
    return "ACK" if got.kind == wire.SETTINGS and got.flags & wire.ACK and not got.payload else repr(got)


@case("6.5.3", "of two values of one setting the last counts", "first DATA has 1 byte")
def _(c, target):
    c.start((wire.INITIAL_WINDOW_SIZE, 100), (wire.INITIAL_WINDOW_SIZE, 1))
    target.request(c)
    return first_data(c)


@case("6.6", "PUSH_PROMISE of a client", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(wire.PUSH_PROMISE, wire.END_HEADERS, 1, (2).to_bytes(4, "big") + target.block()))


@case("6.7", "PING is answered with the same bytes", "PONG")
def _(c, target):
    c.start().send(wire.ping())
    return pong(c)


@case("6.7", "an answer to a PING nobody sent is ignored", "PONG")
def _(c, target):
    c.start().send(wire.ping(b"unasked!", flags=wire.ACK), wire.ping())
    return pong(c)


@case("6.7", "PING on a stream", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.PING, 0, 1, bytes(8)))


@case("6.7", "PING of 6 bytes", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.ping(b"123456"))


@case("6.8", "GOAWAY on a stream", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.goaway(stream=1))


@case("6.8", "GOAWAY of a client: what runs is finished", "OK")
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.goaway())


@case("6.9", "WINDOW_UPDATE of 0 for the connection", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.window_update(0, 0))


@case("6.9", "WINDOW_UPDATE of 0 for a stream", *stream_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.window_update(1, 0))


@case("6.9", "WINDOW_UPDATE of 3 bytes", *connection_error("FRAME_SIZE_ERROR"))
def _(c, target):
    c.start().send(wire.frame(wire.WINDOW_UPDATE, 0, 0, bytes(3)))


@case("6.9.1", "the window of the connection above 2^31-1", *connection_error("FLOW_CONTROL_ERROR"))
def _(c, target):
    c.start().send(wire.window_update(0, 2**31 - 1), wire.window_update(0, 2**31 - 1))


@case("6.9.1", "the window of a stream above 2^31-1", *stream_error("FLOW_CONTROL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.window_update(1, 2**31 - 1), wire.window_update(1, 2**31 - 1))


@case("6.9.1", "no more DATA than the window of the stream", "first DATA has 1 byte")
def _(c, target):
    c.start((wire.INITIAL_WINDOW_SIZE, 1))
    target.request(c)
    return first_data(c)


@case("6.9.1", "no DATA in a window of 0 until it opens", "OK")
def _(c, target):
    c.start((wire.INITIAL_WINDOW_SIZE, 0))
    target.request(c)
    if first_data(c, 0.2) != "no DATA":
        return "DATA without a window"
    c.send(wire.window_update(1, 1000))
    return wire.observe(c)


@case("6.9.2", "a larger SETTINGS_INITIAL_WINDOW_SIZE lets a stream that waits go on", "OK")
def _(c, target):
    c.start((wire.INITIAL_WINDOW_SIZE, 0))
    target.request(c)
    if first_data(c, 0.2) != "no DATA":
        return "DATA without a window"
    c.send(wire.settings((wire.INITIAL_WINDOW_SIZE, 1000)))
    return wire.observe(c)


@case("6.9.2", "a window can be below zero", "OK")
def _(c, target):
    c.start((wire.INITIAL_WINDOW_SIZE, 3))
    target.request(c)
    if first_data(c) != "first DATA has 3 bytes":
        return "not 3 bytes"
    # Now -3: two more WINDOW_UPDATEs must come before one more byte.
    c.send(wire.settings((wire.INITIAL_WINDOW_SIZE, 0)), wire.window_update(1, 3))
    if first_data(c, 0.2) != "no DATA":
        return "DATA without a window"
    c.send(wire.window_update(1, 1000))
    return wire.observe(c)


# RFC 9113 wants an error of the connection; nghttp2 makes it one of each stream whose window overflows.
@case("6.9.2", "SETTINGS_INITIAL_WINDOW_SIZE that makes a window overflow", *stream_error("FLOW_CONTROL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.window_update(1, 2**31 - 1 - 65535), wire.settings((wire.INITIAL_WINDOW_SIZE, 65536)))


@case("6.10", "a header block in two CONTINUATION frames", "OK")
def _(c, target):
    block = target.block()
    c.start().send(
        wire.headers(1, block[:5], end_headers=False), wire.continuation(1, block[5:9], end_headers=False), wire.continuation(1, block[9:])
    )
    c.send(wire.data(1, target.body, end=True))


@case("6.10", "CONTINUATION, then DATA instead of the rest", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:5], end_headers=False), wire.continuation(1, block[5:9], end_headers=False), wire.data(1, b"x"))


@case("6.10", "CONTINUATION of stream 0", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:5], end_headers=False), wire.continuation(0, block[5:]))


@case("6.10", "CONTINUATION of another stream", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:5], end_headers=False), wire.continuation(3, block[5:]))


@case("6.10", "CONTINUATION behind END_HEADERS", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.continuation(1, target.block()))


@case("6.10", "CONTINUATION behind DATA", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, target.body), wire.continuation(1, target.block()))


def first_data(c, seconds: float = 5) -> str:
    try:
        while True:
            got = c.read(seconds)
            if got.kind == wire.HEADERS:
                c.take_fields(got)
            if got.kind == wire.DATA:
                return f"first DATA has {len(got.payload)} byte{'' if len(got.payload) == 1 else 's'}"
            if got.kind in (wire.GOAWAY, wire.RST_STREAM):
                return f"{got} {got.code}"
    except TimeoutError:
        return "no DATA"
    except wire.Closed:
        return "closed"
