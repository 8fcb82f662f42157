"""RFC 9113 section 8: requests."""

import wire
from cases import Table, stream_error

TABLE = Table()
case = TABLE.case

MALFORMED = stream_error("PROTOCOL_ERROR")
# The HTTP server may also say in HTTP what is wrong.
REFUSED = (*MALFORMED, "HTTP 400")


@case("8.1", "trailers", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, target.body), wire.headers(1, wire.block([("x-trailer", "1")]), end=True))


@case("8.1", "a second HEADERS frame without END_STREAM", *MALFORMED)
def _(c, target):
    target.open(c.start())
    c.send(wire.headers(1, target.block()))


@case("8.1", "a pseudo-header field in trailers", *MALFORMED)
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, target.body), wire.headers(1, wire.block([(":path", "/")]), end=True))


@case("8.2.1", "an upper-case field name", *MALFORMED)
def _(c, target):
    target.request(c.start(), more=[("X-TEST", "1")])


@case("8.2.1", "an upper-case field name in trailers", *MALFORMED)
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, target.body), wire.headers(1, wire.block([("X-TEST", "1")]), end=True))


for _what, _name in (("a space", "x test"), ("a colon", "x:test"), ("NUL", "x\0"), ("DEL", "x\x7f"), ("a byte above 0x7f", "x\xe9"), ("nothing", "")):

    @case("8.2.1", f"{_what} in a field name", *MALFORMED)
    def _(c, target, name=_name):
        target.request(c.start(), more=[(name, "1")])


for _what, _value in (("NUL", "a\0b"), ("CR", "a\rb"), ("LF", "a\nb")):

    @case("8.2.1", f"{_what} in a field value", *MALFORMED)
    def _(c, target, value=_value):
        target.request(c.start(), more=[("x-test", value)])


for _field, _value in (
    ("connection", "keep-alive"), ("proxy-connection", "keep-alive"), ("keep-alive", "timeout=5"), ("transfer-encoding", "chunked"),
    ("upgrade", "h2c"), ("te", "trailers, deflate"),
):

    @case("8.2.2", f"the field {_field}: {_value}", *MALFORMED)
    def _(c, target, field=_field, value=_value):
        target.request(c.start(), replace={"te": None}, more=[(field, value)])


@case("8.2.2", "te: trailers is allowed", "OK")
def _(c, target):
    target.request(c.start(), replace={"te": None}, more=[("te", "trailers")])


@case("8.2.3", "cookie in several fields", "OK")
def _(c, target):
    target.request(c.start(), more=[("cookie", "a=b"), ("cookie", "c=d")])


@case("8.3", "an unknown pseudo-header field", *MALFORMED)
def _(c, target):
    target.request(c.start(), first=[(":test", "1")])


@case("8.3", "a pseudo-header field of responses", *MALFORMED)
def _(c, target):
    target.request(c.start(), first=[(":status", "200")])


@case("8.3", "a pseudo-header field behind a regular one", *MALFORMED)
def _(c, target):
    target.request(c.start(), replace={":path": None}, more=[("x-test", "1"), (":path", dict(target.fields())[":path"])])


for _field in (":method", ":scheme", ":path"):

    @case("8.3.1", f"{_field} is missing", *MALFORMED)
    def _(c, target, field=_field):
        target.request(c.start(), replace={field: None})

    @case("8.3.1", f"{_field} twice", *MALFORMED)
    def _(c, target, field=_field):
        target.request(c.start(), first=[(field, dict(target.fields())[field])])


@case("8.3.1", ":authority twice", *MALFORMED)
def _(c, target):
    target.request(c.start(), first=[(":authority", "localhost")])


@case("8.3.1", "an empty :path", *REFUSED)
def _(c, target):
    target.request(c.start(), replace={":path": ""})


@case("8.3.1", "a :path that does not begin with /", *REFUSED)
def _(c, target):
    target.request(c.start(), replace={":path": "index.html"})


@case("8.3.1", ":path * with another method than OPTIONS", *REFUSED)
def _(c, target):
    target.request(c.start(), replace={":path": "*"})


@case("8.3.1", "host instead of :authority", "OK")
def _(c, target):
    target.request(c.start(), replace={":authority": None}, more=[("host", "localhost")])


@case("8.1.1", "content-length larger than the body", *MALFORMED)
def _(c, target):
    target.request(c.start(), more=[("content-length", str(len(target.body) + 1))])


@case("8.1.1", "content-length smaller than the body in several frames", *MALFORMED)
def _(c, target):
    target.open(c.start(), more=[("content-length", str(len(target.body) - 1))])
    c.send(*[wire.data(1, bytes([byte])) for byte in target.body], wire.data(1, end=True))


@case("8.1.1", "content-length and no body at all", *MALFORMED)
def _(c, target):
    c.start().send(wire.headers(1, target.block(more=[("content-length", "5")]), end=True))


@case("8.1.1", "content-length that is no number", *REFUSED)
def _(c, target):
    target.request(c.start(), more=[("content-length", "five")])


@case("8.1.1", "content-length twice with different values", *MALFORMED)
def _(c, target):
    target.request(c.start(), more=[("content-length", str(len(target.body))), ("content-length", "7")])


@case("8.1.1", "the right content-length", "OK")
def _(c, target):
    target.request(c.start(), more=[("content-length", str(len(target.body)))])


@case("8.5", "CONNECT with :path", *MALFORMED)
def _(c, target):
    target.request(c.start(), replace={":method": "CONNECT"})


@case("8.7", "a request that is reset and made again", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.rst_stream(1))
    target.request(c, 3)
    return wire.observe(c, 3)
