"""What our client makes of answers that are wrong: the status that gRPC's documents ask for (http-grpc-status-mapping.md, statuscodes.md)."""

import gzip
import socket
import threading

import pytest
import server as servers
import wire
from server import BINARIES
from targets import message

GRPC = [(":status", "200"), ("content-type", "application/grpc")]
OK = [("grpc-status", "0")]


def fields(pairs, end: bool = False) -> bytes:
    return wire.headers(1, wire.block(pairs), end=end)


def answer(status: str, content_type: str | None = "text/html") -> bytes:
    """An answer that is not gRPC, with a body."""
    pairs = [(":status", status)] + ([("content-type", content_type)] if content_type else [])
    return fields(pairs) + wire.data(1, b"<html>no</html>", end=True)


def call(*bodies: bytes, status=OK, more=()) -> bytes:
    """Headers, messages and the status."""
    return fields([*GRPC, *more]) + b"".join(wire.data(1, body) for body in bodies) + fields(status, end=True)


GZIP = [("grpc-encoding", "gzip")]
# Of EmptyCall: the client ends with 0 and says so, or with 1 and the status.
ANSWERS = [
    # Not gRPC at all.
    *[(f"HTTP {status}", answer(status), code) for status, code in (
        ("400", "INTERNAL"), ("401", "UNAUTHENTICATED"), ("403", "PERMISSION_DENIED"), ("404", "UNIMPLEMENTED"), ("429", "UNAVAILABLE"),
        ("502", "UNAVAILABLE"), ("503", "UNAVAILABLE"), ("504", "UNAVAILABLE"), ("500", "UNKNOWN"), ("302", "UNKNOWN"), ("418", "UNKNOWN"),
        ("200", "UNKNOWN"),
    )],
    ("HTTP 503 without a body", fields([(":status", "503")], end=True), "UNAVAILABLE"),
    ("HTTP 200 without a content-type", answer("200", None), "UNKNOWN"),
    ("HTTP 200 that is grpc-web", answer("200", "application/grpc-web+proto"), "UNKNOWN"),
    ("HTTP 503 with a gRPC status", fields([(":status", "503"), *GRPC[1:], ("grpc-status", "7")], end=True), "PERMISSION_DENIED"),
    ("HTTP 100 first", fields([(":status", "100")]) + call(message()), "passed"),
    # The status.
    ("no grpc-status in trailers", call(message(), status=[("x-other", "1")]), "UNKNOWN"),
    ("no grpc-status in a trailers-only answer", fields(GRPC, end=True), "UNKNOWN"),
    ("no trailers", fields(GRPC) + wire.data(1, message(), end=True), "INTERNAL"),
    *[(f'grpc-status "{text}"', call(status=[("grpc-status", text)]), "UNKNOWN")
      for text in ("", "abc", "-1", "17", "1.5", "0x0", "99999999999999999999", "\xff")],
    ("grpc-message with broken escapes", call(status=[("grpc-status", "5"), ("grpc-message", "50%% off %4 %zz")]), "NOT_FOUND: 50%% off %4 %zz"),
    ("grpc-message that is not UTF-8", call(status=[("grpc-status", "5"), ("grpc-message", "a%FFb")]), "NOT_FOUND: a\ufffdb"),
    ("broken grpc-status-details-bin", call(status=[("grpc-status", "5"), ("grpc-status-details-bin", "**")]), "NOT_FOUND"),
    # Messages.
    ("OK without a message", call(), "UNIMPLEMENTED"),
    ("OK as trailers only", fields([*GRPC, *OK], end=True), "UNIMPLEMENTED"),
    ("two messages", call(message(), message()), "UNIMPLEMENTED"),
    ("a message that ends too early", call(message(length=9)), "INTERNAL"),
    ("part of a message's header", call(b"\0\0"), "INTERNAL"),
    ("an unknown flag", call(message(flag=2)), "INTERNAL"),
    ("a length of 4 GiB", call(message(length=0xFFFFFFFF)), "RESOURCE_EXHAUSTED"),
    ("a message that is not protobuf", call(message(b"\x0f")), "INTERNAL"),
    ("compressed without grpc-encoding", call(message(gzip.compress(b""), 1)), "INTERNAL"),
    ("an encoding that was not offered", call(message(), more=[("grpc-encoding", "br")]), "INTERNAL"),
    ("broken gzip", call(message(b"broken", 1), more=GZIP), "INTERNAL"),
    ("a gzip bomb", call(*[message(gzip.compress(bytes(5 << 20)), 1)], more=GZIP), "RESOURCE_EXHAUSTED"),
    ("compressed as announced", call(message(gzip.compress(b""), 1), more=GZIP), "passed"),
    # HTTP/2.
    ("DATA before the headers", wire.data(1, message()) + call(), "UNAVAILABLE"),
    ("no :status", fields(GRPC[1:]), "INTERNAL"),
    (":status of two digits", fields([(":status", "20")]), "INTERNAL"),
    ("an upper-case field name", call(message(), more=[("X-Test", "1")]), "INTERNAL"),
    ("a pseudo-header field in trailers", call(message(), status=[(":status", "200"), *OK]), "INTERNAL"),
    ("40 KiB of metadata", fields(GRPC) + wire.headers(1, wire.block([(f"x-{at}", "v" * 1500) for at in range(10)]), end_headers=False)
     + wire.continuation(1, wire.block([(f"y-{at}", "v" * 1500) for at in range(10)])), "INTERNAL"),
    ("the end of the connection", b"", "UNAVAILABLE"),
    ("the end of the connection behind the headers", fields(GRPC), "UNAVAILABLE"),
    ("the end of the connection behind the message", fields(GRPC) + wire.data(1, message()), "UNAVAILABLE"),
    ("GOAWAY that counts the call, and the end", wire.goaway(0, last=1), "UNAVAILABLE"),
    ("GOAWAY with an error, and the end", wire.goaway(2, last=1), "UNAVAILABLE"),
    ("PUSH_PROMISE", wire.frame(wire.PUSH_PROMISE, wire.END_HEADERS, 1, (2).to_bytes(4, "big") + wire.block(GRPC)), "UNAVAILABLE"),
    ("a header block that cannot be decoded", wire.headers(1, b"\xff" * 10), "UNAVAILABLE"),
    ("PING on a stream", wire.frame(wire.PING, 0, 1, bytes(8)), "UNAVAILABLE"),
    ("a frame of 16 MiB", wire.frame(wire.DATA, 0, 1, b"x", length=(1 << 24) - 1), "UNAVAILABLE"),
    ("HTTP/1.1", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "UNAVAILABLE"),
]


