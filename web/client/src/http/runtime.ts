/**
 * What the client takes from the platform, so that tests can put their own in its place.
 *
 * Relies on: `fetch`, `AbortSignal.any`, `crypto` and timers, which browsers, Node 22 and Workers all have.
 */

/** The platform. */
export interface Runtime {
  fetch(url: string, init: RequestInit): Promise<Response>;
  /** Milliseconds since 1970. */
  now(): number;
  /** From 0 up to, but not including, 1. Spreads retries; nothing secret. */
  random(): number;
  /** 32 characters that nobody can guess, for idempotency keys and nonces. */
  token(): string;
  /** Runs `work` after so many milliseconds, unless the function that it returns is called before. */
  later(ms: number, work: () => void): () => void;
  /** The locks that the tabs of an origin share, where there are such. */
  locks: LockManager | undefined;
}

/** The platform as it is. */
export const systemRuntime: Runtime = {
  fetch: (url, init) => fetch(url, init),
  now: () => Date.now(),
  random: () => Math.random(),
  token: newToken,
  later(ms, work) {
    const timer = setTimeout(work, ms);
    return () => clearTimeout(timer);
  },
  locks: globalThis.navigator?.locks,
};

/** Resolves after so many milliseconds; fails with the signal's reason as soon as that is aborted. */
export function pause(runtime: Runtime, ms: number, signal: AbortSignal): Promise<void> {
  let cancel = (): void => {};
  const elapsed = new Promise<void>((resolve) => {
    cancel = runtime.later(ms, resolve);
  });
  return unlessAborted(elapsed, signal).finally(cancel);
}

/** The outcome of `work`, or the signal's reason when that is aborted first; `work` itself goes on. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function newToken(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
