"""Calls the echo service of the RPC tests through grpcio. One line per case; exits with 1 if any failed.

    python grpcio_client.py HOST:PORT [CA_FILE]
"""

import json
import sys
import threading
import time
import traceback

import grpc
from google.rpc import error_details_pb2, status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from google.protobuf.descriptor_pool import DescriptorPool

SERVICE = "/test.Echo/"
CASES = []


def case(function):
    CASES.append(function)
    return function


def unary(channel, method="Unary"):
    return channel.unary_unary(SERVICE + method)


def fails(call, code):
    try:
        call()
    except grpc.RpcError as error:
        assert error.code() == code, f"{error.code()}: {error.details()}"
        return error
    raise AssertionError(f"should have failed with {code}")


@case
def empty_unary(channel):
    assert unary(channel)(b"", timeout=5) == b""


@case
def large_unary(channel):
    request = bytes(range(256)) * 12_000
    assert unary(channel)(request, timeout=20) == request


@case
def many_unary(channel):
    calls = [unary(channel).future(b"%d" % index, timeout=20) for index in range(500)]
    assert [int(call.result()) for call in calls] == list(range(500))


@case
def too_large(channel):
    error = fails(lambda: unary(channel)(b"x" * (4 * 1024 * 1024 + 1), timeout=10), grpc.StatusCode.RESOURCE_EXHAUSTED)
    assert "4194305" in error.details()


@case
def client_streaming(channel):
    sizes = [27182, 8, 1828, 45904]
    response = channel.stream_unary(SERVICE + "Collect")((b"x" * size for size in sizes), timeout=5)
    assert response == b"4 74922", response


@case
def server_streaming(channel):
    responses = list(channel.unary_stream(SERVICE + "Expand")(b"20 58979", timeout=10))
    assert [len(response) for response in responses] == [58979] * 20


@case
def ping_pong(channel):
    turns = threading.Semaphore(1)
    sizes = [27182, 8, 1828, 45904]

    def requests():
        for size in sizes:
            turns.acquire()
            yield b"y" * size

    received = []
    for response in channel.stream_stream(SERVICE + "Chat")(requests(), timeout=5):
        received.append(len(response))
        turns.release()
    assert received == sizes


@case
def empty_stream(channel):
    assert list(channel.stream_stream(SERVICE + "Chat")(iter([]), timeout=5)) == []


@case
def custom_metadata(channel):
    sent = (("x-word", "one"), ("x-word", "two"), ("x-bytes-bin", b"\x00\xff\x0a\x0b"))
    call = unary(channel, "Metadata").with_call
    _, finished = call(b"", metadata=sent, timeout=5)
    for entry in sent:
        assert entry in [tuple(item) for item in finished.initial_metadata()], finished.initial_metadata()
    assert ("t-x-bytes-bin", b"\x00\xff\x0a\x0b") in [tuple(item) for item in finished.trailing_metadata()]


@case
def status_code_and_message(channel):
    error = fails(lambda: unary(channel, "Fail")(b"2 test status message", timeout=5), grpc.StatusCode.UNKNOWN)
    assert error.details() == "test status message"
    trailers = dict(error.trailing_metadata())
    assert trailers["failed-with"] == "2"
    assert b"test.Detail" in trailers["grpc-status-details-bin"]


@case
def status_details(channel):
    """As grpc_status.rpc_status.from_call reads them."""
    error = fails(lambda: unary(channel, "Detailed")(b"", timeout=5), grpc.StatusCode.INVALID_ARGUMENT)
    status = status_pb2.Status.FromString(dict(error.trailing_metadata())["grpc-status-details-bin"])
    assert status.code == error.code().value[0] and status.message == error.details()
    bad, info, retry = error_details_pb2.BadRequest(), error_details_pb2.ErrorInfo(), error_details_pb2.RetryInfo()
    assert [detail.Unpack(message) for detail, message in zip(status.details, (bad, info, retry))] == [True] * 3
    assert [(one.field, one.description) for one in bad.field_violations] == [("chunks[3].size", "must be at least 0"), ("n\u00e4me", "")]
    assert (info.reason, info.domain, dict(info.metadata)) == ("INVALID_FIELD", "test", {"limit": "5", "unit": "bytes"})
    assert retry.retry_delay.ToMilliseconds() == 1500


@case
def retry_policy(channel):
    """The client of another library repeats a call as our server pushes back."""
    policy = {"maxAttempts": 4, "initialBackoff": "30s", "maxBackoff": "30s", "backoffMultiplier": 1, "retryableStatusCodes": ["UNAVAILABLE"]}
    config = json.dumps({"methodConfig": [{"name": [{"service": "test.Echo"}], "retryPolicy": policy}]})
    with another_channel([("grpc.service_config", config)]) as retrying:
        began = time.monotonic()
        # Fails twice and asks to be called again after 10 ms, or never.
        assert unary(retrying, "Flaky")(b"2 10 retry_policy", timeout=20) == b"2"
        fails(lambda: unary(retrying, "Flaky")(b"2 -1 never", timeout=20), grpc.StatusCode.UNAVAILABLE)
        assert time.monotonic() - began < 15


