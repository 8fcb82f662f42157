"""Compares the network policies with who really calls whom.

Which services a program calls is what it asks to be told: a setting NAME.address in its --help. Which stores it uses likewise.
"""

import os
import re
import subprocess

import workloads

# What no setting says: edges announce themselves, so their addresses come from the registry.
CALL_EDGES = {"gateway", "edge-selection", "upload-patterns"}
RPC, HTTP = "rpc", "http"
STORE_PORTS = {"postgres.url": 5432, "redis.url": 6379}
HTTPS = 443


def settings_of(program: str) -> set[str]:
    binary = os.path.join(os.environ.get("JETTY_BINARIES", ".build/release"), f"jetty-{program}")
    text = subprocess.run([binary, "--help"], capture_output=True, text=True, check=True, timeout=30).stdout
    return {flag.replace("-", ".") for flag in re.findall(r"--([a-z0-9-]+)", text)}


def expected() -> tuple[set[tuple[str, str]], set[tuple[str, int]]]:
    """Arrows between programs, and from programs to ports outside."""
    calls, outside = set(), set()
    for program in sorted(workloads.PROGRAMS):
        settings = settings_of(program)
        for other in workloads.PROGRAMS:
            if f"{other.replace('-', '.')}.address" in settings:
                calls.add((program, other))
        outside |= {(program, port) for setting, port in STORE_PORTS.items() if setting in settings}
        if settings & {"store.url", "embedder.url"}:
            outside.add((program, HTTPS))
    outside |= {("upload-patterns", port) for port in STORE_PORTS.values()}
    return calls | {(caller, "edge-worker") for caller in CALL_EDGES}, outside


def arrow_breaches(rendered: workloads.Rendered):
    calls, outside = expected()
    ours = workloads.PROGRAMS | workloads.JOBS
    incoming, outgoing, leaving = set(), set(), set()
    denied = {"Ingress": False, "Egress": False}
    for policy in rendered.all("NetworkPolicy"):
        spec = policy["spec"]
        here = rendered.selected(spec["podSelector"])
        for direction in denied:
            denied[direction] |= spec["podSelector"] == {} and direction in spec["policyTypes"] and not spec.get(direction.lower())
        for rule in spec.get("ingress", []):
            if any(port["port"] == RPC for port in rule.get("ports", [])):
                incoming |= {(caller, one) for caller in peers(rule.get("from"), rendered) for one in here}
            if "from" not in rule and not all(port["port"] == HTTP for port in rule.get("ports", [{"port": None}])):
                yield f"NetworkPolicy {policy['metadata']['name']} lets anybody in at more than the HTTP port"
        for rule in spec.get("egress", []):
            if is_names(rule):
                continue
            for port in rule.get("ports", [{"port": None}]):
                if port["port"] == 7000:
                    outgoing |= {(one, called) for one in here for called in peers(rule.get("to"), rendered)}
                else:
                    leaving |= {(one, port["port"]) for one in here}
    for direction, is_denied in denied.items():
        if not is_denied:
            yield f"no policy denies {direction} by default"
    for what, found, wanted in (
        ("incoming calls", {arrow for arrow in incoming if arrow[0] in ours}, calls),
        ("outgoing calls", outgoing, calls),
        ("connections to stores", {arrow for arrow in leaving if arrow[0] in ours}, outside),
    ):
        yield from (f"{what}: {a} -> {b} is needed and not allowed" for a, b in sorted(wanted - found))
        yield from (f"{what}: {a} -> {b} is allowed and not needed" for a, b in sorted(found - wanted))


def peers(sides: list[dict] | None, rendered: workloads.Rendered) -> set[str]:
    if sides is None:
        return {name for _, name, _ in rendered.pods()}
    return set().union(*(rendered.selected(side["podSelector"]) for side in sides if set(side) == {"podSelector"}))


def is_names(rule: dict) -> bool:
    return [port["port"] for port in rule.get("ports", [])] == [53, 53]
