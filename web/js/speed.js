/** Bytes per second over the last seconds. */
export class SpeedMeter {
  #marks = [];

  constructor({ span = 8000, now = () => performance.now() } = {}) {
    Object.assign(this, { span, now });
  }

  /** Bytes done so far. They may go back when something has to be sent again. */
  mark(done) {
    const at = this.now();
    this.#marks.push({ at, done });
    while (this.#marks.length > 2 && at - this.#marks[1].at >= this.span) this.#marks.shift();
  }

  /** Forgets: after a pause the time without sending does not count. */
  reset() { this.#marks = []; }

  get bytesPerSecond() {
    const first = this.#marks[0];
    const last = this.#marks.at(-1);
    if (!first || last.at - first.at < 250 || last.done <= first.done) return 0;
    return ((last.done - first.done) * 1000) / (last.at - first.at);
  }

  /** Nil while nothing moves. */
  secondsLeft(bytes) {
    const rate = this.bytesPerSecond;
    return rate > 0 ? bytes / rate : null;
  }
}
