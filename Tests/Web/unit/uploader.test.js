import { UploadError } from '/js/errors.js';
import { Uploader } from '/js/uploader.js';
import { equal, ok, test } from './harness.js';

const SIZE = 50;
const CHUNK = 10;

/** A service in the page: takes chunks of ten bytes at edges a and b, and does what `over` says instead. */
function service(over = {}) {
  const stored = new Map();
  const calls = [];
  const edges = ['a', 'b'].map((id) => ({ id, url: `http://${id}.test`, latency: 1, weight: 0.5 }));
  const plan = (more) => ({ strategy: { chunkSize: CHUNK, threads: 4 }, edges, duplicate: null, fileId: 'file_x', uploadToken: 'token', chunksTotal: 5, ...more });
  return {
    stored, calls, plan,
    api: {
      optimalEdges: async (request) => { calls.push(request); return plan(); },
      state: async () => ({ chunksUploaded: [...stored.keys()], progress: stored.size * CHUNK, total: SIZE }),
      saveState: async () => ({}),
      noteChunk: async () => ({ ok: true }),
      finalize: async () => {
        if (stored.size < 5) throw new UploadError('refused', { reason: 'INCOMPLETE_UPLOAD' });
        return { id: 'file_x', url: 'https://x.test/', size: SIZE, fileHash: 'sha256:f' };
      },
      ...over.api,
    },
    hasher: { file: async () => 'sha256:f', chunk: async (blob) => ({ text: `sha256:${blob.size}`, field: 'd' }), ...over.hasher },
    putChunk: async ({ url, blob }) => {
      const index = Number(url.split('/').at(-1));
      await over.put?.(url, index, stored);
      stored.set(index, blob.size);
      return { ok: true };
    },
  };
}

const upload = (parts, more = {}) => new Uploader({ file: new File([new Uint8Array(SIZE)], 'f.bin'), userId: 'usr', ...parts, ...more });

test('every chunk once, over both edges', async () => {
  const sent = [];
  const parts = service({ put: async (url, index) => { sent.push([new URL(url).host, index]); await new Promise((resolve) => setTimeout(resolve, 5)); } });
  const uploader = upload(parts);
  await uploader.run();
  equal(uploader.state, 'done', String(uploader.error));
  equal(sent.map(([, index]) => index).sort(), [0, 1, 2, 3, 4]);
  equal(new Set(sent.map(([host]) => host)).size, 2);
  equal([uploader.bytesDone, uploader.result.url], [SIZE, 'https://x.test/']);
});

test('a duplicate sends nothing', async () => {
  const parts = service({ put: () => { throw new Error('sent'); } });
  parts.api.optimalEdges = async () => parts.plan({ duplicate: { fileId: 'file_y', url: 'https://y.test/', savedCost: 0.5 } });
  const uploader = upload(parts);
  await uploader.run();
  equal([uploader.state, uploader.result.isDuplicate, uploader.result.fileId], ['done', true, 'file_y']);
});

test('an edge that fails is left alone; the other one takes its chunks', async () => {
  const parts = service({ put: async (url) => { if (url.includes('//a.')) throw new UploadError('offline'); } });
  const uploader = upload(parts);
  await uploader.run();
  equal(uploader.state, 'done', String(uploader.error));
  const [a, b] = uploader.lanes;
  ok(a.failures > 0 && a.chunks === 0 && b.chunks === 5);
});

test('going on sends only what is missing, after samples and with the digest compared', async () => {
  const compared = [];
  const sent = [];
  const parts = service({ api: { noteChunk: async (...about) => compared.push(about) }, put: async (_, index) => sent.push(index) });
  for (const index of [0, 1, 3]) parts.stored.set(index, CHUNK);
  const uploader = upload(parts, { fileId: 'file_x' });
  await uploader.run();
  equal(uploader.state, 'done', String(uploader.error));
  equal(sent.sort(), [2, 4]);
  equal(compared.map(([, index]) => index).sort(), [0, 1, 3]);
  ok(parts.calls.every((request) => request.resuming && request.fileId === 'file_x'));
  equal(parts.calls.at(-1).fileHash, 'sha256:f');
});

test('another file is refused before anything is sent', async () => {
  const parts = service({ api: { noteChunk: async () => { throw new UploadError('other-file'); } }, put: () => { throw new Error('sent'); } });
  parts.stored.set(0, CHUNK);
  const uploader = upload(parts, { fileId: 'file_x' });
  await uploader.run();
  equal([uploader.state, uploader.error.kind], ['failed', 'other-file']);
});

test('another file that no sample shows is refused before it is completed', async () => {
  const parts = service();
  parts.stored.set(0, CHUNK);
  let isFinal = false;
  parts.api.optimalEdges = async (request) => { if (request.fileHash) throw new UploadError('other-file'); return parts.plan(); };
  parts.api.finalize = async () => { isFinal = true; };
  const uploader = upload(parts, { fileId: 'file_x' });
  await uploader.run();
  equal([uploader.state, uploader.error.kind, isFinal], ['failed', 'other-file', false]);
});

test('paused and gone on', async () => {
  let uploader;
  const parts = service({ put: async (_, index) => {
    if (index === 2 && uploader.state === 'sending') uploader.pause();
    await new Promise((resolve) => setTimeout(resolve, 5));
  } });
  uploader = upload(parts);
  await uploader.run();
  equal(uploader.state, 'paused');
  ok(parts.stored.size < 5 || uploader.chunksStored < 5);
  uploader.pause = () => {};
  await uploader.run();
  equal(uploader.state, 'done', String(uploader.error));
});

test('chunks that the service lost are sent again', async () => {
  let lost = false;
  const parts = service();
  const finalize = parts.api.finalize;
  parts.api.finalize = async (...about) => {
    if (!lost) {
      lost = true;
      parts.stored.delete(3);
    }
    return finalize(...about);
  };
  const uploader = upload(parts);
  await uploader.run();
  equal([uploader.state, parts.stored.size], ['done', 5]);
});

test('a token that expired is replaced', async () => {
  const parts = service();
  const put = parts.putChunk;
  parts.putChunk = async (chunk) => {
    if (chunk.token === 'token') throw new UploadError('token-refused');
    return put(chunk);
  };
  parts.api.optimalEdges = async (request) => parts.plan(request.resuming ? { uploadToken: 'fresh' } : {});
  const uploader = upload(parts);
  // Tokens are asked for at most once in ten seconds; the first time is at once.
  await uploader.run();
  equal(uploader.state, 'done', String(uploader.error));
});

test('plans that do not fit the file, and answers that are no use', async () => {
  for (const wrong of [{ chunksTotal: 4 }, { strategy: { chunkSize: 0 } }, { strategy: null }, { strategy: { chunkSize: 1e300 } }]) {
    const parts = service();
    parts.api.optimalEdges = async () => parts.plan(wrong);
    const uploader = upload(parts);
    await uploader.run();
    equal(uploader.state, 'failed', JSON.stringify(wrong));
  }
});

test('damage is tried again, but not for ever', async () => {
  const parts = service({ put: async (_, index) => { if (index === 1) throw new UploadError('file-changed'); } });
  const uploader = upload(parts);
  await uploader.run();
  equal([uploader.state, uploader.error.kind], ['failed', 'file-changed']);
});
