"""Every RPC of every service through grpcio: once as it should be called, and once as it should not."""

import queue
import threading
import time
import uuid

import grpc
import jwt
import pytest
import rpc
from client import Upload, made_up_file_id, sha256_text
from grpc import StatusCode
from grpc_health.v1 import health_pb2, health_pb2_grpc

SERVICES = {
    "edge-selection": "jetty.v1.EdgeSelection",
    "chunk-metadata": "jetty.v1.ChunkMetadata",
    "upload-state": "jetty.v1.UploadState",
    "dedup": "jetty.v1.Dedup",
    "finalize": "jetty.v1.Finalize",
    "edge-worker": "jetty.v1.EdgeWorker",
}
BAD_FILE = {"file_id": "../../etc/passwd"}


@pytest.fixture(scope="module")
def services(stack):
    """By their short names; at the end, every method was called both ways."""
    made = {name: rpc.Service(stack.address(name), full) for name, full in SERVICES.items()}
    yield made
    for one in made.values():
        one.channel.close()


@pytest.fixture(scope="module")
def account(client) -> dict:
    """What the gateway would say of the caller."""
    token = client.plan(b"whose account is it")["uploadToken"]
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims["iss"] == "jetty" and jwt.get_unverified_header(token)["alg"] == "EdDSA"
    return {"jetty-account": claims["acc"], "jetty-request-id": "req_test"}


@pytest.fixture
def upload(client) -> Upload:
    return Upload(client, 6 << 20)


def bearer(upload: Upload) -> dict:
    return {"authorization": f"Bearer {upload.token}"}


@pytest.mark.parametrize("version", ["v1", "v1alpha"])
@pytest.mark.parametrize("name", SERVICES)
def test_reflection_lists_every_service(stack, name, version):
    with grpc.insecure_channel(stack.address(name)) as channel:
        listed = rpc.services(channel, version)
    assert {SERVICES[name], "grpc.health.v1.Health", rpc.REFLECTION.format("v1"), rpc.REFLECTION.format("v1alpha")} <= listed


@pytest.mark.parametrize("name", SERVICES)
def test_health(stack, name):
    with grpc.insecure_channel(stack.address(name)) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", SERVICES[name]):
            answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=20)
            assert answer.status == health_pb2.HealthCheckResponse.SERVING
        with pytest.raises(grpc.RpcError) as refused:
            health.Check(health_pb2.HealthCheckRequest(service="nobody"), timeout=20)
        assert refused.value.code() == StatusCode.NOT_FOUND
        watch = health.Watch(health_pb2.HealthCheckRequest(service=SERVICES[name]), timeout=20)
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        watch.cancel()
        unknown = health.Watch(health_pb2.HealthCheckRequest(service="nobody"), timeout=20)
        assert next(unknown).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
        unknown.cancel()
        listed = health.List(health_pb2.HealthListRequest(), timeout=20).statuses
        assert listed[SERVICES[name]].status == health_pb2.HealthCheckResponse.SERVING


