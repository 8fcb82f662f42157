"""Runs h2load and refuses every answer that is not exactly right."""

import pathlib
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass

from machine import run_on
from shapes import Shape


class WrongAnswers(Exception):
    pass


@dataclass
class Load:
    requests: int
    requests_per_second: float
    p50_us: float
    p99_us: float


def percentile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def wait_for_right_answer(shape: Shape, port: int, cpus: set[int], tls: bool = False, seconds: float = 60) -> None:
    """A server that has only just begun may still connect to its stores."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            h2load(shape, port, 1, cpus, tls)
            return
        except WrongAnswers:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def h2load(shape: Shape, port: int, requests: int, cpus: set[int], tls: bool = False, timeout: float = 120) -> Load:
    """One load of `shape`. An error reply carries no DATA, so that HTTP 200 with a bad grpc-status cannot pass for an answer."""
    connections = min(shape.connections, requests)
    with tempfile.NamedTemporaryFile(prefix="jetty-h2load-") as log:
        command = [
            "h2load", "-n", str(requests), "-c", str(connections), "-m", str(shape.streams), "-t", "1", "-d", str(shape.request_file),
            "-H", "content-type: application/grpc", "-H", "te: trailers", *(["-H", "grpc-timeout: 60S"] if shape.deadline else []),
            f"--log-file={log.name}",
            f"{'https' if tls else 'http'}://127.0.0.1:{port}{shape.path}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, preexec_fn=run_on(cpus))
        text = done.stdout
        finished = re.search(r"finished in .*?, ([\d.]+) req/s", text)
        counted = re.search(r"(\d+) succeeded", text)
        data = re.search(r"\((\d+)\) data", text)
        if not (finished and counted and data):
            raise WrongAnswers(f"h2load said: {text[-500:]} {done.stderr[-500:]}")
        succeeded, received = int(counted[1]), int(data[1])
        if succeeded != requests or received != requests * shape.reply_bytes:
            told = " ".join(line for line in text.splitlines() if line.startswith(("finished", "requests:", "status codes:")))
            raise WrongAnswers(
                f"{shape.name}: {succeeded} of {requests} requests succeeded, with {received} bytes instead of {requests * shape.reply_bytes}"
                f" ({told})")
        rows = pathlib.Path(log.name).read_text().splitlines()
        took = sorted(float(row.split("\t")[2]) for row in rows)
    return Load(requests, float(finished[1]), percentile(took, 0.5), percentile(took, 0.99))
