"""The servers that are compared, and how one is started and stopped."""

import os
import pathlib
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field

from machine import run_on
from settings import ALLOCATOR, PEERS_DIRECTORY, RELEASE, WORK

UNARY, BULK, STREAM, TLS = "unary", "bulk", "stream", "tls"
CERTIFICATE, KEY = WORK / "certificate.pem", WORK / "key.pem"


@dataclass(frozen=True)
class Peer:
    name: str
    # The parts of the benchmark that it takes part in.
    parts: tuple[str, ...]
    # Words of the command; PORT stands for the port.
    command: tuple[str, ...]
    # What it takes to serve TLS.
    tls: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict)
    # Knows no method, only files.
    is_static: bool = False

    @property
    def is_built(self) -> bool:
        program = self.command[0]
        return "/" not in program or os.access(program, os.X_OK)


def peers() -> list[Peer]:
    certificate, key = str(CERTIFICATE), str(KEY)
    floor = ("nghttpd", "-n1", "-a", "127.0.0.1", "-d", str(WORK / "www"), "--trailer", "grpc-status: 0")
    cpp, swift = PEERS_DIRECTORY / "cpp/build", PEERS_DIRECTORY / "grpc-swift/.build/release/bench-server"
    return [
        Peer("jetty", (UNARY, BULK, STREAM, TLS), (str(RELEASE / "bench-server"), "--port", "PORT"),
             ("--certificate", certificate, "--key", key)),
        Peer("nghttpd", (UNARY, BULK), (*floor, "--no-tls", "PORT"), is_static=True),
        Peer("nghttpd-tls", (TLS,), (*floor, "PORT"), (key, certificate), is_static=True),
        Peer("grpc-cpp", (UNARY, BULK, STREAM, TLS), (str(cpp / "callback_server"), "PORT"), (certificate, key)),
        Peer("grpc-cpp-queue", (UNARY,), (str(cpp / "queue_server"), "PORT")),
        Peer("grpc-go", (UNARY, BULK, STREAM, TLS), (str(PEERS_DIRECTORY / "go/build/server"), "PORT"), (certificate, key),
             {"GOMAXPROCS": "1"}),
        Peer("grpcio", (UNARY,), (sys.executable, str(PEERS_DIRECTORY / "python/server.py"), "PORT"), (),
             {"PYTHONPATH": str(WORK / "python")}),
        Peer("grpc-swift-2", (UNARY, BULK, STREAM), (str(swift), "PORT")),
    ]


class Server:
    """A running peer in a session of its own; ends with the `with` block."""

    def __init__(self, command: list[str], port: int, cpus: set[int], log: pathlib.Path, environment: dict[str, str] | None = None,
                 start_seconds: float = 15):
        self.command, self.port, self.cpus, self.log = command, port, cpus, log
        self.environment, self.start_seconds = environment or {}, start_seconds

    def __enter__(self) -> "Server":
        if listens(self.port):
            raise SystemExit(f"port {self.port} is taken")
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **ALLOCATOR, **self.environment},
                preexec_fn=run_on(self.cpus), start_new_session=True)
        deadline = time.monotonic() + self.start_seconds
        while not listens(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise SystemExit(f"{self.command[0]} did not start: {self.log.read_text(errors='replace')[-1000:]}")
            time.sleep(0.05)
        return self

    @property
    def pid(self) -> int:
        return self.process.pid

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        for what in (signal.SIGTERM, signal.SIGKILL):
            if self.process.poll() is None:
                self.process.send_signal(what)
            try:
                self.process.wait(5)
                return
            except subprocess.TimeoutExpired:
                continue


def start(peer: Peer, port: int, cpus: set[int], log: pathlib.Path, tls: bool = False, extra: tuple[str, ...] = ()) -> Server:
    command = [str(port) if word == "PORT" else word for word in peer.command] + list(peer.tls if tls else ()) + list(extra)
    return Server(command, port, cpus, log, peer.environment)


def listens(port: int) -> bool:
    """Looks without connecting: some servers count connections."""
    wanted = f":{port:04X}"
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in pathlib.Path(table).read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[1].endswith(wanted):
                return True
    return False


def free_port() -> int:
    """Below the range that outgoing connections use."""
    for port in range(20_300, 21_300):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            if not listens(port):
                return port
    raise SystemExit("no port is free from 20300 to 21299")