def test_edge_selection(services, account, stack):
    edges = services["edge-selection"]
    chosen = edges.call(
        "SelectEdges", metadata=account, user_id="usr_rpc", file_size=6 << 20, file_hash=sha256_text(uuid.uuid4().bytes), priority="PRIORITY_COST"
    )
    assert chosen.file_id and chosen.upload_token and chosen.chunks_total == 2 and chosen.edges[0].rpc_address
    assert chosen.strategy.chunk_size == 5 << 20 and not chosen.HasField("duplicate")
    edges.refused("SelectEdges", StatusCode.INVALID_ARGUMENT, field="userId", metadata=account, user_id="a/b", file_size=1)
    edges.refused("SelectEdges", StatusCode.UNAUTHENTICATED, user_id="usr_rpc", file_size=1, file_hash=sha256_text(b""))
    edges.refused("SelectEdges", StatusCode.INVALID_ARGUMENT, field="fileSize", metadata=account, user_id="usr_rpc", file_size=1 << 63)

    again = edges.call("ReplanEdges", metadata=account, user_id="usr_rpc", file_id=chosen.file_id)
    assert again.file_id == chosen.file_id and again.chunks_total == 2 and again.upload_token
    edges.refused("ReplanEdges", StatusCode.NOT_FOUND, field="fileId", metadata=account, user_id="usr_rpc", file_id=made_up_file_id())

    listed = edges.call("ListEdges", metadata=account, live_only=True).edges
    assert {edge.id for edge in listed} == set(stack.env["JETTY_EDGE_IDS"].split(","))
    edges.refused("ListEdges", StatusCode.INTERNAL, request=b"\xff\xff\xff\xff", metadata=account)

    beat = dict(edge_id=listed[0].id, url=listed[0].url, rpc_address=stack.address("edge-worker"), load_percent=3)
    assert 0 < edges.call("Heartbeat", metadata={"jetty-service": "edge-worker"}, **beat).next_in_seconds <= 30
    edges.refused("Heartbeat", StatusCode.INVALID_ARGUMENT, field="edgeId", **beat | {"edge_id": "NOT AN ID"})
    edges.refused("Heartbeat", StatusCode.INVALID_ARGUMENT, field="loadPercent", **beat | {"load_percent": 101})

    probe = [{"edge_id": "sfo-1", "rtt_milliseconds": 11}]
    assert edges.call("ReportProbe", metadata=account, user_id="usr_rpc", probes=probe).ok
    late = [{"edge_id": "sfo-1", "rtt_milliseconds": 1e9}]
    edges.refused("ReportProbe", StatusCode.INVALID_ARGUMENT, field="probes[0].rttMs", metadata=account, user_id="usr_rpc", probes=late)

    assert edges.call("PreWarm", metadata=account | {"jetty-service": "test"}, user_id="usr_rpc").users <= 1
    edges.refused("PreWarm", StatusCode.INVALID_ARGUMENT, field="userId", metadata=account, user_id="\r\n")


def test_chunk_metadata(services, account, upload):
    chunks = services["chunk-metadata"]
    token, other = bearer(upload), made_up_file_id()
    chunk = dict(file_id=upload.id, chunk_index=0, hash=sha256_text(upload.chunk(0)), edge_id="sfo-1")
    sized = chunk | {"size": 5 << 20}

    assert not chunks.call("ClaimChunk", metadata=token, **sized).already_stored
    chunks.refused("ClaimChunk", StatusCode.UNAUTHENTICATED, **sized)
    chunks.refused("ClaimChunk", StatusCode.INVALID_ARGUMENT, field="hash", metadata=token, **sized | {"hash": "sha256:abc"})
    chunks.refused("ClaimChunk", StatusCode.INVALID_ARGUMENT, field="chunkIndex", metadata=token, **sized | {"chunk_index": 2})
    chunks.call("ReleaseChunk", metadata=token, **chunk)
    chunks.refused("ReleaseChunk", StatusCode.INVALID_ARGUMENT, field="edgeId", metadata=token, **chunk | {"edge_id": "x" * 51})

    assert upload.put_chunk(0).status_code == 200
    assert chunks.call("ClaimChunk", metadata=token, **sized).already_stored
    listed = chunks.call("ListChunks", metadata=account, file_id=upload.id).chunks
    assert [(one.index, one.hash, one.size) for one in listed] == [(0, chunk["hash"], 5 << 20)]
    chunks.refused("ListChunks", StatusCode.INVALID_ARGUMENT, field="fileId", metadata=account, **BAD_FILE)
    stored = listed[0]
    record = sized | {"edge_id": stored.edge_id, "etag": stored.etag}
    assert chunks.call("RecordChunk", metadata=token, **record).chunks_stored == 1
    chunks.refused("RecordChunk", StatusCode.INVALID_ARGUMENT, field="etag", metadata=token, **sized)
    conflict = record | {"hash": sha256_text(b"other")}
    assert chunks.refused("RecordChunk", StatusCode.ALREADY_EXISTS, reason="CHUNK_CONFLICT", metadata=token, **conflict)

    assert chunks.call("CacheChunk", metadata=account, **sized).ttl == 3600
    chunks.refused("CacheChunk", StatusCode.INVALID_ARGUMENT, field="chunkIndex", metadata=account, **sized | {"chunk_index": 10_000})
    missing = chunks.call("MissingChunks", metadata=account, file_id=upload.id, chunks_total=2)
    assert (list(missing.missing), missing.stored, missing.bytes_stored) == ([1], 1, 5 << 20)
    chunks.refused("MissingChunks", StatusCode.INVALID_ARGUMENT, field="chunksTotal", metadata=account, file_id=upload.id, chunks_total=10_001)
    (summary,) = chunks.call("SummarizeChunks", metadata=account, file_ids=[upload.id, other]).summaries
    assert (summary.file_id, summary.chunks_stored, summary.bytes_stored) == (upload.id, 1, 5 << 20)
    chunks.refused("SummarizeChunks", StatusCode.INVALID_ARGUMENT, field="fileIds[0]", metadata=account, file_ids=["x"])
    upload.complete()

    chunks.call("DropChunks", metadata={"jetty-service": "finalize"}, file_id=other)
    chunks.refused("DropChunks", StatusCode.INVALID_ARGUMENT, field="fileId", metadata={"jetty-service": "finalize"}, **BAD_FILE)


