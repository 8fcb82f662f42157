"""verify.py PORT [--static] [--tls FILE] PART...: an independent client (grpcio) calls the server; exits 0 only if every answer is right.

--static: the server only knows the fixed answers. Run with the generated messages on PYTHONPATH.
"""

import argparse

import bench_pb2 as messages
import bench_pb2_grpc as stubs
import grpc

from shapes import CHUNK_BYTES, FILE_ID


def check(condition: bool, what: object) -> None:
    if not condition:
        raise SystemExit(f"wrong answer: {what}")


def check_record(stub, names: list[str]) -> None:
    calls = [
        stub.RecordChunk.future(
            messages.RecordChunkRequest(file_id=name, chunk_index=5, hash="sha256:" + "0" * 64, edge_id="sfo-1", size=52428800), timeout=10)
        for name in names]
    for name, call in zip(names, calls):
        answer = call.result()
        check(answer.ok and answer.ttl_seconds == 3600 and answer.echo_file_id == name, answer)
        check(call.code() == grpc.StatusCode.OK, call.code())


def check_unknown_method(channel) -> None:
    try:
        channel.unary_unary("/jetty.bench.v1.ChunkMetadata/Nope")(b"", timeout=5)
    except grpc.RpcError as error:
        check(error.code() == grpc.StatusCode.UNIMPLEMENTED, error.code())
    else:
        raise SystemExit("wrong answer: an unknown method was answered")


def check_bulk(stub) -> None:
    receipt = stub.PutChunk(messages.Chunk(content=b"j" * CHUNK_BYTES), timeout=10)
    check(receipt.byte_count == CHUNK_BYTES, receipt)
    chunk = stub.GetChunk(messages.ChunkRequest(byte_count=CHUNK_BYTES), timeout=10)
    check(chunk.content == b"j" * CHUNK_BYTES, f"{len(chunk.content)} bytes")


def check_stream(stub) -> None:
    answers = list(stub.ListChunks(messages.ListChunksRequest(file_id="streamed", count=1000), timeout=20))
    check(len(answers) == 1000, f"{len(answers)} messages")
    check(all(answer.ok and answer.ttl_seconds == 3600 and answer.echo_file_id == "streamed" for answer in answers), "a message")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port")
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--tls")
    parser.add_argument("parts", nargs="*")
    options = parser.parse_args()
    target = f"127.0.0.1:{options.port}"
    limits = [("grpc.max_receive_message_length", 8 << 20)]
    if options.tls:
        with open(options.tls, "rb") as file:
            credentials = grpc.ssl_channel_credentials(file.read())
        channel = grpc.secure_channel(target, credentials, limits + [("grpc.ssl_target_name_override", "localhost")])
    else:
        channel = grpc.insecure_channel(target, limits)
    with channel:
        stub = stubs.ChunkMetadataStub(channel)
        names = [FILE_ID] * 3
        if not options.static:
            names += [f"file_{number * 0x9E3779B97F4A7C15 % 2**64:016x}" for number in range(50)] + ["", "x" * 5000, "\u03a9-\u65e5\u672c"]
        check_record(stub, names)
        if not options.static:
            check_unknown_method(channel)
        if "bulk" in options.parts:
            check_bulk(stub)
        if "stream" in options.parts and not options.static:
            check_stream(stub)


if __name__ == "__main__":
    main()
