/**
 * Where the outbox keeps its entries.
 *
 * Guarantees: what `add` and `update` resolved for survives whatever the storage survives. Relies on: nothing.
 */

import type { Entry } from "./entry.ts";

/** A storage of entries; each call is atomic. */
export interface OutboxStorage {
  /** Names what other tabs see too; `null` when nobody else sees it. */
  readonly sharedAs: string | null;
  /** Entries in the order of `n`. */
  all(): Promise<Entry[]>;
  /** Appends an entry, whose `n` is given out here. Fails with an `OutboxFullError` when there is no room. */
  add(entry: Entry): Promise<Entry>;
  /** Changes an entry; `null` when it is gone. */
  update(id: string, change: (entry: Entry) => Entry): Promise<Entry | null>;
  /** Removes an entry; nothing when it is gone. */
  remove(id: string): Promise<void>;
}

/** Keeps entries in memory: for servers and tests. */
export class MemoryStorage implements OutboxStorage {
  readonly sharedAs = null;
  readonly #entries = new Map<string, Entry>();
  #last = 0;

  async all(): Promise<Entry[]> {
    return [...this.#entries.values()].sort((a, b) => a.n - b.n);
  }

  async add(entry: Entry): Promise<Entry> {
    this.#last += 1;
    const added = { ...entry, n: this.#last };
    this.#entries.set(entry.id, added);
    return added;
  }

  async update(id: string, change: (entry: Entry) => Entry): Promise<Entry | null> {
    const entry = this.#entries.get(id);
    if (!entry) return null;
    const changed = change(entry);
    this.#entries.set(id, changed);
    return changed;
  }

  async remove(id: string): Promise<void> {
    this.#entries.delete(id);
  }
}
