"""What a rendered manifest says about one workload, as the kubelet would read it."""

import subprocess

import yaml


def render(root, overlay: str) -> list[dict]:
    text = subprocess.run(["kubectl", "kustomize", str(root / "k8s/overlays" / overlay)], check=True, capture_output=True, text=True).stdout
    return [one for one in yaml.safe_load_all(text) if one]


def environment(container: dict, documents: list[dict]) -> dict[str, str]:
    """The container's variables: ConfigMaps first, `env` over them."""
    maps = {one["metadata"]["name"]: one["data"] for one in documents if one["kind"] == "ConfigMap"}
    found: dict[str, str] = {}
    for source in container.get("envFrom", []):
        found |= maps[source["configMapRef"]["name"]]
    return found | {one["name"]: one["value"] for one in container.get("env", [])}


def probe_command(container: dict, kind: str) -> tuple[int, str]:
    probe = container[kind]["grpc"]
    return probe["port"], probe.get("service", "")


def secret_names(template: dict) -> set[str]:
    names = set()
    for volume in template["spec"].get("volumes", []):
        if volume["name"] == "secrets":
            names |= {source["secret"]["name"] for source in volume["projected"]["sources"]}
    return names
