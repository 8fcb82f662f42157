"""What one run measures, from the environment, and where things are."""

import os
import pathlib

BENCHMARKS = pathlib.Path(__file__).resolve().parent.parent
ROOT = BENCHMARKS.parent
RELEASE = BENCHMARKS / ".build/release"
PEERS_DIRECTORY = BENCHMARKS / "peers"
# What is made for a run: requests, files for nghttpd, a certificate, Python's messages.
WORK = BENCHMARKS / ".build/load"
RESULTS = BENCHMARKS / "results"

# What the images of the services set for malloc (services/*/Dockerfile). Every server that is compared gets it.
ALLOCATOR = {"GLIBC_TUNABLES": "glibc.malloc.tcache_count=1024"}

PARTS = ["unary", "bulk", "stream", "tls", "client", "loops", "instructions", "stores"]


def number(name: str, default: float) -> float:
    text = os.environ.get(name, "")
    try:
        return float(text) if text else default
    except ValueError:
        raise SystemExit(f"{name} must be a number, not {text!r}") from None


def words(name: str) -> set[str]:
    return set(os.environ.get(name, "").replace(",", " ").split())


class Settings:
    """QUICK=1: about three minutes. Everything else can be set one by one."""

    def __init__(self):
        self.quick = os.environ.get("QUICK", "") not in ("", "0")
        self.rounds = int(number("ROUNDS", 2 if self.quick else 5))
        # How long one load takes, roughly, in seconds: a slow server gets fewer requests.
        self.load_seconds = number("LOAD_SECONDS", 0.7 if self.quick else 2)
        # Others' CPU during a load, in CPUs, above which it is repeated, and how often; the calmest attempt counts.
        self.noise_max = number("NOISE_MAX", 0.25)
        self.retries = int(number("RETRIES", 0 if self.quick else 2))
        self.server_cpu = int(number("SERVER_CPU", 0))
        self.load_cpu = int(number("LOAD_CPU", 1))
        # Whether docs/BENCHMARKS.md shall become this run.
        self.publish = os.environ.get("PUBLISH", "") not in ("", "0")
        self.parts = words("SHAPES")
        self.peers = words("PEERS")
        unknown = self.parts - set(PARTS)
        if unknown:
            raise SystemExit(f"SHAPES has {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
        if self.rounds < 1 or self.load_seconds <= 0:
            raise SystemExit("ROUNDS and LOAD_SECONDS must be above 0")
        missing = {self.server_cpu, self.load_cpu} - os.sched_getaffinity(0)
        if missing:
            raise SystemExit(f"this process may not use CPU {', '.join(map(str, sorted(missing)))}: set SERVER_CPU and LOAD_CPU")

    def wants(self, part: str) -> bool:
        return not self.parts or part in self.parts

    def wants_peer(self, name: str) -> bool:
        return not self.peers or name == "jetty" or name in self.peers
