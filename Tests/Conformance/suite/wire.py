"""HTTP/2 by hand: frames and header blocks that no library would make, and what comes back, as bytes on a socket.

Only for tests. Nothing here checks what it sends.
"""

import socket
import struct
import time

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
PADDED = 0x8
PRIORITIZED = 0x20

HEADER_TABLE_SIZE, ENABLE_PUSH, MAX_CONCURRENT_STREAMS, INITIAL_WINDOW_SIZE, MAX_FRAME_SIZE, MAX_HEADER_LIST_SIZE = range(1, 7)

ERRORS = (
    "NO_ERROR PROTOCOL_ERROR INTERNAL_ERROR FLOW_CONTROL_ERROR SETTINGS_TIMEOUT STREAM_CLOSED FRAME_SIZE_ERROR REFUSED_STREAM CANCEL"
    " COMPRESSION_ERROR CONNECT_ERROR ENHANCE_YOUR_CALM INADEQUATE_SECURITY HTTP_1_1_REQUIRED"
).split()


def error_name(code: int) -> str:
    return ERRORS[code] if code < len(ERRORS) else f"error {code}"


# Frames


def frame(kind: int, flags: int, stream: int, payload: bytes = b"", length: int | None = None) -> bytes:
    """`length` may lie; the reserved bit is bit 31 of `stream`."""
    return struct.pack(">I", len(payload) if length is None else length)[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def data(stream: int, payload: bytes = b"", end: bool = False) -> bytes:
    return frame(DATA, END_STREAM if end else 0, stream, payload)


def headers(stream: int, block: bytes, end: bool = False, end_headers: bool = True) -> bytes:
    return frame(HEADERS, (END_STREAM if end else 0) | (END_HEADERS if end_headers else 0), stream, block)


def continuation(stream: int, block: bytes, end_headers: bool = True) -> bytes:
    return frame(CONTINUATION, END_HEADERS if end_headers else 0, stream, block)


def settings(*pairs: tuple[int, int]) -> bytes:
    return frame(SETTINGS, 0, 0, b"".join(struct.pack(">HI", *pair) for pair in pairs))


def window_update(stream: int, increment: int) -> bytes:
    return frame(WINDOW_UPDATE, 0, stream, struct.pack(">I", increment))


def rst_stream(stream: int, code: int = 8) -> bytes:
    return frame(RST_STREAM, 0, stream, struct.pack(">I", code))


def ping(payload: bytes = b"jettyjet", flags: int = 0) -> bytes:
    return frame(PING, flags, 0, payload)


def goaway(code: int = 0, last: int = 0, stream: int = 0, debug: bytes = b"") -> bytes:
    return frame(GOAWAY, 0, stream, struct.pack(">II", last, code) + debug)


def priority(stream: int, depends_on: int = 0, weight: int = 15, payload: bytes | None = None) -> bytes:
    return frame(PRIORITY, 0, stream, struct.pack(">IB", depends_on, weight) if payload is None else payload)


# Header blocks (RFC 7541), with nothing in the dynamic table unless asked for


def integer(value: int, prefix_bits: int, first: int = 0) -> bytes:
    limit = (1 << prefix_bits) - 1
    if value < limit:
        return bytes([first | value])
    out, value = [first | limit], value - limit
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def text(value: bytes | str) -> bytes:
    value = value if isinstance(value, bytes) else value.encode("latin-1")
    return integer(len(value), 7) + value


def literal(name: bytes | str, value: bytes | str) -> bytes:
    """A literal field without indexing."""
    return b"\x00" + text(name) + text(value)


def block(fields) -> bytes:
    return b"".join(literal(name, value) for name, value in fields)


# Connections


class Closed(Exception):
    """The server closed the connection."""


class Frame:
    def __init__(self, kind: int, flags: int, stream: int, payload: bytes):
        self.kind, self.flags, self.stream, self.payload = kind, flags, stream, payload

    def __repr__(self):
        return f"<frame {self.kind} flags {self.flags:#x} stream {self.stream} {len(self.payload)} bytes>"

    @property
    def code(self) -> str:
        return error_name(struct.unpack(">I", self.payload[4:8] if self.kind == GOAWAY else self.payload[:4])[0])


class Connection:
    """One connection to a port of this machine, or one that was accepted. `start` does what every well-behaved client does first."""

    def __init__(self, port: int | None = None, accepted: socket.socket | None = None):
        self.socket = accepted or socket.create_connection(("127.0.0.1", port), 5)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.decoder = hpack.Decoder(max_header_list_size=1 << 20)
        self.buffer = b""
        self.server_settings: dict[int, int] = {}
        # The response fields of each stream so far.
        self.fields: dict[int, dict[str, str]] = {}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *parts: bytes):
        try:
            self.socket.sendall(b"".join(parts))
        except (BrokenPipeError, ConnectionResetError):
            pass  # What the server had to say may still be readable.

    def start(self, *pairs: tuple[int, int]) -> "Connection":
        """Preface and settings, both ways."""
        self.send(PREFACE, settings(*pairs))
        while True:
            got = self.read()
            if got.kind == SETTINGS and not got.flags & ACK:
                self.send(frame(SETTINGS, ACK, 0))
                for offset in range(0, len(got.payload), 6):
                    key, value = struct.unpack(">HI", got.payload[offset : offset + 6])
                    self.server_settings[key] = value
            elif got.kind == SETTINGS:
                return self

    def start_as_server(self, *pairs: tuple[int, int]) -> "Connection":
        """The same at the other end."""
        self._take(len(PREFACE), 5)
        self.send(settings(*pairs), frame(SETTINGS, ACK, 0))
        return self

    def read(self, seconds: float = 5) -> Frame:
        """The next frame. Raises Closed at the end of the connection and TimeoutError when nothing comes."""
        header = self._take(9, seconds)
        length = int.from_bytes(header[:3], "big")
        stream = int.from_bytes(header[5:9], "big") & 0x7FFFFFFF
        return Frame(header[3], header[4], stream, self._take(length, seconds))

    def _take(self, count: int, seconds: float) -> bytes:
        deadline = time.monotonic() + seconds
        while len(self.buffer) < count:
            self.socket.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                more = self.socket.recv(65536)
            except ConnectionResetError as error:
                raise Closed from error
            if not more:
                raise Closed
            self.buffer += more
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def take_fields(self, got: Frame):
        """Decodes a HEADERS frame, which must be done for each one in order, and keeps what it says."""
        decoded = self.decoder.decode(got.payload, raw=True)
        kept = self.fields.setdefault(got.stream, {})
        kept |= {bytes(name).decode("latin-1"): bytes(value).decode("latin-1") for name, value in decoded}


