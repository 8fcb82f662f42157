/** Pauses that double, with jitter so that many clients do not come back at once. Milliseconds. */
export class Backoff {
  failures = 0;

  constructor({ first = 500, most = 30_000, random = Math.random } = {}) {
    Object.assign(this, { first, most, random });
  }

  /** The pause after one more failure; at least what the other side asked for. */
  failed(retryAfterSeconds = 0) {
    this.failures += 1;
    const step = Math.min(this.most, this.first * 2 ** Math.min(this.failures - 1, 16));
    return Math.max(retryAfterSeconds * 1000, step * (0.5 + this.random() / 2));
  }

  succeeded() { this.failures = 0; }
}

/** Waits; rejects with the signal's reason when it is aborted. */
export function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, milliseconds);
    function onAbort() {
      clearTimeout(timer);
      reject(signal.reason);
    }
    signal?.addEventListener('abort', onAbort, { once: true });
    return undefined;
  });
}

/** Tries again, ever more slowly, while the failure may pass. `onRetry` is told (error, milliseconds). */
export async function patiently(signal, attempt, { onRetry = () => {}, attemptsMax = Infinity, backoff = new Backoff() } = {}) {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (!error.mayPass || attempts >= attemptsMax) throw error;
      const wait = backoff.failed(error.retryAfterSeconds);
      onRetry(error, wait);
      await pause(wait, signal);
    }
  }
}
