/**
 * One piece of work at a time: in this page or process, and, under a name, in all tabs of the origin.
 *
 * Relies on: `navigator.locks` for the tabs; without it a name changes nothing.
 */
import type { Runtime } from "./runtime.ts";

/** A function that runs what it is given after what it was given before. */
export function serially(runtime: Runtime, name: string | undefined): <T>(work: () => Promise<T>) => Promise<T> {
  const { locks } = runtime;
  if (locks && name !== undefined) return async (work) => locks.request(name, work);
  let last: Promise<unknown> = Promise.resolve();
  return (work) => {
    const next = last.then(work, work);
    last = next.catch(() => {});
    return next;
  };
}
