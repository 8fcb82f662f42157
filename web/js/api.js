// The REST API, as one object that knows the key. Never puts it into a URL.
import { UploadError, errorOfAnswer } from './errors.js';

const TIMEOUT_MILLISECONDS = 30_000;

export class API {
  #key;

  /** @param {string} base "" for the origin of this page. */
  constructor(key, base = '') {
    this.#key = key;
    this.base = base;
  }

  get headers() { return { authorization: `Bearer ${this.#key}` }; }

  get(path, signal) { return this.#call('GET', path, undefined, signal); }

  post(path, body, signal) { return this.#call('POST', path, body, signal); }

  stats(signal) { return this.get('/api/jetty/stats', signal); }

  optimalEdges(request, signal) { return this.post('/api/jetty/optimal-edges', request, signal); }

  state(userId, fileId, signal) {
    return this.get(`/api/jetty/get-state/${encodeURIComponent(userId)}/${encodeURIComponent(fileId)}`, signal).then((body) => body.state);
  }

  saveState(userId, fileId, state, signal) { return this.post('/api/jetty/save-state', { userId, fileId, state }, signal); }

  /** Notes a chunk; refused ("other-file") where other bytes are recorded for this index. Moves no bytes. */
  noteChunk(fileId, chunkIndex, hash, edgeId, size, signal) {
    return this.post('/api/jetty/cache-chunk', { fileId, chunkIndex, hash, edgeId, size }, signal);
  }

  finalize(userId, fileId, totalChunks, signal) {
    return this.post('/api/edge/finalize-upload', { userId, fileId, totalChunks }, signal).then((body) => body.file);
  }

  abort(userId, fileId, signal) { return this.post('/api/jetty/abort-upload', { userId, fileId }, signal); }

  async #call(method, path, body, signal) {
    const limit = AbortSignal.timeout(TIMEOUT_MILLISECONDS);
    let answer;
    try {
      answer = await fetch(this.base + path, {
        method,
        headers: body === undefined ? this.headers : { ...this.headers, 'content-type': 'application/json' },
        body: body === undefined ? undefined : JSON.stringify(body),
        signal: signal ? AbortSignal.any([signal, limit]) : limit,
        credentials: 'omit',
        cache: 'no-store',
      });
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      throw new UploadError('offline', { cause: error });
    }
    const parsed = await answer.json().catch(() => null);
    if (signal?.aborted) throw signal.reason;
    if (!answer.ok) throw errorOfAnswer(answer.status, parsed, answer.headers.get('retry-after'));
    // Something in between answered in the service's place: a sign-in page of a network, say.
    if (parsed === null || typeof parsed !== 'object') throw new UploadError('offline');
    return parsed;
  }
}
