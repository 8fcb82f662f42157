"""The platform is stopped, killed and deprived while 500 calls a second run. What a lost call is: see ledger.py.

The rate is 500 calls/s on a quiet machine with 2 cores. On one that does other things too it falls, because callers and callees share
the cores; the drill prints it, and fails under RATE_MIN. The number of lost calls has no such margin: it is zero.
"""

import asyncio
import os
import signal
import time
import urllib.error
import urllib.request

from client import Client
from stack import Stack
from traffic import RATE, Traffic

RATE_MIN = 0.4 * RATE
SERVICES = ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize"]
# After a replica is ready again and before the next one goes (Kubernetes: minReadySeconds): callers have found it by then.
SETTLE_SECONDS = 1.5
# From the moment a store answers again until no call fails any more.
RECOVERY_SECONDS = 8


async def run(stack: Stack, *words: str):
    await asyncio.to_thread(stack._run, *words)


async def ready(stack: Stack, part: str, seconds: float = 60):
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(stack._is_ready, part):
        assert time.monotonic() < deadline, f"{part} did not come back"
        await asyncio.sleep(0.05)


def last_words(stack: Stack, part: str) -> str:
    """The last line of the log: a drain that was not cut off ends with "stopped"."""
    return (stack.directory / "log" / f"{part}.log").read_text(errors="replace").rstrip().rpartition("\n")[2]


def test_rolling_restart(stack):
    """SIGTERM to each replica of each service, to each gateway and to each edge, one after the other: no call is lost."""

    async def drill():
        await every_edge_known(stack)
        async with Traffic(stack) as traffic:
            await asyncio.sleep(2)
            parts = [f"{name}{suffix}" for name in [*SERVICES, "gateway"] for suffix in ("", ".2")]
            parts += [f"edge-{name}" for name in stack.env["JETTY_EDGE_IDS"].split(",")]
            print("\n\nrolling restart: seconds until it had stopped, until it was ready again, and calls lost meanwhile")
            for part in parts:
                began, lost = time.monotonic(), len(traffic.ledger.failures)
                await run(stack, "stop", part)
                stopped = time.monotonic() - began
                assert '"stopped"' in last_words(stack, part), f"{part} was cut off: {last_words(stack, part)}"
                await run(stack, "start", part)
                await ready(stack, part)
                took = time.monotonic() - began
                await asyncio.sleep(SETTLE_SECONDS)
                print(f"  {part:<20}{stopped:>6.1f}{took:>6.1f}{len(traffic.ledger.failures) - lost:>6}", flush=True)
        files = await traffic.compare()
        return traffic, files

    traffic, files = asyncio.run(drill())
    report("rolling restart", traffic, files)
    assert not traffic.ledger.failures, "calls were lost:\n" + traffic.ledger.samples(traffic.ledger.failures)
    assert files > 0
    assert traffic.ledger.calls / traffic.seconds >= RATE_MIN, f"the load was {traffic.ledger.calls / traffic.seconds:.0f} calls/s"


def report(name: str, traffic: Traffic, files: int):
    print(f"\n{name}: {files} files were confirmed during the drill, and their bytes compared after it")
    print(traffic.ledger.table(traffic.seconds), flush=True)


def outage(stack: Stack, name: str, store: str, seconds: float):
    """Stops a store for so long. Calls may be refused clearly meanwhile; soon after it is back none fails, and nothing is lost."""

    async def drill():
        async with Traffic(stack) as traffic:
            await asyncio.sleep(2)
            assert not traffic.ledger.failures, traffic.ledger.samples(traffic.ledger.failures)
            gone = time.monotonic()
            await run(stack, "stop", store)
            await asyncio.sleep(seconds)
            await run(stack, "start", store)
            await ready(stack, store)
            back = time.monotonic()
            await asyncio.sleep(RECOVERY_SECONDS + 4)
        files = await traffic.compare()
        return traffic, gone, back, files

    traffic, gone, back, files = asyncio.run(drill())
    report(name, traffic, files)
    failures = traffic.ledger.failures
    last = max((one.at for one in failures), default=gone)
    unclear = [one for one in failures if not one.clear]
    ended = f"the last one {last - back:+.1f} s after its return" if failures else "none at all"
    print(f"  away for {back - gone:.1f} s; {len(failures)} calls refused with 503 or UNAVAILABLE, {ended}")
    assert not unclear, "failures that are no clear 503:\n" + traffic.ledger.samples(unclear)
    late = traffic.ledger.since(back + RECOVERY_SECONDS)
    assert not late, f"calls failed {RECOVERY_SECONDS} s after {store} was back:\n" + traffic.ledger.samples(late)
    assert files > 0


