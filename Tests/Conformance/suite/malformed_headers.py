"""Requests whose header fields are not what gRPC asks for. All of them name a method that exists unless they are about that."""

import wire
from cases import Table
from targets import SERVICE

TABLE = Table()
case = TABLE.case


def add(section: str, name: str, expected: tuple[str, ...], **changes):
    @case(section, name, *expected)
    def _(c, target):
        target.request(c.start(), **changes)


def replaced(section: str, name: str, field: str, value: str | None, *expected: str):
    add(section, name, expected, replace={field: value})


def added(section: str, name: str, field: str, value: str, *expected: str):
    add(section, name, expected, more=[(field, value)])


# Method and media type: what is not gRPC gets an HTTP status.

for _method in ("GET", "PUT", "DELETE", "OPTIONS", "post", "PRI"):
    replaced("method", _method, ":method", _method, "HTTP 405")
replaced("method", "empty", ":method", "", "RST_STREAM PROTOCOL_ERROR", "HTTP 405")

replaced("content-type", "missing", "content-type", None, "HTTP 415")
for _type in (
    "", "text/plain", "application/json", "application/grpc-web+proto", "application/grpcc", "application/grp", "grpc", " application/grpc",
    "text/html, application/grpc",
):
    replaced("content-type", f'"{_type}"', "content-type", _type, "HTTP 415", "RST_STREAM PROTOCOL_ERROR")
replaced("content-type", "application/grpc+json", "content-type", "application/grpc+json", "grpc-status 12")
replaced("content-type", "application/grpc+", "content-type", "application/grpc+", "grpc-status 12")
for _type in ("application/grpc+proto", "application/grpc;charset=utf-8", "application/grpc+proto; a=b"):
    replaced("content-type", f"{_type} is right", "content-type", _type, "OK")

replaced("te", "missing, as through proxies that drop it", "te", None, "OK")
replaced("te", "gzip", "te", "gzip", "RST_STREAM PROTOCOL_ERROR")
replaced("te", "empty", "te", "", "RST_STREAM PROTOCOL_ERROR")

# Paths

for _path in (
    "/", "//", "/grpc.testing.TestService", SERVICE, SERVICE + "EmptyCall/", SERVICE + "EmptyCall/more", "//EmptyCall", "/EmptyCall",
    SERVICE + "emptycall", "/GRPC.testing.TestService/EmptyCall", SERVICE + "EmptyCall?x=1", SERVICE + "EmptyCall#x", SERVICE + "Empty%43all",
    "/../grpc.testing.TestService/EmptyCall", "/grpc.testing.Nobody/EmptyCall", SERVICE + "M" * 8000, SERVICE + "\xff\xfe",
):
    _name = _path if len(_path) < 100 else "a method of 8000 bytes"
    replaced("path", _name.encode("unicode_escape").decode(), ":path", _path, "grpc-status 12")
replaced("path", "NUL", ":path", SERVICE + "Empty\0Call", "RST_STREAM PROTOCOL_ERROR")
replaced("path", "an absolute URI", ":path", "http://localhost" + SERVICE + "EmptyCall", "RST_STREAM PROTOCOL_ERROR", "grpc-status 12")

# grpc-timeout

for _timeout in (
    "", "1", "S", "123456789S", "-1S", "+1S", "1.5S", "1s", "1 S", "1X", "0x1S", "1SS", "S1", "1e3S", "\u00b2S", "99999999999999999999S", "infinity",
):
    added("grpc-timeout", f'"{_timeout}"', "grpc-timeout", _timeout, "grpc-status 13")
for _timeout in ("0S", "0n", "00000000H"):
    added("grpc-timeout", f'"{_timeout}": over before it began', "grpc-timeout", _timeout, "grpc-status 4")
for _timeout in ("99999999H", "00000001M", "99999999n"):
    added("grpc-timeout", f'"{_timeout}" is right', "grpc-timeout", _timeout, "OK")

# grpc-encoding

for _encoding in ("deflate", "br", "snappy", "zstd", "GZIP", "gzip,identity", "gzip ", "", "x" * 1000):
    @case("grpc-encoding", f'"{_encoding[:20]}"', "grpc-status 12, accepts identity,gzip", "RST_STREAM PROTOCOL_ERROR")
    def _(c, target, encoding=_encoding):
        target.request(c.start(), more=[("grpc-encoding", encoding)])
        outcome = wire.observe(c)
        accepted = outcome.fields.get("grpc-accept-encoding")
        return f"{outcome.what}, accepts {accepted}" if accepted else outcome
added("grpc-accept-encoding", "nonsense", "grpc-accept-encoding", ",,;q=1,\tgzip;;", "OK")

# Metadata

for _value in ("not base64!", "a", "abc=def", "\xff\xff", "AB\u00a0C", "QUJD===="):
    added("metadata", f"-bin of {_value.encode('unicode_escape').decode()}", "x-test-bin", _value, "grpc-status 13")
for _value in ("", "QUJD", "QQ", "QQ==", "QUJD,QQ"):
    added("metadata", f'-bin of "{_value}" is right', "x-test-bin", _value, "OK")
added("metadata", "-bin of one good and one bad value", "x-test-bin", "QUJD,*", "grpc-status 13")
added("metadata", "a value of 0x80 to 0xff", "x-test", "\x80\xff", "OK")
added("metadata", "a reserved name", "grpc-nonsense", "1", "OK")
added("metadata", "a name of 8000 bytes", "x" * 8000, "1", "OK", "RST_STREAM PROTOCOL_ERROR")
added("metadata", "grpc-status in a request", "grpc-status", "0", "OK")
add("metadata", "a key 200 times", ("OK",), more=[("x-test", "1")] * 200)


@case("metadata", "trailers in a request", "OK")
def _(c, target):
    target.open(c.start())
    c.send(wire.data(1, target.body), wire.headers(1, wire.block([("x-late-bin", "QUJD")]), end=True))
