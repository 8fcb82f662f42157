"""The messages of grpc.testing as grpcio's peers use them: made from the .proto file at start."""

import pathlib
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from grpc_tools import protoc

PROTO = pathlib.Path(__file__).resolve().parents[1] / "proto"
SERVICE = "grpc.testing.TestService"


def _load():
    with tempfile.NamedTemporaryFile(suffix=".pb") as out:
        if protoc.main(["protoc", f"-I{PROTO}", f"--descriptor_set_out={out.name}", "grpc/testing/test.proto"]) != 0:
            raise SystemExit("protoc cannot read grpc/testing/test.proto")
        files = descriptor_pb2.FileDescriptorSet.FromString(out.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        pool.Add(file)
    return {
        f"grpc.testing.{message.name}": message_factory.GetMessageClass(pool.FindMessageTypeByName(f"grpc.testing.{message.name}"))
        for file in files.file
        for message in file.message_type
    }


_classes = _load()

Empty = _classes["grpc.testing.Empty"]
BoolValue = _classes["grpc.testing.BoolValue"]
Payload = _classes["grpc.testing.Payload"]
EchoStatus = _classes["grpc.testing.EchoStatus"]
SimpleRequest = _classes["grpc.testing.SimpleRequest"]
SimpleResponse = _classes["grpc.testing.SimpleResponse"]
ResponseParameters = _classes["grpc.testing.ResponseParameters"]
StreamingInputCallRequest = _classes["grpc.testing.StreamingInputCallRequest"]
StreamingInputCallResponse = _classes["grpc.testing.StreamingInputCallResponse"]
StreamingOutputCallRequest = _classes["grpc.testing.StreamingOutputCallRequest"]
StreamingOutputCallResponse = _classes["grpc.testing.StreamingOutputCallResponse"]


def payload(size: int):
    return Payload(body=bytes(size))


def large_request(**more):
    return SimpleRequest(response_size=314_159, payload=payload(271_828), **more)
