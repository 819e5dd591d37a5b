/**
 * A value that can be read now and followed from now on.
 *
 * Guarantees: listeners are told in the order in which they came, of every change, after the value has changed; one
 * that throws does not keep the others from hearing of it. Relies on: nothing.
 */

/** A value that changes. */
export interface Observable<T> {
  /** The value now. */
  get(): T;
  /** Calls `listener` on every change from now on; the answer ends that. */
  subscribe(listener: (value: T) => void): () => void;
}

/** An observable that its owner sets. */
export class Subject<T> implements Observable<T> {
  #value: T;
  readonly #listeners = new Listeners<T>();

  constructor(value: T) {
    this.#value = value;
  }

  get(): T {
    return this.#value;
  }

  /** Sets the value and tells everybody; nothing when it is the same object. */
  set(value: T): void {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    this.#listeners.tell(value);
  }

  subscribe(listener: (value: T) => void): () => void {
    return this.#listeners.add(listener);
  }
}

/** Functions that are called with what happens. */
export class Listeners<T> {
  readonly #all = new Set<{ readonly call: (value: T) => void }>();

  /** Adds one; the answer removes it. */
  add(call: (value: T) => void): () => void {
    const entry = { call };
    this.#all.add(entry);
    return () => void this.#all.delete(entry);
  }

  /** Calls them all; what one throws is reported as an uncaught error. */
  tell(value: T): void {
    for (const { call } of [...this.#all]) {
      try {
        call(value);
      } catch (error) {
        report(error);
      }
    }
  }
}

/** Lets an error of the application's own code surface where uncaught errors do. */
function report(error: unknown): void {
  queueMicrotask(() => {
    throw error;
  });
}
