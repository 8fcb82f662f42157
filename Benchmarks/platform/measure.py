"""Measures the running stack against its goals and prints a table. Run it with `make bench`.

Goals are for a machine of two cores with everything on it, the load included.
"""

import base64
import hashlib
import json
import os
import pathlib
import random
import subprocess
import sys
import tempfile
import threading
import time

from stack import STACK, Client, Process, channel, contracts, percentile

MIB = 1 << 20
SERVICES = ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway"]
EDGES = [f"edge-{name}" for name in os.environ["JETTY_EDGE_IDS"].split(",")]
URL, KEY = os.environ["JETTY_URL"], os.environ["JETTY_API_KEY"]
BINARY = os.environ["JETTY_BINARY"]
results: list[tuple[str, str, str, bool]] = []


def report(what: str, value: float, unit: str, goal: float, at_most: bool) -> None:
    met = value <= goal if at_most else value >= goal
    sign = "<=" if at_most else ">="
    results.append((what, f"{value:.1f} {unit}", f"{sign} {goal:g} {unit}", met))
    print(f"  {what}: {value:.1f} {unit}", file=sys.stderr, flush=True)


def random_hash() -> str:
    return "sha256:" + os.urandom(32).hex()


def plan(client: Client, size: int, file_hash: str, name: str = "bench.bin") -> dict:
    return client.json(
        "POST",
        "/api/jetty/optimal-edges",
        {"userId": "usr_bench", "fileSize": size, "fileHash": file_hash, "fileName": name,
         "userLocation": {"lat": 37.7749, "lng": -122.4194}, "priority": "speed"},
    )


def measure_idle_memory() -> None:
    """What each process weighs before it has seen load."""
    for name in SERVICES + EDGES[:1]:
        report(f"idle memory, {name}", Process(name).memory_mebibytes(), "MiB", 40, at_most=True)


def heartbeats(count: int, stop: threading.Event) -> None:
    """Keeps `count` of the seeded sites alive, as their edges would. They take no chunks: they say that they are full."""
    messages, stubs = contracts("edge_selection")
    stub = stubs.EdgeSelectionStub(channel("JETTY_EDGE_SELECTION_ADDRESS"))
    own = set(os.environ["JETTY_EDGE_IDS"].split(","))
    sites = [edge.id for edge in stub.ListEdges(messages.ListEdgesRequest()).edges if edge.id not in own][:count]
    while not stop.is_set():
        for number, site in enumerate(sites):
            stub.Heartbeat(messages.HeartbeatRequest(
                edge_id=site, url=f"http://127.0.0.1:9/{site}", rpc_address="127.0.0.1:9", load_percent=95,
                active_uploads=number % 7, bandwidth_mbps=100))
        stop.wait(8)


def measure_selection(requests: int) -> None:
    client = Client(URL, KEY)
    live = sum(edge["live"] for edge in client.json("GET", "/api/jetty/edges")["edges"])
    milliseconds = []
    for number in range(requests + 50):
        body = {"userId": f"usr_{number % 97}", "fileSize": random.randint(MIB, 1 << 33), "fileHash": random_hash(),
                "userLocation": {"lat": random.uniform(-60, 60), "lng": random.uniform(-180, 180)}, "priority": "speed"}
        start = time.perf_counter()
        client.json("POST", "/api/jetty/optimal-edges", body)
        if number >= 50:  # the first ones open connections
            milliseconds.append((time.perf_counter() - start) * 1000)
    print(f"  selection p50 {percentile(milliseconds, 0.5):.2f} ms", file=sys.stderr)
    report(f"selection p99, {live} live edges", percentile(milliseconds, 0.99), "ms", 10, at_most=True)


def measure_get_state(requests: int) -> None:
    client = Client(URL, KEY)
    file_id = plan(client, 1 << 30, random_hash())["fileId"]
    milliseconds = []
    for number in range(requests + 20):
        start = time.perf_counter()
        client.call("GET", f"/api/jetty/get-state/usr_bench/{file_id}")
        if number >= 20:
            milliseconds.append((time.perf_counter() - start) * 1000)
    report("get-state p99", percentile(milliseconds, 0.99), "ms", 50, at_most=True)


def watched_chunks(file_id: str, heard: dict[int, float], ready: threading.Event) -> None:
    """A second device: when it hears of each chunk, by index."""
    client = Client(URL, KEY)
    client.connection.request("GET", f"/api/jetty/watch/usr_bench/{file_id}", headers=client.headers)
    answer = client.connection.getresponse()
    while line := answer.readline():
        now = time.perf_counter()
        if line.startswith(b"data: "):
            event = json.loads(line[6:])
            ready.set()
            if event["hasChunk"]:
                heard.setdefault(event["chunkIndex"], now)


