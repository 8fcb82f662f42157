/** Which chunks still have to be sent. A chunk is at one edge at a time; one that failed goes to another edge first. */
export class ChunkQueue {
  #waiting;
  #underWay = new Map();
  #avoid = new Map();

  /** @param {Iterable<number>} indices ascending */
  constructor(indices) { this.#waiting = [...indices]; }

  get left() { return this.#waiting.length + this.#underWay.size; }

  get isEmpty() { return this.left === 0; }

  /** The next chunk for an edge; undefined where there is none for it. `others`: more edges are at work. */
  take(edge, others = true) {
    let place = this.#waiting.findIndex((index) => this.#avoid.get(index) !== edge);
    if (place < 0 && !others) place = this.#waiting.length > 0 ? 0 : -1;
    if (place < 0) return undefined;
    const [index] = this.#waiting.splice(place, 1);
    this.#underWay.set(index, edge);
    return index;
  }

  stored(index) {
    this.#underWay.delete(index);
    this.#avoid.delete(index);
  }

  failed(index, edge) {
    if (!this.#underWay.delete(index)) return;
    this.#avoid.set(index, edge);
    this.#waiting.unshift(index);
  }
}