def test_upload_state(services, account, upload, client):
    states = services["upload-state"]
    who = dict(user_id="usr_123", file_id=upload.id)
    found = states.call("GetUpload", metadata=account, **who).upload
    assert (found.plan.file_size, found.plan.chunks_total) == (6 << 20, 2)
    states.refused("GetUpload", StatusCode.NOT_FOUND, metadata=account, file_id=made_up_file_id())
    states.refused("GetUpload", StatusCode.INVALID_ARGUMENT, field="fileId", metadata=account, **BAD_FILE)

    again = states.message("OpenUpload")
    again.upload.CopyFrom(found)
    assert states.call("OpenUpload", request=again, metadata=account).upload.file_id == upload.id
    states.refused("OpenUpload", StatusCode.INVALID_ARGUMENT, field="upload", metadata=account)

    saved = dict(chunks_uploaded=[], edges=["sfo-1"], total=6 << 20)
    assert states.call("SaveState", metadata=account, state=saved, **who).ok
    states.refused("SaveState", StatusCode.INVALID_ARGUMENT, field="state", metadata=account, **who)
    assert states.call("GetState", metadata=account, **who).state.total == 6 << 20
    assert not states.call("GetState", metadata=account, user_id="usr_123", file_id=made_up_file_id()).HasField("state")
    states.refused("GetState", StatusCode.INVALID_ARGUMENT, field="userId", metadata=account, user_id="a b", file_id=upload.id)

    events: queue.Queue = queue.Queue()
    stream = states.call("WatchState", metadata=account, timeout=60, **who)

    def watch():
        try:
            for event in stream:
                events.put(event)
            events.put("end")
        except grpc.RpcError as error:
            events.put(error)

    threading.Thread(target=watch, daemon=True).start()
    first = events.get(timeout=20)
    assert (first.chunks_stored, first.chunks_total, first.total) == (0, 2, 6 << 20)
    assert upload.put_chunk(1).status_code == 200
    event = events.get(timeout=20)
    assert event.chunks_stored == 1 and event.has_chunk and event.chunk_index == 1 and event.progress == 1 << 20
    upload.complete()
    seen = []
    while seen[-1:] != ["end"]:
        seen.append(events.get(timeout=30))
        assert not isinstance(seen[-1], grpc.RpcError), seen[-1]
    states.called["WatchState"].add("good")
    completed = states.descriptor.file.enum_types_by_name["UploadStatus"].values_by_name["UPLOAD_STATUS_COMPLETED"].number
    assert seen[-2].status == completed and seen[-2].chunks_stored == 2
    states.refused("WatchState", StatusCode.NOT_FOUND, metadata=account, user_id="usr_123", file_id=made_up_file_id())

    doomed = Upload(client, 1000)
    inside = {"jetty-service": "finalize"}
    for _ in range(2):
        states.call("CloseUpload", metadata=inside | account, file_id=doomed.id, status="UPLOAD_STATUS_FAILED")
    states.refused("CloseUpload", StatusCode.INVALID_ARGUMENT, field="fileId", metadata=inside, **BAD_FILE)
    states.call("ListExpired", metadata=inside, limit=10)
    states.refused("ListExpired", StatusCode.INVALID_ARGUMENT, field="limit", metadata=inside, limit=1001)
    assert states.call("GetStats", metadata=account).transferred_bytes >= 6 << 20
    states.refused("GetStats", StatusCode.UNAUTHENTICATED)
    states.refused("GetStats", StatusCode.INVALID_ARGUMENT, field="userId", metadata=account, user_id="é")


