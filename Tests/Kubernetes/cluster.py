"""Pods without a container engine: each is a network namespace with an address of its own on one bridge.

What a container would see is put in place in a mount namespace of the pod: /etc/hosts with the names of the Services, /etc/jetty with its
secrets, a /tmp of its own. The program runs as the pod's user, without privileges.
"""

import contextlib
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

HUB = "hub"
SUBNET = "10.213.77"


class Cluster:
    """Must be closed. Needs root."""

    def __init__(self):
        self.name = f"jk{os.getpid()}"
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="jetty-kubernetes-", dir="/var/tmp"))
        self.directory.chmod(0o755)
        self.addresses: dict[str, str] = {}
        self.pods: list[Pod] = []
        self.made_directory = not os.path.exists("/etc/jetty")
        os.makedirs("/etc/jetty", exist_ok=True)
        self._ip("netns", "add", self.namespace(HUB))
        self._ip("-n", self.namespace(HUB), "link", "add", "br0", "type", "bridge")
        self._ip("-n", self.namespace(HUB), "addr", "add", f"{SUBNET}.1/24", "dev", "br0")
        for device in ("lo", "br0"):
            self._ip("-n", self.namespace(HUB), "link", "set", device, "up")

    def namespace(self, host: str) -> str:
        return f"{self.name}-{host}"

    def add_host(self, host: str) -> str:
        """A namespace with an address. Returns the address."""
        number = len(self.addresses) + 2
        address, outside, space = f"{SUBNET}.{number}", f"v{number}", self.namespace(host)
        self._ip("netns", "add", space)
        self._ip("-n", space, "link", "add", "eth0", "type", "veth", "peer", "name", outside, "netns", self.namespace(HUB))
        self._ip("-n", self.namespace(HUB), "link", "set", outside, "master", "br0", "up")
        self._ip("-n", space, "addr", "add", f"{address}/24", "dev", "eth0")
        for device in ("lo", "eth0"):
            self._ip("-n", space, "link", "set", device, "up")
        self.addresses[host] = address
        return address

    def inside(self, host: str, *command: str, **options) -> subprocess.CompletedProcess:
        """Runs a command of this machine in a host's network."""
        return subprocess.run(["ip", "netns", "exec", self.namespace(host), *command], timeout=60, text=True, **options)

    def close(self):
        for pod in self.pods:
            pod.kill()
        for host in [*self.addresses, HUB]:
            subprocess.run(["ip", "netns", "delete", self.namespace(host)], capture_output=True, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
        if self.made_directory:
            with contextlib.suppress(OSError):
                os.rmdir("/etc/jetty")

    @staticmethod
    def _ip(*arguments: str):
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


class Pod:
    """One container of one pod, run as its manifest says."""

    # Mounts are private to the pod's own namespace. `exec` all the way down, so that signals reach the program.
    _START = """
set -e
mount --bind "$HOSTS" /etc/hosts
mount -t tmpfs -o mode=755 tmpfs /etc/jetty
mkdir /etc/jetty/secrets /etc/jetty/tls
cp "$SECRETS"/* /etc/jetty/secrets/
[ -z "$(ls -A "$TLS")" ] || cp "$TLS"/* /etc/jetty/tls/
chown -R 0:"$GROUP" /etc/jetty/secrets /etc/jetty/tls && chmod 440 /etc/jetty/secrets/* && chmod -f 440 /etc/jetty/tls/* || true
mount -t tmpfs -o mode=1777,size=256m tmpfs /tmp
exec env -i PATH=/usr/bin:/bin "$@"
"""

    def __init__(self, cluster: Cluster, host: str, binary: pathlib.Path, template: dict, environment: dict[str, str],
                 files: tuple[pathlib.Path, pathlib.Path], hosts: pathlib.Path):
        spec = template["spec"]
        security, container = spec["securityContext"], spec["containers"][0]
        self.host = host
        self.container = container
        self.template, self.environment = template, environment
        self.address = cluster.addresses[host]
        self.log = cluster.directory / f"{host}.log"
        variables = {"HOSTS": str(hosts), "SECRETS": str(files[0]), "TLS": str(files[1]), "GROUP": str(security["fsGroup"])}
        user = ["setpriv", f"--reuid={security['runAsUser']}", f"--regid={security['runAsGroup']}", "--clear-groups", "--no-new-privs",
                "--bounding-set=-all"]
        self._output = open(self.log, "wb")
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", cluster.namespace(host), "unshare", "--mount", "--propagation", "private", "sh", "-c", self._START, "pod",
             *(f"{name}={value}" for name, value in environment.items()), *user, str(binary), *container.get("args", [])],
            env={**os.environ, **variables}, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT)
        cluster.pods.append(self)

    def execute(self, *command: str) -> str:
        """What `kubectl exec` does: a command inside the container, as its user, with its environment. Returns what it printed."""
        security = self.template["spec"]["securityContext"]
        done = subprocess.run(
            ["nsenter", f"--target={self.process.pid}", "--mount", "--net", f"--setuid={security['runAsUser']}", f"--setgid={security['runAsGroup']}",
             "env", "-i", "PATH=/usr/bin:/bin", *(f"{name}={value}" for name, value in self.environment.items()), *command],
            capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def wait(self, seconds: float) -> int:
        return self.process.wait(seconds)

    def terminate(self) -> float:
        """What the kubelet does: the preStop hook, then SIGTERM. Returns how long the program took to end."""
        begun = time.monotonic()
        hook = self.container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        if hook:
            subprocess.run(hook, check=True, timeout=30)
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        return time.monotonic() - begun

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._output.close()

    def text(self) -> str:
        return self.log.read_text(errors="replace")
