"""Every REST endpoint, with exactly the documented shapes and the few fields that were added to them."""

import re
import time
import urllib.parse

import httpx
import openapi_spec_validator
import pytest
from client import Upload, made_up_file_id, problem, sha256_text

MIB = 1 << 20
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
FILE_ID = re.compile(r"file_[a-z2-7]{26}")


def is_number(value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def test_optimal_edges(either):
    answer = either.post(
        "/api/jetty/optimal-edges",
        json={
            "userId": "usr_123",
            "fileSize": 1073741824,
            "fileHash": sha256_text(b"a file of one gibibyte"),
            "userLocation": {"lat": 37.7749, "lng": -122.4194, "city": "San Francisco"},
            "priority": "speed",
            "budget": 0.50,
        },
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.http_version == ("HTTP/2" if either._transport._pool._http2 else "HTTP/1.1")
    body = answer.json()
    assert set(body) == {"strategy", "edges", "duplicate", "fileId", "uploadToken", "expiresAt", "chunksTotal"}
    strategy = body["strategy"]
    assert set(strategy) == {"chunkSize", "threads", "compression", "estimatedTime", "estimatedCost"}
    assert strategy["chunkSize"] == 52428800 and body["chunksTotal"] == 21
    assert 16 <= strategy["threads"] <= 32 and strategy["compression"] in ("none", "gzip")
    assert isinstance(strategy["estimatedTime"], int) and 0 < strategy["estimatedCost"] <= 0.5
    assert 1 <= len(body["edges"]) <= 5
    for edge in body["edges"]:
        assert set(edge) == {"id", "url", "latency", "load", "distance", "weight"}
        assert isinstance(edge["latency"], int) and isinstance(edge["load"], int) and isinstance(edge["distance"], int)
    assert abs(sum(edge["weight"] for edge in body["edges"]) - 1) < 0.001
    assert body["duplicate"] is None
    assert FILE_ID.fullmatch(body["fileId"]) and RFC3339.fullmatch(body["expiresAt"])


def test_numbers_as_text_and_unknown_words(client):
    body = client.plan(b"", fileSize="1048576", fileHash=sha256_text(b"x" * MIB))
    assert body["chunksTotal"] == 1
    assert client.plan(b"only what must be said")["strategy"]["estimatedCost"] >= 0


def test_resuming_keeps_the_plan(client):
    upload = Upload(client, 11 * MIB)
    assert upload.put_chunk(1).status_code == 200
    again = client.plan(upload.data, resuming=True, fileId=upload.id)
    assert again["fileId"] == upload.id and again["chunksTotal"] == upload.chunks_total
    assert again["strategy"]["chunkSize"] == upload.plan["strategy"]["chunkSize"]
    assert again["edges"] and again["uploadToken"]
    upload.complete()


def test_budget_that_nothing_fits(client):
    answer = client.post(
        "/api/jetty/optimal-edges",
        json={"userId": "usr_123", "fileSize": 10**11, "fileHash": sha256_text(b"dear"), "budget": 0.5},
    )
    body = problem(answer, 422, field="budget", reason="BUDGET_TOO_SMALL")
    assert body["minimumCost"] > 0.5


def test_whole_life_of_an_upload(either):
    upload = Upload(either, 11 * MIB, fileName="holiday.mp4", fileType="video/mp4")
    assert upload.chunks_total == 3
    assert upload.put_chunk(0).json() == {"ok": True, "alreadyStored": False, "size": 5 * MIB}

    noted = either.post(
        "/api/jetty/cache-chunk",
        json={"fileId": upload.id, "chunkIndex": 0, "hash": sha256_text(upload.chunk(0)), "edgeId": "sfo-1", "size": 5 * MIB},
    )
    assert (noted.status_code, noted.json()) == (200, {"ok": True, "ttl": 3600})

    saved = either.post(
        "/api/jetty/save-state",
        json={
            "userId": "usr_123",
            "fileId": upload.id,
            "state": {
                "chunksUploaded": [0],
                "chunksRemaining": [1, 2],
                "edges": ["sfo-1", "lax-1"],
                "progress": 5 * MIB,
                "total": 11 * MIB,
            },
        },
    )
    assert saved.status_code == 200
    assert set(saved.json()) == {"ok", "expiresAt"} and saved.json()["ok"] is True and RFC3339.fullmatch(saved.json()["expiresAt"])

    state = either.get(f"/api/jetty/get-state/usr_123/{upload.id}")
    assert state.status_code == 200
    assert state.json() == {
        "state": {
            "fileId": upload.id,
            "chunksUploaded": [0],
            "chunksRemaining": [1, 2],
            "edges": ["sfo-1", "lax-1"],
            "progress": 5 * MIB,
            "total": 11 * MIB,
        }
    }
    file = upload.complete()
    assert {"id", "url", "size"} <= set(file)
    assert file["id"] == upload.id and file["size"] == 11 * MIB
    assert file["fileHash"] == sha256_text(upload.data) and file["name"] == "holiday.mp4" and file["mediaType"] == "video/mp4"

    # A repeat is the same file, with a fresh URL.
    again = either.finalize(upload)
    assert again.status_code == 200 and again.json()["file"]["id"] == upload.id

    found = either.post(
        "/api/jetty/check-duplicate",
        json={"fileHash": sha256_text(upload.data), "fileName": "video.mp4", "fileSize": 11 * MIB, "userId": "usr_123"},
    )
    assert found.status_code == 200
    duplicate = wait_for_duplicate(either, upload)
    assert set(duplicate) == {"fileId", "url", "similarity", "type"}
    assert duplicate["fileId"] == upload.id and duplicate["similarity"] == 1 and duplicate["type"] == "exact"
    assert httpx.head(duplicate["url"], trust_env=False).status_code == 200

    clone = either.plan(upload.data)["duplicate"]
    assert {"fileId", "url", "savedBytes", "savedCost", "message"} == set(clone)
    assert clone["fileId"] != upload.id and clone["savedBytes"] == 11 * MIB
    assert clone["savedCost"] == pytest.approx(11 * MIB * 0.1 / 1e9, abs=1e-6)
    assert sha256_text(httpx.get(clone["url"], trust_env=False).content) == sha256_text(upload.data)


def wait_for_duplicate(client, upload) -> dict:
    """Dedup learns of a file from Finalize's outbox, soon after the answer."""
    deadline = time.monotonic() + 20
    while True:
        answer = client.post(
            "/api/jetty/check-duplicate",
            json={"fileHash": sha256_text(upload.data), "fileName": "video.mp4", "fileSize": len(upload.data), "userId": upload.user},
        )
        assert answer.status_code == 200, answer.text
        if (answer.json()["duplicate"] or {}).get("type") == "exact":
            return answer.json()["duplicate"]
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.2)


def test_no_duplicate(client):
    answer = client.post("/api/jetty/check-duplicate", json={"fileHash": sha256_text(b"never seen"), "fileName": "q.bin", "fileSize": 10})
    assert answer.status_code == 200 and set(answer.json()) == {"duplicate"}
    assert answer.json()["duplicate"] is None or answer.json()["duplicate"]["type"] == "similar"


def test_get_state_without_such_an_upload(client):
    answer = client.get(f"/api/jetty/get-state/usr_123/{made_up_file_id()}")
    assert (answer.status_code, answer.json()) == (200, {"state": None})


def test_stats(either):
    answer = either.get("/api/jetty/stats")
    assert answer.status_code == 200
    body = answer.json()
    assert {"avgSpeedMbps", "savedCost", "edges", "recentSessions"} <= set(body)
    assert {"avgBytesPerSecond", "savedMicroDollars", "transferredBytes", "savedBytes", "uploadsCompleted"} <= set(body)
    assert all({"id", "latency", "load"} <= set(edge) for edge in body["edges"])
    assert is_number(body["avgSpeedMbps"]) and is_number(body["savedCost"])
    assert either.get("/api/jetty/stats?userId=usr_nobody").json()["recentSessions"] == []


def test_list_edges(client):
    every = client.get("/api/jetty/edges").json()["edges"]
    live = client.get("/api/jetty/edges?liveOnly=true").json()["edges"]
    assert len(every) >= 200 and len(live) == 5 and all(edge["live"] for edge in live)


def test_report_probe(client):
    answer = client.post("/api/jetty/report-probe", json={"userId": "usr_123", "probes": [{"edgeId": "sfo-1", "rttMs": 12.5}]})
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_abort_upload(client):
    upload = Upload(client, 6 * MIB)
    assert upload.put_chunk(0).status_code == 200
    for _ in range(2):
        answer = client.post("/api/jetty/abort-upload", json={"fileId": upload.id, "userId": "usr_123"})
        assert (answer.status_code, answer.json()) == (200, {"ok": True})
    problem(client.finalize(upload), 409, reason="UPLOAD_ENDED")


@pytest.mark.parametrize("door", ["edge", "gateway", "gateway with the API key"])
def test_json_chunks(client, stack, door):
    upload = Upload(client, 6 * MIB)
    to = None if door == "edge" else stack.url
    token = stack.api_key if door.endswith("key") else None
    for index in range(2):
        answer = upload.post_chunk(index, door=to, token=token)
        assert answer.status_code == 200, answer.text
        assert answer.json() == {"ok": True, "alreadyStored": False, "size": len(upload.chunk(index))}
    assert upload.post_chunk(0, door=to, token=token).json()["alreadyStored"] is True
    upload.complete()


def test_json_chunk_with_data_first(client):
    upload = Upload(client, 200_000)
    body = upload.json_chunk(0)
    turned = {name: body[name] for name in ("data", "hash", "fileId", "chunkIndex")}
    headers = {"authorization": f"Bearer {upload.token}"}
    answer = httpx.post(f"{upload.edge}/api/edge/upload-chunk", json=turned, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    upload.complete()


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize("at_gateway", [False, True])
def test_raw_chunks(client, stack, compressed, at_gateway):
    upload = Upload(client, 0, data=b"text that compresses " * 400_000)
    for index in range(upload.chunks_total):
        answer = upload.put_chunk(index, compressed=compressed, door=stack.url if at_gateway else None)
        assert answer.status_code == 200, answer.text
        assert answer.json()["size"] == len(upload.chunk(index))
    upload.complete()


def test_empty_file(client):
    upload = Upload(client, 0)
    assert upload.chunks_total == 0
    assert upload.complete()["size"] == 0


def test_health_and_description(either, stack):
    assert httpx.get(stack.url + "/healthz", trust_env=False).json()["status"] == "ok"
    for edge in stack.edge_urls:
        assert httpx.get(edge + "/healthz", trust_env=False).json()["status"] == "ok"
    description = either.get("/openapi.json").json()
    openapi_spec_validator.validate(description)
    documented = {
        "/api/jetty/optimal-edges": "post",
        "/api/jetty/cache-chunk": "post",
        "/api/jetty/save-state": "post",
        "/api/jetty/get-state/{userId}/{fileId}": "get",
        "/api/jetty/check-duplicate": "post",
        "/api/jetty/stats": "get",
        "/api/edge/finalize-upload": "post",
        "/api/edge/upload-chunk": "post",
    }
    for path, method in documented.items():
        assert method in description["paths"][path], path


def test_warm_up(stack):
    answer = httpx.post(stack.edge_urls[0] + "/api/warmup", headers={"x-user-id": "usr_123"}, trust_env=False)
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


def test_objects(client):
    upload = Upload(client, 300_000, fileName="a file.bin")
    url = upload.complete()["url"]
    with httpx.Client(trust_env=False) as http:
        head = http.head(url)
        assert head.status_code == 200 and head.headers["content-length"] == "300000" and not head.content
        assert "a file.bin" in urllib.parse.unquote(head.headers["content-disposition"])
        for text, first, last in (("bytes=5-9", 5, 9), ("bytes=299990-", 299990, 299999), ("bytes=-7", 299993, 299999)):
            part = http.get(url, headers={"range": text})
            assert part.status_code == 206 and part.headers["content-range"] == f"bytes {first}-{last}/300000"
            assert part.content == upload.data[first : last + 1]
        assert http.get(url, headers={"range": "bytes=300000-"}).status_code == 416
        assert http.get(url, headers={"if-none-match": head.headers["etag"]}).status_code == 304
        problem(http.post(url), 405)

        parts = urllib.parse.urlsplit(url)
        query = dict(urllib.parse.parse_qsl(parts.query))

        def changed(path=parts.path, **values):
            return urllib.parse.urlunsplit(parts._replace(path=path, query=urllib.parse.urlencode(query | values)))

        letter = "A" if query["signature"][0] != "A" else "B"
        problem(http.get(changed(signature=letter + query["signature"][1:])), 403)
        problem(http.get(changed(expires=str(int(query["expires"]) + 1))), 403)
        problem(http.get(changed(path=parts.path[:-1] + ("a" if parts.path[-1] != "a" else "b"))), 403)
        problem(http.get(parts._replace(query="").geturl()), 400)


def test_expired_object_url(client, stack):
    url = Upload(client, 1000).complete()["url"]
    # Signed as the gateway would, for a moment that is over.
    parts = urllib.parse.urlsplit(url)
    query = dict(urllib.parse.parse_qsl(parts.query))
    problem(httpx.get(expired(stack, parts, query), trust_env=False), 403, reason="URL_EXPIRED")


def expired(stack, parts, query) -> str:
    import base64
    import hashlib
    import hmac
    import pathlib

    secret = pathlib.Path(stack.env["JETTY_OBJECT_URL_SECRET_FILE"]).read_bytes().strip()
    fields = ["object-url-1", parts.path.removeprefix("/objects/"), "1000000000"]
    fields += [f"={query[name]}" if name in query else "" for name in ("name", "type")]
    code = hmac.new(secret, "".join(f"{len(field.encode())}:{field}" for field in fields).encode(), hashlib.sha256).digest()
    query |= {"expires": "1000000000", "signature": base64.urlsafe_b64encode(code).rstrip(b"=").decode()}
    return parts._replace(query=urllib.parse.urlencode(query)).geturl()


ROUTES = [
    ("POST", "/api/jetty/optimal-edges"),
    ("POST", "/api/jetty/cache-chunk"),
    ("POST", "/api/jetty/save-state"),
    ("GET", "/api/jetty/get-state/usr_123/file_" + "a" * 26),
    ("POST", "/api/jetty/check-duplicate"),
    ("GET", "/api/jetty/stats"),
    ("POST", "/api/edge/finalize-upload"),
    ("POST", "/api/edge/upload-chunk"),
    ("GET", "/api/jetty/edges"),
]


@pytest.mark.parametrize("header", [None, "Bearer jetty_" + "a" * 32, "Bearer", "Basic eDp5", "Bearer eyJ.e30.x"])
@pytest.mark.parametrize("method, path", ROUTES)
def test_nobody_gets_in(stack, method, path, header):
    headers = {"content-type": "application/json"} | ({"authorization": header} if header else {})
    answer = httpx.request(method, stack.url + path, headers=headers, content=b"{}" if method == "POST" else None, trust_env=False)
    problem(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_edges_take_only_tokens(client, stack):
    upload = Upload(client, 1000)
    problem(upload.post_chunk(0, token=stack.api_key), 401)
    problem(upload.post_chunk(0, token=upload.token[:-3] + "AAA"), 401)
    problem(Upload(client, 1000).post_chunk(0, token=upload.token), 403, field="fileId")
    upload.complete()


def test_another_accounts_file_is_not_there(client, stranger, stack):
    upload = Upload(client, 1000)
    assert stranger.get(f"/api/jetty/get-state/usr_123/{upload.id}").json() == {"state": None}
    assert client.get(f"/api/jetty/get-state/usr_other/{upload.id}").json() == {"state": None}
    missing = made_up_file_id()
    for make in (
        lambda who, file: who.post("/api/edge/finalize-upload", json={"fileId": file, "totalChunks": 1, "userId": "usr_123"}),
        lambda who, file: who.post("/api/jetty/abort-upload", json={"fileId": file, "userId": "usr_123"}),
        lambda who, file: who.post(
            "/api/jetty/save-state", json={"fileId": file, "userId": "usr_123", "state": {"progress": 1, "total": 2}}
        ),
        lambda who, file: who.post(
            "/api/jetty/cache-chunk",
            json={"fileId": file, "chunkIndex": 0, "hash": sha256_text(b"x"), "edgeId": "sfo-1", "size": 1},
        ),
        lambda who, file: who.post("/api/jetty/optimal-edges", json={"userId": "usr_123", "fileSize": 1000, "resuming": True, "fileId": file}),
        lambda who, file: who.post("/api/edge/upload-chunk", json=upload.json_chunk(0, fileId=file)),
    ):
        theirs, nowhere = make(stranger, upload.id), make(stranger, missing)
        assert theirs.status_code == nowhere.status_code, f"{theirs.text} {nowhere.text}"
        # Apart from the ids that were sent, the two answers are the same.
        assert theirs.text.replace(upload.id, missing) == nowhere.text
    problem(stranger.finalize(upload), 404)
    file = upload.complete()
    found = stranger.post("/api/jetty/check-duplicate", json={"fileHash": sha256_text(upload.data), "fileSize": 1000, "userId": "usr_123"})
    assert found.json() == {"duplicate": None}
    assert stranger.plan(upload.data)["duplicate"] is None
    assert all(one["fileId"] != upload.id for one in stranger.get("/api/jetty/stats").json()["recentSessions"])
    assert file["id"] == upload.id


def test_methods_and_paths(client, stack):
    answer = client.get("/api/jetty/optimal-edges")
    problem(answer, 405)
    assert answer.headers["allow"] == "POST"
    problem(client.get("/api/jetty/nothing"), 404)
    problem(client.post("/api/jetty/cache-chunk", content=b"a=b", headers={"content-type": "application/x-www-form-urlencoded"}), 415)
