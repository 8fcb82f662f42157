// The page at /dashboard: what `stats` knows, every two seconds while somebody looks.
import { Announcer, find, h, progressBar, setText } from './dom.js';
import { Backoff } from './backoff.js';
import * as format from './format.js';
import { Session } from './session.js';
import { mountSignIn } from './sign-in.js';

const INTERVAL_MILLISECONDS = 2000;
const STATUS = {
  in_progress: ['Running', 'busy'], completed: ['Stored', 'good'], paused: ['Paused', 'warn'], failed: ['Failed', 'bad'],
  aborted: ['Given up', ''], expired: ['Expired', ''],
};

const session = new Session();
const live = new Announcer(find('#live'));
const backoff = new Backoff({ first: 2000, most: 30_000 });
let timer = null;
let abort = new AbortController();
let isFrozen = false;
let previous = null;

const signIn = mountSignIn(session, {
  needsUser: false,
  onIn: () => {
    abort = new AbortController();
    refresh();
  },
  onOut: () => {
    clearTimeout(timer);
    abort.abort();
    previous = null;
    for (const id of ['#tiles', '#edges', '#sessions']) find(id).replaceChildren();
  },
});

async function refresh() {
  clearTimeout(timer);
  const { signal } = abort;
  let wait = INTERVAL_MILLISECONDS;
  try {
    const stats = await session.api.stats(signal);
    if (signal.aborted) return;
    backoff.succeeded();
    show(stats);
    mark(isFrozen ? '' : 'dot-live', isFrozen ? 'Updates are paused' : 'Live');
  } catch (error) {
    if (signal.aborted) return;
    if (error.kind === 'key-invalid') {
      signIn.leave(error.message);
      return;
    }
    if (backoff.failures === 0) live.say('The numbers are not current: the service cannot be reached.');
    wait = backoff.failed(error.retryAfterSeconds);
    mark('dot-bad', `Not current: trying again in ${format.duration(wait / 1000)}`);
  }
  if (!isFrozen && !document.hidden) timer = setTimeout(refresh, wait);
}

function mark(kind, text) {
  find('#dot').className = `dot ${kind}`;
  setText(find('#fresh'), text);
}

function show(stats) {
  tiles(stats);
  const edges = [...stats.edges].sort((one, other) => other.live - one.live || one.id.localeCompare(other.id));
  rows(find('#edges'), edges, (edge) => edge.id, edgeRow, 'No edge is alive.', 6);
  rows(find('#sessions'), stats.recentSessions, (one) => one.fileId, sessionRow, 'Nothing was uploaded yet.', 7);
  if (previous && stats.uploadsCompleted > previous.uploadsCompleted) live.say(`${format.count(stats.uploadsCompleted, 'upload')} completed`);
  previous = stats;
}

// MARK: Tiles

function tiles(stats) {
  const list = [
    ['Speed', format.speed(stats.avgBytesPerSecond), 'average of 30 days, by size'],
    ['Saved', format.money(stats.savedCost), `${format.bytes(stats.savedBytes)} not sent again`],
    ['Duplicates found', String(stats.duplicatesFound), 'files that were stored already'],
    ['Sent', format.bytes(stats.transferredBytes), `for ${format.money(stats.costMicroDollars / 1e6)}`],
    ['Uploads', String(stats.uploadsCompleted), `completed; ${stats.uploadsInProgress} under way`],
  ];
  const frame = find('#tiles');
  if (frame.children.length !== list.length) {
    frame.replaceChildren(...list.map(() => h('div', { class: 'tile' }, h('dt'), h('dd', { class: 'tile-value' }), h('dd', { class: 'tile-more' }))));
  }
  list.forEach(([name, value, more], index) => {
    const [term, figure, words] = frame.children[index].children;
    setText(term, name);
    setText(figure, value);
    setText(words, more);
  });
}

// MARK: Tables

