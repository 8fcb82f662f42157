// One upload: digests, asks where to send, sends over several edges at once, finalizes. Knows nothing of the page; it tells `onChange`.
import { Backoff, patiently } from './backoff.js';
import { ChunkQueue } from './chunk-queue.js';
import { EdgeLane } from './edge-lane.js';
import { UploadError } from './errors.js';
import { SpeedMeter } from './speed.js';
import { samplesOf } from './samples.js';

/** What the service takes at most. */
export const FILE_BYTES_MAX = 5 * 2 ** 40;
const ROUNDS_MAX = 3;
const REROUTE_MILLISECONDS = 10_000;
const FAILURES_BEFORE_REROUTE = 3;
const SAVE_MILLISECONDS = 10_000;
const STATES_THAT_RUN = ['hashing', 'checking', 'planning', 'sending', 'finalizing'];

export class Uploader {
  /** new, hashing, checking, planning, sending, finalizing, paused, done, failed */
  state = 'new';
  fileId = null;
  hash = null;
  hashed = 0;
  lanes = [];
  result = null;
  error = null;
  /** What it waits for, in words; null while all is well. */
  trouble = null;
  meter = new SpeedMeter();

  #plan = null;
  #stored = new Set();
  #abort = null;
  #running = null;
  #reroutedAt = -Infinity;
  #savedAt = 0;
  #verified = false;

  /**
   * @param {{file: File, userId: string, api: object, hasher: object, onChange?: Function, fileId?: string, hash?: string,
   *   putChunk?: Function}} options
   * `fileId`: an upload that is open, to go on with. `hash`: of this very file, where it is known.
   */
  constructor({ file, userId, api, hasher, onChange = () => {}, fileId = null, hash = null, putChunk = undefined }) {
    Object.assign(this, { file, userId, api, hasher, onChange, fileId, hash, putChunk });
    this.isResumed = fileId !== null;
    if (hash) this.hashed = file.size;
  }

  get chunksTotal() { return this.#plan?.chunksTotal ?? 0; }
  get chunksStored() { return this.#stored.size; }
  get bytesStored() { return [...this.#stored].reduce((sum, index) => sum + this.#range(index).size, 0); }
  get bytesDone() { return Math.min(this.file.size, this.bytesStored + this.lanes.reduce((sum, lane) => sum + lane.bytesUnderWay, 0)); }
  get secondsLeft() { return this.meter.secondsLeft(this.file.size - this.bytesDone); }
  get isRunning() { return STATES_THAT_RUN.includes(this.state); }

  /** Begins, or goes on. Returns when the upload is done, paused or failed; never throws. */
  run() {
    if (!this.isRunning) this.#running = this.#run();
    return this.#running;
  }

  pause() {
    if (this.isRunning && this.state !== 'finalizing') this.#abort?.abort(new UploadError('paused'));
  }

  /** Gives it up: what was sent is deleted. */
  async giveUp() {
    this.#abort?.abort(new UploadError('paused'));
    await this.#running;
    if (this.fileId) await this.api.abort(this.userId, this.fileId);
  }

  async #run() {
    this.#abort = new AbortController();
    const { signal } = this.#abort;
    this.error = null;
    this.trouble = null;
    try {
      if (this.file.size > FILE_BYTES_MAX) throw new UploadError('too-large');
      const { route, stored } = this.fileId ? await this.#takeUp(signal) : await this.#begin(signal);
      if (route) await this.#complete(route, stored, signal);
    } catch (error) {
      // Whoever still works for this run has nothing left to do.
      this.#abort.abort(error);
      if (error.kind === 'paused') {
        this.#set('paused');
      } else {
        this.error = error instanceof UploadError ? error : new UploadError('internal', { detail: String(error) });
        this.#set('failed');
      }
    } finally {
      this.lanes.forEach((lane) => lane.close());
      this.meter.reset();
      if (this.state === 'paused' && this.#plan && this.#verified) this.#save(true);
    }
  }

  // MARK: Beginning

  async #begin(signal) {
    await this.#hash(signal, true);
    this.#set('planning');
    const answer = await this.#ask(signal, () => this.api.optimalEdges(this.#request(), signal));
    if (answer.duplicate) {
      this.result = { ...answer.duplicate, isDuplicate: true, fileHash: this.hash, size: this.file.size };
      this.#set('done');
      return {};
    }
    this.fileId = answer.fileId;
    this.#verified = true;
    this.#take(answer);
    return { route: answer, stored: [] };
  }

  /** Finds out what is stored, and that this is the same file: by its size, by samples, and at the end by its digest. */
  async #takeUp(signal) {
    this.#set('checking');
    let answer;
    try {
      answer = await this.#resume(signal);
    } catch (error) {
      if (error.kind !== 'ended' || !await this.#findCompleted(signal)) throw error;
      return {};
    }
    this.#take(answer);
    const stored = await this.#storedChunks(signal);
    if (!this.#verified) {
      for (const index of samplesOf(stored)) {
        const { start, size } = this.#range(index);
        const digest = await this.hasher.chunk(this.file.slice(start, start + size), { signal });
        await this.#ask(signal, () => this.api.noteChunk(this.fileId, index, digest.text, answer.edges[0].id, size, signal));
      }
    }
    return { route: answer, stored };
  }

  /** Another device may have sent the rest. Finalizing twice gives the same file. */
  async #findCompleted(signal) {
    const state = await this.#ask(signal, () => this.api.state(this.userId, this.fileId, signal));
    if (!state || state.progress !== state.total || state.total !== this.file.size) return false;
    const file = await this.#ask(signal, () => this.api.finalize(this.userId, this.fileId, state.chunksUploaded.length, signal));
    await this.#hash(signal, true);
    if (file.fileHash && file.fileHash !== this.hash) throw new UploadError('other-file');
    this.result = { ...file, fileId: file.id, isDuplicate: false };
    this.#set('done');
    return true;
  }

  /** Fresh edges and a fresh token. */
  async #resume(signal) {
    try {
      return await this.#ask(signal, () => this.api.optimalEdges({ ...this.#request(), resuming: true, fileId: this.fileId }, signal));
    } catch (error) {
      if (error.kind === 'other-file' && error.body?.field === 'fileSize') throw new UploadError('other-size');
      throw error;
    }
  }

  #request() {
    const request = { userId: this.userId, fileSize: this.file.size, priority: 'speed', fileName: cleanName(this.file.name) };
    if (this.hash) request.fileHash = this.hash;
    if (/^[\w.+-]+\/[\w.+-]+$/.test(this.file.type)) request.fileType = this.file.type;
    return request;
  }

