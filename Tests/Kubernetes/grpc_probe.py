"""One gRPC probe, as the kubelet makes it: without TLS. Prints the status. ADDRESS SERVICE SECONDS"""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

address, service, seconds = sys.argv[1:]
with grpc.insecure_channel(address) as channel:
    try:
        answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(service=service), timeout=float(seconds))
        print(health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status))
    except grpc.RpcError as error:
        print(error.code().name, error.details())