def test_redis_restarts(stack):
    outage(stack, "Redis away", "redis", 2)


def test_postgres_restarts(stack):
    outage(stack, "PostgreSQL away", "postgres", 2)


def test_a_replica_is_killed(stack):
    """kill -9 of one replica of each service and of a gateway. Callers repeat idempotent calls, and every one of those is answered.
    A POST that was under way may be lost: nobody can know whether it was done."""

    async def drill():
        async with Traffic(stack, retrying=True) as traffic:
            await asyncio.sleep(2)
            for part in [*SERVICES, "gateway.2"]:
                os.kill(pid(stack, part), signal.SIGKILL)
                await asyncio.sleep(0.5)
                await ready(stack, part)
                await asyncio.sleep(SETTLE_SECONDS)
        files = await traffic.compare()
        return traffic, files

    traffic, files = asyncio.run(drill())
    report("kill -9", traffic, files)
    idempotent = [one for one in traffic.ledger.failures if not one.kind.startswith("POST")]
    assert not idempotent, "idempotent calls were lost:\n" + traffic.ledger.samples(idempotent)
    assert files > 0


def test_start_in_any_order(stack):
    """Everything stops; then what calls starts before what is called, and the stores come last. Each says what it waits for, and works in
    the end, without being started again."""

    async def together(word: str, parts: list[str]):
        await asyncio.gather(*(run(stack, word, part) for part in parts))

    async def drill():
        edges = [f"edge-{name}" for name in stack.env["JETTY_EDGE_IDS"].split(",")]
        gateways = ["gateway", "gateway.2"]
        services = [f"{name}{suffix}" for name in SERVICES for suffix in ("", ".2")]
        for parts in (edges + gateways, services, ["redis", "postgres"]):
            await together("stop", parts)
        for parts in (edges, gateways, services):
            await together("start", parts)
        await asyncio.sleep(3)
        pids = {part: pid(stack, part) for part in services + gateways + edges}
        for part in services + gateways:
            status, text = await asyncio.to_thread(readiness, stack, part)
            assert status == 503 and "ostgre" in text, f"{part}: {status} {text}"
        await together("start", ["redis", "postgres"])
        for part in pids:
            await ready(stack, part)
        assert pids == {part: pid(stack, part) for part in pids}, "a process was started twice"
        await every_edge_known(stack)
        async with Traffic(stack) as traffic:
            await asyncio.sleep(4)
        return traffic, await traffic.compare()

    traffic, files = asyncio.run(drill())
    report("started in any order", traffic, files)
    assert not traffic.ledger.failures, traffic.ledger.samples(traffic.ledger.failures)
    assert files > 0


async def every_edge_known(stack: Stack):
    """Edges are offered from their first heartbeat on, which they try every few seconds; the replica of EdgeSelection that did not get it
    reads it from the registry a little later. Calls go to both in turn, but to one alone while a gateway waits to try the other again, for 5 s
    at most: waits until all answers of both gateways have agreed for longer."""
    wanted = len(stack.env["JETTY_EDGE_IDS"].split(","))
    urls = stack.env["JETTY_URLS"].split(",")
    deadline, since = time.monotonic() + 60, time.monotonic()
    while time.monotonic() - since < 7:
        assert time.monotonic() < deadline, "the core does not hear every edge"
        for url in urls:
            if await asyncio.to_thread(live_edges, url, stack.api_key) != wanted:
                since = time.monotonic()
        await asyncio.sleep(0.3)


def pid(stack: Stack, part: str) -> int:
    return int((stack.directory / "run" / f"{part}.pid").read_text().split()[0])


def live_edges(url: str, api_key: str) -> int:
    with Client(url, api_key) as client:
        answer = client.get("/api/jetty/edges?liveOnly=true")
    return len(answer.json()["edges"]) if answer.status_code == 200 else 0


def readiness(stack: Stack, part: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{stack._admin(part)}/readyz", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
