"""The whole stack with TLS: mTLS between the services, HTTPS at the gateway and the edges; and who is turned away."""

import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import grpc
import httpx
import pytest
from certificates import EXPIRED, Authority, Pair, credentials
from client import Client, Upload, made_up_file_id, sha256_text
from command import Command, stopped
from rpc import Service
from stack import BINARIES, Stack

MIB = 1 << 20


@pytest.fixture(scope="module")
def secured():
    stack = Stack("tls", {"TLS": "1", "JETTY_TLS_RELOAD_SECONDS": "1"})
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def authority(secured) -> Authority:
    return Authority(secured.directory / "secrets" / "tls")


@pytest.fixture(scope="module", params=["http1", "http2"])
def visitor(request, secured, authority):
    with Client(secured.url, secured.api_key, http2=request.param == "http2", authority=str(authority.file)) as client:
        yield client


def own(authority: Authority, name: str) -> Pair:
    """The certificate of a part of the stack."""
    return Pair(authority.directory / f"{name}.pem", authority.directory / f"{name}.key")


def log(stack: Stack, part: str) -> str:
    return (stack.directory / "log" / f"{part}.log").read_text(errors="replace")


def logged(stack: Stack, part: str, pattern: str, seconds: float = 10) -> str:
    """Waits for a log line that matches."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for line in log(stack, part).splitlines():
            if re.search(pattern, line):
                return line
        time.sleep(0.1)
    raise AssertionError(f"{part} logged nothing like {pattern!r}; the end of its log:\n{log(stack, part)[-2000:]}")


def metric(stack: Stack, part: str, name: str) -> float:
    """The sum over all labels."""
    with urllib.request.urlopen(f"http://{stack._admin(part)}/metrics", timeout=10) as answer:
        text = answer.read().decode()
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines() if re.match(rf"{name}[{{ ]", line))


def test_upload_and_download(visitor, secured):
    assert secured.url.startswith("https://") and all(url.startswith("https://") for url in secured.edge_urls)
    upload = Upload(visitor, 11 * MIB)
    upload.complete()
    through_the_gateway = Upload(visitor, 6 * MIB)
    for index in range(through_the_gateway.chunks_total):
        assert through_the_gateway.post_chunk(index, door=secured.url).status_code == 200
    through_the_gateway.complete()


def test_the_gateway_speaks_both_protocols_by_alpn(secured, authority):
    host, port = secured.url.removeprefix("https://").split(":")
    for offered, chosen in [(["http/1.1"], "http/1.1"), (["h2"], "h2"), (["http/1.1", "h2"], "h2")]:
        context = ssl.create_default_context(cafile=authority.file)
        context.set_alpn_protocols(offered)
        with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname=host) as secure:
            assert secure.selected_alpn_protocol() == chosen
            assert secure.version() in ("TLSv1.2", "TLSv1.3")


def test_the_command_uploads_and_resumes(secured, authority, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(120 * MIB))
    jetty = Command(secured.url, secured.api_key, tmp_path / "state", user="usr_tls")
    refused = jetty.run("upload", path, status=1)
    assert re.search("certificate", refused.errors), refused.errors
    jetty.environment["JETTY_CA_FILE"] = str(authority.file)
    with Client(secured.url, secured.api_key, authority=str(authority.file)) as client:
        with jetty.half_way(client, "upload", "--threads", "1", path) as (process, _):
            assert stopped(process, signal.SIGKILL).status != 0
        done = jetty.run("resume", "--json", path).json()
        assert done["bytesSent"] < 120 * MIB
        stored = httpx.get(done["url"], timeout=60, trust_env=False, verify=client.trust)
        assert sha256_text(stored.content) == sha256_text(path.read_bytes())


def health(address: str, trusted: grpc.ChannelCredentials, timeout: float = 5):
    with grpc.secure_channel(address, trusted) as channel:
        return channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=timeout)


@pytest.mark.parametrize("service", ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "edge-worker"])
def test_every_service_asks_for_a_certificate(secured, authority, tmp_path, service):
    address = secured.address(service)
    part = "edge-sfo-1" if service == "edge-worker" else service
    assert health(address, credentials(authority.file, own(authority, "gateway"))) == b"\x08\x01"

    other = Authority.new(tmp_path / "other")
    uri = "spiffe://jetty/gateway"
    for refused, reason in [
        (None, "peer did not return a certificate"),
        (other.certify(tmp_path, "stranger", uri), "unable to get local issuer certificate.*CN=stranger"),
        (authority.certify(tmp_path, "late", uri, days=EXPIRED), "certificate has expired.*CN=late.*valid until 20"),
    ]:
        with pytest.raises(grpc.RpcError) as error:
            health(address, credentials(authority.file, refused))
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        line = logged(secured, part, reason)
        assert '"TLS handshake failed"' in line and '"level":"warning"' in line and "127.0.0.1:" in line

    # Plain text.
    host, port = address.split(":")
    with socket.create_connection((host, int(port)), 10) as plain:
        plain.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        plain.settimeout(10)
        try:
            while plain.recv(4096):
                pass
        except ConnectionResetError:
            pass
    logged(secured, part, "does not speak TLS")
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError):
        channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=3)
    assert health(address, credentials(authority.file, own(authority, "gateway"))) == b"\x08\x01", "nobody else was disturbed"
    assert metric(secured, part, "jetty_tls_handshake_failures_total") >= 5


def test_plain_text_to_the_https_doors(secured, authority):
    for url, part in [(secured.url, "gateway"), (secured.edge_urls[0], "edge-sfo-1")]:
        with pytest.raises(httpx.HTTPError):
            httpx.get(url.replace("https://", "http://") + "/openapi.json", timeout=10, trust_env=False)
        logged(secured, part, '"does not speak TLS|the peer does not speak TLS')
        with pytest.raises(httpx.ConnectError, match="certificate"):
            httpx.get(url + "/openapi.json", timeout=10, trust_env=False)
    with Client(secured.url, secured.api_key, authority=str(authority.file)) as client:
        assert client.get("/openapi.json").status_code == 200


def test_a_certificate_of_the_authority_opens_only_its_own_doors(secured, authority, tmp_path):
    def chunks(pair: Pair) -> Service:
        return Service(secured.address("chunk-metadata"), "jetty.v1.ChunkMetadata", credentials(authority.file, pair))

    denied = grpc.StatusCode.PERMISSION_DENIED
    request = {"file_id": made_up_file_id()}
    service = {"jetty-service": "finalize"}
    # No name, a name of another domain, a program that has no business here.
    for name, uri in [("nameless", None), ("foreign", "spiffe://elsewhere/finalize"), ("dedup2", "spiffe://jetty/dedup")]:
        stranger = chunks(authority.certify(tmp_path, name, uri))
        stranger.refused("DropChunks", denied, reason="CALLER_NOT_ALLOWED", metadata=service, **request)
        line = logged(secured, "chunk-metadata", f"refused by its certificate.*CN={name}|refused by its certificate.*{name}")
        assert "DropChunks" in line
    # An edge may claim, and neither drop nor speak for an account.
    edge = own(authority, "edge-sfo-1")
    chunks(edge).refused("DropChunks", denied, metadata=service, **request)
    sessions = Service(secured.address("upload-state"), "jetty.v1.UploadState", credentials(authority.file, edge))
    sessions.refused("GetUpload", denied, reason="CALLER_NOT_ALLOWED", metadata={"jetty-account": "acme"}, **request)
    sessions.refused("GetUpload", denied, reason="CALLER_NOT_ALLOWED", metadata=service, **request)
    sessions.refused("GetUpload", grpc.StatusCode.UNAUTHENTICATED, reason="TOKEN_INVALID", metadata={"authorization": "Bearer x"}, **request)
    # Nor speak for another edge.
    registry = Service(secured.address("edge-selection"), "jetty.v1.EdgeSelection", credentials(authority.file, edge))
    beat = {"url": secured.edge_urls[0], "rpc_address": secured.address("edge-worker"), "bandwidth_mbps": 1000}
    registry.refused("Heartbeat", denied, reason="CALLER_NOT_ALLOWED", edge_id="lax-1", **beat)
    assert registry.call("Heartbeat", edge_id="sfo-1", **beat).next_in_seconds > 0
    # The owner of the job may.
    chunks(own(authority, "finalize")).call("DropChunks", metadata=service, **request)


def serial(url: str, authority: Authority) -> str:
    host, port = url.removeprefix("https://").split(":")
    context = ssl.create_default_context(cafile=authority.file)
    with socket.create_connection((host, int(port)), 10) as plain, context.wrap_socket(plain, server_hostname=host) as secure:
        return secure.getpeercert()["serialNumber"]


def replace(target: Pair, source: Pair):
    for old, new in [(target.key, source.key), (target.certificate, source.certificate)]:
        shutil.copy(new, old.with_suffix(".tmp"))
        os.replace(old.with_suffix(".tmp"), old)


def until(condition, what: str, seconds: float = 15):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.1)


def test_certificates_are_renewed_without_a_restart(secured, authority, tmp_path):
    part = own(authority, "gateway")
    before = Pair(tmp_path / "before.pem", tmp_path / "before.key")
    replace(before, part)
    first = serial(secured.url, authority)
    soon = metric(secured, "gateway", "jetty_tls_certificate_expiry_timestamp_seconds")
    with Client(secured.url, secured.api_key, authority=str(authority.file)) as standing:
        assert standing.get("/api/jetty/stats").status_code == 200
        replace(part, authority.certify(tmp_path, "gateway", "spiffe://jetty/gateway", days=30))
        until(lambda: serial(secured.url, authority) != first, "the new certificate is not in use")
        second = serial(secured.url, authority)
        assert metric(secured, "gateway", "jetty_tls_certificate_expiry_timestamp_seconds") < soon
        assert standing.get("/api/jetty/stats").status_code == 200, "a connection that stands goes on"

    # A broken pair: half a file, then the key of another certificate.
    part.certificate.write_text(part.certificate.read_text()[:200])
    until(lambda: metric(secured, "gateway", "jetty_tls_reload_failures_total") >= 1, "the broken file was not noticed")
    assert str(part.certificate) in logged(secured, "gateway", "changed certificate files cannot be used")
    assert serial(secured.url, authority) == second
    replace(part, Pair(own(authority, "finalize").certificate, before.key))
    until(lambda: "key values mismatch" in log(secured, "gateway"), "the foreign key was not noticed")
    assert serial(secured.url, authority) == second

    replace(part, before)
    until(lambda: serial(secured.url, authority) == first, "the mended pair is not in use")
    with Client(secured.url, secured.api_key, authority=str(authority.file)) as client:
        Upload(client, 6 * MIB).complete()
    assert secured.url and (secured.directory / "run" / "gateway.pid").exists()


def test_an_expired_certificate_at_the_start(secured, authority, tmp_path):
    late = authority.certify(tmp_path, "dedup", "spiffe://jetty/dedup", days=EXPIRED)
    addresses = {name: value for name, value in secured.env.items() if name.endswith(("_ADDRESS", "_URL", "_FILE", "_SECRET_FILE"))}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("JETTY_")} | addresses
    environment |= {
        "JETTY_STORE_URL": secured.env["JETTY_OBJECTS"],
        "JETTY_TLS_CERT_FILE": str(late.certificate),
        "JETTY_TLS_KEY_FILE": str(late.key),
        "JETTY_TLS_CA_FILE": str(authority.file),
    }
    ended = subprocess.run([BINARIES / "jetty-dedup"], env=environment, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 2, ended
    assert str(late.certificate) in ended.stderr and re.search(r"expired on 20\d\d-\d\d-\d\dT", ended.stderr), ended.stderr