class ScriptedServer:
    """Answers the first request of the first connection with the first answer, and so on. Then it hangs up, or waits for the client to."""

    def __init__(self, answers: list[bytes], hangs_up: bool = False, before_settings: bytes | None = None):
        self.answers, self.hangs_up, self.before_settings = answers, hangs_up, before_settings
        self.connections = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        try:
            while True:
                raw, _ = self.listener.accept()
                answer = self.answers[min(self.connections, len(self.answers) - 1)] if self.answers else b""
                self.connections += 1
                threading.Thread(target=self._serve, args=(raw, answer), daemon=True).start()
        except OSError:
            pass  # Closed.

    def _serve(self, raw: socket.socket, answer: bytes):
        with wire.Connection(accepted=raw) as connection:
            try:
                if self.before_settings is not None:
                    return connection.send(self.before_settings)
                connection.start_as_server()
                while True:
                    got = connection.read()
                    if got.stream == 1 and got.kind in (wire.HEADERS, wire.DATA) and got.flags & wire.END_STREAM:
                        break
                connection.send(answer)
                if self.hangs_up:
                    return
                while True:
                    connection.read()
            except (wire.Closed, TimeoutError, OSError):
                pass

    def close(self):
        self.listener.close()


def run(server: ScriptedServer) -> str:
    try:
        command = [str(BINARIES / "interop-client"), "--server_port", str(server.port), "--test_case", "empty_unary"]
        return servers.run_client(command, 20).strip().removeprefix("FAILED empty_unary: ")
    finally:
        server.close()


@pytest.mark.parametrize(("name", "sent", "expected"), [pytest.param(*answer, id=answer[0]) for answer in ANSWERS])
def test_answers(name, sent, expected, record_property):
    record_property("row", "Malformed input: answers to our client")
    said = run(ScriptedServer([sent], hangs_up="the end" in name))
    assert said == expected or said.startswith((f"{expected}: ", f"{expected} ")), said


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", wire.ping(), bytes(100), wire.settings((wire.ENABLE_PUSH, 1), (wire.MAX_FRAME_SIZE, 1))],
    ids=["nothing", "HTTP/1.1", "PING", "zeros", "broken SETTINGS"],
)
def test_no_settings(first, record_property):
    record_property("row", "Malformed input: answers to our client")
    assert run(ScriptedServer([], before_settings=first)).startswith("UNAVAILABLE: ")


def test_a_call_that_was_not_looked_at_is_made_again(record_property):
    """GOAWAY below the stream's number: the client repeats the call by itself, on another connection."""
    record_property("row", "Malformed input: answers to our client")
    server = ScriptedServer([wire.goaway(0, last=0), call(message())])
    assert run(server) == "passed empty_unary"
    assert server.connections == 2
