"""The Markdown of one run."""

import datetime
import statistics

import machine
from goals import goals
from rounds import Run, median
from settings import ROOT, Settings


def table(head: list[str], rows: list[list[str]]) -> list[str]:
    if not rows:
        return []
    return ["| " + " | ".join(head) + " |", "|" + "---|" + "---:|" * (len(head) - 1), *("| " + " | ".join(row) + " |" for row in rows), ""]


def number(value: float | None, digits: int = 1) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def label(run: Run) -> str:
    return run.shape + (" TLS" if run.tls else "")


def by_peer(runs: list[Run], shape: str) -> dict[str, list[Run]]:
    found: dict[str, list[Run]] = {}
    for run in runs:
        if label(run) == shape:
            found.setdefault(run.peer, []).append(run)
    return dict(sorted(found.items(), key=lambda item: median(item[1], "cpu_us")))


def shape_table(runs: list[Run], shape: str, units: int, unit: str, floor: str) -> list[str]:
    peers = by_peer(runs, shape)
    if not peers:
        return []
    ours, least = peers.get("jetty"), peers.get(floor)
    rows = []
    for peer, mine in peers.items():
        cpu = median(mine, "cpu_us")
        per_second = 1e6 / cpu * units
        rows.append([
            peer, number(cpu, 2), f"{per_second / 1e9:.2f} GB" if unit == "byte" else f"{per_second:,.0f}",
            number(median(mine, "requests_per_second") * (1 if unit == "byte" else units), 0), number(median(mine, "p50_us"), 0),
            number(median(mine, "p99_us"), 0), number(cpu / median(ours, "cpu_us"), 2) if ours else "-",
            number(cpu / median(least, "cpu_us"), 2) if least else "-", f"{median(mine, 'others'):.0%}", number(median(mine, "resident_mib"), 0)])
    what = "requests" if unit in ("request", "byte") else f"{unit}s"
    per_cpu = f"{'bytes' if unit == 'byte' else what} per CPU second"
    head = [shape, "CPU us/request", per_cpu, f"{what}/s", "p50 us", "p99 us", "x jetty", f"x {floor}", "others", "MiB"]
    return table(head, rows)


def instruction_table(figures: dict[str, float]) -> list[str]:
    rows = [[key.removeprefix("instructions/").replace("/", ", "), number(value, 0)]
            for key, value in figures.items() if key.startswith("instructions/")]
    rows += [[f"client {key.removeprefix('client/instructions/')}, depth 32", number(value, 0)]
             for key, value in figures.items() if key.startswith("client/instructions/")]
    return table(["callgrind", "instructions per request (stream: per message)"], rows)


def client_table(figures: dict[str, float]) -> list[str]:
    rows = []
    for depth in ("32", "1"):
        for peer in ("jetty", "grpc-cpp"):
            if f"client/cpu/{peer}/{depth}" in figures:
                rows.append([f"{peer}, depth {depth}"] + [
                    number(figures[f"client/{what}/{peer}/{depth}"], digits) for what, digits in (("cpu", 2), ("rate", 0), ("p50", 1), ("p99", 1))])
    return table(["client, one connection", "CPU us/call", "calls/s", "p50 us", "p99 us"], rows)


def store_table(figures: dict[str, float]) -> list[str]:
    """What a handler that asks a store costs, beside the plain echo."""
    names = [("8x32", "echo"), ("redis", "echo after one Redis GET"), ("postgres", "echo after one PostgreSQL SELECT")]
    rows = []
    for name, text in names:
        count, cpu = figures.get(f"instructions/jetty/{name}"), figures.get(f"stores/cpu/{name}")
        if cpu is not None and count is not None:
            rows.append([text, number(count, 0), number(count - figures["instructions/jetty/8x32"], 0), number(cpu, 2)])
    return table(["jetty, 8x32", "instructions", "added", "CPU us/request"], rows)


def goal_lines(figures: dict[str, float]) -> list[str]:
    return [goal.line for goal in goals(figures) if goal.line]


def report(settings: Settings, runs: list[Run], figures: dict[str, float], shapes, notes: list[str], versions: list[str]) -> str:
    commit = machine.output_of("git", "-C", str(ROOT), "describe", "--always", "--dirty")
    lines = [
        f"Machine: {machine.description()}. {datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M} UTC, commit {commit}.",
        "",
        f"Medians of {settings.rounds} interleaved rounds, server on CPU {settings.server_cpu}, load on CPU {settings.load_cpu}. "
        + ", ".join(versions) + ".",
    ]
    if runs:
        spins = [run.spin_ms for run in runs]
        noise = [run.others for run in runs]
        lines += [
            "",
            f"Others' CPU during the loads: median {statistics.median(noise):.0%} of one CPU, most {max(noise):.0%}. "
            f"A fixed piece of work took {min(spins):.0f} to {max(spins):.0f} ms (median {statistics.median(spins):.0f}) on the server's CPU: "
            "differences below that spread, and below 25% in any case, mean nothing."]
        if statistics.median(noise) > settings.noise_max:
            lines += [
                "",
                "**Made on a busy machine**: requests/s and latencies say little; CPU per request is inflated for everybody; instructions hold."]
    lines += ["", "## Goals", "", "```", *goal_lines(figures), "```", ""]
    section = instruction_table(figures)
    if section:
        lines += ["## Instructions", "", *section]
    if runs:
        lines += ["## Servers", ""]
    for shape in shapes:
        lines += shape_table(runs, shape.name, shape.units, shape.unit, "nghttpd")
        lines += shape_table(runs, f"{shape.name} TLS", shape.units, shape.unit, "nghttpd-tls")
    section = client_table(figures)
    if section:
        lines += ["## Clients", "", *section]
    section = store_table(figures)
    if section:
        lines += ["## Stores", "", *section]
    if notes:
        lines += ["## Notes", "", *(f"- {note}" for note in notes), ""]
    return "\n".join(lines)


HEAD = """# Benchmarks of the RPC runtime

The last published run of `make bench-rpc`, as it printed it. To make this page anew:

```
make bench-rpc-grpc-swift       # once, ten minutes to half an hour: without it grpc-swift-2 is left out
PUBLISH=1 make bench-rpc
```

What is measured and how, and how to run a part of it: [Benchmarks/README.md](../Benchmarks/README.md). `x jetty` is CPU per request divided by
ours, `x nghttpd` the same by nghttpd's, which runs no handler: it sends files and is the floor for HTTP/2 and sockets.

"""


def published(text: str) -> str:
    return HEAD + text.rstrip("\n") + "\n"
