/** Takes server-sent events apart (WHATWG HTML section 9.2.6), piece by piece. */
export class EventStreamParser {
  lastEventId = '';
  retryMilliseconds = null;
  #rest = '';
  #data = [];
  #name = '';

  /** The events that are complete with this text: {id, name, data}. */
  push(text) {
    const events = [];
    const all = this.#rest + text;
    // A CR at the end may be half of a CRLF.
    const whole = all.endsWith('\r') ? all.slice(0, -1) : all;
    const lines = whole.split(/\r\n|\n|\r/);
    this.#rest = lines.pop() + all.slice(whole.length);
    for (const line of lines) {
      if (line === '') {
        if (this.#data.length > 0) events.push({ id: this.lastEventId, name: this.#name || 'message', data: this.#data.join('\n') });
        this.#data = [];
        this.#name = '';
      } else {
        this.#field(line);
      }
    }
    return events;
  }

  #field(line) {
    const colon = line.indexOf(':');
    if (colon === 0) return;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '');
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#name = value;
    else if (field === 'id' && !value.includes('\0')) this.lastEventId = value;
    else if (field === 'retry' && /^\d+$/.test(value)) this.retryMilliseconds = Number(value);
  }
}
