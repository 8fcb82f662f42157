"""What became of each call.

A call is LOST when its caller, who keeps to the rules below, does not get the right answer to it: another status than the one
expected (every 5xx is one), a connection that breaks, or no answer within 10 s.

What a caller does:
  - HTTP: it spreads its requests over the two gateways. After `Connection: close` or a refused connection it lets that gateway rest
    for a second. Where a connection was refused, or was closed before the request was sent, nothing has reached a server and the
    request goes to the other gateway ("elsewhere"). Where a connection broke after the request was sent and before a byte of the answer
    came, a request whose method is idempotent (RFC 9110 section 9.2.2: GET and PUT here) is sent once more ("repeated"); a POST is lost.
    There is no retry of an answer, a 503 included.
  - chunks: the same, over the edges of the upload's plan.
  - RPC: grpcio's round_robin over the two replicas, with the transparent retries that every gRPC client does (for calls that a server
    has certainly not seen) and no retry policy.
"""

import asyncio
import collections
import dataclasses
import time


@dataclasses.dataclass
class Failure:
    at: float
    kind: str
    what: str
    # The honest answer of an outage: 503 with Retry-After, or UNAVAILABLE.
    clear: bool


class Ledger:
    def __init__(self):
        self.started = time.monotonic()
        self.done: collections.Counter[str] = collections.Counter()
        self.elsewhere: collections.Counter[str] = collections.Counter()
        self.repeated: collections.Counter[str] = collections.Counter()
        self.failures: list[Failure] = []
        self.slowest: dict[str, float] = {}

    def note(self, kind: str, began: float):
        self.done[kind] += 1
        self.slowest[kind] = max(self.slowest.get(kind, 0), time.monotonic() - began)

    def lost(self, kind: str, what: str, clear: bool = False):
        self.failures.append(Failure(time.monotonic(), kind, what, clear))

    @property
    def calls(self) -> int:
        return self.done.total() + len(self.failures)

    def since(self, moment: float) -> list[Failure]:
        return [one for one in self.failures if one.at >= moment]

    def table(self, seconds: float) -> str:
        lost = collections.Counter(one.kind for one in self.failures)
        kinds = sorted(self.done.keys() | lost.keys())
        rows = [f"  {'call':<34}{'answered':>9}{'lost':>6}{'elsewhere':>11}{'repeated':>10}{'slowest ms':>12}"]
        rows += [
            f"  {kind:<34}{self.done[kind]:>9}{lost[kind]:>6}{self.elsewhere[kind]:>11}{self.repeated[kind]:>10}"
            f"{self.slowest.get(kind, 0) * 1000:>12.0f}"
            for kind in kinds
        ]
        rows.append(
            f"  {'all':<34}{self.done.total():>9}{len(self.failures):>6}{self.elsewhere.total():>11}{self.repeated.total():>10}"
            f"   {self.calls / seconds:.0f} calls/s over {seconds:.0f} s"
        )
        return "\n".join(rows)

    def samples(self, failures: list[Failure], most: int = 8) -> str:
        return "\n".join(f"  {one.at - self.started:7.2f} s  {one.kind}: {one.what}" for one in failures[:most])


async def paced(rate: float, workers: int, stop: asyncio.Event, body):
    """Runs `body` `rate` times a second, by so many workers, each at its own evenly spread moments. A worker that is late goes on at
    once, but does not make up for what it missed by more than a second."""
    interval = workers / rate

    async def work(number: int):
        due = time.monotonic() + interval * number / workers
        while not stop.is_set():
            now = time.monotonic()
            if due > now:
                await asyncio.sleep(due - now)
            due = max(due + interval, time.monotonic() - 1)
            await body()

    await asyncio.gather(*(work(number) for number in range(workers)))
