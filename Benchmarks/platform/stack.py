"""What a benchmark needs of the running stack: its settings, its processes, its gateway and its gRPC services."""

import http.client
import importlib
import json
import os
import pathlib
import sys
import tempfile
import urllib.parse

import grpc

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
STACK = pathlib.Path(os.environ["JETTY_STACK"])
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


class Process:
    """One process of the stack, read from /proc."""

    def __init__(self, name: str):
        self.name = name
        self.pid = int((STACK / "run" / f"{name}.pid").read_text().split()[0])

    def cpu_seconds(self) -> float:
        fields = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS

    def memory_mebibytes(self, which: str = "VmRSS") -> float:
        """VmRSS: now; VmHWM: the most so far."""
        for line in pathlib.Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith(which + ":"):
                return int(line.split()[1]) / 1024
        raise LookupError(which)


class Client:
    """One kept-alive HTTP/1.1 connection with an Authorization header."""

    def __init__(self, url: str, credential: str):
        self.host = urllib.parse.urlsplit(url).netloc
        self.headers = {"Authorization": f"Bearer {credential}", "Content-Type": "application/json"}
        self.connection = http.client.HTTPConnection(self.host, timeout=60)

    def call(self, method: str, path: str, body=None, headers=None) -> bytes:
        if isinstance(body, dict):
            body = json.dumps(body).encode()
        self.connection.request(method, path, body, {**self.headers, **(headers or {})})
        response = self.connection.getresponse()
        content = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {content[:500]!r}")
        return content

    def json(self, method: str, path: str, body=None) -> dict:
        return json.loads(self.call(method, path, body))


def contracts(name: str):
    """The messages and the stub of proto/jetty/v1/<name>.proto, compiled for this process only."""
    from grpc_tools import protoc  # heavy, and not every benchmark calls by gRPC

    import google.api

    common = pathlib.Path(list(google.api.__path__)[0]).parent.parent
    builtin = pathlib.Path(protoc.__file__).parent / "_proto"
    if not hasattr(contracts, "directory"):
        contracts.directory = tempfile.TemporaryDirectory(prefix="jetty-contracts-")
        sys.path.insert(0, contracts.directory.name)
        protos = sorted(str(path.relative_to(ROOT / "proto")) for path in (ROOT / "proto/jetty/v1").glob("*.proto"))
        status = protoc.main(
            ["protoc", f"-I{ROOT / 'proto'}", f"-I{common}", f"-I{builtin}", f"--python_out={contracts.directory.name}",
             f"--grpc_python_out={contracts.directory.name}", *protos]
        )
        if status:
            raise RuntimeError("protoc failed")
    return importlib.import_module(f"jetty.v1.{name}_pb2"), importlib.import_module(f"jetty.v1.{name}_pb2_grpc")


def channel(environment_name: str) -> grpc.Channel:
    return grpc.insecure_channel(os.environ[environment_name])


def percentile(samples: list[float], share: float) -> float:
    ordered = sorted(samples)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
