// What this browser remembers of uploads that are not done: enough to go on after a reload, and no key.

const NAME = 'jetty.uploads';
const ENTRIES_MAX = 50;

export class Journal {
  /** @param {Storage} storage */
  constructor(storage) { this.storage = storage; }

  /** Newest first: {fileId, userId, name, size, modified, hash, at}. */
  all() {
    try {
      const entries = JSON.parse(this.storage.getItem(NAME) ?? '[]');
      return Array.isArray(entries) ? entries.filter((entry) => typeof entry?.fileId === 'string') : [];
    } catch {
      return [];
    }
  }

  find(fileId) { return this.all().find((entry) => entry.fileId === fileId); }

  remember(fileId, userId, file, hash) {
    const entry = { fileId, userId, name: file.name, size: file.size, modified: file.lastModified, hash, at: Date.now() };
    this.#write([entry, ...this.all().filter((other) => other.fileId !== fileId)].slice(0, ENTRIES_MAX));
  }

  forget(fileId) { this.#write(this.all().filter((entry) => entry.fileId !== fileId)); }

  /** The digest of a file that is, by all signs, still the one that was begun. */
  knownHash(fileId, file) {
    const entry = this.find(fileId);
    return entry && entry.name === file.name && entry.size === file.size && entry.modified === file.lastModified ? entry.hash ?? null : null;
  }

  #write(entries) {
    try {
      this.storage.setItem(NAME, JSON.stringify(entries));
    } catch {
      // Storage is full or forbidden: uploads can still be gone on with by the list that the service keeps.
    }
  }
}
