"""Instructions per request, counted by valgrind's callgrind: the same figure on a busy machine as on a quiet one.

The counters are read after a warm-up and again after the load, so that starting costs nothing.
"""

import json
import pathlib
import re
import subprocess
import tempfile

from load import h2load, wait_for_right_answer
from machine import run_on
from servers import Peer, Server
from settings import WORK
from shapes import Shape

VALGRIND = ("valgrind", "--tool=callgrind")


def without_debug_sections(program: str) -> str:
    """valgrind 3.19 stops at the debug sections that Swift's compiler writes. Names of functions stay."""
    copy = WORK / "stripped" / pathlib.Path(program).name
    copy.parent.mkdir(parents=True, exist_ok=True)
    if not copy.exists() or copy.stat().st_mtime < pathlib.Path(program).stat().st_mtime:
        subprocess.run(["strip", "--strip-debug", "-o", str(copy), program], check=True)
    return str(copy)


def valgrind_command(out: pathlib.Path, command: list[str]) -> list[str]:
    if "/" in command[0]:
        command = [without_debug_sections(command[0]), *command[1:]]
    return [*VALGRIND, f"--callgrind-out-file={out}", *command]


def of_server(
    peer: Peer, shape: Shape, port: int, server_cpus: set[int], load_cpus: set[int], requests: int = 4_000, extra: tuple[str, ...] = (),
    tls: bool = False, keep: pathlib.Path | None = None,
) -> float:
    """Instructions of the server per request of `shape`. `keep`: where the profile goes, for callgrind_annotate."""
    with tempfile.TemporaryDirectory(prefix="jetty-callgrind-") as directory:
        out = pathlib.Path(directory, "out")
        words = [str(port) if word == "PORT" else word for word in peer.command] + list(peer.tls if tls else ()) + list(extra)
        log = pathlib.Path(directory, "log")
        with Server(valgrind_command(out, words), port, server_cpus, log, peer.environment, start_seconds=90) as server:
            wait_for_right_answer(shape, port, load_cpus, tls)
            h2load(shape, port, max(shape.connections, requests // 4), load_cpus, tls, timeout=300)
            dump(server.pid)
            h2load(shape, port, requests, load_cpus, tls, timeout=300)
            dump(server.pid)
        if keep:
            keep.write_text(pathlib.Path(f"{out}.2").read_text())
        return total(pathlib.Path(f"{out}.2")) / requests


def dump(pid: int) -> None:
    """Writes what was counted since the last time to the next numbered file."""
    done = subprocess.run(["callgrind_control", "-d", str(pid)], capture_output=True, text=True, timeout=60)
    if done.returncode != 0 or "Error" in done.stdout + done.stderr:
        raise SystemExit(f"callgrind_control failed: {done.stdout} {done.stderr}")


def total(profile: pathlib.Path) -> int:
    found = re.search(r"^totals: (\d+)", profile.read_text(), re.MULTILINE)
    if not found:
        raise SystemExit(f"no total in {profile}")
    return int(found[1])


def of_client(command: list[str], few: int, many: int, cpus: set[int]) -> float:
    """Instructions of a client per call: two runs that differ in nothing but the number of calls, which is the last word of `command`."""
    counts = []
    for calls in (few, many):
        with tempfile.TemporaryDirectory(prefix="jetty-callgrind-") as directory:
            out = pathlib.Path(directory, "out")
            done = subprocess.run(
                [*valgrind_command(out, command), str(calls)], capture_output=True, text=True, timeout=600, preexec_fn=run_on(cpus))
            answer = json.loads(done.stdout.strip().splitlines()[-1]) if done.returncode == 0 and done.stdout.strip() else {}
            if answer.get("calls") != calls:
                raise SystemExit(f"{command[0]} under callgrind: {done.stdout} {done.stderr[-1000:]}")
            counts.append(total(out))
    return (counts[1] - counts[0]) / (many - few)
