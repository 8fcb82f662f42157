"""Parts that stop: an honest 503 or a retry, and the upload finishes once they are back."""

import os
import signal
import subprocess
import threading
import time
import urllib.parse
import uuid

import httpx
import pytest
from client import Upload, problem, sha256_text
from command import Command

MIB = 1 << 20


def eventually(body, seconds: float = 60):
    """What `body` gives once it stops failing."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            return body()
        except (AssertionError, httpx.HTTPError):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.3)


def whole_flow(client):
    """A small upload from beginning to end."""
    return Upload(client, 6 * MIB).complete()


@pytest.fixture(autouse=True)
def recovers(client):
    """Whatever a test stopped, everything works again after it."""
    yield
    eventually(lambda: whole_flow(client))


def test_without_redis_everything_works(client, stack):
    """Redis is a cache: slower without, never wrong."""
    upload = Upload(client, 11 * MIB)
    assert upload.put_chunk(0).status_code == 200
    with stack.without("redis"):
        whole_flow(client)
        assert upload.put_chunk(1).status_code == 200
        state = client.get(f"/api/jetty/get-state/usr_123/{upload.id}").json()["state"]
        assert state["chunksUploaded"] == [0, 1]
        assert client.get("/api/jetty/stats").status_code == 200
        upload.complete()


def test_an_emptied_redis_loses_nothing(client, stack):
    upload = Upload(client, 11 * MIB)
    assert upload.put_chunk(0).status_code == 200
    address = urllib.parse.urlsplit(stack.env["JETTY_REDIS_URL"])
    subprocess.run(
        ["redis-cli", "-h", address.hostname, "-p", str(address.port), "FLUSHALL"],
        env=os.environ | {"REDISCLI_AUTH": address.password},
        check=True,
        capture_output=True,
        timeout=20,
    )
    state = client.get(f"/api/jetty/get-state/usr_123/{upload.id}").json()["state"]
    assert state["chunksUploaded"] == [0] and state["chunksRemaining"] == [1, 2]
    assert upload.put_chunk(0).json()["alreadyStored"] is True
    upload.complete()


@pytest.mark.parametrize("part", ["postgres", "edge-selection", "chunk-metadata", "upload-state", "finalize"])
def test_honest_refusal(client, stack, part):
    upload = Upload(client, 6 * MIB)
    assert upload.put_chunk(0).status_code == 200
    with stack.without(part):
        # A new upload needs the planner, the sessions and the database; an end needs all of them.
        answer = client.finalize(upload)
        if part != "edge-selection":
            problem(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
        if part in ("postgres", "edge-selection", "upload-state"):
            answer = client.post("/api/jetty/optimal-edges", json={"userId": "usr_123", "fileSize": 10, "fileHash": sha256_text(b"0123456789")})
            problem(answer, 503)
        if part in ("postgres", "chunk-metadata"):
            answer = upload.put_chunk(1)
            problem(answer, 503)
            assert int(answer.headers["retry-after"]) >= 1
    eventually(upload.complete)


def test_without_dedup_files_are_sent(client, stack):
    """Finding duplicates is a favour: where it is away, the bytes go."""
    with stack.without("dedup"):
        whole_flow(client)


@pytest.mark.parametrize("part", ["edge-sfo-1", "gateway", "postgres", "chunk-metadata", "finalize"])
def test_the_command_outlives_an_outage(client, stack, tmp_path, part):
    path = tmp_path / "file.bin"
    path.write_bytes(os.urandom(160 * MIB))
    jetty = Command(stack.url, stack.api_key, tmp_path / "state", user=f"usr_{uuid.uuid4().hex[:12]}")
    with jetty.half_way(client, "upload", "--json", "--threads", "1", path) as (process, _):
        with stack.without(part):
            time.sleep(3)
        output, errors = process.communicate(timeout=200)
    assert process.returncode == 0, errors
    url = httpx.URL(output.split('"url":"')[1].split('"')[0].replace("\\/", "/"))
    stored = eventually(lambda: httpx.get(url, timeout=60, trust_env=False))
    assert sha256_text(stored.content) == sha256_text(path.read_bytes())


def test_finalize_from_many_at_once(client):
    """One file comes of it, whoever is first."""
    upload = Upload(client, 6 * MIB)
    upload.put_rest()
    answers = []
    threads = [threading.Thread(target=lambda: answers.append(client.finalize(upload))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.status_code for answer in answers} <= {200, 409, 503} and len(answers) == 8
    assert any(answer.status_code == 200 for answer in answers)
    files = [answer.json()["file"] for answer in answers if answer.status_code == 200]
    assert {file["id"] for file in files} == {upload.id}
    assert sha256_text(httpx.get(files[0]["url"], trust_env=False).content) == sha256_text(upload.data)


def test_the_same_chunk_from_many_at_once(client):
    upload = Upload(client, 6 * MIB)
    answers = []
    edges = [edge["url"] for edge in upload.plan["edges"]] * 2
    threads = [threading.Thread(target=lambda door=door: answers.append(upload.put_chunk(0, door=door))) for door in edges]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == len(edges) and {answer.status_code for answer in answers} <= {200, 409, 503}
    assert any(answer.status_code == 200 for answer in answers)
    upload.complete()


def test_killed_processes(client, stack):
    """kill -9 of each service while chunks come in: the supervisor starts them again and nothing that was confirmed is lost."""
    upload = Upload(client, 26 * MIB)
    for index, part in enumerate(["chunk-metadata", "upload-state", "finalize", "edge-selection", "dedup"]):
        pid = int((stack.directory / "run" / f"{part}.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        eventually(lambda index=index: accepted(upload, index))
    eventually(upload.complete)


def accepted(upload: Upload, index: int):
    assert upload.put_chunk(index).status_code == 200
