"""The policy test can fail: each of these changes to the rendered manifests is found."""

import copy
import pathlib
import sys

import manifests
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts/k8s"))

import policy  # noqa: E402

RENDERED = {overlay: manifests.render(ROOT, overlay) for overlay in ("dev", "production")}


def deployment(documents, name="dedup"):
    return next(one for one in documents if one["kind"] == "Deployment" and one["metadata"]["name"] == name)["spec"]


def container(documents):
    return deployment(documents)["template"]["spec"]["containers"][0]


def drop(kind, name):
    def change(documents):
        documents[:] = [one for one in documents if (one["kind"], one["metadata"]["name"]) != (kind, name)]

    return change


def let_in(documents, name, caller):
    network_policy = next(one for one in documents if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == name)
    for rule in network_policy["spec"]["ingress"]:
        for side in rule.get("from", []):
            side["podSelector"]["matchExpressions"][0]["values"].append(caller)


def let_out(documents, name, caller):
    network_policy = next(one for one in documents if one["kind"] == "NetworkPolicy" and one["metadata"]["name"] == name)
    network_policy["spec"]["podSelector"]["matchExpressions"][0]["values"].append(caller)


def one(documents, kind, name):
    return next(one for one in documents if (one["kind"], one["metadata"]["name"]) == (kind, name))


CHANGES = {
    "no Deployment": drop("Deployment", "dedup"),
    "no CronJob": drop("CronJob", "upload-patterns"),
    "no HorizontalPodAutoscaler": drop("HorizontalPodAutoscaler", "dedup"),
    "another's HorizontalPodAutoscaler": lambda documents: one(documents, "HorizontalPodAutoscaler", "dedup")["spec"]["scaleTargetRef"].update(
        name="finalize"),
    "a HorizontalPodAutoscaler without room": lambda documents: one(documents, "HorizontalPodAutoscaler", "dedup")["spec"].update(
        minReplicas=10),
    "a PodDisruptionBudget that lets nobody go": lambda documents: one(documents, "PodDisruptionBudget", "dedup")["spec"].update(maxUnavailable=0),
    "a ServiceAccount with a token": lambda documents: one(documents, "ServiceAccount", "dedup").pop("automountServiceAccountToken"),
    "no PodDisruptionBudget": drop("PodDisruptionBudget", "gateway"),
    "no headless Service": drop("Service", "finalize-headless"),
    "no ClusterIP Service": drop("Service", "finalize"),
    "no ServiceAccount": drop("ServiceAccount", "dedup"),
    "no policy": drop("NetworkPolicy", "dedup"),
    "no default": drop("NetworkPolicy", "default-deny"),
    "an edge may ask Dedup": lambda documents: let_in(documents, "dedup", "edge-worker"),
    "finalize may ask Redis": lambda documents: let_out(documents, "to-redis", "finalize"),
    "a probe gone": lambda documents: container(documents).pop("livenessProbe"),
    "a probe over HTTP": lambda documents: container(documents).update(livenessProbe={"httpGet": {"path": "/healthz", "port": "admin"}}),
    "a token": lambda documents: deployment(documents)["template"]["spec"].pop("automountServiceAccountToken"),
    "root": lambda documents: deployment(documents)["template"]["spec"]["securityContext"].update(runAsUser=0),
    "a writable image": lambda documents: container(documents)["securityContext"].update(readOnlyRootFilesystem=False),
    "a capability": lambda documents: container(documents)["securityContext"]["capabilities"].update(add=["NET_ADMIN"]),
    "no limit": lambda documents: container(documents)["resources"].pop("limits"),
    "no preStop": lambda documents: container(documents).pop("lifecycle"),
    "a short grace": lambda documents: deployment(documents)["template"]["spec"].update(terminationGracePeriodSeconds=20),
    "no spread": lambda documents: deployment(documents)["template"]["spec"].pop("topologySpreadConstraints"),
    "an image without a version": lambda documents: container(documents).update(image="jetty/dedup:latest"),
    "replicas": lambda documents: deployment(documents).update(replicas=2),
}


@pytest.mark.parametrize("overlay", RENDERED)
def test_what_is_committed_keeps_every_rule(overlay):
    assert list(policy.breaches(RENDERED[overlay])) == []


def test_a_store_without_a_probe_is_found():
    documents = copy.deepcopy(RENDERED["dev"])
    one(documents, "StatefulSet", "redis")["spec"]["template"]["spec"]["containers"][0].pop("livenessProbe")
    assert list(policy.breaches(documents)) == ["redis: has no livenessProbe"]


@pytest.mark.parametrize("what", CHANGES)
def test_a_breach_is_found(what):
    documents = copy.deepcopy(RENDERED["production"])
    CHANGES[what](documents)
    assert list(policy.breaches(documents))
