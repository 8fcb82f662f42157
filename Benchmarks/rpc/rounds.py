"""The interleaved rounds: every server is started anew in every round, in turn, and gets the same loads."""

import pathlib
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass

import machine
from load import WrongAnswers, h2load
from servers import CERTIFICATE, Peer, Server, free_port, start
from settings import RESULTS, WORK, Settings
from shapes import Shape


@dataclass
class Run:
    """One load of one server."""

    round: int
    peer: str
    shape: str
    tls: bool
    requests: int
    # Of the server: microseconds of CPU per request.
    cpu_us: float
    requests_per_second: float
    p50_us: float
    p99_us: float
    # CPU that others on this machine took meanwhile, in CPUs.
    others: float
    # What a fixed piece of work took on the server's CPU just before.
    spin_ms: float
    resident_mib: float


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def verify(peer: Peer, port: int, parts: list[str], cpus: set[int], tls: bool) -> None:
    command = [sys.executable, str(pathlib.Path(__file__).with_name("verify.py")), str(port), *parts]
    if peer.is_static:
        command.append("--static")
    if tls:
        command += ["--tls", str(CERTIFICATE)]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=90, preexec_fn=machine.run_on(cpus), env={"PYTHONPATH": str(WORK / "python")})
    if done.returncode != 0:
        raise WrongAnswers(f"{peer.name}: {(done.stdout + done.stderr)[-800:]}")


class Rounds:
    def __init__(self, settings: Settings, peers: list[Peer], shapes: list[Shape], tls_shape: Shape | None):
        self.settings, self.peers, self.shapes, self.tls_shape = settings, peers, shapes, tls_shape
        self.server_cpus, self.load_cpus = {settings.server_cpu}, {settings.load_cpu}
        self.runs: list[Run] = []
        # Every attempt, the repeated ones too.
        self.attempts: list[Run] = []

    def run(self) -> list[Run]:
        for number in range(self.settings.rounds):
            say(f"round {number + 1} of {self.settings.rounds}")
            turn = number % len(self.peers)
            for peer in self.peers[turn:] + self.peers[:turn]:
                shapes = [shape for shape in self.shapes if shape.part in peer.parts]
                if shapes:
                    self.visit(number, peer, shapes, tls=False)
                if self.tls_shape and "tls" in peer.parts:
                    self.visit(number, peer, [self.tls_shape], tls=True)
        return self.runs

    def visit(self, number: int, peer: Peer, shapes: list[Shape], tls: bool) -> None:
        log = RESULTS / f"{peer.name}.log"
        with start(peer, free_port(), self.server_cpus, log, tls) as server:
            parts = sorted({shape.part for shape in shapes})
            verify(peer, server.port, parts, self.load_cpus, tls)
            for shape in shapes:
                self.measure(number, peer, shape, server, tls)
            verify(peer, server.port, parts, self.load_cpus, tls)

    def measure(self, number: int, peer: Peer, shape: Shape, server: Server, tls: bool) -> None:
        warm = h2load(shape, server.port, shape.warm_up, self.load_cpus, tls)
        requests = int(min(shape.requests_max, max(shape.warm_up, warm.requests_per_second * self.settings.load_seconds)))
        attempts = []
        for _ in range(self.settings.retries + 1):
            attempts.append(self.attempt(number, peer, shape, server, tls, requests))
            if attempts[-1].others <= self.settings.noise_max:
                break
        self.attempts += attempts
        best = min(attempts, key=lambda run: run.others)
        self.runs.append(best)
        say(f"  {peer.name:16} {shape.name + (' TLS' if tls else ''):12} {best.cpu_us:9.1f} us of CPU per request, "
            f"{best.requests_per_second:9.0f} requests/s, others {best.others:4.0%}")

    def attempt(self, number: int, peer: Peer, shape: Shape, server: Server, tls: bool, requests: int) -> Run:
        spin = machine.spin_milliseconds(self.settings.server_cpu)
        own, children, busy = machine.own_seconds(), machine.children_seconds(), machine.busy_seconds()
        before, clock = machine.cpu_seconds(server.pid), time.monotonic()
        load = h2load(shape, server.port, requests, self.load_cpus, tls)
        wall, spent = time.monotonic() - clock, machine.cpu_seconds(server.pid) - before
        accounted = spent + machine.children_seconds() - children + machine.own_seconds() - own
        others = max(0.0, (machine.busy_seconds() - busy - accounted) / wall)
        return Run(number, peer.name, shape.name, tls, requests, spent * 1e6 / requests, load.requests_per_second, load.p50_us, load.p99_us,
                   others, spin, machine.resident_mebibytes(server.pid))


def median(runs: list[Run], field: str) -> float | None:
    values = [asdict(run)[field] for run in runs]
    return statistics.median(values) if values else None
