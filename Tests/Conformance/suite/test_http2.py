"""HTTP/2 conformance, as RFC 9113 and RFC 7541 ask of a server and as h2spec tests it, at both doors that speak it."""

import http2_connection
import http2_frames
import http2_hpack
import http2_messages
import http2_streams
import pytest

TABLES = {
    "RFC 9113 sections 3 and 4": http2_connection.TABLE,
    "RFC 9113 sections 5 and 7": http2_streams.TABLE,
    "RFC 9113 section 6": http2_frames.TABLE,
    "RFC 9113 section 8": http2_messages.TABLE,
    "RFC 7541": http2_hpack.TABLE,
}
CASES = [
    pytest.param(title, case, id=f"{title.split()[1]} {case.section} {case.name}") for title, table in TABLES.items() for case in table.cases
]


@pytest.mark.parametrize(("title", "case"), CASES)
def test_http2(target, title, case, record_property):
    record_property("row", f"HTTP/2: {title}, {target.name}")
    case.check(target)


def test_nothing_is_left(server, record_property):
    record_property("row", "HTTP/2: nothing left afterwards")
    server.assert_nothing_left()
