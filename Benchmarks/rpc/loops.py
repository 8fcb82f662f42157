"""The same load on one loop and on two: CPU per request, and how the connections spread.

Two loops need two CPUs and the load shares one of them; one loop gets the same two, so that both meet the same conditions.
"""

import statistics
import time

import machine
from load import h2load
from rounds import say
from servers import Peer, free_port, start
from settings import RESULTS, Settings
from shapes import Shape


def measure(settings: Settings, server: Peer, shape: Shape, figures: dict[str, float], notes: list[str]) -> None:
    cpu: dict[int, list[float]] = {1: [], 2: []}
    spreads = []
    for number in range(settings.rounds):
        for loops in (1, 2) if number % 2 == 0 else (2, 1):
            spent, connections = visit(settings, server, shape, loops)
            cpu[loops].append(spent)
            if loops == 2:
                spreads.append(connections)
    for loops, values in cpu.items():
        figures[f"loops/cpu/{loops}"] = statistics.median(values)
        say(f"  {loops} loops {figures[f'loops/cpu/{loops}']:9.1f} us of CPU per request")
    figures["loops/fullest"] = statistics.median(max(spread) / (sum(spread) / len(spread)) for spread in spreads)
    notes.append(f"one loop took {figures['loops/cpu/1']:.2f} us of CPU per request at {shape.name}, two took {figures['loops/cpu/2']:.2f} us, "
                 "both free to use both CPUs")
    notes.append("connections per loop with two loops, by round: " + ", ".join("/".join(map(str, spread)) for spread in spreads))


def visit(settings: Settings, server: Peer, shape: Shape, loops: int) -> tuple[float, list[int]]:
    log = RESULTS / "loops.log"
    both = {settings.server_cpu, settings.load_cpu}
    with start(server, free_port(), both, log, extra=("--loops", str(loops))) as running:
        warm = h2load(shape, running.port, shape.warm_up, {settings.load_cpu})
        requests = int(min(shape.requests_max, max(shape.warm_up, warm.requests_per_second * settings.load_seconds)))
        time.sleep(0.1)
        before = machine.cpu_seconds(running.pid)
        h2load(shape, running.port, requests, {settings.load_cpu})
        spent = machine.cpu_seconds(running.pid) - before
    words = log.read_text().split("connections per loop:")
    if len(words) != 2:
        raise SystemExit(f"bench-server did not say how its connections spread: {log.read_text()[-500:]}")
    return spent * 1e6 / requests, [int(word) for word in words[1].split()]
