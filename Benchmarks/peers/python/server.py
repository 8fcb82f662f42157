"""The grpcio peer: PORT. RecordChunk by grpc.aio on one loop. Needs the generated messages on PYTHONPATH."""

import asyncio
import sys

import bench_pb2 as messages
import bench_pb2_grpc as stubs
import grpc


class Chunks(stubs.ChunkMetadataServicer):
    async def RecordChunk(self, request, context):
        return messages.RecordChunkResponse(ok=True, ttl_seconds=3600, echo_file_id=request.file_id)


async def main() -> None:
    server = grpc.aio.server()
    stubs.add_ChunkMetadataServicer_to_server(Chunks(), server)
    server.add_insecure_port(f"127.0.0.1:{sys.argv[1]}")
    await server.start()
    await server.wait_for_termination()


asyncio.run(main())
