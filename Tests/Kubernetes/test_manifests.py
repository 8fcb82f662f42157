"""Starts every program as its own manifest says, in a network of its own, and asks it what the kubelet would ask.

The images are not there, so what stands in for a container is cluster.Pod: address, names, secrets, user and environment are the manifest's.
"""

import concurrent.futures
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import time

import certificates
import manifests
import pytest
from cluster import HUB, Cluster, Pod

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARIES = pathlib.Path(os.environ.get("JETTY_BINARIES", ROOT / ".build/release"))
PROGRAMS = ["upload-state", "chunk-metadata", "dedup", "finalize", "edge-selection", "gateway", "edge-worker"]
ACCOUNT = "Manifests"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")


class Platform:
    """The overlay's programs, its stores, and the names by which they find each other."""

    def __init__(self, overlay: str):
        self.documents = manifests.render(ROOT, overlay)
        self.cluster = Cluster()
        self.pods: dict[str, Pod] = {}
        self.stores: list[subprocess.Popen] = []
        try:
            self._start()
        except BaseException:
            self.close()
            raise

    def _start(self):
        directory = self.cluster.directory
        for host in [*PROGRAMS, "stores", "upload-patterns"]:
            self.cluster.add_host(host)
        self._write_hosts()
        self._start_stores()
        self._make_secrets()
        certificates.make(directory / "tls", [*PROGRAMS, "upload-patterns"])
        (directory / "bin").mkdir()
        for name in [*PROGRAMS, "admin"]:
            shutil.copy(BINARIES / f"jetty-{name}", directory / "bin")
        # Last first: a program must bear that what it needs comes later.
        for name in reversed(PROGRAMS):
            self.pods[name] = self.start(name, self._one("Deployment", name)["spec"]["template"])

    def start(self, name: str, template: dict, program: str | None = None) -> Pod:
        directory = self.cluster.directory
        files = directory / f"secrets-{name}"
        files.mkdir(exist_ok=True)
        for secret in manifests.secret_names(template):
            for key, value in self.secrets[secret].items():
                (files / key).write_text(value)
        return Pod(
            self.cluster, name, directory / "bin" / f"jetty-{program or name}", template,
            manifests.environment(template["spec"]["containers"][0], self.documents), (files, directory / "tls" / (program or name)), self.hosts)

    def _one(self, kind: str, name: str) -> dict:
        return next(one for one in self.documents if one["kind"] == kind and one["metadata"]["name"] == name)

    def _write_hosts(self):
        lines = ["127.0.0.1 localhost"]
        for one in self.documents:
            if one["kind"] == "Service":
                host = one["spec"]["selector"]["app.kubernetes.io/name"]
                lines.append(f"{self.cluster.addresses.get(host, self.cluster.addresses['stores'])} {one['metadata']['name']}")
        for name in ("postgres", "redis"):
            lines.append(f"{self.cluster.addresses['stores']} {name}")
        self.hosts = self.cluster.directory / "hosts"
        self.hosts.write_text("\n".join(lines) + "\n")

    def _make_secrets(self):
        run = {"check": True, "capture_output": True, "text": True}
        private = subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519"], **run).stdout
        public = subprocess.run(["openssl", "pkey", "-pubout"], input=private, **run).stdout
        self.secrets = {
            "jetty-core": {
                "token-private.pem": private,
                "token-public.pem": public,
                "postgres-url": f"postgresql://jetty:{self.password}@postgres:5432/jetty",
                "redis-url": f"redis://:{self.password}@redis:6379/0",
                "object-url-secret": secrets.token_hex(32),
            },
            "jetty-edge": {"token-public.pem": public},
            "jetty-store": {"store-access-key": "test", "store-secret-key": "test"},
        }

    def _start_stores(self):
        self.password = secrets.token_hex(16)
        space = self.cluster.namespace("stores")
        data = pathlib.Path(os.environ["JETTY_PG_BASE"]) / self.cluster.name
        self.database = data
        user, binaries = os.environ["JETTY_PG_USER"], os.environ["JETTY_PG_BIN"]
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        subprocess.run(["install", "-d", "-m", "700", "-o", user, str(data)], check=True)
        password_file = data / "password"
        password_file.write_text(self.password)
        shutil.chown(password_file, user)
        environment = os.environ | {"LC_ALL": "C"}
        subprocess.run(
            [*as_user, f"{binaries}/initdb", f"--pgdata={data}/data", "--username=jetty", f"--pwfile={password_file}", "--auth=scram-sha-256",
             "--encoding=UTF8", "--no-locale", "--no-sync"], check=True, capture_output=True, env=environment, cwd="/")
        with open(data / "data/pg_hba.conf", "a", encoding="utf-8") as file:
            file.write("host all all 0.0.0.0/0 scram-sha-256\n")
        subprocess.run([*as_user, f"{binaries}/postgres", "--single", "-D", f"{data}/data", "postgres"], input="CREATE DATABASE jetty\n",
                       text=True, check=True, capture_output=True, env=environment, cwd="/")
        log = open(self.cluster.directory / "stores.log", "wb")
        quiet = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": subprocess.STDOUT, "env": environment, "cwd": "/"}
        self.stores.append(subprocess.Popen(
            ["ip", "netns", "exec", space, *as_user, f"{binaries}/postgres", "-D", f"{data}/data", "-c", "listen_addresses=0.0.0.0",
             "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=200"], **quiet))
        self.stores.append(subprocess.Popen(
            ["ip", "netns", "exec", space, os.environ["JETTY_REDIS_SERVER"], "--bind", "0.0.0.0", "--requirepass", self.password, "--save", ""],
            **quiet))

    def close(self):
        self.cluster.close()
        for process in self.stores:
            process.send_signal(signal.SIGINT)  # PostgreSQL waits for nobody then
        for process in self.stores:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if hasattr(self, "database"):
            shutil.rmtree(self.database, ignore_errors=True)

    # MARK: Asking

    def probe(self, name: str, kind: str) -> str:
        """The answer to one probe of the manifest: SERVING, another status, or what went wrong."""
        container = self.pods[name].container
        port, service = manifests.probe_command(container, kind)
        seconds = container[kind].get("timeoutSeconds", 1)
        target = f"{self.cluster.addresses[name]}:{port}"
        done = self.cluster.inside(
            HUB, sys.executable, str(ROOT / "Tests/Kubernetes/grpc_probe.py"), target, service, str(seconds), capture_output=True)
        return (done.stdout + done.stderr).strip()

    def until_started(self, name: str):
        probe = self.pods[name].container["startupProbe"]
        deadline = time.monotonic() + probe["periodSeconds"] * probe["failureThreshold"]
        while (answer := self.probe(name, "startupProbe")) != "SERVING":
            assert self.pods[name].process.poll() is None, f"{name} ended:\n{self.pods[name].text()[-3000:]}"
            assert time.monotonic() < deadline, f"{name} did not start: {answer}\n{self.pods[name].text()[-3000:]}"
            time.sleep(0.2)

    def rest(self, method: str, path: str, key: str, body: dict | None = None) -> tuple[int, dict]:
        container = self.pods["gateway"].container
        port = next(one["containerPort"] for one in container["ports"] if one["name"] == "http")
        command = ["curl", "-sS", "-m", "20", "-X", method, "-w", "\n%{http_code}", "-H", f"Authorization: Bearer {key}",
                   f"http://{self.cluster.addresses['gateway']}:{port}{path}"]
        if body is not None:
            command += ["-H", "Content-Type: application/json", "-d", json.dumps(body)]
        text, status = self.cluster.inside(HUB, *command, capture_output=True, check=True).stdout.rsplit("\n", 1)
        return int(status), json.loads(text)

    def make_key(self) -> str:
        admin = str(self.cluster.directory / "bin/jetty-admin")
        return self.pods["gateway"].execute(admin, "account", "create", "--name", ACCOUNT, "--quiet").strip()


