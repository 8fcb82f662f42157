"""Input that is wrong: for each one the right error, and the server goes on with nothing left of the client."""

import time

import http2_connection
import http2_frames
import http2_hpack
import http2_messages
import http2_streams
import malformed_bytes
import malformed_headers
import malformed_messages
import pytest
import wire

TABLES = {
    "connections that are not HTTP/2, break off or exceed limits": malformed_bytes.TABLE,
    "requests that are not gRPC": malformed_headers.TABLE,
    "messages, compression and protobuf": malformed_messages.TABLE,
}
CASES = [pytest.param(title, case, id=f"{case.section}: {case.name}") for title, table in TABLES.items() for case in table.cases]

# Broken HTTP/2 is in the tables of test_http2.py. Each of these runs here too, for what it leaves behind.
HTTP2 = [
    pytest.param("HTTP/2 framing, header compression and fields", case, id=f"{case.section} {case.name}")
    for table in (http2_connection.TABLE, http2_streams.TABLE, http2_frames.TABLE, http2_messages.TABLE, http2_hpack.TABLE)
    for case in table.cases
    if "OK" not in case.expected
]


@pytest.mark.parametrize(("title", "case"), CASES + HTTP2)
def test_malformed(rpc, server, title, case, record_property):
    record_property("row", f"Malformed input: {title}")
    case.check(rpc)
    with wire.Connection(rpc.port) as connection:
        rpc.request(connection.start())
        assert wire.observe(connection).what == rpc.ok, "the server does not serve any more"
    server.assert_nothing_left()


def test_there_are_enough():
    """Issue 3 asks for at least 120."""
    wrong = [parameters for parameters in CASES if "OK" not in parameters.values[1].expected]
    assert len(wrong) >= 120, len(wrong)


def test_nothing_grows(rpc, server):
    """Three rounds of everything: descriptors are back to where they were, and memory has settled."""
    for _ in range(2):
        for parameters in CASES:
            parameters.values[1].check(rpc)
    server.assert_nothing_left()
    descriptors, resident = server.descriptors, server.resident_bytes
    for parameters in CASES:
        parameters.values[1].check(rpc)
    server.assert_nothing_left()
    # The connection that asked just now may still be closing.
    deadline = time.monotonic() + 5
    while server.descriptors > descriptors:
        assert time.monotonic() < deadline, f"{server.descriptors} descriptors instead of {descriptors}"
        time.sleep(0.01)
    assert server.resident_bytes - resident < 8 << 20
