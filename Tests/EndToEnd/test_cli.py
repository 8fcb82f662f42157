"""The command `jetty`, from outside: what it prints, what it stores, how it ends."""

import json
import os
import signal
import socket
import uuid

import httpx
import pytest
from client import made_up_file_id, sha256_text
from command import Command, stopped

MIB = 1 << 20


@pytest.fixture
def jetty(stack, tmp_path) -> Command:
    # A user for each test, whose uploads nobody else's are mixed with.
    return Command(stack.url, stack.api_key, tmp_path / "state", user=f"usr_{uuid.uuid4().hex[:12]}")


@pytest.fixture
def file(tmp_path):
    def make(size: int, name: str = "file.bin"):
        path = tmp_path / name
        path.write_bytes(os.urandom(size))
        return path

    return make


def stored(url: str) -> str:
    answer = httpx.get(url, timeout=60, trust_env=False)
    assert answer.status_code == 200, answer.text
    return sha256_text(answer.content)


@pytest.mark.parametrize("size", [0, 1, 5 * MIB, 5 * MIB + 1, 40 * MIB + 3])
def test_upload(jetty, file, size):
    path = file(size)
    result = jetty.upload(path)
    assert result["file"] == str(path) and result["size"] == size and result["duplicate"] is False
    assert result["fileHash"] == sha256_text(path.read_bytes()) == stored(result["url"])
    assert result["chunks"] == result["chunksSent"] == sum(result["edges"].values()) == -(-size // (5 * MIB))
    assert result["bytesSent"] <= size + 1000 and result["cost"] == pytest.approx(size * 0.1 / 1e9, abs=1e-6)


@pytest.mark.parametrize("name", ["with blanks  and 'quotes\".bin", "ünïcödé – 文件 🚀.bin", "-dash.bin", "%41;x?.bin", "new\nline.bin"])
def test_file_names(jetty, file, name):
    path = file(1000, name)
    result = jetty.run("upload", "--json", "--", path).json()
    assert stored(result["url"]) == sha256_text(path.read_bytes())
    if "\n" not in name:
        offered = httpx.head(result["url"], trust_env=False).headers["content-disposition"]
        assert "filename" in offered


def test_text(jetty, tmp_path):
    """Packed or not (that depends on how fast the line is): the same bytes arrive."""
    path = tmp_path / "log.txt"
    path.write_bytes(b"2026-01-01T00:00:00Z the same line again\n" * 300_000 + os.urandom(8))
    result = jetty.upload(path)
    assert result["bytesSent"] <= result["size"] and stored(result["url"]) == sha256_text(path.read_bytes())
    path.write_bytes(path.read_bytes() + b"end")
    assert jetty.upload(path, "--no-compression")["bytesSent"] == path.stat().st_size


def test_duplicate(jetty, file, tmp_path):
    path = file(7 * MIB)
    first = jetty.upload(path)
    again = jetty.upload(path)
    assert again["duplicate"] is True and again["bytesSent"] == 0 and again["chunksSent"] == 0
    assert again["fileId"] != first["fileId"] and again["savedCost"] > 0
    assert stored(again["url"]) == first["fileHash"]
    said = jetty.run("upload", path).output
    assert "stored already" in said
    assert jetty.run("upload", "--quiet", path).output.startswith("http")


def test_several_files(jetty, file):
    paths = [file(1000, f"{index}.bin") for index in range(3)]
    ended = jetty.run("upload", "--json", paths[0], "/nonexistent", paths[1], paths[2], status=1)
    lines = [json.loads(line) for line in ended.output.splitlines()]
    assert [line["file"] for line in lines] == [str(paths[0]), "/nonexistent", str(paths[1]), str(paths[2])]
    assert ["error" in line for line in lines] == [False, True, False, False]
    assert "/nonexistent" in ended.errors


def test_killed_and_resumed(jetty, client, file):
    path = file(160 * MIB)
    with jetty.half_way(client, "upload", "--threads", "1", path) as (process, file_id):
        stopped(process, signal.SIGKILL)
    listed = jetty.run("status").output
    assert file_id in listed and str(path) in listed
    result = jetty.run("resume", "--json", path).json()
    assert result["fileId"] == file_id and result["bytesSent"] < 160 * MIB
    assert result["chunksSent"] <= result["chunks"] - 2
    assert stored(result["url"]) == sha256_text(path.read_bytes())
    jetty.run("resume", path, status=4)


def test_stopped_and_resumed_on_another_machine(jetty, client, file, stack, tmp_path):
    path = file(160 * MIB)
    with jetty.half_way(client, "upload", "--threads", "1", path) as (process, file_id):
        ended = stopped(process, signal.SIGINT)
    assert ended.status == 130 and f"jetty resume {file_id}" in ended.errors
    state = jetty.run("status", "--json", file_id).json()
    assert state["fileId"] == file_id and len(state["chunksUploaded"]) >= 2 and state["total"] == 160 * MIB

    elsewhere = Command(stack.url, stack.api_key, tmp_path / "elsewhere", user=jetty.user)
    other = file(160 * MIB, "other.bin")
    elsewhere.run("resume", file_id, other, status=5)
    result = elsewhere.run("resume", "--json", file_id, path).json()
    assert result["fileId"] == file_id and result["chunksSent"] < result["chunks"]
    assert stored(result["url"]) == sha256_text(path.read_bytes())


def test_uploading_again_goes_on(jetty, client, file):
    """Who forgets about `resume` loses nothing."""
    path = file(160 * MIB)
    with jetty.half_way(client, "upload", "--threads", "1", path) as (process, _):
        assert stopped(process, signal.SIGTERM).status == 143
    result = jetty.upload(path)
    assert stored(result["url"]) == sha256_text(path.read_bytes())


def test_file_changed_between(jetty, client, file):
    path = file(160 * MIB)
    with jetty.half_way(client, "upload", "--threads", "1", path) as (process, file_id):
        stopped(process, signal.SIGKILL)
    path.write_bytes(os.urandom(160 * MIB))
    ended = jetty.run("resume", file_id, path, status=5)
    assert "changed" in ended.errors


def test_file_changed_while_it_is_sent(jetty, client, file):
    path = file(160 * MIB)
    with jetty.half_way(client, "upload", "--threads", "1", path) as (process, _):
        with open(path, "r+b") as changing:
            changing.seek(158 * MIB)
            changing.write(b"edited")
        output, errors = process.communicate(timeout=60)
        assert process.returncode == 5, (output, errors)
    assert "changed" in errors and str(path.name) in errors


def test_status_and_edges(jetty, file, stack):
    assert "no uploads yet" in jetty.run("status").output
    uploaded = jetty.upload(file(1000))
    assert uploaded["fileId"] in jetty.run("status").output
    sessions = jetty.run("status", "--json").json()["recentSessions"]
    assert [one["fileId"] for one in sessions] == [uploaded["fileId"]]
    live = {json.loads(line)["id"] for line in jetty.run("edges", "--json").output.splitlines()}
    assert live == set(stack.env["JETTY_EDGE_IDS"].split(","))
    assert len(jetty.run("edges", "--all").output.splitlines()) >= 200
    assert "sfo-1" in jetty.run("edges").output


def test_exit_statuses(jetty, file, tmp_path):
    path = file(1000)
    for arguments in ([], ["nonsense"], ["upload"], ["upload", "--threads", "0", path], ["status", "x"], ["upload", "--bogus", path]):
        ended = jetty.run(*arguments, status=2 if arguments else 0)
        assert "USAGE" in ended.output + ended.errors or "Usage" in ended.output + ended.errors
    assert jetty.run("--version").output.strip() and "upload" in jetty.run("--help").output
    jetty.run("upload", path, status=2, JETTY_URL="")
    jetty.run("upload", path, status=2, JETTY_URL="ftp://x")
    jetty.run("upload", path, status=2, JETTY_API_KEY="")
    jetty.run("upload", path, status=2, JETTY_USER="not a user")
    jetty.run("upload", path, status=3, JETTY_API_KEY="jetty_" + "a" * 32)
    jetty.run("upload", tmp_path / "nothing", status=1)
    jetty.run("upload", tmp_path, status=1)
    jetty.run("status", made_up_file_id(), status=4)
    jetty.run("resume", path, status=4)
    jetty.run("resume", made_up_file_id(), path, status=4)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        refused = jetty.run("upload", "--patience", "2", path, status=6, JETTY_URL=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "127.0.0.1" in refused.errors or "reach" in refused.errors
    dear = jetty.run("upload", "--budget", "0", file(30 * MIB, "dear.bin"), status=1)
    assert "budget" in dear.errors


def test_output_into_nothing(jetty, file):
    """`jetty upload … | true` and a closed terminal are no reason to crash."""
    process = jetty.start("upload", "--json", file(1000))
    process.stdout.close()
    process.stderr.read()
    assert process.wait(60) in (0, 1, 141, -signal.SIGPIPE)
