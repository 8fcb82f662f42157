"""gRPC's interoperability client on grpcio. One line for each case; ends with 1 if one of them failed.

    python grpcio_client.py --server_port N --test_case NAME[,NAME...] [--ca_file FILE --server_host_override NAME]

grpcio does not tell a caller whether a message came compressed, and compresses all messages of a call or none: server_compressed_* ask
for compression and look at what arrives, client_compressed_streaming sends both of its messages compressed.
"""

import argparse
import sys
import threading
import time

import grpc
import messages
from messages import BoolValue, EchoStatus, ResponseParameters, StreamingInputCallRequest, StreamingOutputCallRequest

REQUEST_SIZES = (27_182, 8, 1_828, 45_904)
RESPONSE_SIZES = (31_415, 9, 2_653, 58_979)
SECONDS = 20
CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


class Stub:
    def __init__(self, channel, service=messages.SERVICE):
        def method(make, name, request, response):
            return make(f"/{service}/{name}", request_serializer=request.SerializeToString, response_deserializer=response.FromString)

        out = (StreamingOutputCallRequest, messages.StreamingOutputCallResponse)
        self.empty = method(channel.unary_unary, "EmptyCall", messages.Empty, messages.Empty)
        self.unary = method(channel.unary_unary, "UnaryCall", messages.SimpleRequest, messages.SimpleResponse)
        self.output = method(channel.unary_stream, "StreamingOutputCall", *out)
        self.input = method(channel.stream_unary, "StreamingInputCall", StreamingInputCallRequest, messages.StreamingInputCallResponse)
        self.duplex = method(channel.stream_stream, "FullDuplexCall", *out)
        self.unimplemented = method(channel.unary_unary, "UnimplementedCall", messages.Empty, messages.Empty)


def fails(code, call):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}: {error.details()}"
        return error
    raise AssertionError(f"succeeded, and should have failed with {code}")


def check(response, size=314_159):
    assert response.payload.body == bytes(size), f"{len(response.payload.body)} bytes instead of {size}"


def sizes_request(*sizes, payload=0):
    return StreamingOutputCallRequest(
        response_parameters=[ResponseParameters(size=size) for size in sizes], payload=messages.payload(payload)
    )


@case
def empty_unary(stub, channel):
    assert stub.empty(messages.Empty(), timeout=SECONDS) == messages.Empty()


@case
def large_unary(stub, channel):
    check(stub.unary(messages.large_request(), timeout=SECONDS))


@case
def client_compressed_unary(stub, channel):
    request = messages.large_request(expect_compressed=BoolValue(value=True))
    fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.unary(request, timeout=SECONDS))
    check(stub.unary(request, timeout=SECONDS, compression=grpc.Compression.Gzip))
    request.expect_compressed.value = False
    check(stub.unary(request, timeout=SECONDS))


@case
def server_compressed_unary(stub, channel):
    for wanted in (True, False):
        check(stub.unary(messages.large_request(response_compressed=BoolValue(value=wanted)), timeout=SECONDS))


@case
def client_streaming(stub, channel):
    requests = (StreamingInputCallRequest(payload=messages.payload(size)) for size in REQUEST_SIZES)
    assert stub.input(requests, timeout=SECONDS).aggregated_payload_size == 74_922


@case
def client_compressed_streaming(stub, channel):
    def requests():
        for size in (27_182, 45_904):
            yield StreamingInputCallRequest(payload=messages.payload(size), expect_compressed=BoolValue(value=True))

    fails(grpc.StatusCode.INVALID_ARGUMENT, lambda: stub.input(requests(), timeout=SECONDS))
    response = stub.input(requests(), timeout=SECONDS, compression=grpc.Compression.Gzip)
    assert response.aggregated_payload_size == 73_086


@case
def server_streaming(stub, channel):
    received = [len(response.payload.body) for response in stub.output(sizes_request(*RESPONSE_SIZES), timeout=SECONDS)]
    assert received == list(RESPONSE_SIZES), received


@case
def server_compressed_streaming(stub, channel):
    request = StreamingOutputCallRequest(
        response_parameters=[
            ResponseParameters(size=31_415, compressed=BoolValue(value=True)), ResponseParameters(size=92_653, compressed=BoolValue()),
        ]
    )
    received = [len(response.payload.body) for response in stub.output(request, timeout=SECONDS)]
    assert received == [31_415, 92_653], received


