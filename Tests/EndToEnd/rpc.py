"""gRPC clients made from what the servers say of themselves: no generated code."""

import grpc
from google.protobuf import message_factory
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha import reflection_pb2
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

REFLECTION = "grpc.reflection.{}.ServerReflection"


def services(channel: grpc.Channel, version: str) -> set[str]:
    """What reflection lists. v1 and v1alpha have the same messages."""
    call = channel.stream_stream(
        f"/{REFLECTION.format(version)}/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
    )
    answers = list(call(iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=20))
    assert len(answers) == 1
    return {service.name for service in answers[0].list_services_response.service}


class Service:
    """Calls the methods of one service by name, with messages given as keyword arguments."""

    def __init__(self, address: str, name: str, credentials: grpc.ChannelCredentials | None = None):
        self.channel = grpc.insecure_channel(address) if credentials is None else grpc.secure_channel(address, credentials)
        self.pool = DescriptorPool(ProtoReflectionDescriptorDatabase(self.channel))
        self.descriptor = self.pool.FindServiceByName(name)
        self.called: dict[str, set[str]] = {method.name: set() for method in self.descriptor.methods}

    def message(self, method: str, **fields):
        return message_factory.GetMessageClass(self.descriptor.methods_by_name[method].input_type)(**fields)

    def call(self, method: str, request=None, metadata: dict | None = None, timeout: float = 30, **fields):
        """The answer, or the list of answers where the method streams them."""
        described = self.descriptor.methods_by_name[method]
        kind = ("stream" if described.client_streaming else "unary") + "_" + ("stream" if described.server_streaming else "unary")
        call = getattr(self.channel, kind)(
            f"/{self.descriptor.full_name}/{method}",
            request_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
            response_deserializer=message_factory.GetMessageClass(described.output_type).FromString,
        )
        if request is None:
            request = self.message(method, **fields)
        if described.client_streaming and not hasattr(request, "__next__"):
            request = iter([request])
        try:
            answer = call(request, metadata=tuple((metadata or {}).items()), timeout=timeout)
        except grpc.RpcError:
            self.called[method].add("bad")
            raise
        if not described.server_streaming:
            self.called[method].add("good")
        return answer

    def refused(self, method: str, code: grpc.StatusCode, field: str = "", reason: str = "", **call) -> grpc.RpcError:
        """Checks that a call fails with `code`, and what its details name."""
        try:
            answer = self.call(method, **call)
            if self.descriptor.methods_by_name[method].server_streaming:
                answer = list(answer)
        except grpc.RpcError as error:
            self.called[method].add("bad")
            assert error.code() == code, f"{error.code()}: {error.details()}"
            assert len(error.details()) > 5
            if field or reason:
                problem = self.problem(error)
                assert not field or problem.field == field, problem
                assert not reason or problem.reason == reason, problem
            return error
        raise AssertionError(f"{method} should have failed with {code} and answered {answer}")

    def problem(self, error: grpc.RpcError):
        """The jetty.v1.Problem among the details of google.rpc.Status."""
        from google.rpc import error_details_pb2, status_pb2

        packed = dict(error.trailing_metadata())["grpc-status-details-bin"]
        status = status_pb2.Status.FromString(packed)
        assert status.code == error.code().value[0] and status.message == error.details()
        (detail,) = [one for one in status.details if one.type_url.endswith("/jetty.v1.Problem")]
        problem = message_factory.GetMessageClass(self.pool.FindMessageTypeByName("jetty.v1.Problem")).FromString(detail.value)
        # The same for clients that know only google.rpc's details.
        standard = {kind: kind() for kind in (error_details_pb2.ErrorInfo, error_details_pb2.BadRequest, error_details_pb2.RetryInfo)}
        found = {kind for one in status.details for kind, message in standard.items() if one.Unpack(message)}
        assert standard[error_details_pb2.ErrorInfo].reason == problem.reason
        if error.code() == grpc.StatusCode.INVALID_ARGUMENT and problem.field:
            assert [one.field for one in standard[error_details_pb2.BadRequest].field_violations] == [problem.field]
        if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED):
            assert error_details_pb2.RetryInfo in found
        return problem
