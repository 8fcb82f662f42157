"""One local stack for a run of the tests: started, asked about, and always stopped again."""

import contextlib
import os
import pathlib
import random
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("JETTY_BINARIES", ROOT / ".build/release"))
START_SECONDS = 240


class Stack:
    """`settings` are JETTY_ variables that the processes get on top of the usual ones (JETTY_STORE_URL …)."""

    def __init__(self, name: str, settings: dict[str, str] | None = None):
        self.directory = ROOT / ".jetty" / f"end-to-end-{name}"
        self._script = str(ROOT / "scripts/stack.sh")
        # MAKELEVEL: the supervisor ends when its parent does, so a killed test run leaves nothing behind.
        # Ports outside of what the kernel gives to clients, and a different range for each stack.
        self._environment = {name: value for name, value in os.environ.items() if not name.startswith("JETTY_")} | {
            "JETTY_STACK": str(self.directory),
            "JETTY_BINARIES": str(BINARIES),
            "JETTY_PORTS_FROM": str(random.randrange(11000, 31000, 100)),
            "MAKELEVEL": "1",
            **(settings or {}),
        }
        self._supervisor = None
        self.env: dict[str, str] = {}

    def start(self):
        if self.directory.exists():
            self._run("reset")
        self.directory.mkdir(parents=True, exist_ok=True)
        self._output = open(self.directory / "supervisor.out", "wb")
        self._supervisor = subprocess.Popen(
            [self._script, "run"], env=self._environment, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT
        )
        deadline = time.monotonic() + START_SECONDS
        while not (self.directory / "env").exists():
            if self._supervisor.poll() is not None or time.monotonic() > deadline:
                output = (self.directory / "supervisor.out").read_text(errors="replace")
                self.stop()
                raise AssertionError(f"the stack did not start:\n{output[-6000:]}")
            time.sleep(0.1)
        for line in (self.directory / "env").read_text().splitlines():
            if found := re.fullmatch(r"export (\w+)='(.*)'", line):
                self.env[found[1]] = found[2]

    def stop(self):
        if self._supervisor is not None:
            self._supervisor.send_signal(signal.SIGINT)
            try:
                self._supervisor.wait(90)
            except subprocess.TimeoutExpired:
                self._supervisor.kill()
                self._supervisor.wait()
            self._output.close()
        self._run("reset")
        shutil.rmtree(self.directory, ignore_errors=True)

    def _run(self, *arguments: str):
        subprocess.run([self._script, *arguments], env=self._environment, check=True, capture_output=True, timeout=180)

    @contextlib.contextmanager
    def without(self, part: str):
        """The stack while `part` ("redis", "dedup", "edge-sfo-1") does not run. It runs again afterwards."""
        self._run("stop", part)
        try:
            yield
        finally:
            self._run("start", part)
            deadline = time.monotonic() + 90
            while not self._is_ready(part):
                assert time.monotonic() < deadline, f"{part} did not come back"
                time.sleep(0.2)

    def _is_ready(self, part: str) -> bool:
        if part in ("postgres", "redis"):
            address = urllib.parse.urlsplit(self.env[f"JETTY_{part.upper()}_URL"])
            host, port, path = address.hostname, address.port, None
        else:
            host, port = self._admin(part).split(":")
            path = "/readyz"
        try:
            if path is None:
                socket.create_connection((host, int(port)), 1).close()
                return True
            with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def _admin(self, part: str) -> str:
        if part.startswith("edge-") and not part.startswith("edge-selection"):
            place = self.env["JETTY_EDGE_IDS"].split(",").index(part.removeprefix("edge-"))
            return self.env["JETTY_EDGE_WORKER_ADMIN_ADDRESSES"].split(",")[place]
        name, _, number = part.partition(".")  # "finalize.2" is the second replica
        return self.env[f"JETTY_{name.upper().replace('-', '_')}_ADMIN_ADDRESS"].split(",")[int(number or 1) - 1]

    @property
    def url(self) -> str:
        return self.env["JETTY_URL"]

    @property
    def api_key(self) -> str:
        return self.env["JETTY_API_KEY"]

    @property
    def edge_urls(self) -> list[str]:
        return self.env["JETTY_EDGE_URLS"].split(",")

    def address(self, service: str) -> str:
        """host:port of a service's RPC door: "edge-selection", …, "edge-worker" (the first of them)."""
        if service == "edge-worker":
            return self.env["JETTY_EDGE_WORKER_ADDRESSES"].split(",")[0]
        return self.env[f"JETTY_{service.upper().replace('-', '_')}_ADDRESS"]

    def another_account(self) -> str:
        """The API key of a new account."""
        made = subprocess.run(
            [BINARIES / "jetty-admin", "account", "create", "--name", "Somebody else", "--requests-per-second", "10000", "--quiet"],
            env=os.environ | {"JETTY_POSTGRES_URL": self.env["JETTY_POSTGRES_URL"]},
            check=True,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return made.stdout.strip()

    def logs(self) -> str:
        """What the services complained about, for a failed run."""
        found = []
        for file in sorted((self.directory / "log").glob("*.log")):
            lines = file.read_text(errors="replace").splitlines()
            found += [f"{file.stem}: {line}" for line in lines if re.search(r'"level":"(warning|error|critical)"|Fatal|rash', line)][-20:]
        return "\n".join(found)
