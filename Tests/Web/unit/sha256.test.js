import { SHA256, hex } from '/js/sha256.js';
import { equal, ok, test } from './harness.js';

const text = (value) => new TextEncoder().encode(value);
const digest = (...pieces) => hex(pieces.reduce((hash, piece) => hash.update(piece), new SHA256()).digest());

test('the examples of FIPS 180-4 and of NIST', () => {
  equal(digest(), 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
  equal(digest(text('abc')), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
  equal(digest(text('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')), '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1');
  equal(digest(text('a'.repeat(1_000_000))), 'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0');
});

test('as Web Crypto, for every length around the blocks', async () => {
  for (let length = 0; length <= 260; length += 1) {
    const bytes = crypto.getRandomValues(new Uint8Array(length));
    equal(digest(bytes), hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))), `${length} bytes`);
  }
});

test('however the bytes are cut', async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(5000));
  const whole = hex(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
  for (let round = 0; round < 200; round += 1) {
    const hash = new SHA256();
    for (let offset = 0; offset < bytes.length;) {
      const count = Math.floor(Math.random() * 200);
      hash.update(bytes.subarray(offset, offset + count));
      offset += count;
    }
    equal(hex(hash.digest()), whole);
  }
});

test('more than 2^32 bits', () => {
  const piece = new Uint8Array(1 << 20);
  const hash = new SHA256();
  for (let count = 0; count < 520; count += 1) hash.update(piece);
  // sha256sum of 545,259,520 zeros.
  equal(hex(hash.digest()), 'abf51ad954b246009dfe5a50ecd582fd5b8f1b8b27f30393853c3ef721e7fa6e');
});

test('fast enough for large files', () => {
  const piece = new Uint8Array(8 << 20);
  const hash = new SHA256();
  const start = performance.now();
  for (let count = 0; count < 8; count += 1) hash.update(piece);
  const rate = (64 * 1.048576) / ((performance.now() - start) / 1000);
  // A slow machine with other work may take its time: this only notices an engine that does not compile the loop.
  ok(rate > 10, `${rate.toFixed(0)} MB/s`);
});
