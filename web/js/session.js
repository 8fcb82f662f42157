// Who is signed in. The key lives in this tab only: in memory, or in sessionStorage where the person wants it to outlive a reload.
import { API } from './api.js';

const KEY = 'jetty.key';
const USER = 'jetty.user';

export const isUserId = (text) => /^[A-Za-z0-9_-]{1,64}$/.test(text);

export class Session {
  api = null;

  constructor({ tab = globalThis.sessionStorage, browser = globalThis.localStorage } = {}) {
    Object.assign(this, { tab, browser });
    const key = read(tab, KEY);
    if (key) this.api = new API(key);
  }

  get isSignedIn() { return this.api !== null; }

  /** The user that was named last; not a secret. */
  get userId() { return read(this.browser, USER) ?? 'usr_web'; }

  /** Throws where the service does not take the key. */
  async signIn(key, userId, keep) {
    const api = new API(key.trim());
    await api.stats();
    this.api = api;
    write(this.browser, USER, userId);
    if (keep) write(this.tab, KEY, key.trim());
    else this.tab?.removeItem(KEY);
  }

  signOut() {
    this.api = null;
    this.tab?.removeItem(KEY);
  }
}

function read(storage, name) {
  try {
    return storage?.getItem(name) ?? null;
  } catch {
    return null;
  }
}

function write(storage, name, value) {
  try {
    storage?.setItem(name, value);
  } catch {
    // Forbidden by the browser's settings: it is then kept in memory only.
  }
}
