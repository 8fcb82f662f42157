"""One stack for all drills: two of each service, two gateways, five edges."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from stack import Stack  # noqa: E402


@pytest.fixture(scope="session")
def stack(request):
    stack = Stack("drill", {"REPLICAS": "2", "JETTY_DRAIN_DELAY_SECONDS": "1"})
    stack.start()
    yield stack
    if request.session.testsfailed:
        print(stack.logs())
    stack.stop()
