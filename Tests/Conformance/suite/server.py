"""The programs under test and their peers as child processes: started, asked, stopped."""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import threading
import time
import urllib.request

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
BINARIES = pathlib.Path(os.environ.get("JETTY_CONFORMANCE_BINARIES", PACKAGE / ".build/debug"))
CERTIFICATES = PACKAGE / ".certificates"
PEERS = PACKAGE / "peers"
SERVER_NAME = "foo.test.google.fr"


def peer(name: str) -> list[str]:
    return [sys.executable, str(PEERS / name)]


class Process:
    """One server. `line` is what it printed when it was ready."""

    def __init__(self, command: list[str], seconds: float = 20):
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.line = self._process.stdout.readline()
        if "listening on" not in self.line:
            self._process.kill()
            rest, _ = self._process.communicate(timeout=seconds)
            raise AssertionError(f"{command[0]} did not start: {self.line}{rest}")
        self.port = int(re.search(r"listening on \S+:(\d+)", self.line)[1])
        # What it says is read all the time: a full pipe would stop it.
        self._output: list[str] = []
        self._reader = threading.Thread(target=lambda: self._output.extend(self._process.stdout), daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_status(self) -> int | None:
        return self._process.poll()

    def stop(self) -> str:
        """Returns what it printed after it was ready."""
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join(5)
        return "".join(self._output)


@contextlib.contextmanager
def running(command: list[str]):
    process = Process(command)
    try:
        yield process
    finally:
        process.stop()


class InteropServer(Process):
    """Ours, with the HTTP door beside it."""

    def __init__(self):
        super().__init__([str(BINARIES / "interop-server"), "--port", "0", "--http_port", "0"])
        self.rpc_port = self.port
        self.http_port = int(re.search(r"HTTP on \S+:(\d+)", self.line)[1])

    def statistics(self) -> dict[str, int]:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.http_port}/stats", timeout=5) as answer:
            return json.load(answer)

    def assert_nothing_left(self, seconds: float = 5):
        """No connection, stream or handler of clients that are gone. The one that asks is not counted."""
        deadline = time.monotonic() + seconds
        while True:
            statistics = self.statistics()
            left = {name: count for name, count in statistics.items() if name != "rpcAccepted"}
            left["httpConnections"] -= 1
            left["httpRequests"] -= 1
            if not any(left.values()):
                return
            assert time.monotonic() < deadline, f"left over: {left}"
            time.sleep(0.01)

    @property
    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    @property
    def resident_bytes(self) -> int:
        fields = pathlib.Path(f"/proc/{self.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")


def run_client(command: list[str], seconds: float = 120) -> str:
    """Runs a client to its end and returns what it printed; whether it failed stands there."""
    return subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds
    ).stdout