@case
def special_status_message(channel):
    text = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
    error = fails(lambda: unary(channel, "Fail")(b"2 " + text.encode(), timeout=5), grpc.StatusCode.UNKNOWN)
    assert error.details() == text, repr(error.details())


@case
def unimplemented_method(channel):
    fails(lambda: unary(channel, "Nothing")(b"", timeout=5), grpc.StatusCode.UNIMPLEMENTED)


@case
def unimplemented_service(channel):
    fails(lambda: channel.unary_unary("/test.Nobody/Unary")(b"", timeout=5), grpc.StatusCode.UNIMPLEMENTED)


@case
def cancel_after_begin(channel):
    call = unary(channel, "Sleep").future(b"60000")
    time.sleep(0.1)
    call.cancel()
    try:
        call.result(timeout=5)
        raise AssertionError("should be cancelled")
    except grpc.FutureCancelledError:
        pass


@case
def cancel_after_first_response(channel):
    call = channel.unary_stream(SERVICE + "Expand")(b"1000000 10000")
    assert len(next(call)) == 10000
    call.cancel()
    try:
        for _ in call:
            pass
        raise AssertionError("should be cancelled")
    except grpc.RpcError as error:
        assert error.code() == grpc.StatusCode.CANCELLED, error


@case
def timeout_on_sleeping_server(channel):
    began = time.monotonic()
    fails(lambda: unary(channel, "Sleep")(b"60000", timeout=0.2), grpc.StatusCode.DEADLINE_EXCEEDED)
    assert time.monotonic() - began < 2


@case
def server_sees_the_deadline(channel):
    remaining = int(unary(channel, "Remaining")(b"", timeout=30))
    assert 20_000 < remaining <= 31_000, remaining  # grpcio rounds up
    assert unary(channel, "Remaining")(b"") == b"none"


@case
def compressed_both_ways(channel):
    request = b"compressible " * 20_000
    assert unary(channel)(request, timeout=5, compression=grpc.Compression.Gzip) == request
    fails(lambda: unary(channel)(request, timeout=5, compression=grpc.Compression.Deflate), grpc.StatusCode.UNIMPLEMENTED)


@case
def health(channel):
    stub = health_pb2_grpc.HealthStub(channel)
    serving = health_pb2.HealthCheckResponse.SERVING
    assert stub.Check(health_pb2.HealthCheckRequest(), timeout=5).status == serving
    assert stub.Check(health_pb2.HealthCheckRequest(service="test.Echo"), timeout=5).status == serving
    fails(lambda: stub.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=5), grpc.StatusCode.NOT_FOUND)
    watch = stub.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=5)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


@case
def reflection(channel):
    database = ProtoReflectionDescriptorDatabase(channel)
    services = list(database.get_services())
    assert "test.Echo" in services and "grpc.health.v1.Health" in services, services
    pool = DescriptorPool(database)
    service = pool.FindServiceByName("jetty.v1.EdgeSelection")
    assert "SelectEdges" in service.methods_by_name
    assert service.methods_by_name["SelectEdges"].input_type.fields_by_name
    # grpcio-reflection has no v1 stub, but v1 differs in the service's name only.
    ask = channel.stream_stream(
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    questions = [
        reflection_pb2.ServerReflectionRequest(file_containing_symbol="jetty.v1.UploadState.WatchState"),
        reflection_pb2.ServerReflectionRequest(file_by_filename="no/such.proto"),
    ]
    answers = list(ask(iter(questions), timeout=5))
    assert len(answers[0].file_descriptor_response.file_descriptor_proto) >= 1
    assert answers[1].error_response.error_code == grpc.StatusCode.NOT_FOUND.value[0]


def another_channel(more):
    options = [("grpc.max_receive_message_length", 16 << 20), ("grpc.max_send_message_length", 16 << 20)] + more
    if len(sys.argv) > 2:
        with open(sys.argv[2], "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        return grpc.secure_channel(sys.argv[1], credentials, options + [("grpc.ssl_target_name_override", "localhost")])
    return grpc.insecure_channel(sys.argv[1], options)


def main():
    channel = another_channel([])
    failed = 0
    for function in CASES:
        try:
            function(channel)
            print("ok", function.__name__)
        except Exception:
            failed += 1
            print("FAILED", function.__name__)
            traceback.print_exc(file=sys.stdout)
    channel.close()
    sys.exit(1 if failed else 0)


main()
