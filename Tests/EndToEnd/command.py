"""Runs the command `jetty` as a shell user would."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time

from client import Client
from stack import BINARIES


@dataclasses.dataclass
class Ended:
    status: int
    output: str
    errors: str

    def json(self) -> dict:
        """What `--json` printed: one object on one line, and nothing else."""
        (line,) = self.output.splitlines()
        return json.loads(line)


class Command:
    """`home` is where the command keeps its notes; another one is another machine."""

    def __init__(self, url: str, api_key: str, home: pathlib.Path, user: str = "usr_cli"):
        self.user = user
        self.home = home
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JETTY_", "XDG_"))}
        self.environment = inherited | {
            "JETTY_URL": url,
            "JETTY_API_KEY": api_key,
            "JETTY_USER": user,
            "JETTY_LOCATION": "37.7749,-122.4194",
            "XDG_STATE_HOME": str(home),
            "LC_ALL": "C.UTF-8",
        }

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen:
        return subprocess.Popen(
            [BINARIES / "jetty", *map(str, arguments)],
            env=self.environment | environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, status: int = 0, **environment: str) -> Ended:
        process = self.start(*arguments, **environment)
        try:
            output, errors = process.communicate(timeout=120)
        finally:
            process.kill()
        ended = Ended(process.returncode, output, errors)
        assert ended.status == status, ended
        return ended

    def upload(self, file: pathlib.Path, *options: str) -> dict:
        return self.run("upload", "--json", *options, file).json()

    @contextlib.contextmanager
    def half_way(self, client: Client, *arguments: str):
        """A process that has sent some chunks and is not done. Gives the process and the upload's id."""
        process = self.start(*arguments)
        try:
            deadline = time.monotonic() + 60
            while True:
                sessions = client.get(f"/api/jetty/stats?userId={self.user}").json()["recentSessions"]
                running = [one for one in sessions if one["status"] == "in_progress"]
                if running and running[0]["chunksStored"] >= 2:
                    break
                assert process.poll() is None, f"it ended before it could be stopped: {process.communicate()}"
                assert time.monotonic() < deadline, sessions
                time.sleep(0.02)
            yield process, running[0]["fileId"]
        finally:
            process.kill()
            process.communicate()


def stopped(process: subprocess.Popen, by: signal.Signals) -> Ended:
    process.send_signal(by)
    output, errors = process.communicate(timeout=60)
    return Ended(process.returncode, output, errors)
