// What the page shows of one upload.
import { h, progressBar, setHidden, setText } from './dom.js';
import * as format from './format.js';

const STATE_WORDS = {
  new: ['Waiting', ''], hashing: ['Reading the file', 'busy'], checking: ['Comparing', 'busy'], planning: ['Choosing edges', 'busy'],
  sending: ['Sending', 'busy'], finalizing: ['Finishing', 'busy'], paused: ['Paused', 'warn'], done: ['Stored', 'good'], failed: ['Stopped', 'bad'],
};

export class UploadCard {
  #rows = new Map();

  constructor(uploader, { onPause, onResume, onGiveUp, onDismiss }) {
    const { name } = uploader.file;
    this.uploader = uploader;
    this.chip = h('span', { class: 'chip' });
    this.bar = progressBar(`Progress of ${name}`);
    this.amount = h('span');
    this.speed = h('span');
    this.left = h('span');
    this.note = h('p', { class: 'notice', hidden: true });
    this.edges = h('ul', { class: 'edges', 'aria-label': 'Edges', hidden: true });
    this.result = h('div', { class: 'result', hidden: true });
    this.pause = h('button', { type: 'button', onclick: onPause, 'aria-label': `Pause ${name}` }, 'Pause');
    this.resume = h('button', { type: 'button', class: 'primary', onclick: onResume, 'aria-label': `Go on with ${name}` }, 'Go on');
    this.giveUp = h('button', { type: 'button', class: 'danger', onclick: onGiveUp, 'aria-label': `Give up ${name}` }, 'Give up');
    this.dismiss = h('button', { type: 'button', onclick: onDismiss, 'aria-label': `Dismiss ${name}` }, 'Dismiss');
    this.node = h('article', { class: 'card upload', 'aria-label': name, 'data-testid': 'upload' },
      h('div', { class: 'upload-head' }, h('h2', { class: 'upload-name' }, name), this.chip),
      this.bar.node,
      h('p', { class: 'upload-figures' }, this.amount, this.speed, this.left),
      this.note, this.result, this.edges,
      h('div', { class: 'actions' }, this.pause, this.resume, this.giveUp, this.dismiss));
    this.update();
  }

  update() {
    const { uploader } = this;
    const { state } = uploader;
    const [words, tone] = STATE_WORDS[state];
    setText(this.chip, uploader.result?.isDuplicate ? 'Already stored' : words);
    this.chip.className = `chip ${tone && `chip-${tone}`}`;
    this.node.dataset.state = state;
    this.#figures();
    this.#note();
    this.#edges();
    setHidden(this.pause, !uploader.isRunning || state === 'finalizing');
    setHidden(this.resume, state !== 'paused' && !(state === 'failed' && uploader.error?.kind !== 'ended' && uploader.error?.kind !== 'too-large'));
    setText(this.resume, state === 'failed' ? 'Try again' : 'Go on');
    setHidden(this.giveUp, state === 'done' || state === 'finalizing' || (state === 'failed' && !uploader.fileId));
    setHidden(this.dismiss, state !== 'done' && state !== 'failed');
    if (state === 'done' && this.result.hidden) this.#showResult();
  }

  #figures() {
    const { uploader } = this;
    const { size } = uploader.file;
    if (uploader.state === 'hashing') {
      this.bar.set(size > 0 ? uploader.hashed / size : 1, `${format.percent(uploader.hashed, size)} percent read`);
      setText(this.amount, `Looking for a stored copy: ${format.bytes(uploader.hashed)} of ${format.bytes(size)} read`);
      setText(this.speed, '');
      setText(this.left, '');
      return;
    }
    const isDone = uploader.state === 'done';
    const done = isDone ? size : uploader.bytesDone;
    const share = size > 0 ? done / size : 1;
    this.bar.node.classList.toggle('bar-good', isDone);
    this.bar.set(['checking', 'planning'].includes(uploader.state) ? null : share, `${format.percent(done, size)} percent sent`);
    setText(this.amount, isDone ? format.bytes(size) : `${format.bytes(done)} of ${format.bytes(size)} (${format.percent(done, size)}%)`);
    const isSending = uploader.state === 'sending';
    const rate = uploader.meter.bytesPerSecond;
    const left = uploader.secondsLeft;
    setText(this.speed, isSending && rate > 0 ? format.speed(rate) : '');
    setText(this.left, isSending && left !== null ? `${format.duration(left)} left` : '');
  }

  #note() {
    const { uploader } = this;
    const text = uploader.error?.message ?? (uploader.isRunning ? uploader.trouble : null);
    setHidden(this.note, !text);
    if (text) setText(this.note, text);
    this.note.className = `notice ${uploader.error ? 'notice-bad' : 'notice-warn'}`;
  }

  #edges() {
    const { lanes } = this.uploader;
    setHidden(this.edges, lanes.length === 0);
    for (const lane of lanes) {
      let row = this.#rows.get(lane.id);
      if (!row) {
        const bar = progressBar(`Edge ${lane.id}`);
        const words = h('span', { class: 'edge-words' });
        row = { bar, words, node: h('li', { class: 'edge' }, h('span', { class: 'edge-name' }, lane.id), bar.node, words) };
        this.#rows.set(lane.id, row);
        this.edges.append(row.node);
      }
      const sent = lane.bytes + lane.bytesUnderWay;
      // Of what all edges together have to send, so that their bars compare.
      row.bar.set(this.uploader.file.size > 0 ? sent / this.uploader.file.size : 0, `${format.bytes(sent)} sent`);
      setText(row.words, `${format.bytes(sent)} · ${lane.isResting ? 'resting' : format.count(lane.chunks, 'chunk')}`);
    }
  }

  #showResult() {
    const { result } = this.uploader;
    const address = safeURL(result.url);
    const lines = [];
    if (result.isDuplicate) {
      const words = `These very bytes are stored already: nothing was sent, and ${format.money(result.savedCost)} was saved.`;
      lines.push(h('p', { class: 'notice notice-good' }, words));
    }
    if (address) {
      const link = h('a', { href: address, rel: 'noreferrer', 'data-testid': 'link' }, 'Open the stored file');
      lines.push(h('p', {}, link, ' (a private link that expires)'));
    }
    const details = h('dl', {}, h('dt', {}, 'File'), h('dd', {}, h('code', {}, result.fileId)));
    if (result.fileHash) {
      details.append(h('dt', {}, 'SHA-256'), h('dd', {}, h('code', { 'data-testid': 'hash' }, result.fileHash.replace('sha256:', ''))));
    }
    lines.push(details);
    this.result.replaceChildren(...lines);
    setHidden(this.result, false);
  }
}

/** A link of the service, and nothing that runs. */
function safeURL(text) {
  const url = URL.canParse(text) ? new URL(text) : null;
  return url && (url.protocol === 'https:' || url.protocol === 'http:') ? url.href : null;
}
