"""Tables of cases: each a few lines that send something, and what must come of it."""

from collections.abc import Callable

import wire


class Case:
    """`expected`: the outcomes that are right, as `wire.observe` words them; `OK` stands for a valid answer."""

    def __init__(self, section: str, name: str, expected: tuple[str, ...], body: Callable):
        self.section, self.name, self.expected, self.body = section, name, expected, body

    def check(self, target):
        with wire.Connection(target.port) as connection:
            outcome = self.body(connection, target) or wire.observe(connection)
        allowed = [target.ok if expected == "OK" else expected for expected in self.expected]
        what = outcome if isinstance(outcome, str) else outcome.what
        assert what in allowed, f"{outcome!r} instead of {' or '.join(allowed)}"


class Table:
    def __init__(self):
        self.cases: list[Case] = []

    def case(self, section: str, name: str, *expected: str):
        def add(body):
            self.cases.append(Case(section, name, expected, body))
            return body

        return add

    def ids(self) -> list[str]:
        return [f"{case.section} {case.name}" for case in self.cases]


def connection_error(code: str) -> tuple[str, ...]:
    return (f"GOAWAY {code}",)


def stream_error(code: str) -> tuple[str, ...]:
    """An endpoint may treat any stream error as one of the connection (RFC 9113 section 5.4.2)."""
    return (f"RST_STREAM {code}", f"GOAWAY {code}")
