"""What one Redis GET and one PostgreSQL SELECT in a handler add to a call: instructions and CPU of our server alone.

Both stores are private ones of this run, on the load's CPU.
"""

import contextlib
import os
import pathlib
import secrets
import shutil
import statistics
import subprocess
import time

import machine
from instructions import of_server
from load import h2load, wait_for_right_answer
from rounds import say
from servers import Peer, Server, free_port, start
from settings import RESULTS, ROOT, WORK, Settings
from shapes import Shape

TABLE = """
CREATE TABLE bench_chunks (id bigint PRIMARY KEY, size bigint NOT NULL);
INSERT INTO bench_chunks SELECT id, id + 1 FROM generate_series(0, 99) id
"""


@contextlib.contextmanager
def stores(settings: Settings):
    """Yields the options of bench-server that lead to the two."""
    password = secrets.token_hex(16)
    secret = WORK / "password"
    secret.touch(mode=0o600)
    secret.write_text(password)
    data = pathlib.Path(os.environ["JETTY_PG_BASE"], f"bench-rpc-{os.getpid()}")
    redis_port = free_port()
    scripts = ROOT / "scripts"
    cpus = {settings.load_cpu}
    redis = [str(scripts / "redis-run.sh"), "--dir", str(WORK / "redis"), "--port", str(redis_port), "--password-file", str(secret)]
    try:
        with Server(redis, redis_port, cpus, RESULTS / "redis.log"):
            # Only now is the first port taken.
            postgres_port = free_port()
            postgres = [str(scripts / "postgres-run.sh"), "--data", str(data), "--port", str(postgres_port), "--password-file", str(secret),
                        "--stop-with", str(os.getpid())]
            with Server(postgres, postgres_port, cpus, RESULTS / "postgres.log", start_seconds=60):
                url = f"postgresql://jetty:{password}@127.0.0.1:{postgres_port}/jetty"
                fill(redis_port, password, url)
                yield "--redis", f"redis://:{password}@127.0.0.1:{redis_port}/0", "--postgres", url
    finally:
        secret.unlink(missing_ok=True)
        shutil.rmtree(data, ignore_errors=True)


def fill(redis_port: int, password: str, url: str) -> None:
    command = ["redis-cli", "-p", str(redis_port), "SET", "bench:chunk", "0123456789abcdef"]
    subprocess.run(command, check=True, capture_output=True, timeout=20, env={**os.environ, "REDISCLI_AUTH": password})
    psql = [os.path.join(os.environ["JETTY_PG_BIN"], "psql"), "-X", "-q", "-v", "ON_ERROR_STOP=1", url]
    deadline = time.monotonic() + 30
    # It listens a moment before it lets anybody in.
    while subprocess.run([*psql, "-c", "SELECT 1"], capture_output=True, timeout=20).returncode != 0:
        if time.monotonic() > deadline:
            raise SystemExit("PostgreSQL lets nobody in")
        time.sleep(0.2)
    subprocess.run([*psql, "-c", TABLE], check=True, capture_output=True, timeout=20)


def measure(settings: Settings, server: Peer, shapes: dict[str, Shape], figures: dict[str, float]) -> None:
    server_cpus, load_cpus = {settings.server_cpu}, {settings.load_cpu}
    names = ("8x32", "redis", "postgres")
    spent: dict[str, list[float]] = {name: [] for name in names}
    with stores(settings) as options:
        for name in names:
            if name == "8x32" and f"instructions/jetty/{name}" in figures:
                continue
            figures[f"instructions/jetty/{name}"] = of_server(
                server, shapes[name], free_port(), server_cpus, load_cpus, requests=10_000 if name == "8x32" else 5_000, extra=options,
                keep=RESULTS / f"callgrind.jetty.{name}")
        for _ in range(settings.rounds):
            with start(server, free_port(), server_cpus, RESULTS / "stores.log", extra=options) as running:
                for name in names:
                    spent[name].append(load_cpu(settings, shapes[name], running))
    for name in names:
        figures[f"stores/cpu/{name}"] = statistics.median(spent[name])
        count, cpu = figures[f"instructions/jetty/{name}"], figures[f"stores/cpu/{name}"]
        say(f"  handler {name:9} {count:9.0f} instructions, {cpu:7.1f} us of CPU per request")


def load_cpu(settings: Settings, shape: Shape, running: Server) -> float:
    cpus = {settings.load_cpu}
    wait_for_right_answer(shape, running.port, cpus)
    warm = h2load(shape, running.port, shape.warm_up, cpus)
    requests = int(min(shape.requests_max, max(shape.warm_up, warm.requests_per_second * settings.load_seconds / 2)))
    before = machine.cpu_seconds(running.pid)
    h2load(shape, running.port, requests, cpus)
    return (machine.cpu_seconds(running.pid) - before) * 1e6 / requests
