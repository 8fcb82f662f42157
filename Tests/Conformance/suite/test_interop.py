"""gRPC's interoperability cases, against every peer in both directions, over plain HTTP/2 and TLS.

Peers: grpcio; hyper-h2 with gRPC's framing written by hand, which sees what grpcio does not show (compressed flags) and misbehaves on demand;
grpc-swift-2 where PEERS names it (its build takes half an hour); and the runtime itself.
"""

import contextlib
import os

import pytest
import server as servers
from server import BINARIES, CERTIFICATES, SERVER_NAME, peer

CASES = (
    "empty_unary large_unary client_compressed_unary server_compressed_unary client_streaming client_compressed_streaming server_streaming"
    " server_compressed_streaming ping_pong empty_stream custom_metadata status_code_and_message special_status_message unimplemented_method"
    " unimplemented_service cancel_after_begin cancel_after_first_response timeout_on_sleeping_server"
).split()

# What a peer's handlers cannot do: its interface shows no compressed flags, and compresses all messages of a call or none.
NOT_AS_SERVER = {
    "grpcio": {"client_compressed_unary", "client_compressed_streaming"},
    "grpc-swift-2": {"client_compressed_unary", "client_compressed_streaming", "server_compressed_unary", "server_compressed_streaming"},
    # Serves what the others do not see.
    "hyper-h2": set(CASES) - {
        "large_unary", "client_compressed_unary", "server_compressed_unary", "client_streaming", "client_compressed_streaming",
        "server_streaming", "server_compressed_streaming",
    },
    "itself": set(),
}

GRPC_SWIFT = servers.PACKAGE.parents[1] / "Benchmarks/peers/grpc-swift/.build/release/interop-peer"
PEERS = ["itself", "grpcio", "hyper-h2", *(["grpc-swift-2"] if "grpc-swift" in os.environ.get("PEERS", "") else [])]
CERTIFICATE, KEY, AUTHORITY = (str(CERTIFICATES / name) for name in ("server.pem", "server.key", "ca.pem"))
OURS = str(BINARIES / "interop-server")


def server_command(name: str, tls: bool) -> list[str]:
    files = ["--tls_cert_file", CERTIFICATE, "--tls_key_file", KEY] if tls else []
    match name:
        case "itself":
            return [OURS, "--port", "0", *(["--tls"] if tls else [])]
        case "grpcio":
            return [*peer("grpcio_server.py"), "--port", "0", *files]
        case "hyper-h2":
            return [*peer("h2_server.py"), "--port", "0"]
        case "grpc-swift-2":
            return [str(GRPC_SWIFT), "server", "0", *([CERTIFICATE, KEY] if tls else [])]


def our_client(port: int, cases: list[str], tls: bool) -> list[str]:
    security = ["--use_tls", "--use_test_ca", "--server_host_override", SERVER_NAME] if tls else []
    return [str(BINARIES / "interop-client"), "--server_port", str(port), "--test_case", ",".join(cases), *security]


def client_command(name: str, port: int, tls: bool) -> list[str]:
    if name == "grpcio":
        security = ["--ca_file", AUTHORITY, "--server_host_override", SERVER_NAME] if tls else []
        return [*peer("grpcio_client.py"), "--server_port", str(port), "--test_case", ",".join(CASES), *security]
    return [str(GRPC_SWIFT), "client", str(port), ",".join(CASES), *([AUTHORITY, SERVER_NAME] if tls else [])]


def results(output: str) -> dict[str, str]:
    """What a client printed: `passed NAME` or `FAILED NAME: why`."""
    lines = [line.split(" ", 1) for line in output.splitlines() if line.startswith(("passed ", "FAILED "))]
    return {rest.partition(":")[0]: f"{word} {rest}" for word, rest in lines}


_runs: dict[tuple, dict[str, str]] = {}


def run(direction: str, name: str, tls: bool) -> dict[str, str]:
    """One run of a client with all cases, kept for the tests of the single ones."""
    key = (direction, name, tls)
    if key not in _runs:
        command = server_command("itself" if direction == "server" else name, tls)
        with contextlib.ExitStack() as stack:
            process = stack.enter_context(servers.running(command))
            if direction == "server":
                client = client_command(name, process.port, tls)
            else:
                client = our_client(process.port, [case for case in CASES if case not in NOT_AS_SERVER[name]], tls)
            output = servers.run_client(client)
        _runs[key] = results(output) | {"": output}
    return _runs[key]


RUNS = [
    (direction, name, tls)
    for name in PEERS
    for direction in ("client", "server")
    for tls in (False, True)
    if not (name in ("itself", "hyper-h2") and direction == "server") and not (name == "hyper-h2" and tls)
]
TESTS = [
    pytest.param(direction, name, tls, case, id=f"our {direction}, {name}, {'TLS' if tls else 'plain'}: {case}")
    for direction, name, tls in RUNS
    for case in CASES
    if not (direction == "client" and case in NOT_AS_SERVER[name])
]


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("direction", "name", "tls", "case"), TESTS)
def test_interop(direction, name, tls, case, record_property):
    record_property("row", f"Interoperability: our {direction} with {name}, {'TLS' if tls else 'h2c'}")
    ran = run(direction, name, tls)
    assert ran.get(case, "did not run").startswith("passed"), ran.get(case) or ran[""]


# Refusals of TLS: each must fail before a single call is made.


@pytest.mark.parametrize(
    "security", [["--use_tls"], ["--use_tls", "--use_test_ca", "--server_host_override", "other.example.com"], []],
    ids=["an authority that is not trusted", "another name", "no TLS"],
)
def test_tls_is_checked(security, record_property):
    record_property("row", "Interoperability: certificates that must be refused")
    with servers.running(server_command("itself", True)) as process:
        output = servers.run_client(
            [str(BINARIES / "interop-client"), "--server_port", str(process.port), "--test_case", "empty_unary", *security]
        )
    assert output.startswith("FAILED empty_unary: UNAVAILABLE"), output


@pytest.mark.parametrize(
    "arguments", [[], ["--server_port", "0", "--test_case", "empty_unary"], ["--server_port", "1", "--test_case", "nothing"], ["--what"]]
)
def test_usage(arguments):
    assert servers.run_client([str(BINARIES / "interop-client"), *arguments]).startswith("error: ")
