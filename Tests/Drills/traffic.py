"""The load of the drills: 500 calls a second, REST through both gateways, chunks through the edges, and RPC to every service."""

import asyncio
import base64
import dataclasses
import hashlib
import json
import os
import time

import grpc
import rpc
from client import sha256_text
from http1 import Caller, Place
from ledger import Ledger, paced
from stack import Stack

RATE = 500
# Of those, by kind. An upload is three calls: plan, chunk, finalize.
RPC_RATE = 150
UPLOAD_RATE = 10
USER = "usr_drill"


@dataclasses.dataclass
class Sent:
    url: str
    digest: str


class Traffic:
    """`retrying`: callers repeat idempotent calls that failed, as the platform's own client does; for outages that nobody announces."""

    def __init__(self, stack: Stack, retrying: bool = False):
        self.stack = stack
        self.retrying = retrying
        self.ledger = Ledger()
        self.stop = asyncio.Event()
        self.sent: list[Sent] = []
        self.urls = stack.env["JETTY_URLS"].split(",")
        self.places: dict[str, Place] = {}
        self.repeats = 4 if retrying else 1
        self.gateways = Caller(self.urls, self.ledger, self.places, self.repeats)
        self.key = {"authorization": f"Bearer {stack.api_key}"}
        self.turn = 0

    async def __aenter__(self):
        plan = await self.plan(os.urandom(6 << 20))
        assert plan, self.ledger.samples(self.ledger.failures)
        self.file = plan["fileId"]
        claims = plan["uploadToken"].split(".")[1]
        account = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["acc"]
        self.metadata = (("jetty-account", account),)
        self.requests = {
            ("edge-selection", "EdgeSelection", "ListEdges"): {"live_only": True},
            ("chunk-metadata", "ChunkMetadata", "MissingChunks"): {"file_id": self.file, "chunks_total": plan["chunksTotal"]},
            ("upload-state", "UploadState", "GetState"): {"user_id": USER, "file_id": self.file},
            ("dedup", "Dedup", "CheckDuplicate"): {"file_hash": sha256_text(b"nothing"), "file_size": 7},
            ("finalize", "Finalize", "GetUsage"): {},
        }
        self.calls = []
        self.channels = []
        for (name, service, method), fields in self.requests.items():
            addresses = self.stack.env[f"JETTY_{name.upper().replace('-', '_')}_ADDRESS"]
            one = rpc.Service(addresses.split(",")[0], f"jetty.v1.{service}")
            message = one.message(method, **fields).SerializeToString()
            one.channel.close()
            channel = grpc.aio.insecure_channel(
                f"ipv4:{addresses}",
                options=[
                    ("grpc.lb_policy_name", "round_robin"),
                    ("grpc.initial_reconnect_backoff_ms", 200),
                    ("grpc.min_reconnect_backoff_ms", 200),
                    ("grpc.max_reconnect_backoff_ms", 1000),
                    ("grpc.use_local_subchannel_pool", 1),
                ],
            )
            self.channels.append(channel)
            self.calls.append((f"rpc {service}.{method}", channel.unary_unary(f"/jetty.v1.{service}/{method}"), message))
        rest = RATE - RPC_RATE - 3 * UPLOAD_RATE
        self.tasks = [
            asyncio.create_task(paced(RPC_RATE, 30, self.stop, self.one_rpc)),
            asyncio.create_task(paced(rest, 64, self.stop, self.one_rest)),
            asyncio.create_task(paced(UPLOAD_RATE, 10, self.stop, self.one_upload)),
        ]
        return self

    async def __aexit__(self, *_):
        self.stop.set()
        await asyncio.gather(*self.tasks)
        self.seconds = time.monotonic() - self.ledger.started
        for channel in self.channels:
            await channel.close()

    # MARK: calls

    async def plan(self, data: bytes):
        request = {"userId": USER, "fileSize": len(data), "fileHash": sha256_text(data), "priority": "speed"}
        answer, _ = await self.gateways.call("POST optimal-edges", "POST", "/api/jetty/optimal-edges", self.key, request)
        return answer

    async def one_rest(self):
        self.turn += 1
        if self.turn % 8 == 0:
            state = {"userId": USER, "fileId": self.file, "state": {"edges": ["sfo-1"], "progress": 0, "total": 6 << 20}}
            await self.gateways.call("POST save-state", "POST", "/api/jetty/save-state", self.key, state)
        elif self.turn % 8 == 1:
            await self.gateways.call("GET edges", "GET", "/api/jetty/edges?liveOnly=true", self.key)
        else:
            answer, _ = await self.gateways.call("GET get-state", "GET", f"/api/jetty/get-state/{USER}/{self.file}", self.key)
            if answer is not None and (answer.get("state") or {}).get("fileId", self.file) != self.file:
                self.ledger.lost("GET get-state", f"a wrong answer: {answer}")

    async def one_rpc(self):
        self.turn += 1
        kind, call, message = self.calls[self.turn % len(self.calls)]
        for attempt in range(4 if self.retrying else 1):
            began = time.monotonic()
            try:
                await call(message, metadata=self.metadata, timeout=10)
                return self.ledger.note(kind, began)
            except grpc.RpcError as error:
                code, why = error.code(), f"{error.code().name}: {error.details()}"
                if code != grpc.StatusCode.UNAVAILABLE:
                    break
                if attempt < 3 and self.retrying:
                    self.ledger.repeated[kind] += 1
                    await asyncio.sleep(0.2)
        self.ledger.lost(kind, why, clear=code == grpc.StatusCode.UNAVAILABLE)

    async def one_upload(self):
        """A small file from its plan to its end; what was confirmed is compared after the drill."""
        data = os.urandom(2000)
        plan = await self.plan(data)
        if not plan:
            return
        edges = Caller([edge["url"] for edge in plan["edges"]], self.ledger, self.places, self.repeats)
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        headers = {"authorization": f"Bearer {plan['uploadToken']}", "content-digest": f"sha-256=:{digest}:"}
        stored, _ = await edges.call("PUT chunk (edges)", "PUT", f"/api/edge/files/{plan['fileId']}/chunks/0", headers, data)
        if stored is None:
            return
        request = {"fileId": plan["fileId"], "totalChunks": 1, "userId": USER}
        done, _ = await self.gateways.call("POST finalize-upload", "POST", "/api/edge/finalize-upload", self.key, request)
        if done is not None:
            self.sent.append(Sent(done["file"]["url"], sha256_text(data)))

    async def compare(self) -> int:
        """Fetches every file that was confirmed. Gives their number."""
        for sent in self.sent:
            place, _, path = sent.url.partition("/objects/")
            caller = Caller([place], self.ledger, self.places)
            _, data = await caller.call("GET object", "GET", f"/objects/{path}", {})
            if sha256_text(data) != sent.digest:
                self.ledger.lost("GET object", f"{sent.url} has other bytes than were sent")
        return len(self.sent)
