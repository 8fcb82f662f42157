// SHA-256 (FIPS 180-4), a piece at a time. Web Crypto digests only what is in memory as a whole; a file may be larger than that.

/* eslint-disable no-bitwise */
const K = new Int32Array(64);
const START = new Uint32Array(8);

// The first 32 bits of the fractional parts of the cube and square roots of the first primes (sections 4.2.2 and 5.3.3).
{
  const fraction = (root) => ((root - Math.floor(root)) * 2 ** 32) >>> 0;
  let count = 0;
  for (let candidate = 2; count < 64; candidate += 1) {
    let isPrime = true;
    for (let divisor = 2; divisor * divisor <= candidate; divisor += 1) if (candidate % divisor === 0) isPrime = false;
    if (!isPrime) continue;
    if (count < 8) START[count] = fraction(Math.sqrt(candidate));
    K[count] = fraction(Math.cbrt(candidate));
    count += 1;
  }
}

export class SHA256 {
  #state = Int32Array.from(START);
  #schedule = new Int32Array(16);
  #block = new Uint8Array(64);
  #filled = 0;
  #bytes = 0;

  /** Adds bytes. Any number of calls with pieces of any size. */
  update(/** @type {Uint8Array} */ bytes) {
    this.#bytes += bytes.length;
    let offset = 0;
    if (this.#filled > 0) {
      const count = Math.min(64 - this.#filled, bytes.length);
      this.#block.set(bytes.subarray(0, count), this.#filled);
      this.#filled += count;
      offset = count;
      if (this.#filled < 64) return this;
      this.#compress(this.#block, 0, 1);
      this.#filled = 0;
    }
    const blocks = Math.floor((bytes.length - offset) / 64);
    if (blocks > 0) this.#compress(bytes, offset, blocks);
    offset += blocks * 64;
    this.#block.set(bytes.subarray(offset), 0);
    this.#filled = bytes.length - offset;
    return this;
  }

  /** The digest, 32 bytes. Nothing may be added afterwards. */
  digest() {
    const bits = this.#bytes * 8;
    const padded = new Uint8Array(this.#filled < 56 ? 64 : 128);
    padded.set(this.#block.subarray(0, this.#filled));
    padded[this.#filled] = 0x80;
    const view = new DataView(padded.buffer);
    view.setUint32(padded.length - 8, Math.floor(bits / 2 ** 32));
    view.setUint32(padded.length - 4, bits >>> 0);
    this.#compress(padded, 0, padded.length / 64);
    const digest = new Uint8Array(32);
    const out = new DataView(digest.buffer);
    this.#state.forEach((word, index) => out.setInt32(index * 4, word));
    return digest;
  }

  #compress(bytes, start, blocks) {
    const state = this.#state;
    const w = this.#schedule;
    let position = start;
    for (let block = 0; block < blocks; block += 1) {
      for (let t = 0; t < 16; t += 1, position += 4) {
        w[t] = (bytes[position] << 24) | (bytes[position + 1] << 16) | (bytes[position + 2] << 8) | bytes[position + 3];
      }
      let a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
      for (let t = 0; t < 64; t += 1) {
        let word;
        if (t < 16) {
          word = w[t];
        } else {
          // The schedule needs the last 16 words only.
          const x = w[(t + 1) & 15];
          const y = w[(t + 14) & 15];
          const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
          const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
          word = (((w[t & 15] + s0) | 0) + ((w[(t + 9) & 15] + s1) | 0)) | 0;
          w[t & 15] = word;
        }
        const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
        const t1 = (((((h + s1) | 0) + (g ^ (e & (f ^ g)))) | 0) + ((K[t] + word) | 0)) | 0;
        const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
        const t2 = (s0 + ((a & b) | (c & (a | b)))) | 0;
        h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
      }
      state[0] = (state[0] + a) | 0; state[1] = (state[1] + b) | 0; state[2] = (state[2] + c) | 0; state[3] = (state[3] + d) | 0;
      state[4] = (state[4] + e) | 0; state[5] = (state[5] + f) | 0; state[6] = (state[6] + g) | 0; state[7] = (state[7] + h) | 0;
    }
  }
}

/** Lower-case hexadecimal. */
export function hex(bytes) {
  let text = '';
  for (const byte of bytes) text += byte.toString(16).padStart(2, '0');
  return text;
}
