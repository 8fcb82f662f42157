"""gRPC's negative HTTP/2 cases: a server that misbehaves, and what our client must do all the same."""

import pytest
import server as servers
from server import BINARIES, peer

# What the RST_STREAM codes mean to the caller (PROTOCOL-HTTP2.md).
STATUS_OF_RESET = {
    0: "INTERNAL", 1: "INTERNAL", 2: "INTERNAL", 3: "INTERNAL", 5: "INTERNAL", 6: "INTERNAL", 7: "UNAVAILABLE", 8: "CANCELLED", 9: "INTERNAL",
    10: "INTERNAL", 11: "RESOURCE_EXHAUSTED", 12: "PERMISSION_DENIED", 0x99: "INTERNAL",
}


def run(case: str, *arguments: str) -> tuple[str, str]:
    """What the client printed, and what the server saw."""
    process = servers.Process([*peer("h2_server.py"), "--port", "0", "--test_case", case, *arguments])
    try:
        client = servers.run_client([str(BINARIES / "interop-client"), "--server_port", str(process.port), "--test_case", case])
    finally:
        seen = process.stop()
    assert "VIOLATION" not in seen and "Traceback" not in seen, seen
    return client.strip(), seen


@pytest.mark.parametrize("case", ["goaway", "ping", "max_streams"])
def test_the_client_copes(case, record_property):
    record_property("row", "Negative HTTP/2 cases")
    client, seen = run(case)
    assert client == f"passed {case}"
    # Only who was told to go elsewhere does.
    assert seen.count("connection ") == (2 if case == "goaway" else 1), seen


@pytest.mark.parametrize("case", ["rst_after_header", "rst_during_data", "rst_after_data"])
def test_a_reset_is_an_error(case, record_property):
    record_property("row", "Negative HTTP/2 cases")
    client, _ = run(case)
    assert client == f"passed {case}: INTERNAL"


@pytest.mark.parametrize("code", STATUS_OF_RESET)
def test_the_status_of_a_reset(code, record_property):
    record_property("row", "Negative HTTP/2 cases: the status for each RST_STREAM code")
    client, seen = run("rst_after_data", "--reset_code", str(code))
    assert client == f"passed rst_after_data: {STATUS_OF_RESET[code]}"
    assert seen.count("connection ") == 1, "the connection goes on"
