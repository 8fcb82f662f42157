// Follows an upload that may be sent from elsewhere. `EventSource` cannot send the API key in a header, so the stream is read with fetch.
import { Backoff, pause } from './backoff.js';
import { errorOfAnswer } from './errors.js';
import { EventStreamParser } from './event-stream.js';

/**
 * Calls `onState` with each state, the last one when the upload has ended. Connects again after breaks, and then hears only what is newer.
 * Returns when the upload has ended; throws an UploadError where there is no such upload.
 */
export async function watch(api, userId, fileId, onState, signal) {
  const backoff = new Backoff({ first: 1000, most: 30_000 });
  const parser = { lastEventId: '', retryMilliseconds: 1000 };
  while (!signal.aborted) {
    let wait = null;
    try {
      const answer = await fetch(`${api.base}/api/jetty/watch/${encodeURIComponent(userId)}/${encodeURIComponent(fileId)}`, {
        headers: { ...api.headers, accept: 'text/event-stream', ...(parser.lastEventId && { 'last-event-id': parser.lastEventId }) },
        signal, credentials: 'omit', cache: 'no-store',
      });
      if (answer.status === 204) return;
      if (!answer.ok) throw errorOfAnswer(answer.status, await answer.json().catch(() => null), answer.headers.get('retry-after'));
      if (await read(answer.body, parser, onState, backoff)) return;
    } catch (error) {
      if (signal.aborted) return;
      if (error.kind && !error.mayPass) throw error;
      wait = backoff.failed(error.retryAfterSeconds);
    }
    await pause(wait ?? parser.retryMilliseconds, signal).catch(() => {});
  }
}

/** True once the end was told. */
async function read(body, memory, onState, backoff) {
  const parser = new EventStreamParser();
  parser.lastEventId = memory.lastEventId;
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return false;
    for (const event of parser.push(value)) {
      backoff.succeeded();
      memory.lastEventId = event.id;
      onState(JSON.parse(event.data));
      if (event.name === 'end') {
        reader.cancel().catch(() => {});
        return true;
      }
    }
    memory.retryMilliseconds = parser.retryMilliseconds ?? memory.retryMilliseconds;
  }
}
