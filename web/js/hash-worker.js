// Digests files and parts of files, beside the page. Messages: {id, blob, isOneChunk}; answers: {id, done} now and then, {id, digest} at
// the end or {id, error}. {id, cancel: true} stops one. Memory: two pieces of a file, or one chunk.
import { SHA256 } from './sha256.js';

const PIECE_BYTES = 4 << 20;
/** Above it a chunk is digested piece by piece too, instead of as a whole by the browser (which is several times faster). */
const WHOLE_BYTES_MAX = 64 << 20;

const cancelled = new Set();

self.addEventListener('message', async ({ data }) => {
  const { id, blob, isOneChunk, cancel } = data;
  if (cancel) {
    cancelled.add(id);
    return;
  }
  try {
    const digest = isOneChunk && self.crypto?.subtle && blob.size <= WHOLE_BYTES_MAX
      ? new Uint8Array(await self.crypto.subtle.digest('SHA-256', await blob.arrayBuffer()))
      : await digestInPieces(id, blob);
    if (!cancelled.has(id)) self.postMessage({ id, digest });
  } catch (error) {
    self.postMessage({ id, error: error.name === 'NotReadableError' || error.name === 'NotFoundError' ? 'unreadable' : String(error) });
  } finally {
    cancelled.delete(id);
  }
});

async function digestInPieces(id, blob) {
  const hash = new SHA256();
  const read = (offset) => blob.slice(offset, Math.min(blob.size, offset + PIECE_BYTES)).arrayBuffer();
  let next = blob.size > 0 ? read(0) : null;
  for (let offset = 0; offset < blob.size; offset += PIECE_BYTES) {
    const piece = new Uint8Array(await next);
    if (cancelled.has(id)) return null;
    // The next piece is read while this one is digested.
    next = offset + PIECE_BYTES < blob.size ? read(offset + PIECE_BYTES) : null;
    hash.update(piece);
    self.postMessage({ id, done: offset + piece.length });
  }
  return hash.digest();
}
