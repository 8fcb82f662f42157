"""A grpcio server for the RPC tests: prints its port, serves until its standard input ends."""

import sys
import time
from concurrent import futures

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.rpc import error_details_pb2, status_pb2

SERVICE = "test.Echo"


def fail(request, context):
    code, _, text = request.decode().partition(" ")
    context.set_trailing_metadata((("failed-with", code), ("bytes-bin", b"\x00\xff")))
    context.abort({member.value[0]: member for member in grpc.StatusCode}[int(code)], text)


def expand(request, context):
    count, size = map(int, request.split())
    for _ in range(count):
        yield b"z" * size


def collect(requests, context):
    sizes = [len(request) for request in requests]
    return b"%d %d" % (len(sizes), sum(sizes))


def chat(requests, context):
    yield from requests


def sleep(request, context):
    time.sleep(int(request) / 1000)
    return request


def metadata(request, context):
    context.send_initial_metadata([item for item in context.invocation_metadata() if item.key.startswith("x-")])
    return "\n".join(f"{item.key}={item.value}" for item in context.invocation_metadata()).encode()


def remaining(request, context):
    left = context.time_remaining()
    return b"none" if left is None or left > 1e9 else b"%d" % (left * 1000)


ATTEMPTS = {}


def flaky(request, context):
    """"FAILURES PUSHBACK NAME": fails so often, with that in grpc-retry-pushback-ms; then says how many attempts came before."""
    failures, pushback, name = request.decode().split()
    ATTEMPTS[name] = ATTEMPTS.get(name, 0) + 1
    if ATTEMPTS[name] <= int(failures):
        context.set_trailing_metadata((("grpc-retry-pushback-ms", pushback),))
        context.abort(grpc.StatusCode.UNAVAILABLE, "not now")
    return b"".join(item.value.encode() for item in context.invocation_metadata() if item.key == "grpc-previous-rpc-attempts")


def detailed(request, context):
    """As grpc_status.rpc_status.to_status makes it."""
    status = status_pb2.Status(code=3, message="bad field")
    for detail in (
        error_details_pb2.BadRequest(field_violations=[error_details_pb2.BadRequest.FieldViolation(field="a.b", description="is wrong")]),
        error_details_pb2.ErrorInfo(reason="WHY", domain="peer", metadata={"k": "v"}),
        error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=2, nanos=500_000_000)),
    ):
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(grpc.StatusCode.INVALID_ARGUMENT, status.message)


def main():
    server = grpc.server(futures.ThreadPoolExecutor(16), options=[("grpc.max_receive_message_length", 16 << 20)], compression=grpc.Compression.Gzip)
    server.add_generic_rpc_handlers([
        grpc.method_handlers_generic_handler(SERVICE, {
            "Unary": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
            "Fail": grpc.unary_unary_rpc_method_handler(fail),
            "Expand": grpc.unary_stream_rpc_method_handler(expand),
            "Collect": grpc.stream_unary_rpc_method_handler(collect),
            "Chat": grpc.stream_stream_rpc_method_handler(chat),
            "Sleep": grpc.unary_unary_rpc_method_handler(sleep),
            "Metadata": grpc.unary_unary_rpc_method_handler(metadata),
            "Flaky": grpc.unary_unary_rpc_method_handler(flaky),
            "Detailed": grpc.unary_unary_rpc_method_handler(detailed),
            "Remaining": grpc.unary_unary_rpc_method_handler(remaining),
        })
    ])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    sys.stdin.read()
    server.stop(0)


main()
