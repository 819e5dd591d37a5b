/**
 * The outbox's entries in IndexedDB: they survive a closed tab and are seen by all tabs.
 *
 * Guarantees: an entry that was added is on the disk (`durability: strict`); the order of entries is that in which
 * their transactions were made. Relies on: one version of the schema.
 */

import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import { type Entry, OutboxFullError } from "./entry.ts";
import type { OutboxStorage } from "./storage.ts";

interface Schema extends DBSchema {
  entries: { key: number; value: Omit<Entry, "n"> & { n?: number }; indexes: { id: string } };
}

const DURABLE = { durability: "strict" } as const;

/** Keeps entries in the IndexedDB database of that name. */
export class IndexedDbStorage implements OutboxStorage {
  readonly sharedAs: string;
  #database: Promise<IDBPDatabase<Schema>> | null = null;

  constructor(name: string) {
    this.sharedAs = name;
  }

  async all(): Promise<Entry[]> {
    const database = await this.#open();
    return (await database.getAll("entries")) as Entry[];
  }

  async add(entry: Entry): Promise<Entry> {
    const { n: _, ...rest } = entry;
    try {
      const database = await this.#open();
      const transaction = database.transaction("entries", "readwrite", DURABLE);
      const [n] = await Promise.all([transaction.store.add(rest), transaction.done]);
      return { ...entry, n };
    } catch (error) {
      throw isQuota(error) ? new OutboxFullError("The browser's quota is used up.", { cause: error }) : error;
    }
  }

  async update(id: string, change: (entry: Entry) => Entry): Promise<Entry | null> {
    const database = await this.#open();
    const transaction = database.transaction("entries", "readwrite", DURABLE);
    const entry = (await transaction.store.index("id").get(id)) as Entry | undefined;
    const changed = entry ? change(entry) : null;
    if (changed) void transaction.store.put(changed);
    await transaction.done;
    return changed;
  }

  async remove(id: string): Promise<void> {
    const database = await this.#open();
    const transaction = database.transaction("entries", "readwrite", DURABLE);
    const key = await transaction.store.index("id").getKey(id);
    if (key !== undefined) void transaction.store.delete(key);
    await transaction.done;
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#database ??= this.#connect();
    return this.#database;
  }

  async #connect(): Promise<IDBPDatabase<Schema>> {
    const forget = (): void => void (this.#database = null);
    try {
      const database = await openDB<Schema>(this.sharedAs, 1, {
        upgrade(created) {
          const store = created.createObjectStore("entries", { keyPath: "n", autoIncrement: true });
          store.createIndex("id", "id", { unique: true });
        },
        terminated: forget,
      });
      // Another page that deletes the database or brings a newer schema must not wait for this one.
      database.addEventListener("versionchange", () => {
        database.close();
        forget();
      });
      return database;
    } catch (error) {
      forget();
      throw error;
    }
  }
}

function isQuota(error: unknown): boolean {
  return error instanceof DOMException && error.name === "QuotaExceededError";
}
