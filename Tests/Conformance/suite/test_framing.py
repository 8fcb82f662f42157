"""What our server puts on the wire: the parts of gRPC's framing that no client library shows."""

import gzip
import struct

import pytest
import wire
from malformed_messages import GZIP, call
from targets import message


def messages(body: bytes):
    while body:
        flag, length = struct.unpack(">BI", body[:5])
        yield flag, body[5 : 5 + length]
        body = body[5 + length :]


def varint(value: int) -> bytes:
    return wire.integer(value, 7, 0) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def nested(field: int, body: bytes) -> bytes:
    return bytes([field << 3 | 2]) + varint(len(body)) + body


ACCEPTS = [("grpc-accept-encoding", "identity,gzip")]
TRUE, FALSE = b"\x08\x01", b""


def unary_request(size: int, response_compressed: bytes | None = None) -> bytes:
    return b"\x10" + varint(size) + (nested(6, response_compressed) if response_compressed is not None else b"")


def answer(rpc, *frames: bytes, method: str = "UnaryCall", more=()) -> wire.Outcome:
    with wire.Connection(rpc.port) as connection:
        call(connection, rpc, *frames, wire.data(1, end=True), method=method, more=more)
        outcome = wire.observe(connection)
    assert outcome.what == "grpc-status 0", outcome
    return outcome


@pytest.mark.parametrize(
    ("wanted", "more", "flag", "encoding"),
    [
        (TRUE, ACCEPTS, 1, "gzip"), (FALSE, ACCEPTS, 0, None), (None, ACCEPTS, 0, None), (TRUE, [], 0, None),
        (TRUE, [("grpc-accept-encoding", "deflate,br")], 0, None),
    ],
    ids=["asked for", "not asked for", "nothing said", "not accepted", "others accepted"],
)
def test_a_response_is_compressed_when_both_want_it(rpc, wanted, more, flag, encoding, record_property):
    record_property("row", "Framing: compression of each message")
    outcome = answer(rpc, wire.data(1, message(unary_request(5_000, wanted))), more=more)
    assert outcome.fields.get("grpc-encoding") == encoding
    [(got, body)] = messages(outcome.body)
    assert got == flag
    assert len(gzip.decompress(body) if flag else body) > 5_000


def test_a_stream_of_compressed_and_plain_responses(rpc, record_property):
    record_property("row", "Framing: compression of each message")
    parameters = [nested(2, b"\x08" + varint(5_000) + nested(3, wanted)) for wanted in (TRUE, FALSE, TRUE)]
    outcome = answer(rpc, wire.data(1, message(b"".join(parameters))), method="StreamingOutputCall", more=ACCEPTS)
    assert [flag for flag, _ in messages(outcome.body)] == [1, 0, 1]


def test_a_stream_of_compressed_and_plain_requests(rpc, record_property):
    record_property("row", "Framing: compression of each message")
    packed = gzip.compress(nested(1, nested(2, bytes(27_182))) + nested(2, TRUE))
    plain = nested(1, nested(2, bytes(5_000))) + nested(2, FALSE)
    sent = message(packed, 1) + message(plain)
    outcome = answer(rpc, wire.data(1, sent), method="StreamingInputCall", more=GZIP)
    [(_, body)] = messages(outcome.body)
    assert body == b"\x08" + varint(27_182 + 5_000)


def test_trailers_only(rpc, record_property):
    """A call that fails at once is answered by one HEADERS frame with everything in it."""
    record_property("row", "Framing: headers and trailers")
    with wire.Connection(rpc.port) as connection:
        rpc.request(connection.start(), replace={":path": "/grpc.testing.TestService/Nothing"})
        while (got := connection.read()).kind != wire.HEADERS:
            pass
        connection.take_fields(got)
    fields = connection.fields[1]
    assert got.flags & wire.END_STREAM
    assert fields[":status"] == "200" and fields["content-type"] == "application/grpc" and fields["grpc-status"] == "12"


def test_headers_messages_trailers(rpc, record_property):
    record_property("row", "Framing: headers and trailers")
    outcome = answer(rpc, wire.data(1, message(unary_request(1))))
    assert outcome.fields[":status"] == "200" and outcome.fields["content-type"] == "application/grpc"
    assert outcome.fields["grpc-accept-encoding"] == "identity,gzip"
    assert "grpc-message" not in outcome.fields


def test_the_message_is_percent_encoded(rpc, record_property):
    record_property("row", "Framing: headers and trailers")
    text = "100% \u263a\n"
    status = b"\x08\x02" + nested(2, text.encode())
    with wire.Connection(rpc.port) as connection:
        call(connection, rpc, wire.data(1, message(nested(7, status)), end=True))
        outcome = wire.observe(connection)
    assert outcome.fields["grpc-message"] == "100%25 %E2%98%BA%0A"


def test_binary_metadata_is_sent_without_padding(rpc, record_property):
    record_property("row", "Framing: headers and trailers")
    for sent in ("q6ur", "q6s=", "q6s", "qw==", "qw"):
        outcome = answer(rpc, wire.data(1, message(unary_request(1))), more=[("x-grpc-test-echo-trailing-bin", sent)])
        assert outcome.fields["x-grpc-test-echo-trailing-bin"] == sent.rstrip("=")
