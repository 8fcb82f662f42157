import os
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "EndToEnd"))

from browser import Browser  # noqa: E402
from client import Client  # noqa: E402
from files import served  # noqa: E402
from page import UploadPage  # noqa: E402
from stack import Stack  # noqa: E402

MIB = 1 << 20


@pytest.fixture(scope="session")
def stack(request):
    stack = Stack("web")
    stack.start()
    yield stack
    if request.session.testsfailed:
        print(stack.logs())
    stack.stop()


@pytest.fixture(scope="session")
def client(stack):
    with Client(stack.url, stack.api_key) as client:
        yield client


@pytest.fixture(scope="session")
def address():
    """Another origin, with the same modules."""
    with served() as address:
        yield address


@pytest.fixture
def browser():
    with Browser() as browser:
        yield browser


@pytest.fixture
def page(browser, stack):
    """Signed in, at /."""
    page = UploadPage(browser, stack)
    page.sign_in()
    return page


@pytest.fixture
def file(tmp_path_factory):
    """Makes files of random bytes; they are gone after the test."""
    made = []

    def make(size: int, name: str = "holiday.bin") -> pathlib.Path:
        path = tmp_path_factory.mktemp("files") / name
        with path.open("wb") as output:
            while size > 0:
                size -= output.write(os.urandom(min(size, 16 * MIB)))
        made.append(path)
        return path

    yield make
    for path in made:
        path.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def shots() -> pathlib.Path:
    """Where screenshots go, for people to look at."""
    return pathlib.Path(__file__).resolve().parents[2] / ".jetty" / "webtest"
