"""What clients must not send: each gets a clear refusal that names the field, and spoils nothing."""

import base64
import socket
import time
import urllib.parse

import httpx
import pytest
from client import Upload, made_up_file_id, problem, sha256_text

MIB = 1 << 20
HASH = sha256_text(b"some bytes")
LONG = "a" * 4096
BAD_IDS = {
    "path": "../../etc/passwd",
    "slash": "usr/../x",
    "NUL": "usr\x00x",
    "CRLF": "usr\r\nx: y",
    "4 KiB": LONG,
    "empty": "",
    "blank": "usr 1",
    "not ASCII": "usér",
}
MISTYPED = [7, 1.5, True, [], {}]


def valid(path: str) -> dict:
    """A request that would succeed but for the file it speaks of."""
    file = made_up_file_id()
    return {
        "/api/jetty/optimal-edges": {
            "userId": "usr_123",
            "fileSize": 10,
            "fileHash": HASH,
            "userLocation": {"lat": 1.5, "lng": 2.5},
            "priority": "speed",
            "budget": 0.5,
            "fileName": "x.bin",
            "fileType": "text/plain",
        },
        "/api/jetty/cache-chunk": {"fileId": file, "chunkIndex": 0, "hash": HASH, "edgeId": "sfo-1", "size": 10},
        "/api/jetty/save-state": {
            "userId": "usr_123",
            "fileId": file,
            "state": {"chunksUploaded": [0], "chunksRemaining": [1], "edges": ["sfo-1"], "progress": 5, "total": 10},
        },
        "/api/jetty/check-duplicate": {"fileHash": HASH, "fileName": "x.bin", "fileSize": 10},
        "/api/edge/finalize-upload": {"fileId": file, "totalChunks": 1, "userId": "usr_123"},
        "/api/jetty/abort-upload": {"fileId": file, "userId": "usr_123"},
        "/api/jetty/report-probe": {"userId": "usr_123", "probes": [{"edgeId": "sfo-1", "rttMs": 5}]},
    }[path]


REQUIRED = {
    "/api/jetty/optimal-edges": ["userId", "fileSize"],
    "/api/jetty/cache-chunk": ["fileId", "hash", "edgeId"],
    "/api/jetty/save-state": ["userId", "fileId", "state"],
    "/api/jetty/check-duplicate": ["fileHash", "fileSize"],
    "/api/edge/finalize-upload": ["fileId", "totalChunks", "userId"],
    "/api/jetty/abort-upload": ["fileId", "userId"],
    "/api/jetty/report-probe": ["userId", "probes"],
}
ROUTES = list(REQUIRED)
FIELDS = [(path, field) for path in ROUTES for field in valid(path)]


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b'{"userId": }',
        b'{"a": 1,}',
        b"[1, 2]",
        b'"text"',
        b"null",
        b"{'userId': 1}",
        b'{"a": 1} trailing',
        b'{"userId": "\xff\xfe"}',
        b'{"userId": "\\ud800"}',
        b'{"a": NaN}',
        b'{"userId": "usr_1", "userId": "usr_2"}',
        b"[" * 100_000,
        b'{"a":' * 50_000,
    ],
    ids=lambda text: repr(text[:24]),
)
@pytest.mark.parametrize("path", ROUTES + ["/api/edge/upload-chunk"])
def test_malformed_json(client, path, text):
    body = problem(client.post(path, content=text, headers={"content-type": "application/json"}), 400)
    assert body["reason"] in ("INVALID_JSON", "INVALID_FIELD"), body


def test_oversized_json(client):
    body = client.post("/api/jetty/check-duplicate", content=b'{"x": "' + b"a" * (9 << 20) + b'"}', headers={"content-type": "application/json"})
    problem(body, 413)


@pytest.mark.parametrize("path, field", [(path, field) for path in ROUTES for field in REQUIRED[path]])
def test_missing_field(client, path, field):
    body = valid(path)
    del body[field]
    problem(client.post(path, json=body), 400, field=field)
    problem(client.post(path, json=valid(path) | {field: None}), 400, field=field)


