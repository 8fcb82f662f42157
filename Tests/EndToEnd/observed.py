"""What the processes of a stack say about themselves: metrics, readiness, logs."""

import json
import re

import httpx

SERVICES = ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway"]
SAMPLE = re.compile(r"^([a-z_A-Z0-9]+)(?:\{(.*)\})? (\S+)$")
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def parts(stack) -> list[str]:
    return SERVICES + [f"edge-{edge}" for edge in stack.env["JETTY_EDGE_IDS"].split(",")]


def admin(stack, part: str, path: str) -> httpx.Response:
    return httpx.get(f"http://{stack._admin(part)}{path}", timeout=10, trust_env=False)


class Metrics:
    """The metrics page of one process, parsed strictly: every sample belongs to a family that was announced before it."""

    def __init__(self, text: str):
        self.text = text
        self.kinds: dict[str, str] = {}
        self.samples: list[tuple[str, dict[str, str], float]] = []
        helped = set()
        for line in text.splitlines():
            if line.startswith("# HELP "):
                helped.add(line.split(" ", 3)[2])
            elif line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name in helped and name not in self.kinds, line
                self.kinds[name] = kind
            else:
                found = SAMPLE.match(line)
                assert found, f"no sample: {line}"
                name, labels, value = found.groups()
                family = name if name in self.kinds else re.sub(r"_(bucket|sum|count)$", "", name)
                assert family in self.kinds, f"{name} was not announced"
                self.samples.append((name, dict(LABEL.findall(labels or "")), float(value)))

    def sum(self, name: str, **labels: str) -> float:
        return sum(value for found, having, value in self.samples if found == name and labels.items() <= having.items())

    def labels(self, family: str) -> set[str]:
        """The names of the labels that a family's samples have."""
        names = [having for found, having, _ in self.samples if re.sub(r"_(bucket|sum|count)$", "", found) == family or found == family]
        return {label for having in names for label in having} - {"le"}


def metrics(stack, part: str) -> Metrics:
    answer = admin(stack, part, "/metrics")
    assert answer.status_code == 200 and answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    return Metrics(answer.text)


def log_lines(stack, part: str) -> list[dict]:
    """The log of one process. Everything that it writes is JSON."""
    lines = []
    for line in (stack.directory / "log" / f"{part}.log").read_text().splitlines():
        if line.startswith("{"):
            lines.append(json.loads(line))
    return lines