def test_dedup(services, account):
    dedup = services["dedup"]
    file, bytes_hash = made_up_file_id(), sha256_text(uuid.uuid4().bytes)
    inside = {"jetty-service": "finalize"} | account
    row = dict(
        file_id=file, account_id=account["jetty-account"], user_id="usr_rpc", file_hash=bytes_hash, file_size=77, file_name="a.bin",
        object_key=f"files/x/usr_rpc/{file}", verified=True,
    )  # fmt: skip
    for _ in range(2):
        dedup.call("RegisterFile", metadata=inside, **row)
    dedup.refused("RegisterFile", StatusCode.INVALID_ARGUMENT, field="fileHash", metadata=inside, **row | {"file_hash": "x"})
    found = dedup.call("CheckDuplicate", metadata=account, file_hash=bytes_hash, file_size=77, file_name="b.bin").duplicate
    assert found.file_id == file and found.similarity == 1
    dedup.refused("CheckDuplicate", StatusCode.INVALID_ARGUMENT, field="fileHash", metadata=account, file_size=77)
    dedup.refused("CheckDuplicate", StatusCode.UNAUTHENTICATED, file_hash=bytes_hash, file_size=77)
    for _ in range(2):
        dedup.call("ForgetFile", metadata=inside, file_id=file, account_id=account["jetty-account"])
    dedup.refused("ForgetFile", StatusCode.INVALID_ARGUMENT, field="fileId", metadata=inside, account_id="a", **BAD_FILE)
    answer = dedup.call("CheckDuplicate", metadata=account, file_hash=bytes_hash, file_size=77)
    assert not answer.HasField("duplicate") or answer.duplicate.file_id != file


def test_finalize(services, account, upload, client):
    finalize = services["finalize"]
    who = dict(user_id="usr_123", file_id=upload.id)
    error = finalize.refused("FinalizeUpload", StatusCode.FAILED_PRECONDITION, reason="INCOMPLETE_UPLOAD", metadata=account, total_chunks=2, **who)
    incomplete = finalize.problem(error).incomplete
    assert (incomplete.uploaded, incomplete.expected, list(incomplete.missing)) == (0, 2, [0, 1])
    finalize.refused("FinalizeUpload", StatusCode.INVALID_ARGUMENT, field="totalChunks", metadata=account, total_chunks=10_001, **who)
    upload.put_rest()
    file = finalize.call("FinalizeUpload", metadata=account, total_chunks=2, **who).file
    assert file.id == upload.id and file.size == 6 << 20 and file.url

    clone = finalize.call("CloneFile", metadata=account, source_file_id=upload.id, user_id="usr_123", file_name="copy.bin")
    assert clone.file.id not in ("", upload.id) and clone.saved_bytes == 6 << 20 and clone.saved_cost_micro_dollars == 629
    finalize.refused("CloneFile", StatusCode.NOT_FOUND, metadata=account, source_file_id=made_up_file_id(), user_id="usr_123")
    finalize.refused("CloneFile", StatusCode.INVALID_ARGUMENT, field="sourceFileId", metadata=account, source_file_id="x", user_id="usr_123")

    doomed = Upload(client, 1000)
    for _ in range(2):
        assert finalize.call("AbortUpload", metadata=account, user_id="usr_123", file_id=doomed.id).ok
    finalize.refused("AbortUpload", StatusCode.INVALID_ARGUMENT, field="userId", metadata=account, file_id=doomed.id)
    used = finalize.call("GetUsage", metadata=account)
    assert used.transferred_bytes >= 6 << 20 and used.files >= 2 and used.duplicates >= 1
    finalize.refused("GetUsage", StatusCode.UNAUTHENTICATED)


