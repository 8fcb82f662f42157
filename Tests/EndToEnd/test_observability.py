"""Seen from outside: metrics, logs, traces, readiness; and nothing in them that must stay secret."""

import os
import pathlib
import re
import subprocess
import time
import uuid

import httpx
import pytest
from client import Client, Upload
from observed import admin, log_lines, metrics, parts
from stack import BINARIES, ROOT, Stack

MIB = 1 << 20
PAGE = ROOT / "docs" / "OBSERVABILITY.md"
FILE_NAME = "marked-name-5f3a77 of a very private file.bin"


@pytest.fixture(scope="module")
def watched():
    """A stack of its own at log level trace, with an upload behind it whose every secret is known."""
    stack = Stack("observed", {"JETTY_LOG_LEVEL": "trace"})
    stack.start()
    yield stack
    stack.stop()


@pytest.fixture(scope="module")
def marked(watched):
    """What must not turn up anywhere."""
    secrets = {path.name: path.read_text().strip() for path in (watched.directory / "secrets").iterdir() if path.name != "token-public.pem"}
    marked = {name: text for name, text in secrets.items() if text}
    marked["the API key"] = watched.api_key
    with Client(watched.url, watched.api_key) as client:
        upload = Upload(client, 11 * MIB, fileName=FILE_NAME, fileType="application/x-marked")
        marked["the upload token"] = upload.token
        assert upload.put_chunk(0).status_code == 200
        # Refusals are logged too.
        assert upload.put_chunk(1, data=b"other bytes").status_code == 400
        assert upload.post_chunk(1).status_code == 200
        assert upload.post_chunk(1, door=watched.url, token=watched.api_key).status_code == 200
        assert client.get(f"/api/jetty/get-state/usr_123/{upload.id}").status_code == 200
        file = upload.complete()
        marked["the signature of the URL"] = file["url"].split("?")[1]
        for header in ("Bearer wrong-key-that-somebody-typed", f"Bearer {watched.api_key}x"):
            assert httpx.get(f"{watched.url}/api/jetty/stats", headers={"authorization": header}, trust_env=False).status_code == 401
        # A duplicate, by hash and by name.
        plan = client.plan(upload.data, fileName=FILE_NAME, fileType="application/x-marked")
        assert plan["fileId"]
        client.post("/api/jetty/check-duplicate", json={"userId": "usr_123", "fileHash": "sha256:" + "0" * 64, "fileSize": 5, "fileName": FILE_NAME})
        httpx.get(f"{watched.url}/no/such/{FILE_NAME}?key={watched.api_key}", trust_env=False)
    marked["a wrong key"] = "wrong-key-that-somebody-typed"
    marked["the file's name"] = FILE_NAME
    time.sleep(2)
    return marked


def test_no_secret_and_no_file_name_in_logs_and_metrics(watched, marked):
    pages = {f"metrics of {part}": admin(watched, part, "/metrics").text for part in parts(watched)}
    pages |= {f"readyz of {part}": admin(watched, part, "/readyz").text for part in parts(watched)}
    pages |= {str(path): path.read_text(errors="replace") for path in (watched.directory / "log").glob("*.log") if path.stem in parts(watched)}
    assert len(pages) == 3 * len(parts(watched))
    quoted = {"the file's name, quoted": "marked-name-5f3a77"}
    for where, text in pages.items():
        for what, secret in (marked | quoted).items():
            for piece in {secret, *(line for line in secret.splitlines() if len(line) > 15 and "-----" not in line)}:
                assert piece not in text, f"{what} stands in {where}: …{text[max(0, text.index(piece) - 300):][:600]}…"


