"""Progress as server-sent events: GET /api/jetty/watch/{userId}/{fileId}."""

import contextlib
import json
import re
import resource
import selectors
import socket
import threading
import time
import urllib.parse
import urllib.request

import httpx
import pytest
from client import Client, Upload, made_up_file_id, problem

MIB = 1 << 20


class Watching:
    """One client of the stream, with a connection of its own and a thread that reads it."""

    def __init__(self, viewer: "Viewer", path: str, after: str | None = None):
        self.events: list[dict] = []
        self.ended = self.status = None
        self._arrived = threading.Condition()
        self._thread = threading.Thread(target=self._read, args=(viewer, path, after), daemon=True)
        self._thread.start()

    def _read(self, viewer, path, after):
        headers = {"last-event-id": after} if after is not None else {}
        try:
            with viewer.client() as client, client.stream("GET", path, headers=headers, timeout=60) as answer:
                with self._arrived:
                    self.status, self.headers = answer.status_code, answer.headers
                    self._arrived.notify_all()
                event: dict = {}
                for line in answer.iter_lines():
                    if line:
                        name, _, value = line.partition(": ")
                        event[name] = value
                    elif "data" in event:
                        with self._arrived:
                            self.events.append(event | {"data": json.loads(event["data"]), "heard": time.monotonic()})
                            self._arrived.notify_all()
                        event = {}
                    else:
                        event = {}
            outcome = "well"
        except httpx.HTTPError as error:
            outcome = repr(error)
        with self._arrived:
            self.ended = outcome
            self._arrived.notify_all()

    def wait(self, what, seconds: float = 20):
        with self._arrived:
            assert self._arrived.wait_for(lambda: what(self), seconds), (self.status, self.events, self.ended)

    def wait_end(self, seconds: float = 30):
        self.wait(lambda one: one.ended is not None, seconds)
        return self.ended


def path_of(upload: Upload) -> str:
    return f"/api/jetty/watch/{upload.user}/{upload.id}"


class Viewer:
    """A second device."""

    def __init__(self, stack, http2: bool = False):
        self.stack, self.http2 = stack, http2

    def client(self) -> Client:
        return Client(self.stack.url, self.stack.api_key, http2=self.http2)


@pytest.fixture(params=["http1", "http2"])
def viewer(request, stack):
    return Viewer(stack, http2=request.param == "http2")


def test_the_whole_story(client, viewer):
    upload = Upload(client, 16 * MIB)
    watching = Watching(viewer, path_of(upload))
    watching.wait(lambda one: one.events)
    assert watching.status == 200 and watching.headers["content-type"] == "text/event-stream"
    for index in range(upload.chunks_total):
        upload.put_chunk(index).raise_for_status()
        watching.wait(lambda one: one.events[-1]["data"]["chunksStored"] == index + 1)
    upload.complete()
    assert watching.wait_end() == "well"
    assert [event["id"] for event in watching.events] == [str(count) for count in range(upload.chunks_total + 1)] + ["end"]
    assert [event["event"] for event in watching.events] == ["progress"] * (upload.chunks_total + 1) + ["end"]
    last = watching.events[-1]["data"]
    assert last["status"] == "completed" and last["progress"] == last["total"] == 16 * MIB
    chunks = [event["data"] for event in watching.events[1:-1]]
    assert [chunk["chunkIndex"] for chunk in chunks] == list(range(upload.chunks_total))
    assert all(chunk["hasChunk"] and chunk["edgeId"] for chunk in chunks)
    # Who has seen the end is told to stay away, anybody else what it was.
    with viewer.client() as informed:
        assert informed.get(path_of(upload), headers={"last-event-id": "end"}).status_code == 204
    late = Watching(viewer, path_of(upload), after="1")
    assert late.wait_end() == "well" and [event["id"] for event in late.events] == ["end"]


