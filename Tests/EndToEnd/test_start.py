"""Starting: configurations that cannot be used, ports that are taken, what is not there yet."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time
import urllib.parse

import httpx
import pytest
from stack import BINARIES, ROOT

PROGRAMS = ["edge-selection", "chunk-metadata", "upload-state", "dedup", "finalize", "gateway", "edge-worker"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(program: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARIES / f"jetty-{program}", *arguments], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=30
    )


@pytest.fixture
def settings(stack, tmp_path) -> dict[str, str]:
    """Everything that a gateway needs, from the running stack."""
    secrets = stack.directory / "secrets"
    named = {name: value for name, value in stack.env.items() if name.endswith("_ADDRESS") and "ADMIN" not in name}
    return named | {
        "JETTY_POSTGRES_URL": stack.env["JETTY_POSTGRES_URL"],
        "JETTY_REDIS_URL": stack.env["JETTY_REDIS_URL"],
        "JETTY_STORE_URL": f"file://{tmp_path}",
        "JETTY_OBJECT_URL_SECRET_FILE": str(secrets / "object-url-secret"),
        "JETTY_TOKEN_PUBLIC_KEY_FILE": str(secrets / "token-public.pem"),
        "JETTY_TOKEN_PRIVATE_KEY_FILE": str(secrets / "token-private.pem"),
    }


@contextlib.contextmanager
def running(program: str, *arguments: str, **environment: str):
    process = subprocess.Popen(
        [BINARIES / f"jetty-{program}", *arguments], env={"PATH": os.environ["PATH"], **environment}, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait(30)
        process.stdout.close()


@pytest.mark.parametrize("program", PROGRAMS)
def test_without_configuration_all_that_is_needed_is_named(program):
    ended = run(program)
    assert ended.returncode == 2
    lines = ended.stderr.splitlines()
    assert all(line.startswith(("configuration: ", f"jetty-{program}: configuration: ")) for line in lines), ended.stderr
    for name in ("JETTY_EDGE_ID", "JETTY_STORE_URL") if program == "edge-worker" else ("JETTY_POSTGRES_URL",):
        assert name in ended.stderr
    # What a program does not use it does not ask for.
    assert ("JETTY_REDIS_URL" in ended.stderr) == (program not in ("edge-worker", "finalize"))
    assert ended.stdout == ""


@pytest.mark.parametrize("program", PROGRAMS)
def test_help_lists_limits(program):
    ended = run(program, "--help")
    assert ended.returncode == 0 and "--rpc-keepalive-ms" in ended.stdout and "--check-config" in ended.stdout


def test_check_config_says_yes_and_no(settings, tmp_path):
    good = run("gateway", "--check-config", **settings)
    assert good.returncode == 0 and "can be used" in good.stdout and good.stderr == ""
    file = tmp_path / "jetty.json"
    file.write_text(json.dumps({"gateway": {"call": {"timeout": {"ms": 5}}}, "loops": "many", "colour": "red", "http.stall.timeout.ms": 1e9}))
    wrong = settings | {"JETTY_REDIS_URL": "http://x", "JETTY_REDIS_URI": "y"}
    bad = run("gateway", "--check-config", "--config", str(file), "--drain-seconds", "-4", **wrong)
    assert bad.returncode == 2 and bad.stdout == ""
    for part in (
        "gateway.call.timeout.ms must be", "loops must be", "colour in ", "http.stall.timeout.ms must be", "drain.seconds must be",
        "redis.url cannot be used", "JETTY_REDIS_URI in the environment is no setting of this program; did you mean JETTY_REDIS_URL?",
    ):
        assert part in bad.stderr, f"{part}\n{bad.stderr}"
    assert len(bad.stderr.splitlines()) == 7, bad.stderr


def test_the_file_in_the_manual_serves_every_program(settings, tmp_path):
    page = (ROOT / "docs/OPERATIONS.md").read_text()
    text = re.search(r"```json\n(.*?)```", page, re.DOTALL)[1]
    for name, variable in (("token-public.pem", "JETTY_TOKEN_PUBLIC_KEY_FILE"), ("token-private.pem", "JETTY_TOKEN_PRIVATE_KEY_FILE"),
                           ("object-url-secret", "JETTY_OBJECT_URL_SECRET_FILE")):
        text = text.replace(f"/etc/jetty/{name}", settings[variable])
    for name in ("postgres", "redis"):
        secret = tmp_path / f"{name}-url"
        secret.write_text(settings[f"JETTY_{name.upper()}_URL"])
        text = text.replace(f"/etc/jetty/{name}-url", str(secret))
    assert "/etc/jetty/" not in text
    file = tmp_path / "jetty.json"
    file.write_text(text)
    for program in PROGRAMS:
        [line] = re.findall(rf"^jetty-{program} (--listen .*) &$", page, re.MULTILINE)
        checked = run(program, *line.replace("--web-directory web", f"--web-directory {ROOT}/web").split(), "--check-config", JETTY_CONFIG=str(file))
        assert checked.returncode == 0, f"{program}: {checked.stderr}"


def test_what_contradicts_itself_is_refused(settings):
    port = free_port()
    bad = run(
        "finalize", "--check-config", "--listen", f"127.0.0.1:{port}", "--admin-listen", f"127.0.0.1:{port}", "--finalize-retry-min-ms", "9000",
        "--finalize-retry-max-ms", "10", **settings | {"JETTY_STORE_ACCESS_KEY": "only-half"},
    )
    assert bad.returncode == 2
    for part in ("listen and admin.listen are the same address", "finalize.retry.min.ms is larger", "store.secret.key is missing"):
        assert part in bad.stderr, bad.stderr
    assert "only-half" not in bad.stderr


def test_a_key_that_is_none_is_named(settings, tmp_path):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("not a key")
    bad = run("gateway", "--check-config", **settings | {"JETTY_TOKEN_PUBLIC_KEY_FILE": str(wrong)})
    assert bad.returncode == 2 and "token.public.key.file" in bad.stderr and str(wrong) in bad.stderr


@pytest.mark.parametrize("door", ["--listen", "--admin-listen"])
def test_a_port_that_is_taken_is_one_clear_line(settings, door):
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        address = f"127.0.0.1:{holder.getsockname()[1]}"
        ended = run("gateway", door, address, **settings)
    assert ended.returncode == 1
    [line] = [line for line in map(json.loads, ended.stderr.splitlines()) if line["level"] == "critical"]
    assert line["message"] == "cannot start" and address in line["error"] and "in use" in line["error"], line


def test_a_database_with_a_newer_schema_is_refused(settings, stack):
    def sql(text: str):
        url = urllib.parse.urlsplit(stack.env["JETTY_POSTGRES_URL"])
        environment = os.environ | {"PGPASSWORD": url.password}
        command = [
            f"{os.environ['JETTY_PG_BIN']}/psql", "-v", "ON_ERROR_STOP=1", "-h", url.hostname, "-p", str(url.port), "-U", url.username,
            url.path.strip("/"), "-Atc", text,
        ]
        return subprocess.run(command, env=environment, check=True, capture_output=True, text=True, timeout=30).stdout

    if "JETTY_PG_BIN" not in os.environ:
        pytest.skip("JETTY_PG_BIN is not set: run it by scripts/test.sh")
    sql("INSERT INTO public.schema_migrations (service, version, name, checksum) VALUES ('dedup', 9999, '9999_from_the_future', 'x')")
    try:
        ended = run("dedup", **settings)
    finally:
        sql("DELETE FROM public.schema_migrations WHERE version = 9999")
    assert ended.returncode == 1
    [line] = [line for line in map(json.loads, ended.stderr.splitlines()) if line["level"] == "critical"]
    assert "9999_from_the_future" in line["error"] and "older than the database" in line["error"]


def test_a_probe_during_the_start_is_told_what_it_waits_for(settings):
    """PostgreSQL is not there yet: not ready, alive, and saying so. Then it comes."""
    port, gone = free_port(), free_port()
    environment = settings | {"JETTY_POSTGRES_URL": f"postgresql://u:hush@127.0.0.1:{gone}/d"}
    with running("dedup", "--admin-listen", f"127.0.0.1:{port}", **environment):
        deadline = time.monotonic() + 15
        while True:
            try:
                ready = httpx.get(f"http://127.0.0.1:{port}/readyz", trust_env=False)
                if "PostgreSQL" in ready.text:
                    break
            except httpx.TransportError:
                pass
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert ready.status_code == 503 and ready.text.startswith("starting, waiting: PostgreSQL is unavailable"), ready.text
        assert "hush" not in ready.text
        assert httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).status_code == 200
