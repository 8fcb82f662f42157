// One edge of an upload: takes chunks from the queue and sends them, a few at a time; rests after a failure.
import { Backoff, pause } from './backoff.js';
import { UploadError } from './errors.js';
import { putChunk as put } from './put-chunk.js';

const DAMAGED_ATTEMPTS_MAX = 2;
/** An edge that has nothing to do looks again: a chunk may come back from another one. */
const IDLE_MILLISECONDS = 200;
/** Where a chunk takes less, one more at a time pays; on slow lines fewer chunks are lost when an upload stops. */
const QUICK_MILLISECONDS = 3000;

export class EdgeLane {
  chunks = 0;
  bytes = 0;
  failures = 0;
  isResting = false;
  isClosed = false;
  backoff = new Backoff({ first: 300, most: 15_000 });
  #underWay = new Map();
  #abort = new AbortController();
  #isRetired = false;
  #workers = 0;

  constructor(edge, { uploader, queue, signal, putChunk = put, earlier = null }) {
    Object.assign(this, { id: edge.id, url: edge.url.replace(/\/$/, ''), latency: edge.latency, uploader, queue, putChunk });
    if (earlier) Object.assign(this, { chunks: earlier.chunks, bytes: earlier.bytes, failures: earlier.failures });
    signal.addEventListener('abort', () => this.#abort.abort(signal.reason), { once: true });
  }

  get bytesUnderWay() { return [...this.#underWay.values()].reduce((sum, count) => sum + count, 0); }
  get chunksUnderWay() { return this.#underWay.size; }

  /** Takes chunks just now. */
  get isAvailable() { return !this.isResting && !this.isClosed && !this.#isRetired; }

  start() {
    this.#workers += 1;
    this.#work();
  }

  /** Takes no more chunks. */
  retire() { this.#isRetired = true; }

  close() {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#abort.abort(new UploadError('paused'));
  }

  async #work() {
    const { signal } = this.#abort;
    try {
      while (!signal.aborted && !this.#isRetired && !this.queue.isEmpty) {
        const others = this.uploader.lanes.some((lane) => lane !== this && lane.isAvailable);
        const index = this.isResting ? undefined : this.queue.take(this.id, others);
        if (index === undefined) await pause(IDLE_MILLISECONDS, signal);
        else await this.#send(index, signal);
      }
    } catch (error) {
      if (!signal.aborted) this.uploader.onFatal?.(error);
    }
  }

  async #send(index, signal) {
    const blob = this.uploader.chunk(index);
    const { token } = this.uploader;
    const began = performance.now();
    this.#underWay.set(index, 0);
    try {
      const digest = await this.uploader.hasher.chunk(blob, { signal });
      await this.putChunk({
        url: `${this.url}/api/edge/files/${this.uploader.fileId}/chunks/${index}`, blob, digest: digest.field, token, signal,
        onProgress: (sent) => this.#underWay.set(index, Math.min(sent, blob.size)),
      });
      this.#underWay.delete(index);
      this.queue.stored(index);
      this.chunks += 1;
      this.bytes += blob.size;
      this.backoff.succeeded();
      this.uploader.noteStored(index);
      if (performance.now() - began < QUICK_MILLISECONDS && this.#workers < this.uploader.connectionsPerEdge) this.start();
    } catch (error) {
      this.#underWay.delete(index);
      this.queue.failed(index, this.id);
      if (signal.aborted) return;
      await this.#recover(error, token, signal);
    }
  }

  async #recover(error, token, signal) {
    this.failures += 1;
    const wait = this.backoff.failed(error.retryAfterSeconds);
    // Another chunk has fetched a fresh token meanwhile.
    if (error.kind === 'token-refused' && token !== this.uploader.token) return;
    // Damage on the way happens; a file that goes on changing is another matter.
    const isDamage = error.kind === 'file-changed' && this.backoff.failures <= DAMAGED_ATTEMPTS_MAX;
    this.isResting = true;
    try {
      if (!isDamage) await this.uploader.noteFailure(error, this, signal);
      await pause(error.kind === 'token-refused' ? 100 : wait, signal);
    } finally {
      this.isResting = false;
    }
  }
}
