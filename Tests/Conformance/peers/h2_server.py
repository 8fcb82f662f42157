"""A gRPC server on hyper-h2 whose framing is written by hand: it sees which messages came compressed, and it can misbehave.

    python h2_server.py --port N [--test_case NAME] [--reset_code N]

Without a test case it serves UnaryCall, StreamingInputCall and StreamingOutputCall and holds clients to `expect_compressed`.
The test cases are those of gRPC's negative-http2-test-descriptions.md: goaway, rst_after_header, rst_during_data, rst_after_data, ping,
max_streams. What it saw the client do wrong, it prints as a line that begins with "VIOLATION".
"""

import argparse
import gzip
import itertools
import socket
import struct
import threading

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.settings
import messages

PINGS = 10


def percent(text: str) -> str:
    return "".join(chr(byte) if 0x20 <= byte < 0x7F and byte != 0x25 else f"%{byte:02X}" for byte in text.encode())


class Call:
    """One stream: what came of it, and what is still to be sent."""

    def __init__(self, stream: int, path: str, encoding: str | None, accepted: str):
        self.stream, self.path, self.encoding = stream, path, encoding
        self.accepts_gzip = "gzip" in accepted.split(",")
        self.received = b""
        self.output = b""
        self.trailers: list[tuple[str, str]] | None = None
        self.resets_after: int | None = None

    def messages(self):
        """(bytes, came compressed) of each whole message."""
        rest = self.received
        while len(rest) >= 5:
            flag, length = struct.unpack(">BI", rest[:5])
            body, rest = rest[5 : 5 + length], rest[5 + length :]
            if flag and self.encoding != "gzip":
                print(f"VIOLATION a compressed message with grpc-encoding {self.encoding}", flush=True)
            yield (gzip.decompress(body) if flag else body), flag == 1

    def write(self, message, compressed: bool = False):
        body = message.SerializeToString()
        if compressed and self.accepts_gzip:
            body = gzip.compress(body)
        self.output += struct.pack(">BI", compressed and self.accepts_gzip, len(body)) + body


