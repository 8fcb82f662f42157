"""Rendered manifests, by kind and name, and which pods a selector selects."""

PROGRAMS = {"edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway", "edge-worker"}
JOBS = {"upload-patterns"}
# The default of the setting drain.seconds.
DRAIN_SECONDS = 25


class Rendered:
    def __init__(self, documents: list[dict]):
        self.documents = documents

    def all(self, kind: str) -> list[dict]:
        return [one for one in self.documents if one["kind"] == kind]

    def names(self, kind: str) -> set[str]:
        return {one["metadata"]["name"] for one in self.all(kind)}

    def one(self, kind: str, name: str) -> dict:
        return next(one for one in self.all(kind) if one["metadata"]["name"] == name)

    def pods(self):
        """Kind, name and pod template of everything that makes pods."""
        for one in self.all("Deployment") + self.all("StatefulSet"):
            template = one["spec"]["template"]
            claims = [claim["metadata"]["name"] for claim in one["spec"].get("volumeClaimTemplates", [])]
            yield one["kind"], one["metadata"]["name"], {**template, "spec": {**template["spec"], "claims": claims}}
        for one in self.all("CronJob"):
            yield "CronJob", one["metadata"]["name"], one["spec"]["jobTemplate"]["spec"]["template"]

    def selected(self, selector: dict) -> set[str]:
        """The names of the workloads whose pods have what `selector` asks for."""
        return {name for _, name, pod in self.pods() if matches(selector, pod["metadata"].get("labels", {}))}

    def services_of(self, name: str) -> list[dict]:
        return [one for one in self.all("Service") if name in self.selected(selector_of(one))]

    def replicas_are_set(self, name: str) -> bool:
        return "replicas" in self.one("Deployment", name)["spec"]

    def namespace_label(self, label: str) -> str | None:
        return next((one["metadata"].get("labels", {}).get(label) for one in self.all("Namespace")), None)


def selector_of(document: dict) -> dict:
    spec = document["spec"]
    if document["kind"] == "Service":
        return {"matchLabels": spec["selector"]}
    return spec["podSelector"] if document["kind"] == "NetworkPolicy" else spec["selector"]


def matches(selector: dict, labels: dict) -> bool:
    if any(labels.get(key) != value for key, value in selector.get("matchLabels", {}).items()):
        return False
    for rule in selector.get("matchExpressions", []):
        if rule["operator"] != "In":
            raise ValueError(f"the operator {rule['operator']} is not understood here")
        if labels.get(rule["key"]) not in rule["values"]:
            return False
    return True
