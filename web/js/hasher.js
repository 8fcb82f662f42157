// Digests in workers, so that the page stays quick.
import { hex } from './sha256.js';
import { UploadError } from './errors.js';

const WORKER_URL = '/js/hash-worker.js';
// The page's policy takes script URLs only from here.
const policy = globalThis.trustedTypes?.createPolicy('jetty-worker', {
  createScriptURL: (url) => {
    if (url !== WORKER_URL) throw new TypeError('not a worker of this page');
    return url;
  },
});

export class Hasher {
  #workers = [];
  #jobs = new Map();
  #next = 0;

  /** One worker for whole files, the others for chunks. */
  constructor(count = 3) {
    for (let index = 0; index < count; index += 1) {
      const worker = new Worker(policy ? policy.createScriptURL(WORKER_URL) : WORKER_URL, { type: 'module' });
      worker.addEventListener('message', ({ data }) => this.#answered(data));
      worker.addEventListener('error', (event) => this.#broken(event.message));
      this.#workers.push(worker);
    }
  }

  /** SHA-256 of a file of any size, as the API writes it. `onProgress` gets bytes done. */
  file(blob, { onProgress = () => {}, signal } = {}) {
    return this.#run(this.#workers[0], blob, false, onProgress, signal).then((digest) => `sha256:${hex(digest)}`);
  }

  /** The digest of one chunk: {text, field}, for JSON and for Content-Digest. */
  async chunk(blob, { signal } = {}) {
    const rest = this.#workers.slice(1);
    const worker = rest[this.#next++ % rest.length];
    const digest = await this.#run(worker, blob, true, () => {}, signal);
    return { text: `sha256:${hex(digest)}`, field: `sha-256=:${btoa(String.fromCharCode(...digest))}:` };
  }

  close() {
    for (const worker of this.#workers) worker.terminate();
  }

  #run(worker, blob, isOneChunk, onProgress, signal) {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const onAbort = () => {
        this.#jobs.delete(id);
        worker.postMessage({ id, cancel: true });
        reject(signal.reason);
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      const settle = (body) => {
        this.#jobs.delete(id);
        signal?.removeEventListener('abort', onAbort);
        body();
      };
      this.#jobs.set(id, {
        progress: onProgress,
        done: (digest) => settle(() => resolve(digest)),
        failed: (error) => settle(() => reject(error)),
      });
      worker.postMessage({ id, blob, isOneChunk });
      return undefined;
    });
  }

  #answered({ id, done, digest, error }) {
    const job = this.#jobs.get(id);
    if (!job) return;
    if (digest) job.done(digest);
    else if (error === 'unreadable') job.failed(new UploadError('file-unreadable'));
    else if (error) job.failed(new UploadError('internal', { detail: error }));
    else job.progress(done);
  }

  #broken(message) {
    for (const job of [...this.#jobs.values()]) job.failed(new UploadError('internal', { detail: message }));
  }
}