class Outcome:
    """What became of one stream, or of the connection if that ended first."""

    def __init__(self, what: str, message: str = "", body: bytes = b"", fields: dict[str, str] | None = None):
        self.what, self.message, self.body, self.fields = what, message, body, fields or {}

    def __repr__(self):
        return f"{self.what}{f' ({self.message})' if self.message else ''}"


def observe(connection: Connection, stream: int = 1, seconds: float = 5) -> Outcome:
    """Reads until `stream` or the connection ends: `grpc-status N`, `HTTP N`, `RST_STREAM CODE`, `GOAWAY CODE`, `closed`, or
    `silence` if nothing of that happens in time."""
    body = b""
    deadline = time.monotonic() + seconds
    try:
        while True:
            got = connection.read(max(deadline - time.monotonic(), 0.001))
            if got.kind == GOAWAY and got.code != "NO_ERROR":
                return Outcome(f"GOAWAY {got.code}", got.payload[8:].decode("latin-1"))
            if got.kind == HEADERS:
                connection.take_fields(got)
                if got.stream != stream:
                    continue
            elif got.kind == DATA and got.stream == stream:
                body += got.payload
            elif got.kind == RST_STREAM and got.stream == stream:
                return Outcome(f"RST_STREAM {got.code}")
            else:
                continue
            if got.flags & END_STREAM:
                return _answer(connection.fields.get(stream, {}), body)
    except Closed:
        return Outcome("closed")
    except TimeoutError:
        return Outcome("silence")


def _answer(fields: dict[str, str], body: bytes) -> Outcome:
    if "grpc-status" in fields:
        return Outcome(f"grpc-status {fields['grpc-status']}", fields.get("grpc-message", ""), body, fields)
    return Outcome(f"HTTP {fields.get(':status')}", "", body, fields)