@case
def ping_pong(stub, channel):
    turn = threading.Semaphore(1)

    def requests():
        for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
            turn.acquire()
            yield sizes_request(response_size, payload=request_size)

    received = []
    for response in stub.duplex(requests(), timeout=SECONDS):
        received.append(len(response.payload.body))
        turn.release()
    assert received == list(RESPONSE_SIZES), received


@case
def empty_stream(stub, channel):
    assert list(stub.duplex(iter([]), timeout=SECONDS)) == []


@case
def custom_metadata(stub, channel):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")

    def echoed(call):
        assert initial in [tuple(entry) for entry in call.initial_metadata()], call.initial_metadata()
        assert trailing in [tuple(entry) for entry in call.trailing_metadata()], call.trailing_metadata()

    response, call = stub.unary.with_call(messages.large_request(), metadata=(initial, trailing), timeout=SECONDS)
    check(response)
    echoed(call)
    call = stub.duplex(iter([sizes_request(314_159, payload=271_828)]), metadata=(initial, trailing), timeout=SECONDS)
    assert [len(response.payload.body) for response in call] == [314_159]
    echoed(call)


@case
def status_code_and_message(stub, channel):
    status = EchoStatus(code=2, message="test status message")
    request = messages.SimpleRequest(response_status=status)
    error = fails(grpc.StatusCode.UNKNOWN, lambda: stub.unary(request, timeout=SECONDS))
    assert error.details() == status.message, error.details()
    stream = iter([StreamingOutputCallRequest(response_status=status)])
    error = fails(grpc.StatusCode.UNKNOWN, lambda: list(stub.duplex(stream, timeout=SECONDS)))
    assert error.details() == status.message, error.details()


@case
def special_status_message(stub, channel):
    text = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    request = messages.SimpleRequest(response_status=EchoStatus(code=2, message=text))
    error = fails(grpc.StatusCode.UNKNOWN, lambda: stub.unary(request, timeout=SECONDS))
    assert error.details() == text, repr(error.details())


@case
def unimplemented_method(stub, channel):
    fails(grpc.StatusCode.UNIMPLEMENTED, lambda: stub.unimplemented(messages.Empty(), timeout=SECONDS))


@case
def unimplemented_service(stub, channel):
    other = Stub(channel, "grpc.testing.UnimplementedService")
    fails(grpc.StatusCode.UNIMPLEMENTED, lambda: other.unimplemented(messages.Empty(), timeout=SECONDS))


@case
def cancel_after_begin(stub, channel):
    release = threading.Event()

    def requests():
        release.wait(SECONDS)
        yield from ()

    call = stub.input.future(requests())
    time.sleep(0.05)
    call.cancel()
    release.set()
    assert call.cancelled() and call.code() == grpc.StatusCode.CANCELLED, call.code()


@case
def cancel_after_first_response(stub, channel):
    release = threading.Event()

    def requests():
        yield sizes_request(31_415, payload=27_182)
        release.wait(SECONDS)

    call = stub.duplex(requests())
    assert len(next(call).payload.body) == 31_415
    call.cancel()
    release.set()
    fails(grpc.StatusCode.CANCELLED, lambda: next(call))


@case
def timeout_on_sleeping_server(stub, channel):
    release = threading.Event()

    def requests():
        yield StreamingOutputCallRequest(payload=messages.payload(27_182))
        release.wait(SECONDS)

    try:
        fails(grpc.StatusCode.DEADLINE_EXCEEDED, lambda: next(stub.duplex(requests(), timeout=0.001)))
    finally:
        release.set()


def open_channel(options):
    address = f"127.0.0.1:{options.server_port}"
    if not options.ca_file:
        return grpc.insecure_channel(address)
    with open(options.ca_file, "rb") as authority:
        credentials = grpc.ssl_channel_credentials(authority.read())
    override = (("grpc.ssl_target_name_override", options.server_host_override),) if options.server_host_override else None
    return grpc.secure_channel(address, credentials, override)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--server_port", type=int, required=True)
    parser.add_argument("--test_case", required=True)
    parser.add_argument("--ca_file")
    parser.add_argument("--server_host_override")
    options = parser.parse_args()
    failures = 0
    with open_channel(options) as channel:
        stub = Stub(channel)
        for name in options.test_case.split(","):
            try:
                CASES[name](stub, channel)
                print(f"passed {name}", flush=True)
            except Exception as error:
                failures += 1
                print(f"FAILED {name}: {type(error).__name__}: {error}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
