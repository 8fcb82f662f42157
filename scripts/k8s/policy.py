"""Checks rendered manifests against the rules that every workload of ours keeps: policy.py FILE...

Prints one line per breach and fails if there is any.
"""

import sys

import workloads
import yaml
from arrows import arrow_breaches

PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
NEEDED = ("ServiceAccount", "PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy")


def breaches(documents: list[dict]):
    rendered = workloads.Rendered(documents)
    missing = workloads.PROGRAMS - rendered.names("Deployment")
    if missing:
        yield f"no Deployment for {sorted(missing)}"
    if not workloads.JOBS <= rendered.names("CronJob"):
        yield f"no CronJob for {sorted(workloads.JOBS - rendered.names('CronJob'))}"
    for kind, name, pod in rendered.pods():
        yield from (f"{kind} {name}: {breach}" for breach in pod_breaches(pod["spec"]))
        yield from (f"{kind} {name}: {breach}" for breach in reference_breaches(pod["spec"], rendered))
        if kind == "Deployment":
            yield from (f"{name}: {breach}" for breach in program_breaches(name, pod, rendered))
        if kind == "StatefulSet":
            yield from (f"{name}: has no {probe}" for probe in PROBES if probe not in pod["spec"]["containers"][0])
        if kind == "CronJob":
            yield from (f"{name}: {breach}" for breach in job_breaches(name, rendered))
    yield from selector_breaches(rendered)
    yield from arrow_breaches(rendered)
    if rendered.namespace_label("pod-security.kubernetes.io/enforce") != "restricted":
        yield "the namespace does not enforce the restricted pod security standard"


def pod_breaches(pod: dict):
    """The restricted pod security standard, and a little more."""
    security = pod.get("securityContext", {})
    if pod.get("automountServiceAccountToken") is not False:
        yield "mounts a service account token"
    if security.get("runAsNonRoot") is not True or security.get("runAsUser", 0) == 0:
        yield "may run as root"
    if security.get("seccompProfile", {}).get("type") != "RuntimeDefault":
        yield "has no seccomp profile"
    if any(pod.get(host) for host in ("hostNetwork", "hostPID", "hostIPC")) or any("hostPath" in one for one in pod.get("volumes", [])):
        yield "shares something with its node"
    for container in pod["containers"] + pod.get("initContainers", []):
        own = container.get("securityContext", {})
        if own.get("privileged") or own.get("allowPrivilegeEscalation") is not False:
            yield "may gain privileges"
        if own.get("capabilities", {}).get("drop") != ["ALL"] or own.get("capabilities", {}).get("add"):
            yield "keeps capabilities"
        resources = container.get("resources", {})
        if not {"cpu", "memory"} <= resources.get("requests", {}).keys():
            yield "asks for no CPU or memory"
        if "memory" not in resources.get("limits", {}):
            yield "has no memory limit"
        if container["image"].endswith(":latest") or ":" not in container["image"]:
            yield f"runs an image without a version: {container['image']}"
        mounts = {mount["name"] for mount in container.get("volumeMounts", [])}
        unknown = mounts - {volume["name"] for volume in pod.get("volumes", [])} - set(pod.get("claims", []))
        if unknown:
            yield f"mounts what is no volume: {sorted(unknown)}"


def reference_breaches(pod: dict, rendered: workloads.Rendered):
    """Every ConfigMap that is named is there. (Secrets are made by hand.)"""
    for container in pod["containers"]:
        for source in container.get("envFrom", []):
            name = source.get("configMapRef", {}).get("name")
            if name and name not in rendered.names("ConfigMap"):
                yield f"there is no ConfigMap {name}"
    account = pod.get("serviceAccountName")
    if account and account not in rendered.names("ServiceAccount"):
        yield f"there is no ServiceAccount {account}"


def program_breaches(name: str, pod: dict, rendered: workloads.Rendered):
    spec = pod["spec"]
    container = spec["containers"][0]
    for probe in PROBES:
        port = container.get(probe, {}).get("grpc", {}).get("port")
        if port is None:
            yield f"has no gRPC {probe}"
        elif port not in {one["containerPort"] for one in container["ports"]}:
            yield f"its {probe} asks at a port that is not open"
    if container["securityContext"].get("readOnlyRootFilesystem") is not True:
        yield "may write to its own image"
    for kind in NEEDED:
        if name not in rendered.names(kind):
            yield f"has no {kind}"
    headless = [one["spec"].get("clusterIP") == "None" for one in rendered.services_of(name)]
    if sorted(headless) != [False, True]:
        yield "needs one headless and one ClusterIP Service"
    yield from scaling_breaches(name, rendered)
    if name in rendered.names("ServiceAccount") and rendered.one("ServiceAccount", name).get("automountServiceAccountToken") is not False:
        yield "its ServiceAccount hands out a token"
    keys = {one["topologyKey"] for one in spec.get("topologySpreadConstraints", [])}
    if not {"kubernetes.io/hostname", "topology.kubernetes.io/zone"} <= keys:
        yield "may run all its pods on one node or in one zone"
    stop = container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", ["", "0"])
    if int(stop[-1]) < 1:
        yield "stops before the endpoints have forgotten it"
    if spec.get("terminationGracePeriodSeconds", 30) < int(stop[-1]) + workloads.DRAIN_SECONDS + 5:
        yield "is killed before it can drain"
    if rendered.replicas_are_set(name):
        yield "sets replicas, which its HorizontalPodAutoscaler decides"


def scaling_breaches(name: str, rendered: workloads.Rendered):
    """An autoscaler that scales something else, or cannot, and a budget that lets all pods go or none."""
    if name in rendered.names("HorizontalPodAutoscaler"):
        spec = rendered.one("HorizontalPodAutoscaler", name)["spec"]
        if (spec["scaleTargetRef"]["kind"], spec["scaleTargetRef"]["name"]) != ("Deployment", name):
            yield "its HorizontalPodAutoscaler scales something else"
        if not 1 <= spec.get("minReplicas", 1) < spec["maxReplicas"]:
            yield "its HorizontalPodAutoscaler has no room"
        if "cpu" not in {one.get("resource", {}).get("name") for one in spec.get("metrics", [])}:
            yield "its HorizontalPodAutoscaler does not look at the CPU"
    if name in rendered.names("PodDisruptionBudget") and rendered.one("PodDisruptionBudget", name)["spec"].get("maxUnavailable") != 1:
        yield "its PodDisruptionBudget does not let exactly one pod go"


def job_breaches(name: str, rendered: workloads.Rendered):
    spec = rendered.one("CronJob", name)["spec"]
    if spec.get("concurrencyPolicy") != "Forbid":
        yield "may run twice at once"
    if "activeDeadlineSeconds" not in spec["jobTemplate"]["spec"]:
        yield "may run for ever"


def selector_breaches(rendered: workloads.Rendered):
    """A selector that selects nothing guards nothing."""
    for kind in ("Service", "PodDisruptionBudget", "NetworkPolicy"):
        for one in rendered.all(kind):
            if not rendered.selected(workloads.selector_of(one)):
                yield f"{kind} {one['metadata']['name']} selects no pod"


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
