"""The two doors that speak HTTP/2, and what a valid request looks like at each."""

import struct

import wire

SERVICE = "/grpc.testing.TestService/"


def message(body: bytes = b"", flag: int = 0, length: int | None = None) -> bytes:
    """gRPC's frame around one message. `length` may lie."""
    return struct.pack(">BI", flag, len(body) if length is None else length) + body


class Target:
    """`ok` is the outcome of a valid request."""

    name: str
    ok: str
    body: bytes

    def __init__(self, server):
        self.server = server

    def fields(self, slow: bool = False) -> list[tuple[str, str]]:
        """Of a request with a body; `slow` ones are answered after half a second."""
        raise NotImplementedError

    def block(self, replace: dict[str, str | None] | None = None, more=(), first=(), slow: bool = False) -> bytes:
        """A header block: fields of `replace` get another value or, with None, go; `first` come before all others, `more` after them."""
        replace = replace or {}
        kept = [(name, replace.get(name, value)) for name, value in self.fields(slow)]
        return wire.block([*first, *((name, value) for name, value in kept if value is not None), *more])

    def open(self, connection: wire.Connection, stream: int = 1, **changes):
        """A request whose body is still to come."""
        connection.send(wire.headers(stream, self.block(**changes)))

    def request(self, connection: wire.Connection, stream: int = 1, **changes):
        """A whole request."""
        connection.send(wire.headers(stream, self.block(**changes)), wire.data(stream, self.body, end=True))

    def slow_request(self, connection: wire.Connection, stream: int = 1):
        """A whole request that stays unanswered for half a second."""
        raise NotImplementedError


class RPCTarget(Target):
    name = "RPC server"
    ok = "grpc-status 0"
    body = message()
    # StreamingOutputCallRequest: one response of one byte after 500,000 microseconds.
    slow_body = message(bytes.fromhex("1206080110a0c21e"))

    @property
    def port(self) -> int:
        return self.server.rpc_port

    def fields(self, slow: bool = False):
        return [
            (":method", "POST"), (":scheme", "http"), (":path", SERVICE + ("StreamingOutputCall" if slow else "EmptyCall")),
            (":authority", "localhost"), ("te", "trailers"), ("content-type", "application/grpc"),
        ]

    def slow_request(self, connection, stream=1):
        connection.send(wire.headers(stream, self.block(slow=True)), wire.data(stream, self.slow_body, end=True))


class HTTPTarget(Target):
    name = "HTTP server"
    ok = "HTTP 200"
    body = b"hello"

    @property
    def port(self) -> int:
        return self.server.http_port

    def fields(self, slow: bool = False):
        return [(":method", "POST"), (":scheme", "http"), (":path", "/slow" if slow else "/echo"), (":authority", "localhost")]

    def slow_request(self, connection, stream=1):
        connection.send(wire.headers(stream, self.block(slow=True)), wire.data(stream, self.body, end=True))