def test_coming_back_loses_nothing_and_hears_nothing_twice(client, viewer):
    upload = Upload(client, 25 * MIB)
    first = Watching(viewer, path_of(upload))
    upload.put_chunk(0).raise_for_status()
    first.wait(lambda one: one.events and one.events[-1]["id"] == "1")
    # Nothing happened meanwhile: nothing is told until something does.
    same = Watching(viewer, path_of(upload), after="1")
    same.wait(lambda one: one.status)
    time.sleep(0.5)
    assert same.events == []
    upload.put_chunk(1).raise_for_status()
    same.wait(lambda one: one.events)
    assert [event["id"] for event in same.events] == ["2"] and same.events[0]["data"]["chunkIndex"] == 1
    # Something did: the state as it is now, at once.
    upload.put_chunk(2).raise_for_status()
    missed = Watching(viewer, path_of(upload), after="1")
    missed.wait(lambda one: one.events)
    assert missed.events[0]["id"] == "3" and missed.events[0]["data"]["chunksStored"] == 3
    client.post("/api/jetty/abort-upload", json={"userId": upload.user, "fileId": upload.id}).raise_for_status()
    for watching in (first, same, missed):
        assert watching.wait_end() == "well" and watching.events[-1]["data"]["status"] == "aborted"


def test_who_may_watch(client, stranger, stack):
    upload = Upload(client, 6 * MIB)
    unknown = problem(client.get(f"/api/jetty/watch/{upload.user}/{made_up_file_id()}"), 404)
    for answer in (stranger.get(path_of(upload)), client.get(path_of(upload).replace(upload.user, "usr_else"))):
        # Nothing tells an upload of somebody else from one that never was.
        assert {**problem(answer, 404), "requestId": ""} == {**unknown, "requestId": ""}
    assert httpx.get(stack.url + path_of(upload), trust_env=False).status_code == 401
    for query in (f"?key={stack.api_key}", f"?token={upload.token}", f"?authorization=Bearer%20{stack.api_key}"):
        assert httpx.get(stack.url + path_of(upload) + query, trust_env=False).status_code == 401
    assert httpx.get(stack.url + path_of(upload), headers={"authorization": f"Bearer {upload.token}"}, trust_env=False).status_code == 401
    problem(client.get("/api/jetty/watch/usr_1/nonsense"), 400, field="fileId")
    assert client.post(path_of(upload)).status_code == 405
    preflight = client.options(path_of(upload), headers={
        "origin": "https://app.example", "access-control-request-method": "GET", "access-control-request-headers": "authorization, last-event-id"})
    assert preflight.status_code == 204 and "last-event-id" in preflight.headers["access-control-allow-headers"]


def wait_until_nobody_watches(stack):
    deadline = time.monotonic() + 20
    while metric(stack, "jetty_gateway_watch_clients") > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def metric(stack, name: str) -> float:
    with urllib.request.urlopen(f"http://{stack.env['JETTY_GATEWAY_ADMIN_ADDRESS']}/metrics", timeout=10) as answer:
        found = re.search(rf"^{name} (\S+)$", answer.read().decode(), re.M)
    return float(found[1]) if found else 0.0


def memory_mebibytes(stack, part: str) -> float:
    """Resident, of one process of the stack."""
    process = (stack.directory / "run" / f"{part}.pid").read_text().split()[0]
    with open(f"/proc/{process}/status") as status:
        return int(next(line for line in status if line.startswith("VmRSS")).split()[1]) / 1024


