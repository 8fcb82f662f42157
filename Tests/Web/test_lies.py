"""A browser that lies about sizes and hashes: clear refusals, and nothing else disturbed."""

import json

import pytest

MIB = 1 << 20

# Runs in the page: the API as its modules see it, with an upload of a few real bytes.
PRELUDE = """
const { API } = await import('/js/api.js');
const { putChunk } = await import('/js/put-chunk.js');
const { Hasher } = await import('/js/hasher.js');
const api = new API(KEY);
const refusal = async (promise) => {
  try {
    await promise;
    return {kind: 'accepted'};
  } catch (error) {
    return {kind: error.kind, status: error.status, text: error.message};
  }
};
const bytes = new Uint8Array(6 * 1024 * 1024).fill(FILL);
const file = new File([bytes], 'lie.bin');
const hasher = new Hasher();
const real = await hasher.file(file);
const open = (changes = {}) => api.optimalEdges({userId: 'usr_liar', fileSize: file.size, fileHash: real, fileName: 'lie.bin', ...changes});
const send = async (plan, index, blob, digest) => putChunk({
  url: `${plan.edges[0].url}/api/edge/files/${plan.fileId}/chunks/${index}`, blob, token: plan.uploadToken, signal: new AbortController().signal,
  digest: digest ?? (await hasher.chunk(blob)).field, onProgress: () => {},
});
"""
fill = 0


@pytest.fixture
def lie(page):
    def run(body: str):
        global fill
        fill += 1
        prelude = PRELUDE.replace("KEY", json.dumps(page.stack.api_key)).replace("FILL", str(fill))
        return page.tab.run(f"(async () => {{ {prelude} {body} }})()")

    return run


def test_a_wrong_digest_is_refused_and_the_place_stays_free(lie):
    wrong, right, file = lie("""
        const plan = await open();
        const size = plan.strategy.chunkSize;
        const lied = await refusal(send(plan, 0, file.slice(0, size), 'sha-256=:' + btoa('x'.repeat(32)) + ':'));
        const sent = await refusal(send(plan, 0, file.slice(0, size)));
        for (let index = 1; index < plan.chunksTotal; index += 1) await send(plan, index, file.slice(index * size, (index + 1) * size));
        return [lied, sent, await api.finalize('usr_liar', plan.fileId, plan.chunksTotal)];
    """)
    assert wrong["kind"] == "file-changed" and wrong["status"] == 400, wrong
    assert right["kind"] == "accepted"
    assert file["size"] == 6 * MIB


def test_wrong_sizes(lie):
    short, long, huge, tiny = lie("""
        const plan = await open();
        const size = Math.min(plan.strategy.chunkSize, file.size);
        return [
          await refusal(send(plan, 0, file.slice(0, size - 1))), await refusal(send(plan, 0, new Blob([file, file, file]).slice(0, size + 1))),
          await refusal(open({fileSize: 2 ** 50})), await refusal(open({fileSize: -1})),
        ];
    """)
    for one in (short, long, huge, tiny):
        assert one["kind"] == "refused" and one["status"] in (400, 413), one
    assert "bytes" in short["text"] and "bytes" in long["text"] and "fileSize" in huge["text"] and "fileSize" in tiny["text"]


def test_other_bytes_for_a_stored_chunk(lie):
    conflict, note, state = lie("""
        const plan = await open();
        const size = Math.min(plan.strategy.chunkSize, file.size);
        await send(plan, 0, file.slice(0, size));
        const other = new Blob([new Uint8Array(size).fill(255)]);
        return [
          await refusal(send(plan, 0, other)), await refusal(api.noteChunk(plan.fileId, 0, (await hasher.chunk(other)).text, plan.edges[0].id, size)),
          await api.state('usr_liar', plan.fileId),
        ];
    """)
    assert conflict["kind"] == note["kind"] == "other-file" and conflict["status"] == note["status"] == 409
    assert state["chunksUploaded"] == [0]


def test_a_file_that_is_not_what_its_hash_says_answers_nobody_else(lie, client):
    """The digest of the file is a claim. Other users of the account are not given these bytes for it."""
    hash_text = "sha256:" + "5a" * 32
    plan = lie(f"""
        const plan = await open({{fileHash: '{hash_text}'}});
        const size = plan.strategy.chunkSize;
        for (let index = 0; index < plan.chunksTotal; index += 1) await send(plan, index, file.slice(index * size, (index + 1) * size));
        await api.finalize('usr_liar', plan.fileId, plan.chunksTotal);
        return plan;
    """)
    answer = client.post("/api/jetty/optimal-edges", json={"userId": "usr_victim", "fileSize": 6 * MIB, "fileHash": hash_text}).json()
    assert answer["duplicate"] is None and answer["fileId"] != plan["fileId"]
    client.post("/api/jetty/abort-upload", json={"userId": "usr_victim", "fileId": answer["fileId"]}).raise_for_status()


def test_incomplete_is_not_finalized_and_strangers_see_nothing(lie, stack):
    incomplete, foreign, unknown = lie("""
        const plan = await open();
        const stranger = new API(STRANGER);
        return [
          await refusal(api.finalize('usr_liar', plan.fileId, plan.chunksTotal)),
          await refusal(stranger.post('/api/jetty/abort-upload', {userId: 'usr_liar', fileId: plan.fileId})),
          await refusal(new API('jetty_' + 'x'.repeat(32)).stats()),
        ];
    """.replace("STRANGER", json.dumps(stack.another_account())))
    assert incomplete["kind"] == "refused" and incomplete["status"] in (400, 409), incomplete
    assert foreign["status"] == 404 or foreign["kind"] == "accepted", foreign
    assert unknown["kind"] == "key-invalid"
