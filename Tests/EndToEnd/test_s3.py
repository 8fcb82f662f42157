"""The same with an S3 store: the bytes end as one plain object that any S3 client can read."""

import hashlib
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
import urllib.parse

import boto3
import botocore.config
import httpx
import pytest
from client import Client, Upload, sha256_text
from command import Command, stopped
from stack import Stack

MIB = 1 << 20
BUCKET, ACCESS_KEY, SECRET_KEY = "jetty", "test-access", "test-secret-of-the-store"


@pytest.fixture(scope="module")
def s3(tmp_path_factory):
    """A server of rclone's with one bucket; gives a client of it."""
    directory = tmp_path_factory.mktemp("s3")
    (directory / "files").mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    rclone = os.environ.get("JETTY_RCLONE", pathlib.Path(sys.executable).parent / "rclone")
    with open(directory / "log", "wb") as log:
        server = subprocess.Popen(
            [rclone, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", f"{ACCESS_KEY},{SECRET_KEY}", directory / "files"],
            env=os.environ | {"RCLONE_CONFIG": str(directory / "rclone.conf")},
            stdout=log,
            stderr=log,
        )
    try:
        client = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{port}",
            region_name="us-east-1",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            config=botocore.config.Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 20}),
        )
        deadline = time.monotonic() + 30
        while True:
            try:
                client.create_bucket(Bucket=BUCKET)
                break
            except Exception:
                assert server.poll() is None and time.monotonic() < deadline, (directory / "log").read_text()
                time.sleep(0.1)
        yield client
    finally:
        server.terminate()
        server.wait(20)


@pytest.fixture(scope="module")
def s3_stack(s3, request):
    query = urllib.parse.urlencode({"endpoint": s3.meta.endpoint_url, "region": "us-east-1"}, safe=":/")
    settings = {
        "JETTY_STORE_URL": f"s3://{BUCKET}?{query}",
        "JETTY_STORE_ACCESS_KEY": ACCESS_KEY,
        "JETTY_STORE_SECRET_KEY": SECRET_KEY,
    }
    stack = Stack("s3", settings)
    stack.start()
    yield stack
    if request.session.testsfailed:
        print(stack.logs())
    stack.stop()


@pytest.fixture(scope="module")
def s3_client(s3_stack):
    with Client(s3_stack.url, s3_stack.api_key) as client:
        yield client


@pytest.fixture
def jetty(s3_stack, tmp_path) -> Command:
    return Command(s3_stack.url, s3_stack.api_key, tmp_path / "state", user="usr_s3")


def keys(s3) -> list[str]:
    return [one["Key"] for one in s3.list_objects_v2(Bucket=BUCKET).get("Contents", [])]


@pytest.mark.parametrize("size", [0, 1, 27 * MIB + 5])
def test_one_plain_object(s3, jetty, tmp_path, size):
    path = tmp_path / "some file.bin"
    path.write_bytes(os.urandom(size))
    before = keys(s3)
    result = jetty.upload(path)
    (key,) = set(keys(s3)) - set(before)
    assert key.startswith("files/") and key.endswith(f"/usr_s3/{result['fileId']}")
    read = s3.get_object(Bucket=BUCKET, Key=key)
    assert read["ContentLength"] == size
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert hashlib.sha256(read["Body"].read()).hexdigest() == digest
    through = httpx.get(result["url"], timeout=60, trust_env=False)
    assert through.status_code == 200 and hashlib.sha256(through.content).hexdigest() == digest
    assert result["url"].startswith(s3.meta.endpoint_url)
    unsigned = result["url"].split("?")[0]
    assert httpx.get(unsigned, trust_env=False).status_code in (400, 401, 403)

    if size:
        again = jetty.upload(path)
        assert again["duplicate"] is True and again["bytesSent"] == 0
        # The copy is a row of its own on the same object.
        assert set(keys(s3)) - set(before) == {key}
        assert hashlib.sha256(httpx.get(again["url"], trust_env=False).content).hexdigest() == digest


def test_killed_and_resumed(s3, s3_client, jetty, tmp_path):
    path = tmp_path / "long.bin"
    path.write_bytes(os.urandom(120 * MIB))
    with jetty.half_way(s3_client, "upload", "--threads", "1", path) as (process, file_id):
        stopped(process, signal.SIGKILL)
    result = jetty.run("resume", "--json", path).json()
    assert result["fileId"] == file_id and result["chunksSent"] < result["chunks"]
    assert sha256_text(httpx.get(result["url"], timeout=60, trust_env=False).content) == sha256_text(path.read_bytes())
    assert len([key for key in keys(s3) if key.endswith(file_id)]) == 1


@pytest.mark.parametrize("compressed", [False, True])
def test_every_door(s3_stack, s3_client, compressed):
    upload = Upload(s3_client, 17 * MIB)
    assert upload.post_chunk(0).status_code == 200
    assert upload.post_chunk(1, door=s3_stack.url).status_code == 200
    assert upload.put_chunk(2, compressed=compressed).status_code == 200
    assert upload.put_chunk(3, compressed=compressed, door=s3_stack.url).status_code == 200
    upload.complete()


def test_refused_chunks_leave_a_good_upload(s3_client):
    upload = Upload(s3_client, 6 * MIB)
    assert upload.put_chunk(0, content_digest="sha-256=:" + "A" * 43 + "=:").status_code == 400
    assert upload.put_chunk(0, data=upload.chunk(0)[:-1]).status_code == 400
    upload.complete()


def test_an_aborted_upload_leaves_nothing(s3, s3_client):
    upload = Upload(s3_client, 6 * MIB)
    upload.put_rest()
    assert s3_client.post("/api/jetty/abort-upload", json={"fileId": upload.id, "userId": upload.user}).status_code == 200
    assert not [key for key in keys(s3) if upload.id in key]
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
