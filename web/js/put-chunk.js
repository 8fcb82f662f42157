// PUT of one chunk with progress: `fetch` cannot tell how much of a body was sent, so this is XMLHttpRequest.
import { UploadError, errorOfAnswer } from './errors.js';

/** Without a byte moving for so long, the edge is given up for this chunk. */
const STALL_MILLISECONDS = 60_000;

/**
 * @param {{url: string, blob: Blob, digest: string, token: string, signal: AbortSignal, onProgress: (bytes: number) => void}} chunk
 * Rejects with an UploadError.
 */
export function putChunk({ url, blob, digest, token, signal, onProgress }) {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const request = new XMLHttpRequest();
    let stall;
    const settle = (body) => {
      clearTimeout(stall);
      signal.removeEventListener('abort', onAbort);
      body();
    };
    const alive = () => {
      clearTimeout(stall);
      stall = setTimeout(() => {
        request.abort();
        settle(() => reject(new UploadError('busy', { detail: 'the edge does not answer' })));
      }, STALL_MILLISECONDS);
    };
    function onAbort() {
      request.abort();
      settle(() => reject(signal.reason));
    }
    signal.addEventListener('abort', onAbort, { once: true });
    request.upload.addEventListener('progress', (event) => {
      alive();
      onProgress(event.loaded);
    });
    request.addEventListener('error', () => settle(() => reject(new UploadError('offline'))));
    request.addEventListener('load', () => settle(() => {
      let body = null;
      try {
        body = JSON.parse(request.responseText);
      } catch {
        // Something in between has answered in the edge's place.
      }
      if (request.status >= 200 && request.status < 300 && body?.ok) resolve(body);
      else if (request.status >= 200 && request.status < 300) reject(new UploadError('busy', { detail: 'that was no edge' }));
      // What an edge checks is the token of this upload, which expires; the key is another matter.
      else if (request.status === 401) reject(new UploadError('token-refused', { status: 401 }));
      else reject(errorOfAnswer(request.status, body, request.getResponseHeader('retry-after')));
    }));
    request.open('PUT', url);
    request.setRequestHeader('authorization', `Bearer ${token}`);
    request.setRequestHeader('content-type', 'application/octet-stream');
    request.setRequestHeader('content-digest', digest);
    alive();
    request.send(blob);
    return undefined;
  });
}
