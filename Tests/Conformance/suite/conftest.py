import json
import os
import pathlib

import pytest
import server as servers
import targets

RESULTS = os.environ.get("JETTY_CONFORMANCE_RESULTS")
_results: dict[str, dict[str, int]] = {}


@pytest.fixture(scope="session")
def server():
    process = servers.InteropServer()
    yield process
    assert process.exit_status is None, f"the server ended by itself: {process.exit_status}"
    output = process.stop()
    assert process.exit_status == 0, output[-4000:]


@pytest.fixture(scope="session", params=[targets.RPCTarget, targets.HTTPTarget], ids=["rpc", "http"])
def target(request, server):
    return request.param(server)


@pytest.fixture(scope="session")
def rpc(server):
    return targets.RPCTarget(server)


def pytest_runtest_logreport(report):
    """Counts passes and failures by what the tests call their row in the table of docs/CONFORMANCE.md."""
    if report.when != "call" and not (report.when == "setup" and not report.passed):
        return
    row = dict(report.user_properties).get("row")
    if row:
        counts = _results.setdefault(row, {"passed": 0, "failed": 0, "skipped": 0})
        counts[report.outcome] += 1


def pytest_sessionfinish(session):
    if RESULTS:
        pathlib.Path(RESULTS).write_text(json.dumps(_results))