@pytest.mark.parametrize("path, field", FIELDS)
def test_mistyped_field(client, path, field):
    right = valid(path)[field]
    for value in [*MISTYPED, "text that is no number"]:
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if isinstance(right, (int, float)) and is_number and not isinstance(value, float):
            continue
        if field == "budget" and is_number or isinstance(right, str) and isinstance(value, str) and field == "fileName":
            continue
        if type(value) is type(right) and isinstance(right, (dict, list)):
            continue
        answer = client.post(path, json=valid(path) | {field: value})
        body = problem(answer, 400)
        assert body["field"].split(".")[0].split("[")[0] == field, body
        assert body["field"] in body["error"], body


@pytest.mark.parametrize(
    "path, field, value",
    [
        ("/api/jetty/optimal-edges", "fileSize", -1),
        ("/api/jetty/optimal-edges", "fileSize", 8 << 60),
        ("/api/jetty/optimal-edges", "fileSize", 8 << 61),
        ("/api/jetty/optimal-edges", "fileSize", str(8 << 60)),
        ("/api/jetty/optimal-edges", "fileSize", 10**40),
        ("/api/jetty/optimal-edges", "fileSize", 5497558138881),
        ("/api/jetty/optimal-edges", "fileSize", "-5"),
        ("/api/jetty/optimal-edges", "fileSize", ""),
        ("/api/jetty/optimal-edges", "budget", -0.01),
        ("/api/jetty/optimal-edges", "budget", 1e300),
        ("/api/jetty/optimal-edges", "priority", "fastest"),
        ("/api/jetty/optimal-edges", "fileHash", "sha256:abc123..."),
        ("/api/jetty/optimal-edges", "fileHash", "md5:" + "a" * 32),
        ("/api/jetty/optimal-edges", "fileName", "a\r\nb"),
        ("/api/jetty/optimal-edges", "fileName", "a\x00b"),
        ("/api/jetty/optimal-edges", "fileName", "a" * 1025),
        ("/api/jetty/optimal-edges", "fileType", "text/plain\r\nx: y"),
        ("/api/jetty/optimal-edges", "fileType", "nonsense"),
        ("/api/jetty/check-duplicate", "fileSize", -1),
        ("/api/jetty/check-duplicate", "fileSize", 8 << 60),
        ("/api/jetty/check-duplicate", "fileHash", "sha256:" + "g" * 64),
        ("/api/jetty/cache-chunk", "chunkIndex", -1),
        ("/api/jetty/cache-chunk", "chunkIndex", 10_000),
        ("/api/jetty/cache-chunk", "chunkIndex", 1 << 40),
        ("/api/jetty/cache-chunk", "size", -1),
        ("/api/jetty/cache-chunk", "edgeId", "SFO 1"),
        ("/api/jetty/cache-chunk", "edgeId", "../x"),
        ("/api/edge/finalize-upload", "totalChunks", -1),
        ("/api/edge/finalize-upload", "totalChunks", 10_001),
    ],
)
def test_absurd_value(client, path, field, value):
    problem(client.post(path, json=valid(path) | {field: value}), 400, field=field)


@pytest.mark.parametrize(
    "location, field",
    [
        ({"lat": 91, "lng": 0}, "userLocation.lat"),
        ({"lat": 0, "lng": -181}, "userLocation.lng"),
        ({"lat": "north", "lng": 0}, "userLocation.lat"),
        ({"lat": 0, "lng": 0, "city": "x" * 101}, "userLocation.city"),
    ],
)
def test_nested_fields_are_named_by_their_path(client, location, field):
    problem(client.post("/api/jetty/optimal-edges", json=valid("/api/jetty/optimal-edges") | {"userLocation": location}), 400, field=field)


def test_saved_state_fields_are_named_by_their_path(client):
    body = valid("/api/jetty/save-state")
    body["state"]["chunksUploaded"] = [0, "one"]
    problem(client.post("/api/jetty/save-state", json=body), 400, field="state.chunksUploaded[1]")


@pytest.mark.parametrize("name", BAD_IDS)
@pytest.mark.parametrize("path, field", [(path, field) for path, field in FIELDS if field in ("userId", "fileId", "edgeId")])
def test_bad_ids(client, path, field, name):
    problem(client.post(path, json=valid(path) | {field: BAD_IDS[name]}), 400, field=field)


