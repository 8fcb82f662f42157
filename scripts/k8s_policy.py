"""Checks rendered manifests against the rules that every workload of ours keeps: k8s_policy.py FILE...

Prints one line per breach and fails if there is any.
"""

import sys

import yaml

OUR_PROGRAMS = {"edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway", "edge-worker"}
PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def breaches(documents: list[dict]):
    workloads = [one for one in documents if one["kind"] in ("Deployment", "StatefulSet")]
    names = {kind: {one["metadata"]["name"] for one in documents if one["kind"] == kind} for kind in
             ("Service", "ServiceAccount", "PodDisruptionBudget", "NetworkPolicy")}
    missing = OUR_PROGRAMS - {one["metadata"]["name"] for one in workloads}
    if missing:
        yield f"no workload for {sorted(missing)}"
    if not any(one["kind"] == "NetworkPolicy" and one["spec"].get("podSelector") == {} for one in documents):
        yield "no policy denies what is not allowed"
    for workload in workloads:
        name, pod = workload["metadata"]["name"], workload["spec"]["template"]["spec"]
        yield from (f"{name}: {breach}" for breach in pod_breaches(pod))
        if name in OUR_PROGRAMS:
            yield from (f"{name}: {breach}" for breach in program_breaches(name, pod, names))


def pod_breaches(pod: dict):
    security = pod.get("securityContext", {})
    if pod.get("automountServiceAccountToken") is not False:
        yield "mounts a service account token"
    if security.get("runAsNonRoot") is not True:
        yield "may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        if own.get("allowPrivilegeEscalation") is not False:
            yield "may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"]:
            yield "keeps capabilities"
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
            yield "asks for no CPU or memory"
        if "memory" not in resources.get("limits", {}):
            yield "has no memory limit"
        if container["image"].endswith(":latest") or ":" not in container["image"]:
            yield f"runs an image without a version: {container['image']}"
        if "readinessProbe" not in container:
            yield "has no readinessProbe"


def program_breaches(name: str, pod: dict, names: dict[str, set[str]]):
    container = pod["containers"][0]
    for probe in PROBES:
        if probe not in container:
            yield f"has no {probe}"
    if container["securityContext"].get("readOnlyRootFilesystem") is not True:
        yield "may write to its own image"
    for kind, known in names.items():
        wanted = f"to-{name}" if kind == "NetworkPolicy" else name
        if wanted not in known:
            yield f"has no {kind} {wanted}"
    if not pod.get("topologySpreadConstraints"):
        yield "may run all its pods on one node"
    stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
    if pod.get("terminationGracePeriodSeconds", 30) < int(stop[-1]) + 30:
        yield "is killed before it can drain"


def main() -> int:
    count = 0
    for path in sys.argv[1:]:
        with open(path, encoding="utf-8") as file:
            documents = [one for one in yaml.safe_load_all(file) if one]
        for breach in breaches(documents):
            print(f"{path}: {breach}")
            count += 1
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