class Connection:
    def __init__(self, raw: socket.socket, number: int, options):
        self.raw, self.number, self.options = raw, number, options
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False, header_encoding="utf-8"))
        self.calls: dict[int, Call] = {}
        self.pings_sent = self.pings_answered = self.finished = 0
        self.streams_max = 100

    def run(self):
        self.h2.initiate_connection()
        # The window of 64 KiB stays: large messages must cross it in pieces.
        self.flush()
        try:
            while received := self.raw.recv(65536):
                for event in self.h2.receive_data(received):
                    self.handle(event)
                for call in list(self.calls.values()):
                    self.send_more(call)
                self.flush()
        except ConnectionResetError:
            pass
        finally:
            self.raw.close()
        if self.pings_sent != self.pings_answered:
            print(f"VIOLATION {self.pings_sent} PINGs, {self.pings_answered} answers", flush=True)

    def flush(self):
        try:
            self.raw.sendall(self.h2.data_to_send())
        except (BrokenPipeError, ConnectionResetError):
            pass

    def handle(self, event):
        match event:
            case h2.events.RequestReceived():
                fields = dict(event.headers)
                call = Call(event.stream_id, fields[":path"], fields.get("grpc-encoding"), fields.get("grpc-accept-encoding", ""))
                self.calls[event.stream_id] = call
                if len(self.calls) > self.streams_max:
                    print(f"VIOLATION {len(self.calls)} streams at once where {self.streams_max} are allowed", flush=True)
                if self.options.test_case == "goaway" and self.number == 0 and self.finished > 0:
                    print("VIOLATION a new call after GOAWAY", flush=True)
                self.ping()
            case h2.events.DataReceived():
                self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                if event.stream_id in self.calls:
                    self.calls[event.stream_id].received += event.data
                self.ping()
            case h2.events.StreamEnded():
                if event.stream_id in self.calls:
                    self.answer(self.calls[event.stream_id])
            case h2.events.StreamReset():
                self.calls.pop(event.stream_id, None)
            case h2.events.PingAckReceived():
                self.pings_answered += 1

    def ping(self):
        if self.options.test_case == "ping" and self.pings_sent < PINGS:
            self.pings_sent += 1
            self.h2.ping(struct.pack(">Q", self.pings_sent))

    def reset(self, call: Call):
        del self.calls[call.stream]
        self.h2.reset_stream(call.stream, self.options.reset_code)

    def answer(self, call: Call):
        method = call.path.rpartition("/")[2]
        fields = [(":status", "200"), ("content-type", "application/grpc")]
        if call.accepts_gzip:
            fields.append(("grpc-encoding", "gzip"))
        self.h2.send_headers(call.stream, fields)
        self.ping()
        if self.options.test_case == "rst_after_header":
            return self.reset(call)
        status, text = 0, ""
        try:
            getattr(self, method)(call)
        except ValueError as error:
            status, text = 3, str(error)
        except AttributeError:
            status, text = 12, "unknown method"
        call.trailers = [("grpc-status", str(status)), ("grpc-message", percent(text))]
        if self.options.test_case == "rst_during_data":
            call.resets_after = len(call.output) // 2
        elif self.options.test_case == "rst_after_data":
            call.resets_after = len(call.output)

    def UnaryCall(self, call: Call):
        (body, compressed), *more = call.messages()
        if more:
            print("VIOLATION more than one message in a unary call", flush=True)
        request = messages.SimpleRequest.FromString(body)
        expect(request, compressed)
        call.write(messages.SimpleResponse(payload=messages.payload(request.response_size)), request.response_compressed.value)

    def StreamingInputCall(self, call: Call):
        total = 0
        for body, compressed in call.messages():
            request = messages.StreamingInputCallRequest.FromString(body)
            expect(request, compressed)
            total += len(request.payload.body)
        call.write(messages.StreamingInputCallResponse(aggregated_payload_size=total))

    def StreamingOutputCall(self, call: Call):
        (body, _), *_ = call.messages()
        for parameters in messages.StreamingOutputCallRequest.FromString(body).response_parameters:
            response = messages.StreamingOutputCallResponse(payload=messages.payload(parameters.size))
            call.write(response, parameters.compressed.value)

    def send_more(self, call: Call):
        """As much as the windows allow; then the status, or the reset that the test case asks for."""
        if call.trailers is None:
            return
        while call.output and call.resets_after != 0:
            room = min(self.h2.local_flow_control_window(call.stream), self.h2.max_outbound_frame_size, len(call.output))
            room = room if call.resets_after is None else min(room, call.resets_after)
            if room <= 0:
                return
            self.h2.send_data(call.stream, call.output[:room])
            call.output = call.output[room:]
            if call.resets_after is not None:
                call.resets_after -= room
            self.ping()
        if call.resets_after == 0:
            return self.reset(call)
        self.h2.send_headers(call.stream, call.trailers, end_stream=True)
        del self.calls[call.stream]
        self.finished += 1
        self.after_a_call()

    def after_a_call(self):
        if self.options.test_case == "goaway" and self.number == 0:
            # GOAWAY, and the connection stays open: it is the client that has to leave.
            self.h2.close_connection(last_stream_id=self.h2.highest_inbound_stream_id)
        elif self.options.test_case == "max_streams" and self.streams_max != 1:
            self.h2.update_settings({h2.settings.SettingCodes.MAX_CONCURRENT_STREAMS: 1})
            # In force when the client has acknowledged it, long before the next call; from then on this server counts.
            self.streams_max = 1


def expect(request, compressed: bool):
    if request.HasField("expect_compressed") and request.expect_compressed.value != compressed:
        raise ValueError(f"the message came {'compressed' if compressed else 'as it is'}")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--test_case")
    parser.add_argument("--reset_code", type=int, default=0)
    options = parser.parse_args()
    listener = socket.create_server(("127.0.0.1", options.port))
    print(f"listening on 127.0.0.1:{listener.getsockname()[1]}", flush=True)
    for number in itertools.count():
        raw, _ = listener.accept()
        print(f"connection {number + 1}", flush=True)
        threading.Thread(target=Connection(raw, number, options).run, daemon=True).start()


if __name__ == "__main__":
    main()