@pytest.mark.parametrize("name", [name for name in BAD_IDS if name != "empty"])
def test_bad_ids_in_paths(client, stack, name):
    text = urllib.parse.quote(BAD_IDS[name], safe="")
    problem(client.get(f"/api/jetty/get-state/{text}/{made_up_file_id()}"), 400, field="userId")
    problem(client.get(f"/api/jetty/get-state/usr_123/{text}"), 400, field="fileId")
    problem(client.get(f"/api/jetty/stats?userId={text}"), 400, field="userId")
    upload = Upload(client, 1000)
    for door in (stack.url, upload.edge):
        answer = httpx.put(
            f"{door}/api/edge/files/{text}/chunks/0",
            content=upload.data,
            headers={"authorization": f"Bearer {upload.token}", "content-digest": "sha-256=:" + "A" * 43 + "=:"},
            trust_env=False,
        )
        problem(answer, 400, field="fileId")
    upload.complete()


def doors(stack, upload) -> list[tuple[str, str]]:
    return [(upload.edge, upload.token), (stack.url, upload.token), (stack.url, stack.api_key)]


@pytest.mark.parametrize(
    "field, value",
    [
        ("chunkIndex", 2),
        ("chunkIndex", -1),
        ("chunkIndex", 10_000),
        ("chunkIndex", 1 << 33),
        ("chunkIndex", "one"),
        ("chunkIndex", 0.5),
        ("chunkIndex", None),
        ("hash", None),
        ("hash", "sha256:abc..."),
        ("hash", 5),
        ("hash", sha256_text(b"other bytes")),
        ("fileId", None),
        ("fileId", "../../x"),
        ("fileId", "file_\r\n"),
        ("fileId", LONG),
        ("data", None),
        ("data", 17),
        ("data", "not base64!"),
        ("data", "AAA"),
        ("data", "A" * 4095 + "="),
        ("data", base64.b64encode(b"too short").decode()),
        ("data", base64.b64encode(b"x" * (5 * MIB + 1)).decode()),
        ("data", ""),
    ],
    ids=lambda value: str(value)[:20],
)
def test_bad_json_chunk(client, stack, field, value):
    upload = Upload(client, 6 * MIB)
    for door, token in doors(stack, upload):
        problem(upload.post_chunk(0, door=door, token=token, **{field: value}), 400, field=field)
    upload.complete()


def test_bad_raw_chunk(client, stack):
    upload = Upload(client, 6 * MIB)
    chunk = upload.chunk(0)
    for door in (upload.edge, stack.url):
        problem(upload.put_chunk(0, data=chunk[:-1], door=door), 400, field="body", reason="WRONG_LENGTH")
        problem(upload.put_chunk(0, data=chunk + b"x", door=door), 400, field="body", reason="WRONG_LENGTH")
        problem(upload.put_chunk(0, data=b"", door=door), 400, field="body", reason="WRONG_LENGTH")
        problem(upload.put_chunk(0, data=chunk + b"x" * MIB, compressed=True, door=door), 400, field="body")
        problem(upload.put_chunk(0, data=chunk[:-1], compressed=True, door=door), 400, field="body")
        wrong = "sha-256=:" + base64.b64encode(bytes(32)).decode() + ":"
        problem(upload.put_chunk(0, door=door, content_digest=wrong), 400, reason="HASH_MISMATCH")
        for digest in ("", "sha-256=:AAAA:", "md5=:AAAA:", "nonsense"):
            problem(upload.put_chunk(0, door=door, content_digest=digest), 400, field="Content-Digest")
        problem(upload.put_chunk(0, door=door, content_encoding="br"), 415, field="Content-Encoding")
        problem(upload.put_chunk(0, door=door, content_encoding="gzip"), 400, field="body")
        for index in ("2", "10000", "99999999999999999999", "-1", "x", "0x0", ""):
            problem(upload.put_chunk(index, data=chunk, door=door), 400, field="chunkIndex")
    upload.complete()


def test_other_bytes_for_a_stored_chunk(client, stack):
    upload = Upload(client, 6 * MIB)
    assert upload.put_chunk(0).status_code == 200
    other = bytes(5 * MIB)
    for door in (upload.edge, stack.url):
        problem(upload.put_chunk(0, data=other, door=door), 409, reason="CHUNK_CONFLICT")
        encoded = base64.b64encode(other).decode()
        problem(upload.post_chunk(0, door=door, data=encoded, hash=sha256_text(other)), 409, reason="CHUNK_CONFLICT")
    note = {"fileId": upload.id, "chunkIndex": 0, "hash": sha256_text(other), "edgeId": "sfo-1", "size": len(other)}
    problem(client.post("/api/jetty/cache-chunk", json=note), 409, reason="CHUNK_CONFLICT")
    upload.complete()


