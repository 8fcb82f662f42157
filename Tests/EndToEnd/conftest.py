import pytest
from client import Client
from stack import Stack


@pytest.fixture(scope="session")
def stack(request):
    stack = Stack("local")
    stack.start()
    yield stack
    if request.session.testsfailed:
        print(stack.logs())
    stack.stop()


@pytest.fixture(scope="session")
def client(stack):
    with Client(stack.url, stack.api_key) as client:
        yield client


@pytest.fixture(scope="session", params=["http1", "http2"])
def either(request, stack):
    """The same over both protocols."""
    with Client(stack.url, stack.api_key, http2=request.param == "http2") as client:
        yield client


@pytest.fixture(scope="session")
def stranger(stack):
    """A client of another account."""
    with Client(stack.url, stack.another_account()) as client:
        yield client