@pytest.fixture(scope="module", params=["dev", "production"])
def platform(request):
    made = Platform(request.param)
    try:
        for name in PROGRAMS:
            made.until_started(name)
        yield made
    finally:
        made.close()


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_answers_the_probes_of_its_manifest(platform, name):
    for kind in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert platform.probe(name, kind) == "SERVING"


def test_programs_find_each_other_by_the_names_of_their_services(platform):
    key = platform.make_key()
    # Through the gateway to UploadState, which asks ChunkMetadata.
    status, answer = platform.rest("GET", "/api/jetty/get-state/usr_test/file_agrai2ncsny2hh2q2hgsys7vbu", key)
    assert (status, answer) == (200, {"state": None}), answer
    # To EdgeSelection, which knows the edge by its heartbeat, asks Dedup, and opens a session.
    request = {"userId": "usr_test", "fileSize": 1000, "fileHash": "sha256:" + "ab" * 32, "userLocation": {"lat": 37.7, "lng": -122.4}}
    deadline = time.monotonic() + 30
    while True:
        status, answer = platform.rest("POST", "/api/jetty/optimal-edges", key, request)
        if status == 200 or time.monotonic() > deadline:
            break
        time.sleep(0.5)
    assert status == 200, answer
    assert [edge["id"] for edge in answer["edges"]] == ["sfo-1"]


def test_the_hourly_job_ends_well(platform):
    template = platform._one("CronJob", "upload-patterns")["spec"]["jobTemplate"]["spec"]["template"]
    pod = platform.start("upload-patterns", template, program="edge-selection")
    assert pod.wait(60) == 0, pod.text()[-3000:]
    assert "upload patterns" in pod.text()


def test_programs_end_within_their_grace(platform):
    """The last test of a platform: it takes it down, all at once."""
    with concurrent.futures.ThreadPoolExecutor(len(PROGRAMS)) as pool:
        seconds = dict(zip(PROGRAMS, pool.map(lambda name: platform.pods[name].terminate(), PROGRAMS)))
    for name in PROGRAMS:
        pod = platform.pods[name]
        assert pod.process.returncode == 0, f"{name}: {pod.text()[-3000:]}"
        assert seconds[name] < platform._one("Deployment", name)["spec"]["template"]["spec"]["terminationGracePeriodSeconds"]
