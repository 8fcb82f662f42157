"""Our client beside the C++ client: unary calls to our server over one connection, 32 at a time and one after the other."""

import json
import statistics
import subprocess

from instructions import of_client
from machine import run_on
from rounds import say
from servers import Peer, Server, free_port, start
from settings import PEERS_DIRECTORY, RELEASE, RESULTS, Settings

DEPTHS = (32, 1)


def command(client: str, port: int, depth: int, warm_up: int) -> list[str]:
    """Without the number of calls, which is the last word."""
    if client == "jetty":
        return [str(RELEASE / "bench-client"), "--port", str(port), "--depth", str(depth), "--warm-up", str(warm_up), "--calls"]
    return [str(PEERS_DIRECTORY / "cpp/build/client"), str(port), str(depth), str(warm_up)]


def run(client: str, port: int, depth: int, calls: int, cpus: set[int]) -> dict[str, float]:
    done = subprocess.run(
        [*command(client, port, depth, 2_000), str(calls)], capture_output=True, text=True, timeout=120, preexec_fn=run_on(cpus))
    answer = json.loads(done.stdout) if done.returncode == 0 else {}
    if answer.get("calls") != calls:
        raise SystemExit(f"the client {client} failed: {done.stdout} {done.stderr[-1000:]}")
    return answer


def measure(settings: Settings, server: Peer, figures: dict[str, float]) -> None:
    clients = ["jetty"] + (["grpc-cpp"] if settings.wants_peer("grpc-cpp") else [])
    load_cpus = {settings.load_cpu}
    answers: dict[tuple[str, int], list[dict[str, float]]] = {}
    with start(server, free_port(), {settings.server_cpu}, RESULTS / "client-server.log") as running:
        for number in range(settings.rounds):
            for client in clients if number % 2 == 0 else reversed(clients):
                for depth in DEPTHS:
                    probe = run(client, running.port, depth, 1_000, load_cpus)
                    calls = max(1_000, int(1_000 / probe["seconds"] * settings.load_seconds))
                    answers.setdefault((client, depth), []).append(run(client, running.port, depth, min(calls, 300_000), load_cpus))
        count(settings, clients, running, figures)
    for (client, depth), found in answers.items():
        figures[f"client/rate/{client}/{depth}"] = statistics.median(answer["calls"] / answer["seconds"] for answer in found)
        for what, name in (("cpu", "cpu_us"), ("p50", "p50_us"), ("p99", "p99_us")):
            figures[f"client/{what}/{client}/{depth}"] = statistics.median(answer[name] for answer in found)
        say(f"  client {client:9} depth {depth:<3} {figures[f'client/cpu/{client}/{depth}']:9.1f} us of CPU per call, "
            f"p50 {figures[f'client/p50/{client}/{depth}']:.0f} us")


def count(settings: Settings, clients: list[str], running: Server, figures: dict[str, float]) -> None:
    for client in clients:
        if settings.quick and client != "jetty":
            continue
        figures[f"client/instructions/{client}"] = of_client(
            command(client, running.port, 32, 1_000), few=1_000, many=6_000, cpus={settings.load_cpu})
        say(f"  client {client:9} depth 32  {figures[f'client/instructions/{client}']:9.0f} instructions per call")