def test_one_request_is_found_in_every_log_by_its_trace(watched):
    trace, parent = uuid.uuid4().hex, uuid.uuid4().hex[:16]
    request_id = f"test-{uuid.uuid4().hex[:8]}"
    with Client(watched.url, watched.api_key) as client:
        answer = client.post(
            "/api/jetty/optimal-edges",
            json={"userId": "usr_trace", "fileSize": 6 * MIB},
            headers={"traceparent": f"00-{trace}-{parent}-01", "tracestate": "vendor=1", "jetty-request-id": request_id},
        )
    assert answer.status_code == 200 and answer.headers["jetty-request-id"] == request_id
    time.sleep(1)
    spans = {}
    for part in ("gateway", "edge-selection", "upload-state"):
        lines = [line for line in log_lines(watched, part) if line.get("traceId") == trace]
        assert lines, f"{part} has no line of the trace"
        assert {line.get("requestId") for line in lines} == {request_id}
        spans[part] = {line["spanId"] for line in lines}
        assert len(spans[part]) == 1 and parent not in spans[part]
    assert len(set.union(*spans.values())) == 3, "every hop has a span of its own"
    [access] = [line for line in log_lines(watched, "gateway") if line.get("traceId") == trace and line["message"] == "request"]
    assert access["route"] == "/api/jetty/optimal-edges" and access["status"] == "200" and access["level"] == "info"


def test_chunks_are_traced_through_the_edge(watched):
    trace = uuid.uuid4().hex
    with Client(watched.url, watched.api_key) as client:
        upload = Upload(client, 6 * MIB)
        answer = upload.put_chunk(0, traceparent=f"00-{trace}-{'1' * 16}-00")
        assert answer.status_code == 200 and answer.headers["jetty-request-id"]
    time.sleep(1)
    found = {part for part in parts(watched) if any(line.get("traceId") == trace for line in log_lines(watched, part))}
    assert "chunk-metadata" in found and any(part.startswith("edge-") and part != "edge-selection" for part in found), found


def test_a_broken_traceparent_starts_a_new_trace(watched):
    bad = "00-" + "0" * 32 + "-1111111111111111-01"
    answer = httpx.get(f"{watched.url}/openapi.json", headers={"traceparent": bad, "jetty-request-id": "no spaces allowed"}, trust_env=False)
    request_id = answer.headers["jetty-request-id"]
    assert re.fullmatch(r"req_[0-9a-f]{16}", request_id)
    time.sleep(0.5)
    [line] = [line for line in log_lines(watched, "gateway") if line.get("requestId") == request_id]
    assert re.fullmatch(r"[0-9a-f]{32}", line["traceId"]) and line["traceId"] != "0" * 32


def test_metrics_count_what_happened(watched, marked):
    gateway, selection = metrics(watched, "gateway"), metrics(watched, "edge-selection")
    assert gateway.sum("jetty_http_requests_total", route="/api/jetty/optimal-edges", status="200") >= 2
    assert gateway.sum("jetty_http_requests_total", route="other", status="404") >= 1
    assert gateway.sum("grpc_client_attempt_started_total", grpc_method="jetty.v1.EdgeSelection/SelectEdges") >= 2
    assert gateway.sum("grpc_client_call_duration_seconds_count", grpc_status="OK") >= 2
    assert selection.sum("grpc_server_call_started_total", grpc_method="jetty.v1.EdgeSelection/SelectEdges") >= 2
    assert selection.sum("grpc_server_call_rcvd_total_compressed_message_size_bytes_sum") > 100
    assert selection.sum("jetty_uploads_started_total", kind="new") >= 1
    assert selection.sum("jetty_uploads_started_total", kind="duplicate") >= 1
    assert selection.sum("jetty_uploads_spared_bytes_total") >= 11 * MIB
    assert selection.sum("jetty_selection_seconds_count") >= 2
    chunks = metrics(watched, "chunk-metadata")
    assert chunks.sum("jetty_chunks_recorded_total") >= 3 and chunks.labels("jetty_chunks_recorded_total") == {"edge"}
    assert metrics(watched, "finalize").sum("jetty_finalize_uploads_total") >= 1
    assert metrics(watched, "dedup").sum("jetty_dedup_checks_total", answer="exact") >= 1


