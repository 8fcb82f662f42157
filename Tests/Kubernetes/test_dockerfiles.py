"""What can be seen of an image without building it: its Dockerfile against its manifest, and against what its program is linked with."""

import os
import pathlib
import re
import subprocess

import manifests
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("JETTY_BINARIES", ROOT / ".build/release"))
DOCKERFILES = {
    "edge-selection": "EdgeSelection", "chunk-metadata": "ChunkMetadata", "upload-state": "UploadState", "dedup": "Dedup", "finalize": "Finalize",
    "gateway": "Gateway", "edge-worker": "EdgeWorker",
}
RENDERED = manifests.render(ROOT, "production")
# In every Debian image.
BASE = {"libc6", "libgcc-s1"}
# Needed by Foundation, which is linked in there.
STATIC = {"libstdc++6"}


def stages(name: str) -> list[str]:
    text = (ROOT / "services" / DOCKERFILES[name] / "Dockerfile").read_text().replace("\\\n", " ")
    return re.split(r"^FROM ", text, flags=re.MULTILINE)[1:]


def linked_packages(program: str) -> set[str]:
    """The Debian packages of the shared libraries that a program names, Swift's own left out: those are linked into it in an image."""
    dynamic = subprocess.run(["readelf", "--dynamic", BINARIES / program], check=True, capture_output=True, text=True).stdout
    names = set(re.findall(r"\(NEEDED\).*\[(.+)\]", dynamic))
    found = subprocess.run(["ldd", BINARIES / program], check=True, capture_output=True, text=True).stdout
    packages = set()
    for name, path in re.findall(r"^\s*(\S+) => (/\S+)", found, re.MULTILINE):
        if name in names and "/swift/" not in path:
            # Debian keeps /lib as a link to /usr/lib, and dpkg knows one of the two.
            owner = next(
                done.stdout for one in (path, path.removeprefix("/usr"), f"/usr{path}")
                if (done := subprocess.run(["dpkg", "-S", one], capture_output=True, text=True, check=False)).returncode == 0)
            packages.add(owner.split(":")[0])
    return packages


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_image_fits_its_manifest(name):
    [deployment] = [one for one in RENDERED if one["kind"] == "Deployment" and one["metadata"]["name"] == name]
    pod = deployment["spec"]["template"]["spec"]
    build, run = stages(name)
    assert f"--product jetty-{name} --static-swift-stdlib" in build, "Swift's runtime is linked in"
    assert run.startswith("debian:bookworm-slim"), "nothing of the build is in the image"
    assert re.search(r"^USER (\d+)$", run, re.MULTILINE)[1] == str(pod["securityContext"]["runAsUser"])
    exposed = {int(port) for port in re.search(r"^EXPOSE (.+)$", run, re.MULTILINE)[1].split()}
    assert exposed == {port["containerPort"] for port in pod["containers"][0]["ports"]}
    assert f'ENTRYPOINT ["/usr/local/bin/jetty-{name}"]' in run
    assert re.search(rf"image: .*jetty/{name}:", f"image: {pod['containers'][0]['image']}")


@pytest.mark.parametrize("name", DOCKERFILES)
def test_the_image_has_the_libraries_that_its_programs_are_linked_with(name):
    _, run = stages(name)
    installed = set(re.search(r"apt-get install -y --no-install-recommends ([^&]+)&&", run)[1].split())
    for program in set(re.findall(r"/usr/local/bin/(jetty-[a-z-]+)", run)):
        packages = linked_packages(program)
        assert "libc6" in packages and len(packages) > 2, packages
        lacking = (packages | STATIC) - BASE - installed
        assert lacking == set(), f"{program} lacks {lacking}"


def test_only_the_gateway_can_make_accounts():
    assert {name for name in DOCKERFILES if "/usr/local/bin/jetty-admin" in stages(name)[1]} == {"gateway"}
