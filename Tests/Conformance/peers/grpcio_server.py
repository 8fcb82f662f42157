"""gRPC's interoperability server on grpcio.

    python grpcio_server.py --port N [--tls_cert_file FILE --tls_key_file FILE]

grpcio does not tell a handler whether a message came compressed, so `expect_compressed` is not looked at.
"""

import argparse
import concurrent.futures
import signal
import time

import grpc
import messages


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == "x-grpc-test-echo-initial":
            context.send_initial_metadata(((key, value),))
        if key == "x-grpc-test-echo-trailing-bin":
            context.set_trailing_metadata(((key, value),))


def end_if_asked(status, context):
    if status.code:
        code = next((code for code in grpc.StatusCode if code.value[0] == status.code), grpc.StatusCode.UNKNOWN)
        context.abort(code, status.message)


def empty_call(request, context):
    return messages.Empty()


def unary_call(request, context):
    echo_metadata(context)
    end_if_asked(request.response_status, context)
    if request.HasField("response_compressed"):
        context.set_compression(grpc.Compression.Gzip)
        if not request.response_compressed.value:
            context.disable_next_message_compression()
    return messages.SimpleResponse(payload=messages.payload(request.response_size))


def answers(request, context):
    end_if_asked(request.response_status, context)
    for parameters in request.response_parameters:
        time.sleep(parameters.interval_us / 1e6)
        if not parameters.compressed.value:
            context.disable_next_message_compression()
        yield messages.StreamingOutputCallResponse(payload=messages.payload(parameters.size))


def streaming_output_call(request, context):
    context.set_compression(grpc.Compression.Gzip)
    yield from answers(request, context)


def streaming_input_call(requests, context):
    return messages.StreamingInputCallResponse(aggregated_payload_size=sum(len(request.payload.body) for request in requests))


def full_duplex_call(requests, context):
    echo_metadata(context)
    for request in requests:
        yield from answers(request, context)


HANDLERS = {
    "EmptyCall": (grpc.unary_unary_rpc_method_handler, empty_call, messages.Empty, messages.Empty),
    "UnaryCall": (grpc.unary_unary_rpc_method_handler, unary_call, messages.SimpleRequest, messages.SimpleResponse),
    "StreamingOutputCall": (
        grpc.unary_stream_rpc_method_handler, streaming_output_call, messages.StreamingOutputCallRequest, messages.StreamingOutputCallResponse,
    ),
    "StreamingInputCall": (
        grpc.stream_unary_rpc_method_handler, streaming_input_call, messages.StreamingInputCallRequest, messages.StreamingInputCallResponse,
    ),
    "FullDuplexCall": (
        grpc.stream_stream_rpc_method_handler, full_duplex_call, messages.StreamingOutputCallRequest, messages.StreamingOutputCallResponse,
    ),
}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls_cert_file")
    parser.add_argument("--tls_key_file")
    options = parser.parse_args()
    server = grpc.server(concurrent.futures.ThreadPoolExecutor(16))
    handlers = {
        name: make(function, request_deserializer=request.FromString, response_serializer=response.SerializeToString)
        for name, (make, function, request, response) in HANDLERS.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(messages.SERVICE, handlers),))
    address = f"127.0.0.1:{options.port}"
    if options.tls_cert_file:
        with open(options.tls_key_file, "rb") as key, open(options.tls_cert_file, "rb") as certificate:
            credentials = grpc.ssl_server_credentials([(key.read(), certificate.read())])
        port = server.add_secure_port(address, credentials)
    else:
        port = server.add_insecure_port(address)
    server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    server.stop(0).wait()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    main()
