import { Backoff, patiently } from '/js/backoff.js';
import { ChunkQueue } from '/js/chunk-queue.js';
import { UploadError, errorOfAnswer } from '/js/errors.js';
import { EventStreamParser } from '/js/event-stream.js';
import * as format from '/js/format.js';
import { Journal } from '/js/journal.js';
import { samplesOf } from '/js/samples.js';
import { isUserId } from '/js/session.js';
import { SpeedMeter } from '/js/speed.js';
import { cleanName } from '/js/uploader.js';
import { equal, ok, rejects, test } from './harness.js';

test('numbers as people read them', () => {
  equal([0, 999, 1000, 1536, 12_345_678, 999_999_999, 5 * 2 ** 40].map(format.bytes), ['0 B', '999 B', '1.00 kB', '1.54 kB', '12.3 MB', '1.00 GB', '5.50 TB']);
  equal([0, 59.4, 60, 3599, 3661, 90_000].map(format.duration), ['0 s', '59 s', '1 min', '59 min 59 s', '1 h 1 min', '1 d 1 h']);
  equal([0, 0.00021, 0.25, 12].map(format.money), ['$0.00', '$0.0002', '$0.25', '$12.00']);
  equal([format.percent(999, 1000), format.percent(0, 0), format.percent(2, 1)], [99, 100, 100]);
  equal([format.count(1, 'edge'), format.count(2, 'edge')], ['1 edge', '2 edges']);
  equal(format.ago(new Date(Date.now() - 3 * 60_000)), '3 minutes ago');
});

test('a failed chunk goes to another edge first, and to the same one where there is none', () => {
  const queue = new ChunkQueue([3, 5]);
  equal(queue.take('a'), 3);
  queue.failed(3, 'a');
  equal(queue.take('a'), 5);
  equal(queue.take('a'), undefined);
  equal(queue.take('a', false), 3);
  queue.failed(3, 'a');
  equal(queue.take('b'), 3);
  queue.stored(5);
  equal([queue.left, queue.isEmpty], [1, false]);
  queue.stored(3);
  ok(queue.isEmpty);
  queue.failed(3, 'b');
  ok(queue.isEmpty, 'a late failure of a stored chunk brings nothing back');
});

test('samples: the first, the last, and some between', () => {
  equal(samplesOf([]), []);
  equal(samplesOf([7, 2]), [2, 7]);
  const samples = samplesOf([...Array(100).keys()]);
  ok(samples.length === 4 && new Set(samples).size === 4 && samples.includes(0) && samples.includes(99));
});

test('pauses double, have a bound, and give what was asked for', () => {
  const backoff = new Backoff({ first: 100, most: 1000, random: () => 1 });
  equal([1, 2, 3, 4, 5, 6].map(() => backoff.failed()), [100, 200, 400, 800, 1000, 1000]);
  equal(backoff.failed(5), 5000);
  backoff.succeeded();
  equal(backoff.failed(), 100);
});

test('what may pass is tried again; what cannot is not; and abort ends it', async () => {
  let calls = 0;
  const quick = () => new Backoff({ first: 1, most: 1 });
  equal(await patiently(undefined, async () => { calls += 1; if (calls < 3) throw new UploadError('busy'); return 'done'; }, { backoff: quick() }), 'done');
  await rejects(patiently(undefined, async () => { throw new UploadError('ended'); }, { backoff: quick() }), (error) => error.kind === 'ended');
  const abort = new AbortController();
  setTimeout(() => abort.abort(new UploadError('paused')), 20);
  await rejects(patiently(abort.signal, async () => { throw new UploadError('offline'); }), (error) => error.kind === 'paused');
});

test('answers become sentences for people', () => {
  equal(errorOfAnswer(409, { reason: 'CHUNK_CONFLICT' }).kind, 'other-file');
  equal(errorOfAnswer(401, null).kind, 'key-invalid');
  const limited = errorOfAnswer(429, {}, '7');
  equal([limited.kind, limited.retryAfterSeconds, limited.mayPass], ['rate-limited', 7, true]);
  equal(errorOfAnswer(503, 'nonsense').kind, 'busy');
  const refused = errorOfAnswer(400, { error: 'fileSize must be at most 5', field: 'fileSize' });
  ok(refused.message.includes('fileSize must be at most 5') && !refused.mayPass);
});

test('server-sent events, however they are cut', () => {
  const stream = ': hi\r\nretry: 250\n\nid: 3\nevent: progress\ndata: {"a":1}\n\ndata:x\rdata: y\r\r\nid: end\ndata\n\nevent: lost\n';
  const wanted = [{ id: '3', name: 'progress', data: '{"a":1}' }, { id: '3', name: 'message', data: 'x\ny' }, { id: 'end', name: 'message', data: '' }];
  for (let cut = 0; cut < stream.length; cut += 1) {
    const parser = new EventStreamParser();
    equal([...parser.push(stream.slice(0, cut)), ...parser.push(stream.slice(cut))], wanted, `cut at ${cut}`);
    equal(parser.retryMilliseconds, 250);
  }
});

test('speed over the last seconds', () => {
  let now = 0;
  const meter = new SpeedMeter({ span: 1000, now: () => now });
  equal([meter.bytesPerSecond, meter.secondsLeft(5)], [0, null]);
  for (; now <= 4000; now += 500) meter.mark(now < 2000 ? now : 2000 + (now - 2000) * 10);
  ok(Math.abs(meter.bytesPerSecond - 10_000) < 1, `${meter.bytesPerSecond}`);
  ok(Math.abs(meter.secondsLeft(20_000) - 2) < 0.01);
});

test('the journal holds no key, knows a file again, and bears anything', () => {
  const storage = new Map();
  const journal = new Journal({ getItem: (name) => storage.get(name) ?? null, setItem: (name, value) => storage.set(name, value) });
  const file = { name: 'a.bin', size: 5, lastModified: 1 };
  journal.remember('file_1', 'usr', file, 'sha256:00');
  journal.remember('file_2', 'usr', file, null);
  equal(journal.all().map((entry) => entry.fileId), ['file_2', 'file_1']);
  equal(journal.knownHash('file_1', file), 'sha256:00');
  equal(journal.knownHash('file_1', { ...file, lastModified: 2 }), null);
  equal(journal.knownHash('file_2', file), null);
  journal.forget('file_2');
  equal(journal.all().length, 1);
  for (const broken of ['', '{', 'null', '{"a":1}', '[null, 5, {}]']) {
    storage.set('jetty.uploads', broken);
    equal(journal.all(), [], broken);
  }
  const forbidden = new Journal({ getItem() { throw new Error('no'); }, setItem() { throw new Error('no'); } });
  forbidden.remember('file_3', 'usr', file, null);
  equal(forbidden.all(), []);
});

test('names and users as the service takes them', () => {
  equal([cleanName('a\u0000b\n'), cleanName(''), new TextEncoder().encode(cleanName('é'.repeat(2000))).length], ['a_b_', 'unnamed', 1024]);
  equal(['usr_1', '', 'a b', 'x'.repeat(64), 'x'.repeat(65), 'ü'].map(isUserId), [true, false, false, true, false, false]);
});
