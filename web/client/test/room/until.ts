/**
 * Waiting for something to become true.
 *
 * Guarantees: a wait ends as soon as it is so, and fails with what is missing when it takes too long.
 */

import type { Observable } from "../../src/room/observable.ts";

/** How long anything may take before a test gives up on it. */
const PATIENCE_MS = 20_000;

/** Resolves when the value passes the test. */
export function until<T>(observable: Observable<T>, test: (value: T) => boolean, what: string): Promise<T> {
  return new Promise((resolve, reject) => {
    let unsubscribe = (): void => {};
    const late = (): void => {
      unsubscribe();
      reject(new Error(`not within ${PATIENCE_MS} ms: ${what}; now ${JSON.stringify(observable.get())}`));
    };
    const timer = setTimeout(late, PATIENCE_MS);
    const look = (value: T): void => {
      if (!test(value)) return;
      clearTimeout(timer);
      unsubscribe();
      resolve(value);
    };
    unsubscribe = observable.subscribe(look);
    look(observable.get());
  });
}