def test_queues_and_pools_are_seen(watched, marked):
    """What is bounded shows how full it is, in each process that has it."""
    gateway, state = metrics(watched, "gateway"), metrics(watched, "upload-state")
    for part in ("gateway", "edge-selection", "chunk-metadata", "upload-state", "dedup"):
        page = metrics(watched, part)
        assert page.sum("jetty_redis_connected") == 1 and page.sum("jetty_redis_calls_total") > 0, part
        assert "jetty_redis_waiting" in page.kinds and "jetty_postgres_waiting" in page.kinds, part
    assert page.labels("jetty_postgres_waiting") == {"loop"}
    assert {labels["grpc_target"] for name, labels, _ in gateway.samples if name == "jetty_rpc_client_waiting"} >= {"edges"}
    assert gateway.kinds["jetty_gateway_chunks_active"] == "gauge"
    assert {labels["kind"] for name, labels, _ in metrics(watched, "chunk-metadata").samples if name == "jetty_chunk_writes_waiting"} == {
        "claim", "record"}
    assert state.kinds["jetty_upload_multiparts_waiting"] == "gauge"
    # Moved by what `marked` did.
    assert state.sum("jetty_rpc_connections") >= 1 and state.kinds["jetty_rpc_connections_refused_total"] == "counter"
    assert state.sum("jetty_store_seconds_count", operation="create_multipart") >= 1
    assert metrics(watched, "finalize").sum("jetty_store_seconds_count", operation="complete_multipart") >= 1
    edges = [metrics(watched, part) for part in parts(watched) if part.startswith("edge-") and part != "edge-selection"]
    assert sum(edge.sum("jetty_store_seconds_count", operation="put_part") for edge in edges) >= 3
    assert sum(edge.sum("jetty_store_operations_active") + edge.sum("jetty_store_failures_total") for edge in edges) == 0


def test_watchers_are_counted_while_they_watch(watched):
    with Client(watched.url, watched.api_key) as client:
        upload = Upload(client, 6 * MIB)
        with client.stream("GET", f"/api/jetty/watch/{upload.user}/{upload.id}") as stream:
            lines = stream.iter_lines()  # closes the stream when it is let go of
            next(lines)
            assert metrics(watched, "upload-state").sum("jetty_upload_watchers") == 1
            assert metrics(watched, "upload-state").sum("jetty_rpc_calls_active") >= 1
            assert metrics(watched, "gateway").sum("jetty_gateway_watch_clients") == 1
        client.post("/api/jetty/abort-upload", json={"userId": upload.user, "fileId": upload.id}).raise_for_status()
    deadline = time.monotonic() + 10
    while metrics(watched, "upload-state").sum("jetty_upload_watchers") > 0:
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_methods_that_peers_make_up_are_one_series(watched):
    import grpc

    with grpc.insecure_channel(watched.address("dedup")) as channel:
        for index in range(30):
            with pytest.raises(grpc.RpcError):
                channel.unary_unary(f"/made.up.Service{index}/Call")(b"", timeout=5)
    page = metrics(watched, "dedup")
    assert "made.up" not in page.text
    assert page.sum("grpc_server_call_started_total", grpc_method="other") >= 30
    assert page.sum("grpc_server_call_duration_seconds_count", grpc_method="other", grpc_status="UNIMPLEMENTED") >= 30


def test_the_page_names_exactly_the_metrics_that_there_are(watched, marked):
    """docs/OBSERVABILITY.md against the running processes, both ways: names, kinds, labels."""
    lines = PAGE.read_text().splitlines()
    astray = [line for before, line in zip(lines, lines[1:]) if line.startswith("| `") and not before.startswith("|")]
    assert astray == [], "rows without the head of their table"
    written = {}
    for row in re.finditer(r"^\| `([a-z_0-9]+)` \| (counter|gauge|histogram) \|([^|]*)\|", PAGE.read_text(), re.MULTILINE):
        written[row[1]] = (row[2], set(re.findall(r"`([a-z_]+)`", row[3])))
    exported: dict[str, tuple[str, set[str]]] = {}
    for part in parts(watched):
        page = metrics(watched, part)
        for name, kind in page.kinds.items():
            known = exported.setdefault(name, (kind, set()))
            assert known[0] == kind
            known[1].update(page.labels(name))
    tls = {name for name in written if name.startswith("jetty_tls_")}
    assert set(exported) - set(written) == set(), "not in docs/OBSERVABILITY.md"
    assert set(written) - set(exported) - tls == set(), "in docs/OBSERVABILITY.md, but no process has it"
    for name, (kind, labels) in exported.items():
        assert written[name][0] == kind, name
        if labels:
            assert written[name][1] == labels, name


