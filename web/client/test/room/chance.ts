/**
 * Chance that can be repeated: a small generator with a seed (mulberry32).
 */

/** Uniform in [0, 1), the same for the same seed. */
export function chance(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seeds of a test: `SEED` alone when it is set, else so many from 1 on. */
export function seeds(count: number): number[] {
  const one = process.env["SEED"];
  return one ? [Number(one)] : Array.from({ length: count }, (_, index) => index + 1);
}