def measure_watch(chunks: int) -> None:
    """From the moment the sender knows that a chunk is stored to the moment another device hears of it."""
    client = Client(URL, KEY)
    opened = plan(client, chunks * 5 * MIB, random_hash(), "watched.bin")
    size, heard, ready, stored = opened["strategy"]["chunkSize"], {}, threading.Event(), {}
    watcher = threading.Thread(target=watched_chunks, args=(opened["fileId"], heard, ready), daemon=True)
    watcher.start()
    ready.wait(10)
    senders = [Client(url, opened["uploadToken"]) for url in os.environ["JETTY_EDGE_URLS"].split(",")]
    for index in range(opened["chunksTotal"]):
        body = os.urandom(min(size, chunks * 5 * MIB - index * size))
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        senders[index % len(senders)].call("PUT", f"/api/edge/files/{opened['fileId']}/chunks/{index}", body,
                                           {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"})
        stored[index] = time.perf_counter()
    time.sleep(0.5)
    client.json("POST", "/api/jetty/abort-upload", {"fileId": opened["fileId"], "userId": "usr_bench"})
    watcher.join(10)
    # A chunk that was never heard of counts as the whole wait.
    milliseconds = [max(0.0, heard.get(index, at + 0.5) - at) * 1000 for index, at in stored.items()]
    print(f"  a second device hears of {len(heard)} of {len(stored)} chunks, p50 {percentile(milliseconds, 0.5):.2f} ms", file=sys.stderr)
    report("a chunk is seen by a second device, p99", percentile(milliseconds, 0.99), "ms", 50, at_most=True)


def measure_edge_ingest(gibibytes: int) -> None:
    """One edge takes every chunk of a file; its CPU time counts, not the clock: the client shares the machine."""
    edge = Process(EDGES[0])
    url = os.environ["JETTY_EDGE_URLS"].split(",")[0]
    client = Client(URL, KEY)
    size = gibibytes << 30
    opened = plan(client, size, random_hash(), "ingest.bin")
    chunk_size = opened["strategy"]["chunkSize"]
    block = os.urandom(MIB)
    sender = Client(url, opened["uploadToken"])
    before, started, sent = edge.cpu_seconds(), time.perf_counter(), 0
    for index in range(opened["chunksTotal"]):
        length = min(chunk_size, size - sent)
        body = (block * (length // MIB + 1))[: length - 8] + index.to_bytes(8, "big")
        digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
        sender.call("PUT", f"/api/edge/files/{opened['fileId']}/chunks/{index}", body,
                    {"Content-Digest": f"sha-256=:{digest}:", "Content-Type": "application/octet-stream"})
        sent += length
    cpu, wall = edge.cpu_seconds() - before, time.perf_counter() - started
    print(f"  edge ingest: {sent / 1e6:.0f} MB, {cpu:.2f} s of CPU in {wall:.2f} s", file=sys.stderr)
    report("edge ingest per core", sent / 1e6 / cpu, "MB/s", 150, at_most=False)
    report("edge memory, most during ingest", edge.memory_mebibytes("VmHWM"), "MiB", 128, at_most=True)
    client.json("POST", "/api/jetty/abort-upload", {"fileId": opened["fileId"], "userId": "usr_bench"})


def measure_upload(gibibytes: int) -> None:
    with tempfile.TemporaryDirectory(dir=STACK, prefix="bench-") as directory:
        path = pathlib.Path(directory, "file.bin")
        with path.open("wb") as file:
            for _ in range(gibibytes * 16):
                file.write(os.urandom(64 * MIB))
        size = path.stat().st_size
        started = time.perf_counter()
        subprocess.run([BINARY, "upload", "--json", str(path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        seconds = time.perf_counter() - started
    report(f"jetty upload, {gibibytes} GiB", size / 1e6 / seconds, "MB/s", 80, at_most=False)
    worst = max(Process(name).memory_mebibytes("VmHWM") for name in EDGES)
    report("edge memory, most during upload", worst, "MiB", 128, at_most=True)


def main() -> int:
    measure_idle_memory()
    stop = threading.Event()
    beats = threading.Thread(target=heartbeats, args=(210, stop), daemon=True)
    beats.start()
    time.sleep(4)
    measure_selection(2000)
    measure_get_state(1000)
    measure_watch(200)
    stop.set()
    measure_edge_ingest(1)
    measure_upload(1)

    width = max(len(row[0]) for row in results)
    print(f"\n{'':{width}}  {'measured':>12}  {'goal':>12}")
    for what, value, goal, met in results:
        print(f"{what:{width}}  {value:>12}  {goal:>12}  {'yes' if met else 'NO'}")
    print(json.dumps({"met": sum(row[3] for row in results), "of": len(results)}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
