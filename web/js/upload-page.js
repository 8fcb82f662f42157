// The page at /: sign in, send files, go on with uploads that stopped.
import { Announcer, find, setText } from './dom.js';
import * as format from './format.js';
import { Hasher } from './hasher.js';
import { Journal } from './journal.js';
import { OpenUploads } from './open-uploads.js';
import { Session } from './session.js';
import { mountSignIn } from './sign-in.js';
import { UploadCard } from './upload-card.js';
import { Uploader } from './uploader.js';

const session = new Session();
const journal = new Journal(globalThis.localStorage);
const live = new Announcer(find('#live'));
const alarm = new Announcer(find('#alert'));
const cards = new Map();
let hasher = null;
/** One after the other: two uploads at once would only share the line. */
let turn = Promise.resolve();

const open = new OpenUploads({
  section: find('#open-section'),
  list: find('#open'),
  journal,
  isOwn: (fileId) => [...cards.keys()].some((uploader) => uploader.fileId === fileId && uploader.state !== 'failed'),
  onChoose: (upload, file) => begin(file, { userId: upload.userId, fileId: upload.fileId }),
  onGiveUp: giveUpOther,
  onKeyInvalid: (error) => signIn.leave(error.message),
});

const signIn = mountSignIn(session, {
  needsUser: true,
  onIn: () => {
    hasher ??= new Hasher();
    setText(find('#user-shown'), session.userId);
    open.start(session.api);
  },
  onOut: () => {
    for (const uploader of cards.keys()) uploader.pause();
    cards.clear();
    find('#uploads').replaceChildren();
    open.stop();
  },
});

function begin(file, { userId = session.userId, fileId = null } = {}) {
  const uploader = new Uploader({
    file, userId, fileId, api: session.api, hasher, hash: fileId && journal.knownHash(fileId, file), onChange: () => changed(uploader),
  });
  const card = new UploadCard(uploader, {
    onPause: () => uploader.pause(),
    onResume: () => run(uploader),
    onGiveUp: () => giveUp(uploader),
    onDismiss: () => dismiss(uploader),
  });
  cards.set(uploader, { card, lastState: null });
  find('#uploads').prepend(card.node);
  if (fileId) open.forget(fileId);
  card.node.scrollIntoView({ block: 'nearest' });
  run(uploader);
}

function run(uploader) {
  turn = turn.then(() => (cards.has(uploader) ? uploader.run() : undefined));
}

function changed(uploader) {
  const entry = cards.get(uploader);
  if (!entry) return;
  entry.card.update();
  const { state, file, fileId, userId, hash } = uploader;
  if (fileId && state !== 'done' && !entry.isNoted) {
    // The digest of a file that is not proven yet belongs to nothing.
    journal.remember(fileId, userId, file, uploader.isResumed ? null : hash);
    entry.isNoted = true;
  }
  if (state !== entry.lastState) {
    entry.lastState = state;
    tell(uploader);
  } else if (state === 'sending') {
    live.mention(`${file.name}: ${format.percent(uploader.bytesDone, file.size)} percent sent`);
  }
}

function tell(uploader) {
  const { name } = uploader.file;
  switch (uploader.state) {
    case 'hashing': return live.say(`Reading ${name}`);
    case 'sending': return live.say(`Sending ${name} over ${format.count(uploader.lanes.length || 1, 'edge')}`);
    case 'paused': return live.say(`${name} is paused`);
    case 'done':
      journal.forget(uploader.fileId ?? uploader.result.fileId);
      return live.say(uploader.result.isDuplicate ? `${name} is stored already; nothing was sent` : `${name} is stored`);
    case 'failed':
      if (['ended', 'not-found'].includes(uploader.error.kind) && uploader.fileId) journal.forget(uploader.fileId);
      if (uploader.error.kind === 'key-invalid') signIn.leave(uploader.error.message);
      open.refresh();
      return alarm.say(`${name}: ${uploader.error.message}`);
    default: return undefined;
  }
}

async function giveUp(uploader) {
  if (!globalThis.confirm(`Give up ${uploader.file.name}? What was sent of it is deleted.`)) return;
  try {
    await uploader.giveUp();
    if (uploader.fileId) journal.forget(uploader.fileId);
    dismiss(uploader);
    live.say(`${uploader.file.name} was given up`);
  } catch (error) {
    alarm.say(error.message);
  }
}

async function giveUpOther(upload, name) {
  if (!globalThis.confirm(`Give up ${name}? What was sent of it is deleted, and whoever still sends it is stopped.`)) return;
  try {
    await session.api.abort(upload.userId, upload.fileId);
    journal.forget(upload.fileId);
    open.forget(upload.fileId);
    live.say(`${name} was given up`);
  } catch (error) {
    alarm.say(error.message);
  }
}

function dismiss(uploader) {
  cards.get(uploader)?.card.node.remove();
  cards.delete(uploader);
  find('#file').focus();
  open.refresh();
}

// MARK: Choosing

const input = find('#file');
input.addEventListener('change', () => {
  for (const file of input.files) begin(file);
  // The same file may be chosen again.
  input.value = '';
});

const drop = find('#drop');
const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes('Files');
// A file that misses the box must not replace the page.
for (const type of ['dragover', 'drop']) {
  globalThis.addEventListener(type, (event) => { if (hasFiles(event)) event.preventDefault(); });
}
drop.addEventListener('dragover', (event) => drop.classList.toggle('drop-over', hasFiles(event)));
drop.addEventListener('dragleave', (event) => { if (!drop.contains(event.relatedTarget)) drop.classList.remove('drop-over'); });
drop.addEventListener('drop', (event) => {
  drop.classList.remove('drop-over');
  if (!session.isSignedIn || !hasFiles(event)) return;
  // Folders have no bytes of their own.
  for (const item of event.dataTransfer.items) {
    const file = item.webkitGetAsEntry?.()?.isDirectory ? null : item.getAsFile();
    if (file) begin(file);
  }
});

globalThis.addEventListener('beforeunload', (event) => {
  if ([...cards.keys()].some((uploader) => uploader.isRunning)) event.preventDefault();
});