def test_edge_worker(services, upload):
    edge = services["edge-worker"]

    def messages(index: int, data: bytes, name: str | None = None):
        yield edge.message("UploadChunk", header={"file_id": upload.id, "chunk_index": index, "hash": name or sha256_text(data)})
        for start in range(0, len(data), 1 << 16):
            yield edge.message("UploadChunk", data=data[start : start + (1 << 16)])

    chunk = upload.chunk(0)
    send = dict(metadata=bearer(upload), timeout=60)
    edge.refused("UploadChunk", StatusCode.UNAUTHENTICATED, request=messages(0, chunk))
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, field="hash", request=messages(0, chunk, sha256_text(b"x")), **send)
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, field="data", request=messages(0, chunk[:-1]), **send)
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, field="data", request=messages(0, chunk + b"x"), **send)
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, field="chunkIndex", request=messages(2, chunk), **send)
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, field="header", request=iter([edge.message("UploadChunk", data=b"x")]), **send)
    edge.refused("UploadChunk", StatusCode.INVALID_ARGUMENT, request=iter([]), **send)
    answer = edge.call("UploadChunk", request=messages(0, chunk), **send)
    assert answer.ok and not answer.already_stored and answer.size == 5 << 20
    assert edge.call("UploadChunk", request=messages(0, chunk), **send).already_stored
    upload.complete()

    assert edge.call("WarmUp", user_id="usr_123").ok
    edge.refused("WarmUp", StatusCode.INVALID_ARGUMENT, field="userId", user_id="\x00")
    load = edge.call("GetLoad")
    assert load.edge_id == "sfo-1" and load.bytes_received >= 5 << 20
    edge.refused("GetLoad", StatusCode.INTERNAL, request=b"\x0a\xff")


def test_wire(services, account):
    """What no generated client would send."""
    edges = services["edge-selection"]
    with pytest.raises(grpc.RpcError) as refused:
        edges.channel.unary_unary("/jetty.v1.EdgeSelection/Nothing")(b"", timeout=20)
    assert refused.value.code() == StatusCode.UNIMPLEMENTED
    # Text that is not UTF-8, and a message over the limit.
    edges.refused("PreWarm", StatusCode.INVALID_ARGUMENT, request=b"\x0a\x02\xff\xfe", metadata=account)
    edges.refused("PreWarm", StatusCode.RESOURCE_EXHAUSTED, request=b"\x0a\xff\xff\xff\x02" + bytes(5 << 20), metadata=account)
    started = time.monotonic()
    with pytest.raises(grpc.RpcError) as late:
        list(services["upload-state"].call("WatchState", metadata=account, timeout=0.001, user_id="usr_123", file_id=made_up_file_id()))
    assert late.value.code() in (StatusCode.DEADLINE_EXCEEDED, StatusCode.NOT_FOUND) and time.monotonic() - started < 5


def test_every_method_was_called_both_ways(services):
    """Runs last: a new RPC without a test above fails here."""
    left = {f"{one.descriptor.name}.{method}": ways for one in services.values() for method, ways in one.called.items() if ways != {"good", "bad"}}
    assert not left
