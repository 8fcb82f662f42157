// What can go wrong, and what a person is told about it.

const SENTENCES = {
  'offline': 'The service cannot be reached. Check your connection; the page goes on trying.',
  'key-invalid': 'This API key is not valid (any more). Sign in with another one.',
  'token-refused': 'The edges do not take this upload any more. Go on with it again.',
  'rate-limited': 'This account sends requests faster than it may. The page waits and goes on.',
  'busy': 'The service is busy just now. The page waits and goes on.',
  'not-found': 'There is no such upload (any more): it was completed or given up, it has expired, or it belongs to somebody else.',
  'ended': 'This upload has ended already: it was completed, given up, or it has expired. Begin a new one.',
  'other-size': 'This is not the file that was begun: it has another size. Choose the same file again.',
  'other-file': 'This is not the file that was begun: its contents differ. Choose the same file again, or begin a new upload.',
  'file-changed': 'The file was changed while it was being uploaded. Begin a new upload once it is complete.',
  'file-unreadable': 'The browser cannot read the file any more: it was changed, moved or deleted. Choose it again.',
  'too-large': 'This file is larger than the service takes (5 TiB).',
  'empty-user': 'Say for which user: 1 to 64 letters, digits, underscores or hyphens.',
  'no-edges': 'No edge is available just now. The page goes on trying.',
  'store-full': 'The store is full. What was sent is kept; try again later.',
  'refused': 'The service refused this request.',
  'paused': 'Paused.',
  'internal': 'Something went wrong in this page. Reload it and go on with the upload.',
};

/** Failures after which trying again can help. */
const PASSING = new Set(['offline', 'busy', 'rate-limited', 'no-edges']);

export class UploadError extends Error {
  /**
   * @param {keyof SENTENCES} kind
   * @param {{detail?: string, retryAfterSeconds?: number, status?: number, reason?: string, body?: object}} more
   */
  constructor(kind, more = {}) {
    super(more.detail ? `${SENTENCES[kind]} (${more.detail})` : SENTENCES[kind]);
    this.name = 'UploadError';
    this.kind = kind;
    Object.assign(this, more);
  }

  get mayPass() { return PASSING.has(this.kind); }
}

/** The error of an answer that is not 2xx. `body`: what could be read of problem+json. */
export function errorOfAnswer(status, body, retryAfter) {
  const reason = body?.reason ?? '';
  const more = { status, reason, body, retryAfterSeconds: Number.parseInt(retryAfter ?? '', 10) || undefined };
  const kind = kindOf(status, reason);
  // The service's own sentence is the better explanation where the page has none of its own.
  return new UploadError(kind, kind === 'refused' ? { ...more, detail: String(body?.error ?? `status ${status}`).slice(0, 300) } : more);
}

function kindOf(status, reason) {
  switch (reason) {
    case 'CHUNK_CONFLICT': return 'other-file';
    case 'FILE_CHANGED': return 'other-file';
    case 'HASH_MISMATCH': return 'file-changed';
    case 'UPLOAD_ENDED':
    case 'UPLOAD_COMPLETED': return 'ended';
    case 'UPLOAD_NOT_FOUND': return 'not-found';
    case 'NO_EDGES':
    case 'NO_LIVE_EDGE': return 'no-edges';
    case 'STORE_FULL': return 'store-full';
    default: break;
  }
  if (status === 401) return 'key-invalid';
  if (status === 404) return 'not-found';
  if (status === 429) return 'rate-limited';
  if (status === 408 || status >= 500) return 'busy';
  return 'refused';
}
