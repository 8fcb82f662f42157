"""RFC 9113 section 5: the states of streams, their numbers and their limits; section 5.5 and 7: extensions and unknown errors."""

import wire
from cases import Table, connection_error, stream_error

TABLE = Table()
case = TABLE.case


@case("5.1", "idle: DATA", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.data(1, b"x", end=True))


@case("5.1", "idle: RST_STREAM", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.rst_stream(1))


@case("5.1", "idle: WINDOW_UPDATE", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.window_update(1, 100))


@case("5.1", "idle: CONTINUATION", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start().send(wire.continuation(1, target.block()))


@case("5.1", "half-closed (remote): DATA", *stream_error("STREAM_CLOSED"))
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.data(1, b"x", end=True))


@case("5.1", "half-closed (remote): HEADERS", *stream_error("STREAM_CLOSED"))
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.headers(1, wire.block([("x-late", "1")]), end=True))


@case("5.1", "half-closed (remote): CONTINUATION", *connection_error("PROTOCOL_ERROR"), *connection_error("STREAM_CLOSED"))
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.continuation(1, target.block()))


@case("5.1", "half-closed (remote): WINDOW_UPDATE, PRIORITY are accepted", "OK")
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.window_update(1, 1), wire.priority(1))


@case("5.1", "half-closed (remote): RST_STREAM ends it, the connection goes on", "OK")
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.rst_stream(1))
    target.request(c, 3)
    return wire.observe(c, 3)


def closed_by_end(c, target):
    target.request(c.start())
    outcome = wire.observe(c)
    assert outcome.what == target.ok, outcome


def closed_by_reset(c, target):
    target.open(c.start())
    c.send(wire.rst_stream(1))


def goes_on(c, target, stream: int = 3):
    """Whatever came on the closed stream was discarded, the header compression is still in step, and the next request works."""
    target.request(c, stream)
    return wire.observe(c, stream)


# RFC 9113 allows STREAM_CLOSED for the connection, and asks for nothing more than discarding.
DISCARDED = ("OK", *connection_error("STREAM_CLOSED"))

for _name, _close in (("END_STREAM on both sides", closed_by_end), ("RST_STREAM", closed_by_reset)):

    @case("5.1", f"closed by {_name}: DATA", *DISCARDED)
    def _(c, target, close=_close):
        close(c, target)
        c.send(wire.data(1, b"x", end=True))
        return goes_on(c, target)

    @case("5.1", f"closed by {_name}: HEADERS", *DISCARDED, *connection_error("PROTOCOL_ERROR"))
    def _(c, target, close=_close):
        close(c, target)
        c.send(wire.headers(1, target.block(), end=True))
        return goes_on(c, target)

    @case("5.1", f"closed by {_name}: CONTINUATION", *connection_error("PROTOCOL_ERROR"), *connection_error("STREAM_CLOSED"))
    def _(c, target, close=_close):
        close(c, target)
        c.send(wire.continuation(1, target.block()))

    @case("5.1", f"closed by {_name}: WINDOW_UPDATE, RST_STREAM and PRIORITY are ignored", "OK")
    def _(c, target, close=_close):
        close(c, target)
        c.send(wire.window_update(1, 10), wire.rst_stream(1), wire.priority(1))
        return goes_on(c, target)


@case("5.1.1", "a stream with an even number", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start()
    target.request(c, 2)


# RFC 9113 wants PROTOCOL_ERROR. nghttp2 cannot tell a stream that was skipped from one that it has forgotten, and discards what comes there.
@case("5.1.1", "a stream whose number is smaller than that of an earlier one", "OK", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    c.start()
    target.request(c, 5)
    if wire.observe(c, 5).what != target.ok:
        return "no answer on stream 5"
    target.request(c, 3)
    return goes_on(c, target, 7)


@case("5.1.1", "numbers may be left out", "OK")
def _(c, target):
    c.start()
    target.request(c, 101)
    return wire.observe(c, 101)


@case("5.1.1", "stream 2^31-1 is the last one there can be", "OK")
def _(c, target):
    c.start()
    target.request(c, 2**31 - 1)
    return wire.observe(c, 2**31 - 1)


@case("5.1.2", "more streams than SETTINGS_MAX_CONCURRENT_STREAMS", *stream_error("REFUSED_STREAM"), *stream_error("PROTOCOL_ERROR"))
def _(c, target):
    limit = c.start().server_settings[wire.MAX_CONCURRENT_STREAMS]
    block = target.block()
    c.send(*[wire.headers(2 * index + 1, block) for index in range(limit + 1)])
    return wire.observe(c, 2 * limit + 1)


@case("5.1.2", "as many as SETTINGS_MAX_CONCURRENT_STREAMS are served", "OK")
def _(c, target):
    limit = c.start().server_settings[wire.MAX_CONCURRENT_STREAMS]
    block = target.block()
    c.send(*[wire.headers(2 * index + 1, block) for index in range(limit)])
    last = 2 * limit - 1
    c.send(wire.data(last, target.body, end=True))
    return wire.observe(c, last)


@case("5.3", "a stream that depends on itself (deprecated: error or ignored)", "OK", *stream_error("PROTOCOL_ERROR"))
def _(c, target):
    payload = (1).to_bytes(4, "big") + b"\x0f" + target.block()
    c.start().send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.PRIORITIZED, 1, payload), wire.data(1, target.body, end=True))


@case("5.3", "priority in HEADERS is accepted", "OK")
def _(c, target):
    payload = (0).to_bytes(4, "big") + b"\x0f" + target.block()
    c.start().send(wire.frame(wire.HEADERS, wire.END_HEADERS | wire.PRIORITIZED, 1, payload), wire.data(1, target.body, end=True))


@case("5.4.1", "GOAWAY is followed by the end of the connection", "closed")
def _(c, target):
    c.start().send(wire.data(1, b"x"))
    outcome = wire.observe(c)
    return "closed" if outcome.what.startswith("GOAWAY") and ends(c) else repr(outcome)


@case("5.4.1", "GOAWAY names the last stream that was taken up", "GOAWAY names 3")
def _(c, target):
    c.start()
    target.request(c, 3)
    if wire.observe(c, 3).what != target.ok:
        return "no answer on stream 3"
    c.send(wire.ping(b"short"))
    while (got := c.read()).kind != wire.GOAWAY:
        pass
    return f"GOAWAY names {int.from_bytes(got.payload[:4], 'big') & 0x7FFFFFFF}"


@case("5.4.2", "after a stream error the connection goes on", "OK")
def _(c, target):
    c.start().send(wire.headers(1, target.block(replace={":path": None})), wire.data(1, b"", end=True))
    return goes_on(c, target)


@case("5.5", "an unknown frame type on a stream is ignored", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.frame(0x16, 0xFF, 1, b"whatever"), wire.data(1, target.body, end=True))


@case("5.5", "an unknown frame type inside a header block", *connection_error("PROTOCOL_ERROR"))
def _(c, target):
    block = target.block()
    c.start().send(wire.headers(1, block[:10], end_headers=False), wire.frame(0x16, 0, 1, b"x"), wire.continuation(1, block[10:]))


@case("7", "GOAWAY with an unknown error code is accepted", "OK", "closed")
def _(c, target):
    target.slow_request(c.start())
    c.send(wire.goaway(0xFF))


@case("7", "RST_STREAM with an unknown error code is accepted", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.rst_stream(1, 0xFF))
    return goes_on(c, target)


def ends(c) -> bool:
    try:
        while True:
            c.read()
    except wire.Closed:
        return True
    except TimeoutError:
        return False