class Crowd:
    """Many clients on plain sockets, in one thread."""

    def __init__(self, url: str):
        address = urllib.parse.urlsplit(url)
        self._address = (address.hostname, address.port)
        self._selector = selectors.DefaultSelector()
        self.received: dict[socket.socket, bytes] = {}

    def join(self, key: str, path: str, count: int):
        request = f"GET {path} HTTP/1.1\r\nHost: jetty\r\nAuthorization: Bearer {key}\r\n\r\n".encode()
        for _ in range(count):
            one = socket.create_connection(self._address, 10)
            one.sendall(request)
            one.setblocking(False)
            self.received[one] = b""
            self._selector.register(one, selectors.EVENT_READ)

    def read(self, until, seconds: float = 30):
        deadline = time.monotonic() + seconds
        while not until():
            assert time.monotonic() < deadline, self.statuses()
            for key, _ in self._selector.select(0.2):
                with contextlib.suppress(BlockingIOError):
                    if piece := key.fileobj.recv(1 << 16):
                        self.received[key.fileobj] += piece
                    else:
                        self._selector.unregister(key.fileobj)

    def statuses(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for text in self.received.values():
            status = text[9:12].decode()
            counts[status] = counts.get(status, 0) + 1
        return counts

    def leave(self):
        for one in self.received:
            one.close()
        self._selector.close()


def test_a_thousand_clients(client, stack):
    """As many as may watch do; more are told to come back; nobody else is disturbed; memory is bounded."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, 8192), most))
    wait_until_nobody_watches(stack)
    upload = Upload(client, 16 * MIB)
    other_key = stack.another_account()
    with Client(stack.url, other_key) as other:
        theirs = Upload(other, 6 * MIB)
        before = memory_mebibytes(stack, "gateway")
        crowd = Crowd(stack.url)
        try:
            crowd.join(stack.api_key, path_of(upload), 560)
            crowd.join(other_key, path_of(theirs), 560)
            crowd.read(lambda: all(b"\r\n\r\n" in text for text in crowd.received.values()))
            assert crowd.statuses() == {"200": 1024, "429": 96}
            refused = [text.decode() for text in crowd.received.values() if text[9:12] == b"429"]
            assert all("retry-after: 30" in text.lower() and "TOO_MANY_WATCHERS" in text for text in refused[:5])
            with Client(stack.url, stack.another_account()) as third:
                late = Upload(third, 6 * MIB)
                answer = third.get(path_of(late))
                assert problem(answer, 503, reason="TOO_MANY_WATCHERS") and int(answer.headers["retry-after"]) > 0
            assert metric(stack, "jetty_gateway_watch_clients") == 1024

            # The others: a whole upload, and every call, while a thousand listen.
            upload.put_chunk(0).raise_for_status()
            crowd.read(lambda: sum(b'"chunksStored":1' in text for text in crowd.received.values()) == 512)
            Upload(client, 12 * MIB).complete()
            started = time.monotonic()
            for _ in range(20):
                client.get("/api/jetty/stats").raise_for_status()
            assert time.monotonic() - started < 10
            assert memory_mebibytes(stack, "gateway") - before < 48
            client.post("/api/jetty/abort-upload", json={"userId": upload.user, "fileId": upload.id}).raise_for_status()
            crowd.read(lambda: sum(b"event: end" in text for text in crowd.received.values()) == 512)
        finally:
            crowd.leave()
    # Who left makes room at once.
    wait_until_nobody_watches(stack)


def test_when_the_gateway_or_uploadstate_stops(client, stack):
    upload = Upload(client, 16 * MIB)
    watching = Watching(Viewer(stack), path_of(upload))
    watching.wait(lambda one: one.events)
    with stack.without("upload-state"):
        # The stream stays, and takes up the story when it can.
        time.sleep(1)
        assert watching.ended is None
    # Edges that lost UploadState say 503 until they have it back, as to any client.
    deadline = time.monotonic() + 20
    while (answer := upload.put_chunk(0)).status_code == 503 and time.monotonic() < deadline:
        time.sleep(0.5)
    answer.raise_for_status()
    watching.wait(lambda one: one.events[-1]["id"] == "1", 30)
    started = time.monotonic()
    with stack.without("gateway"):
        assert watching.wait_end(10) == "well" and time.monotonic() - started < 10
    with Client(stack.url, stack.api_key) as again:
        upload.put_chunk(1).raise_for_status()
        back = Watching(Viewer(stack), path_of(upload), after=watching.events[-1]["id"])
        back.wait(lambda one: one.events)
        assert back.events[0]["id"] == "2"
        again.post("/api/jetty/abort-upload", json={"userId": upload.user, "fileId": upload.id}).raise_for_status()
        assert back.wait_end() == "well"


def test_a_second_device_hears_within_50_milliseconds(client, stack):
    """From the moment the sender knows that a chunk is stored until the other device has its event: p99 of a hundred."""
    late: list[float] = []
    for _ in range(9):
        upload = Upload(client, 60_000_000)
        watching = Watching(Viewer(stack), path_of(upload))
        watching.wait(lambda one: one.events)
        for index in range(upload.chunks_total):
            upload.put_chunk(index).raise_for_status()
            known = time.monotonic()
            watching.wait(lambda one: one.events[-1]["data"]["chunksStored"] > index)
            late.append(max(0.0, watching.events[-1]["heard"] - known) * 1000)
        client.post("/api/jetty/abort-upload", json={"userId": upload.user, "fileId": upload.id}).raise_for_status()
        assert watching.wait_end() == "well"
    late.sort()
    assert len(late) >= 100
    print(f"p50 {late[len(late) // 2]:.2f} ms, p99 {late[int(len(late) * 0.99) - 1]:.2f} ms of {len(late)}")
    assert late[int(len(late) * 0.99) - 1] < 50, late[-5:]
