"""A small HTTP/1.1 client that does what ledger.py says and nothing else, so that every lost request can be seen."""

import asyncio
import json
import time
import urllib.parse

from ledger import Ledger

TIMEOUT_SECONDS = 10
REST_SECONDS = 1.0
IDEMPOTENT = {"GET", "PUT"}


class NotSent(Exception):
    """Nothing of the request has left: it may go elsewhere whatever its method."""


class Broken(Exception):
    """The connection broke after the request was sent; `answered`: bytes of the answer had come."""

    def __init__(self, why: str, answered: bool):
        super().__init__(why)
        self.answered = answered


class Connection:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.reader, self.writer = reader, writer

    @property
    def usable(self) -> bool:
        return not self.reader.at_eof() and not self.writer.is_closing()

    async def exchange(self, request: bytes) -> tuple[int, dict[str, str], bytes]:
        answered = False
        try:
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
            answered = True
            lines = head.decode("latin-1").split("\r\n")
            fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
            if "chunked" in fields.get("transfer-encoding", ""):
                body = b""
                while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                    body += (await self.reader.readexactly(size + 2))[:-2]
                await self.reader.readuntil(b"\r\n")
            else:
                body = await self.reader.readexactly(int(fields.get("content-length", 0)))
            return int(lines[0].split()[1]), fields, body
        except (OSError, asyncio.IncompleteReadError) as error:
            partial = isinstance(error, asyncio.IncompleteReadError) and bool(error.partial)
            raise Broken(f"{type(error).__name__} {error}", answered or partial) from error

    def close(self):
        self.writer.close()


class Place:
    """One server: host, port, idle connections, and whether it rests."""

    def __init__(self, url: str):
        self.url = url
        parts = urllib.parse.urlsplit(url)
        self.host, self.port = parts.hostname, parts.port
        self.idle: list[Connection] = []
        self.rests_until = 0.0

    def rest(self):
        self.rests_until = time.monotonic() + REST_SECONDS
        for one in self.idle:
            one.close()
        self.idle = []

    async def take(self) -> Connection:
        while self.idle:
            known = self.idle.pop()
            if known.usable:
                return known
            known.close()
        try:
            return Connection(*await asyncio.wait_for(asyncio.open_connection(self.host, self.port), 5))
        except (OSError, asyncio.TimeoutError) as error:
            raise NotSent(f"{self.url}: {error}") from error


class Caller:
    """Spreads requests over some servers.

    `repeats`: how often a request is sent again whose method is idempotent: after a broken connection, and where it is more than one
    also after a 503."""

    def __init__(self, urls: list[str], ledger: Ledger, places: dict[str, Place], repeats: int = 1):
        self.repeats = repeats
        self.places = [places.setdefault(url, Place(url)) for url in urls]
        self.ledger = ledger
        self.turn = 0

    def order(self) -> list[Place]:
        self.turn += 1
        turned = self.places[self.turn % len(self.places) :] + self.places[: self.turn % len(self.places)]
        now = time.monotonic()
        return sorted(turned, key=lambda place: place.rests_until > now)

    async def call(self, kind: str, method: str, path: str, headers: dict, body=b"", expected=200) -> tuple[dict | None, bytes]:
        """The decoded JSON answer and its bytes; (None, b"") where the call was lost, which the ledger knows then."""
        if isinstance(body, dict):
            body, headers = json.dumps(body).encode(), headers | {"content-type": "application/json"}
        began = time.monotonic()
        repeats, why = 0, "no server took it"
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                for place in self.order() * (1 + self.repeats):
                    head = f"{method} {path} HTTP/1.1\r\nhost: {place.host}:{place.port}\r\n"
                    head += "".join(f"{name}: {value}\r\n" for name, value in headers.items()) + f"content-length: {len(body)}\r\n\r\n"
                    try:
                        connection = await place.take()
                    except NotSent as error:
                        place.rest()
                        self.ledger.elsewhere[kind] += 1
                        why = str(error)
                        continue
                    try:
                        status, fields, answer = await connection.exchange(head.encode() + body)
                    except Broken as error:
                        connection.close()
                        place.rest()
                        why = f"{place.url}: the connection broke: {error}"
                        if error.answered or method not in IDEMPOTENT or repeats == self.repeats:
                            return self.lost(kind, why)
                        repeats += 1
                        self.ledger.repeated[kind] += 1
                        continue
                    except BaseException:
                        connection.close()
                        raise
                    if fields.get("connection", "").lower() == "close":
                        connection.close()
                        place.rest()
                    else:
                        place.idle.append(connection)
                    if status != expected:
                        clear = status == 503 and "retry-after" in fields
                        if clear and method in IDEMPOTENT and repeats + 1 < self.repeats:
                            repeats += 1
                            self.ledger.repeated[kind] += 1
                            why = f"{place.url}: {status}"
                            await asyncio.sleep(0.3)
                            continue
                        return self.lost(kind, f"{place.url}: {status} {answer[:200].decode(errors='replace')}", clear)
                    self.ledger.note(kind, began)
                    return (json.loads(answer) if "json" in fields.get("content-type", "") else {}), answer
        except TimeoutError:
            why = f"no answer within {TIMEOUT_SECONDS} s; {why}"
        return self.lost(kind, why)

    def lost(self, kind: str, why: str, clear: bool = False):
        self.ledger.lost(kind, why, clear)
        return None, b""
