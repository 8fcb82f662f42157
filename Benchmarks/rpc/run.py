"""Measures the RPC runtime beside its peers and prints a report. Run it with `make bench-rpc`; README.md says what can be chosen."""

import dataclasses
import json
import os
import subprocess
import sys
import time

import clients
import loops
import machine
import stores
from instructions import of_server
from report import published, report
from rounds import Rounds, Run, median, say
from servers import CERTIFICATE, KEY, Peer, free_port, peers
from settings import BENCHMARKS, RESULTS, ROOT, WORK, Settings
from shapes import Shape, make

# Server parts of the interleaved rounds; TLS is a second visit with the first unary shape.
ROUND_PARTS = ("unary", "bulk", "stream")


def prepare() -> None:
    """Python's messages and a certificate for localhost."""
    from grpc_tools import protoc

    generated = WORK / "python"
    generated.mkdir(parents=True, exist_ok=True)
    RESULTS.mkdir(exist_ok=True)
    arguments = ["protoc", f"-I{BENCHMARKS / 'proto'}", f"--python_out={generated}", f"--grpc_python_out={generated}", "bench.proto"]
    if protoc.main(arguments) != 0:
        raise SystemExit("protoc failed")
    sys.path.insert(0, str(generated))
    if not (CERTIFICATE.exists() and KEY.exists()):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650",
             "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(KEY), "-out", str(CERTIFICATE)],
            check=True, capture_output=True)


def chosen_peers(settings: Settings, notes: list[str]) -> list[Peer]:
    chosen = []
    for peer in peers():
        if not settings.wants_peer(peer.name.removesuffix("-tls")):
            continue
        if peer.is_built:
            chosen.append(peer)
        else:
            notes.append(f"{peer.name} is not built" + (": `make bench-rpc-grpc-swift`" if peer.name == "grpc-swift-2" else ""))
    return chosen


def count_instructions(settings: Settings, chosen: list[Peer], shapes: dict[str, Shape], figures: dict[str, float]) -> None:
    wanted = [
        ("jetty", "8x32"), ("nghttpd", "8x32"), ("jetty", "8x32 no deadline"), ("nghttpd", "8x32 no deadline"), ("grpc-cpp-queue", "8x32"),
        ("jetty", "stream"), ("jetty", "put 1 MiB"), ("nghttpd", "put 1 MiB"), ("jetty", "get 1 MiB"), ("nghttpd", "get 1 MiB")]
    for name, shape in wanted:
        for peer in chosen:
            if peer.name != name or (settings.quick and name.startswith("grpc")):
                continue
            # A message of a stream counts, but not a byte: copies cost few instructions, and few messages are enough.
            unit = 1 if shapes[shape].unit == "byte" else shapes[shape].units
            requests = {"request": 10_000, "message": 8, "byte": 100}[shapes[shape].unit]
            count = of_server(
                peer, shapes[shape], free_port(), {settings.server_cpu}, {settings.load_cpu}, requests=requests,
                keep=RESULTS / f"callgrind.{name}.{shape.replace(' ', '-')}" if name == "jetty" else None)
            figures[f"instructions/{name}/{shape}"] = count / unit
            say(f"  {name:16} {shape:12} {count / unit:9.0f} instructions")


def versions() -> list[str]:
    found = [machine.output_of("nghttpd", "--version")]
    for name, package in (("gRPC C++", "libgrpc++-dev"), ("grpc-go", "golang-google-grpc-dev")):
        found.append(f"{name} {machine.output_of('dpkg-query', '-W', '-f=${Version}', package)}")
    import grpc

    # As peers/grpc-swift/Package.swift says.
    return found + [f"grpcio {grpc.__version__}", "grpc-swift-2 2.4.3"]


def collect(runs: list[Run], figures: dict[str, float]) -> None:
    for run in runs:
        shape = run.shape + (" TLS" if run.tls else "")
        mine = [other for other in runs if (other.peer, other.shape, other.tls) == (run.peer, run.shape, run.tls)]
        figures[f"cpu/{run.peer}/{shape}"] = median(mine, "cpu_us")


def main() -> int:
    settings = Settings()
    prepare()
    import bench_pb2

    shapes = make(bench_pb2)
    started, notes, figures = time.monotonic(), [], {}
    chosen = chosen_peers(settings, notes)
    if settings.wants("instructions"):
        say("instructions")
        count_instructions(settings, chosen, shapes, figures)
    wanted = [shape for shape in shapes.values() if shape.part in ROUND_PARTS and settings.wants(shape.part)]
    tls_shape = shapes["8x32"] if settings.wants("tls") else None
    rounds = Rounds(settings, chosen, wanted, tls_shape)
    if wanted or tls_shape:
        rounds.run()
    collect(rounds.runs, figures)
    ours = chosen[0]
    if settings.wants("client"):
        say("clients")
        clients.measure(settings, ours, figures)
    if settings.wants("stores"):
        say("stores")
        stores.measure(settings, ours, shapes, figures)
    if settings.wants("loops"):
        say("loops")
        loops.measure(settings, ours, shapes["32x8"], figures, notes)
    notes.append(f"the whole run took {(time.monotonic() - started) / 60:.1f} minutes")
    text = report(settings, rounds.runs, figures, list(shapes.values()), notes, versions())
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    (RESULTS / f"{stamp}.md").write_text(text)
    with (RESULTS / f"{stamp}.json").open("w") as file:
        json.dump({"figures": figures, "attempts": [dataclasses.asdict(run) for run in rounds.attempts]}, file, indent=1)
    if settings.publish:
        (ROOT / "docs/BENCHMARKS.md").write_text(published(text))
    latest = RESULTS / "latest.md"
    latest.unlink(missing_ok=True)
    os.symlink(f"{stamp}.md", latest)
    print(text)
    say(f"written to {RESULTS / f'{stamp}.md'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