  #take(answer) {
    const { chunkSize } = answer.strategy ?? {};
    const fits = Number.isSafeInteger(chunkSize) && chunkSize > 0 && Math.ceil(this.file.size / chunkSize) === answer.chunksTotal;
    if (!fits && this.file.size > 0) throw new UploadError('refused', { detail: 'the service answered with a plan that does not fit the file' });
    this.#plan = { chunkSize, chunksTotal: answer.chunksTotal, token: answer.uploadToken, threads: answer.strategy?.threads ?? 16 };
  }

  async #hash(signal, isShown) {
    if (this.hash) return;
    if (isShown) this.#set('hashing');
    this.hash = await this.hasher.file(this.file, {
      signal,
      onProgress: (done) => {
        this.hashed = done;
        this.onChange(this);
      },
    });
    this.hashed = this.file.size;
  }

  // MARK: Sending

  async #complete(route, stored, signal) {
    this.#stored = new Set(stored);
    // The digest of a file that is gone on with is made while it is sent: samples have been compared already.
    const verification = this.#verified ? Promise.resolve() : this.#verify(signal);
    // It is awaited below; until then its failure must not count as unhandled.
    verification.catch((error) => { if (error.kind !== 'paused') this.#abort.abort(error); });
    for (let round = 1; ; round += 1) {
      await this.#send(route, signal);
      await verification;
      this.#set('finalizing');
      try {
        const file = await this.#ask(signal, () => this.api.finalize(this.userId, this.fileId, this.chunksTotal, signal));
        this.result = { ...file, fileId: file.id, isDuplicate: false };
        this.#set('done');
        return;
      } catch (error) {
        if (error.reason !== 'INCOMPLETE_UPLOAD' || round === ROUNDS_MAX) throw error;
        this.#stored = new Set(await this.#storedChunks(signal));
        route = await this.#resume(signal);
        this.#take(route);
      }
    }
  }

  /** The whole file must be the one that was begun. The service compares digests. */
  async #verify(signal) {
    await this.#hash(signal, false);
    await this.#ask(signal, () => this.api.optimalEdges({ ...this.#request(), resuming: true, fileId: this.fileId }, signal));
    this.#verified = true;
  }

  async #storedChunks(signal) {
    const state = await this.#ask(signal, () => this.api.state(this.userId, this.fileId, signal));
    if (!state) throw new UploadError('not-found');
    return state.chunksUploaded.filter((index) => index < this.chunksTotal);
  }

  async #send(route, signal) {
    this.#set('sending');
    const queue = new ChunkQueue([...Array(this.chunksTotal).keys()].filter((index) => !this.#stored.has(index)));
    if (queue.isEmpty) return;
    this.lanes.forEach((lane) => lane.close());
    const earlier = new Map(this.lanes.map((lane) => [lane.id, lane]));
    this.lanes = route.edges.map((edge) => this.#lane(edge, queue, signal, earlier.get(edge.id)));
    const ticker = setInterval(() => this.#tick(), 250);
    try {
      await new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
        if (signal.aborted) reject(signal.reason);
        this.onStored = () => { if (queue.isEmpty) resolve(); };
        this.onFatal = reject;
        this.lanes.forEach((lane) => lane.start());
      });
    } finally {
      clearInterval(ticker);
      this.lanes.forEach((lane) => lane.close());
    }
  }

  #lane(edge, queue, signal, earlier) { return new EdgeLane(edge, { uploader: this, queue, signal, putChunk: this.putChunk, earlier }); }

  #tick() {
    this.meter.mark(this.bytesDone);
    if (performance.now() - this.#savedAt > SAVE_MILLISECONDS) this.#save(false);
    this.onChange(this);
  }

  // MARK: For lanes

  get token() { return this.#plan.token; }

  get connectionsPerEdge() { return this.lanes.length >= 3 ? 2 : 3; }

  chunk(index) {
    const { start, size } = this.#range(index);
    return this.file.slice(start, start + size);
  }

  noteStored(index) {
    this.#stored.add(index);
    this.trouble = null;
    this.onStored?.();
    this.onChange(this);
  }

  /** A lane failed. Throws what cannot pass; asks for other edges where one goes on failing, or where the token is no good. */
  async noteFailure(error, lane, signal) {
    if (!error.mayPass && error.kind !== 'token-refused') throw error;
    if (error.kind === 'token-refused' || lane.backoff.failures >= FAILURES_BEFORE_REROUTE) {
      if (performance.now() - this.#reroutedAt > REROUTE_MILLISECONDS) {
        this.#reroutedAt = performance.now();
        try {
          await this.#reroute(signal);
        } catch (failure) {
          if (!failure.mayPass) throw failure;
        }
      } else if (error.kind === 'token-refused' && lane.backoff.failures > FAILURES_BEFORE_REROUTE) {
        throw error;
      }
    }
    if (!this.lanes.some((other) => other.isAvailable)) this.trouble = error.message;
    this.onChange(this);
  }

  async #reroute(signal) {
    const route = await this.api.optimalEdges({ ...this.#request(), resuming: true, fileId: this.fileId }, signal);
    this.#plan.token = route.uploadToken;
    const queue = this.lanes[0]?.queue;
    for (const edge of route.edges) {
      const known = this.lanes.find((lane) => lane.id === edge.id && !lane.isClosed);
      if (known?.url === edge.url) continue;
      known?.close();
      const lane = this.#lane(edge, queue, signal, known);
      this.lanes = [...this.lanes.filter((other) => other !== known), lane];
      lane.start();
    }
    // Edges that are not recommended any more finish what they have.
    for (const lane of this.lanes) if (!route.edges.some((edge) => edge.id === lane.id)) lane.retire();
  }

  // MARK: Words

  #range(index) {
    const start = index * this.#plan.chunkSize;
    return { start, size: Math.min(this.#plan.chunkSize, this.file.size - start) };
  }

  #ask(signal, attempt) {
    return patiently(signal, attempt, {
      backoff: new Backoff({ first: 500, most: 10_000 }),
      onRetry: (error) => {
        this.trouble = error.message;
        this.onChange(this);
      },
    }).then((answer) => {
      this.trouble = null;
      return answer;
    });
  }

  /** Tells other devices which edges are in use. A courtesy: progress itself is what the service has recorded. */
  #save(isLast) {
    this.#savedAt = performance.now();
    const chunksUploaded = [...this.#stored].sort((left, right) => left - right);
    const state = {
      fileId: this.fileId, chunksUploaded, chunksRemaining: [], edges: this.lanes.map((lane) => lane.id), progress: this.bytesStored,
      total: this.file.size,
    };
    this.api.saveState(this.userId, this.fileId, state, isLast ? undefined : this.#abort.signal).catch(() => {});
  }

  #set(state) {
    this.state = state;
    this.onChange(this);
  }
}

/** A file may be called anything; the service takes 1 to 1,024 bytes without control characters. */
export function cleanName(name) {
  let clean = '';
  for (const character of name) {
    const next = /\p{Cc}/u.test(character) ? '_' : character;
    if (new TextEncoder().encode(clean + next).length > 1024) break;
    clean += next;
  }
  return clean || 'unnamed';
}