/** Rows are changed where they stand: a reader's place in the table, and a selection, outlive an update. */
function rows(body, items, key, make, emptyText, columns) {
  const known = new Map([...body.children].filter((row) => row.dataset.key).map((row) => [row.dataset.key, row]));
  const wanted = items.map((item) => {
    const row = known.get(key(item)) ?? make.create(item);
    row.dataset.key = key(item);
    make.update(row, item);
    return row;
  });
  if (wanted.length === 0) wanted.push(h('tr', {}, h('td', { class: 'empty', colspan: columns }, emptyText)));
  const isSame = wanted.length === body.children.length && wanted.every((row, index) => row === body.children[index]);
  if (!isSame) body.replaceChildren(...wanted);
}

const cell = (label, ...children) => h('td', { 'data-label': label }, ...children);
const wideCell = (label, ...children) => h('td', { class: 'wide', 'data-label': label }, ...children);
const numberCell = (label) => h('td', { class: 'number', 'data-label': label });

function setChip(chip, [words, tone]) {
  setText(chip, words);
  chip.className = `chip ${tone && `chip-${tone}`}`;
}

const edgeRow = {
  create(edge) {
    const bar = progressBar(`Load of ${edge.id}`);
    const parts = {
      chip: h('span'), latency: numberCell('Latency'), bar, load: h('span', { class: 'number' }), chunks: numberCell('Chunks'),
      bytes: numberCell('Sent'),
    };
    const row = h('tr', {}, h('th', { scope: 'row' }, edge.id), cell('State', parts.chip), parts.latency,
      wideCell('Load', h('div', { class: 'with-bar' }, bar.node, parts.load)), parts.chunks, parts.bytes);
    row.parts = parts;
    return row;
  },
  update({ parts }, edge) {
    setChip(parts.chip, edge.live ? ['Alive', 'good'] : ['Silent', '']);
    setText(parts.latency, edge.live ? `${edge.latency} ms` : '–');
    parts.bar.set(edge.live ? edge.load / 100 : 0, `${edge.load} percent`);
    setText(parts.load, edge.live ? `${edge.load}%` : '–');
    setText(parts.chunks, String(edge.chunks));
    setText(parts.bytes, format.bytes(edge.bytes));
  },
};

const sessionRow = {
  create(one) {
    const name = one.fileName || one.fileId;
    const bar = progressBar(`Progress of ${name}`);
    const parts = {
      chip: h('span'), bar, share: h('span', { class: 'number' }), size: numberCell('Size'), speed: numberCell('Speed'), cost: numberCell('Cost'),
      begun: cell('Begun'),
    };
    parts.begun.classList.add('nowrap');
    const who = h('span', { class: 'file-more' }, `for ${one.userId}`);
    const row = h('tr', {}, h('th', { scope: 'row' }, h('span', { class: 'file-name', title: name }, name), who), wideCell('State', parts.chip),
      wideCell('Progress', h('div', { class: 'with-bar' }, bar.node, parts.share)), parts.size, parts.speed, parts.cost, parts.begun);
    row.parts = parts;
    return row;
  },
  update({ parts }, one) {
    setChip(parts.chip, STATUS[one.status] ?? [one.status, '']);
    parts.bar.node.classList.toggle('bar-good', one.status === 'completed');
    parts.bar.set(one.fileSize > 0 ? one.bytesUploaded / one.fileSize : 1, `${format.percent(one.bytesUploaded, one.fileSize)} percent`);
    setText(parts.share, `${format.percent(one.bytesUploaded, one.fileSize)}%`);
    setText(parts.size, format.bytes(one.fileSize));
    setText(parts.speed, one.avgSpeedMbps > 0 ? format.speed(one.avgSpeedMbps * 1e6) : '–');
    setText(parts.cost, format.money(one.cost));
    setText(parts.begun, format.ago(one.startedAt));
  },
};

// MARK: Watching

find('#freeze').addEventListener('click', ({ currentTarget }) => {
  isFrozen = !isFrozen;
  currentTarget.setAttribute('aria-pressed', String(isFrozen));
  if (isFrozen) {
    clearTimeout(timer);
    mark('', 'Updates are paused');
  } else {
    refresh();
  }
});

document.addEventListener('visibilitychange', () => {
  if (!document.hidden && session.isSignedIn && !isFrozen) refresh();
  else clearTimeout(timer);
});
