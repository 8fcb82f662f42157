"""jetty-admin, as the manual says to use it."""

import os
import re
import subprocess

import httpx
from stack import BINARIES


def admin(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [BINARIES / "jetty-admin", *arguments], env={"PATH": os.environ["PATH"], **environment}, capture_output=True, text=True, timeout=30)


def test_a_key_from_making_to_revoking(stack, tmp_path):
    file = tmp_path / "postgres-url"
    file.write_text(stack.env["JETTY_POSTGRES_URL"] + "\n")
    where = {"JETTY_POSTGRES_URL_FILE": str(file)}
    made = admin("account", "create", "--name", "Acme", "--requests-per-second", "200", **where)
    assert made.returncode == 0, made.stderr
    key, account = made.stdout.strip(), re.search(r"acc_\w+", made.stderr)[0]
    asked = httpx.get(f"{stack.url}/api/jetty/stats", headers={"authorization": f"Bearer {key}"}, trust_env=False)
    assert asked.status_code == 200
    listed = admin("account", "list", **where).stdout
    assert key[:10] in listed and key not in listed
    revoked = admin("key", "revoke", "--account", account, "--hint", key[:10], **where)
    assert revoked.returncode == 0, revoked.stderr
    assert key[:10] not in admin("account", "list", **where).stdout
    assert admin("key", "revoke", "--account", account, "--hint", key[:10], **where).returncode != 0


def test_where_the_database_is_must_be_said_once(stack, tmp_path):
    neither = admin("account", "list")
    both = admin("account", "list", JETTY_POSTGRES_URL=stack.env["JETTY_POSTGRES_URL"], JETTY_POSTGRES_URL_FILE="/x")
    unreadable = admin("account", "list", JETTY_POSTGRES_URL_FILE=str(tmp_path / "none"))
    for one, words in ((neither, "JETTY_POSTGRES_URL_FILE"), (both, "both set"), (unreadable, "cannot read")):
        assert one.returncode != 0 and words in one.stderr, one.stderr