def test_readiness_knows_every_dependency(stack):
    assert "redis: ok" in admin(stack, "gateway", "/readyz").text
    # Other services are told, and take nobody along.
    with Client(stack.url, stack.api_key) as client:
        client.get("/api/jetty/stats").raise_for_status()
    text = admin(stack, "gateway", "/readyz").text
    assert {line.split(":")[0] for line in text.splitlines()} == {
        "ready", "postgres", "redis", "edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize"}, text
    assert "upload-state: ok" in text
    with stack.without("upload-state"):
        with Client(stack.url, stack.api_key) as client:
            client.get("/api/jetty/stats")
        answer = admin(stack, "gateway", "/readyz")
        assert answer.status_code == 200 and re.search(r"^upload-state: (out of reach|connecting)", answer.text, re.MULTILINE), answer.text
    with stack.without("redis"):
        answer = admin(stack, "gateway", "/readyz")
        assert answer.status_code == 200 and re.search(r"redis: .*works without", answer.text), answer.text
    with stack.without("postgres"):
        assert "object store: ok" in admin(stack, "edge-sfo-1", "/readyz").text
        for part in ("gateway", "finalize", "upload-state", "chunk-metadata", "dedup", "edge-selection"):
            answer = admin(stack, part, "/readyz")
            assert answer.status_code == 503 and "postgres" in answer.text, f"{part}: {answer.text}"
            assert admin(stack, part, "/healthz").status_code == 200


# MARK: What the code says, against the page. Needs no stack.

LOG_CALL = re.compile(r"\blog(?:ger)?\??\.(trace|debug|info|notice|warning|error|critical)\(\s*(\"(?:[^\"\\]|\\.)*\"|[^\s\"])")
ACCESS_CALL = re.compile(r"\blog\.log\(level: \w+, isSlow \? \"([^\"]+)\" : \"([^\"]+)\"")


def logged_events() -> dict[str, pathlib.Path]:
    events = {}
    for directory in ("Sources", "services"):
        for path in (ROOT / directory).rglob("*.swift"):
            text = path.read_text()
            for call in LOG_CALL.finditer(text):
                message = call[2]
                assert message.startswith('"') and "\\(" not in message, f"{path}: the message must be a fixed text; what varies is metadata"
                events[message[1:-1]] = path
            for call in ACCESS_CALL.finditer(text):
                events |= {call[1]: path, call[2]: path}
    return events


def test_alerts_are_on_metrics_that_there_are():
    known = set(re.findall(r"^\| `([a-z_0-9]+)` \| (?:counter|gauge|histogram) \|", PAGE.read_text(), re.MULTILINE))
    manual = (ROOT / "docs" / "OPERATIONS.md").read_text()
    # `…_events_total` and `jetty_tls_…` stand for several.
    used = set(re.findall(r"(?<![\w…/])((?:jetty|grpc|process)_[a-z0-9_]+_[a-z0-9]+)(?=[\s{`\[)])", manual))
    assert len(used) > 10
    assert {name for name in used if re.sub(r"_(bucket|sum|count)$", "", name) not in known and name not in known} == set()


def test_the_page_names_exactly_the_log_events_that_there_are():
    section = PAGE.read_text().split("## Log events", 1)[1]
    written = set(re.findall(r"^\| `([^`]+)` \| (?:trace|debug|info|notice|warning|error|critical)", section, re.MULTILINE))
    events = logged_events()
    assert {event: str(path) for event, path in events.items() if event not in written} == {}, "not in docs/OBSERVABILITY.md"
    assert written - set(events) == set(), "in docs/OBSERVABILITY.md, but nobody logs it"


def test_the_reference_of_settings_is_what_the_programs_take():
    checked = subprocess.run(
        [ROOT / "scripts/settings_reference.py", "--check"], env=os.environ | {"JETTY_BINARIES": str(BINARIES)}, capture_output=True, text=True,
        timeout=120,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
