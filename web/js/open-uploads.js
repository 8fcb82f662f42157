// The list of uploads that are not done, of this browser and of others, with live progress.
import { h, progressBar, setHidden, setText } from './dom.js';
import * as format from './format.js';
import { watch } from './watch.js';

const REFRESH_MILLISECONDS = 10_000;
/** Browsers allow six connections to a host over HTTP/1.1; the rest of this list is refreshed now and then. */
const WATCHED_MAX = 2;

export class OpenUploads {
  #items = new Map();
  #watches = new Map();
  #timer = null;
  #abort = null;

  /** `onChoose(upload, file)`: somebody picked a file to go on with. `isOwn(fileId)`: it is being sent from this very page. */
  constructor({ section, list, journal, onChoose, onGiveUp, isOwn, onKeyInvalid }) {
    Object.assign(this, { section, list, journal, onChoose, onGiveUp, isOwn, onKeyInvalid });
  }

  start(api) {
    this.stop();
    this.api = api;
    this.#abort = new AbortController();
    this.refresh();
    this.#timer = setInterval(() => { if (!document.hidden) this.refresh(); }, REFRESH_MILLISECONDS);
  }

  stop() {
    clearInterval(this.#timer);
    this.#abort?.abort();
    this.#watches.clear();
    this.#items.clear();
    this.list.replaceChildren();
    setHidden(this.section, true);
  }

  async refresh() {
    const { signal } = this.#abort;
    let stats;
    try {
      stats = await this.api.stats(signal);
    } catch (error) {
      if (!signal.aborted && error.kind === 'key-invalid') this.onKeyInvalid(error);
      return;
    }
    if (signal.aborted) return;
    const open = stats.recentSessions.filter((one) => (one.status === 'in_progress' || one.status === 'paused') && !this.isOwn(one.fileId));
    const ids = new Set(open.map((one) => one.fileId));
    for (const [id, item] of this.#items) if (!ids.has(id)) this.#drop(id, item);
    for (const upload of open) this.#show(upload);
    setHidden(this.section, this.#items.size === 0);
  }

  forget(fileId) {
    const item = this.#items.get(fileId);
    if (item) this.#drop(fileId, item);
    setHidden(this.section, this.#items.size === 0);
  }

  #drop(id, item) {
    item.node.remove();
    this.#items.delete(id);
    this.#watches.get(id)?.abort();
    this.#watches.delete(id);
  }

  #show(upload) {
    const item = this.#items.get(upload.fileId) ?? this.#make(upload);
    item.upload = upload;
    this.#progress(item, upload.bytesUploaded, upload.chunksStored);
    if (!this.#watches.has(upload.fileId) && this.#watches.size < WATCHED_MAX) this.#follow(item);
  }

  #make(upload) {
    const name = upload.fileName || this.journal.find(upload.fileId)?.name || upload.fileId;
    const bar = progressBar(`Progress of ${name}`);
    const words = h('p', { class: 'upload-figures' });
    const input = h('input', { type: 'file', class: 'visually-hidden', id: `go-on-${upload.fileId}` });
    const item = { upload, name, bar, words };
    input.addEventListener('change', () => {
      const [file] = input.files;
      input.value = '';
      if (file) this.onChoose(item.upload, file);
    });
    item.node = h('li', { class: 'card upload', 'data-testid': 'open', 'data-file-id': upload.fileId },
      h('div', { class: 'open-head' }, h('h3', { class: 'upload-name' }, name),
        h('span', { class: 'hint' }, `${format.ago(upload.startedAt)}, for ${upload.userId}`)),
      bar.node, words,
      h('div', { class: 'actions' }, input,
        h('label', { for: input.id, class: 'button' }, 'Choose the file to go on', h('span', { class: 'visually-hidden' }, ` with ${name}`)),
        h('button', {
          type: 'button', class: 'danger', 'aria-label': `Give up ${name}`, onclick: () => this.onGiveUp(item.upload, name),
        }, 'Give up')));
    this.#items.set(upload.fileId, item);
    this.list.append(item.node);
    return item;
  }

  #progress(item, done, chunks) {
    const { fileSize, chunksTotal } = item.upload;
    item.bar.set(fileSize > 0 ? done / fileSize : 1, `${format.percent(done, fileSize)} percent sent`);
    const share = `${format.bytes(done)} of ${format.bytes(fileSize)} (${format.percent(done, fileSize)}%)`;
    setText(item.words, `${share}, ${chunks} of ${format.count(chunksTotal, 'chunk')}`);
  }

  #follow(item) {
    const { fileId, userId } = item.upload;
    const abort = new AbortController();
    this.#abort.signal.addEventListener('abort', () => abort.abort(), { once: true });
    this.#watches.set(fileId, abort);
    watch(this.api, userId, fileId, (state) => {
      if (state.status === 'in_progress' || state.status === 'paused') this.#progress(item, state.progress, state.chunksStored);
      else this.forget(fileId);
    }, abort.signal).catch(() => {});
  }
}
