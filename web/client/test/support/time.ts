/**
 * Time for tests: waits are noted and over at once, so that a test reads how long a client would have waited.
 */
import { type Runtime, systemRuntime } from "../../src/index.ts";

/** The timeout that these tests give their clients, which stays a real one. */
export const TIMEOUT_MS = 20_000;

/** A runtime whose clock stands still but for its waits. */
export interface NotedTime extends Runtime {
  /** Milliseconds of each wait, in order. */
  readonly waits: number[];
  /** Moves the clock. */
  advance(ms: number): void;
}

/** `random` is what each jitter is made of. */
export function notedTime(random = 0.5): NotedTime {
  const waits: number[] = [];
  let moved = 0;
  return {
    ...systemRuntime,
    waits,
    advance: (ms) => {
      moved += ms;
    },
    now: () => Date.now() + moved,
    random: () => random,
    later(ms, work) {
      if (ms === TIMEOUT_MS) return systemRuntime.later(ms, work);
      waits.push(ms);
      moved += ms;
      const soon = setImmediate(work);
      return () => clearImmediate(soon);
    },
  };
}
