/**
 * How long to wait before the next try.
 *
 * Guarantees: exponential with full jitter (a time between nothing and the bound, all equally likely), so that clients
 * that were cut off together do not come back together. Relies on: `random` being uniform in [0, 1).
 */

/** The bound of the first wait, in milliseconds. */
export const FIRST_MS = 500;
/** The bound of the longest wait, in milliseconds. */
export const LONGEST_MS = 30_000;

/** Counts tries and says how long to wait. */
export class Backoff {
  #tries = 0;
  readonly #random: () => number;
  readonly #firstMs: number;
  readonly #longestMs: number;

  constructor(random: () => number, firstMs = FIRST_MS, longestMs = LONGEST_MS) {
    this.#random = random;
    this.#firstMs = firstMs;
    this.#longestMs = longestMs;
  }

  /** How long to wait now, in milliseconds; the next wait may be twice as long. */
  next(atLeastMs = 0): number {
    const bound = Math.min(this.#longestMs, this.#firstMs * 2 ** this.#tries);
    this.#tries = Math.min(this.#tries + 1, 30);
    return Math.max(atLeastMs, this.#random() * bound);
  }

  /** Begins again with the short wait. */
  reset(): void {
    this.#tries = 0;
  }
}