def test_note_never_counts_as_stored(client):
    upload = Upload(client, 6 * MIB)
    for index in range(2):
        chunk = upload.chunk(index)
        note = {"fileId": upload.id, "chunkIndex": index, "hash": sha256_text(chunk), "edgeId": "sfo-1", "size": len(chunk)}
        assert client.post("/api/jetty/cache-chunk", json=note).status_code == 200
    assert problem(client.finalize(upload), 400)["uploaded"] == 0
    # Nor does a false one block the true bytes.
    note = {"fileId": upload.id, "chunkIndex": 0, "hash": HASH, "edgeId": "sfo-1", "size": 5 * MIB}
    assert client.post("/api/jetty/cache-chunk", json=note).status_code == 200
    upload.complete()


def test_finalize_with_chunks_missing(client):
    upload = Upload(client, 17 * MIB)
    upload.put_rest(but=(1, 3))
    body = problem(client.finalize(upload), 400, reason="INCOMPLETE_UPLOAD")
    assert (body["uploaded"], body["expected"], body["missing"]) == (2, 4, [1, 3])
    assert body["error"].startswith("Incomplete upload")
    upload.complete()


def test_finalize_with_another_count_or_user(client):
    upload = Upload(client, 6 * MIB)
    upload.put_rest()
    for count in (1, 3, 10_000):
        problem(
            client.post("/api/edge/finalize-upload", json={"fileId": upload.id, "totalChunks": count, "userId": "usr_123"}), 400, field="totalChunks"
        )
    problem(client.post("/api/edge/finalize-upload", json={"fileId": upload.id, "totalChunks": 2, "userId": "usr_other"}), 404)
    upload.complete()


def test_finalize_twice_and_after(client):
    upload = Upload(client, 6 * MIB)
    first = upload.complete()
    second = client.finalize(upload)
    assert second.status_code == 200 and second.json()["file"]["id"] == first["id"]
    # The upload has ended: its bytes cannot be replaced any more.
    deadline = time.monotonic() + 20
    while (answer := upload.put_chunk(0, data=bytes(5 * MIB))).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.2)
    problem(answer, 409)
    assert sha256_text(httpx.get(first["url"], trust_env=False).content) == sha256_text(upload.data)


def test_aborted_transfer_leaves_no_trace(client):
    upload = Upload(client, 6 * MIB)
    address = urllib.parse.urlsplit(upload.edge)
    chunk = upload.chunk(0)
    for _ in range(3):
        with socket.create_connection((address.hostname, address.port), 10) as connection:
            head = (
                f"PUT /api/edge/files/{upload.id}/chunks/0 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {upload.token}\r\n"
                f"Content-Digest: sha-256=:{base64.b64encode(bytes.fromhex(sha256_text(chunk)[7:])).decode()}:\r\n"
                f"Content-Length: {len(chunk)}\r\n\r\n"
            )
            connection.sendall(head.encode() + chunk[: MIB + 17])
    assert client.get(f"/api/jetty/get-state/usr_123/{upload.id}").json()["state"]["chunksUploaded"] == []
    upload.complete()


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET /healthz HTTP/1.1\r\n\r\n",
        b"GET /healthz HTTP/1.1\nHost: x\n\n",
        b"GET  /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"POST /api/jetty/stats HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /api/jetty/stats HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 200_000 + b"\r\n\r\n",
        b"GET /" + b"a" * 200_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 4096,
    ],
    ids=lambda text: repr(text[:30]),
)
def test_bytes_that_are_no_request(client, stack, request_bytes):
    for url in (stack.url, stack.edge_urls[0]):
        address = urllib.parse.urlsplit(url)
        with socket.create_connection((address.hostname, address.port), 10) as connection:
            connection.settimeout(20)
            try:
                connection.sendall(request_bytes)
                connection.shutdown(socket.SHUT_WR)
                answer = b""
                while piece := connection.recv(65536):
                    answer += piece
            except OSError:
                answer = b""
            # HTTP/1.1 is told why; anything else is at least not kept.
            if answer.startswith(b"HTTP/1.1"):
                assert answer[9:10] == b"4", answer[:200]
    assert client.get("/healthz").status_code == 200
