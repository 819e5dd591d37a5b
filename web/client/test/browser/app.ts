/**
 * The application that the browser's tests run: the whole client with an outbox in IndexedDB, driven from outside.
 */
import { bearerToken, createStoreroom, IndexedDbStorage, webStorage } from "../../src/index.ts";
import type { Conflict, JsonObject, Settled, Storeroom } from "../../src/index.ts";

/** What a test starts a tab with. */
export interface Setting {
  baseUrl: string;
  store: string;
  token: string;
  /** Names the database of the outbox. */
  database: string;
}

/** What a test can do in a tab. */
export interface App {
  client: Storeroom;
  settled: Settled[];
  conflicts: Conflict[];
  /** What to answer to a conflict, as a patch. */
  decision: JsonObject | null;
  start(setting: Setting): void;
  /** Resolves when `test` holds; asked whenever something changes. */
  until(test: (app: App) => boolean): Promise<void>;
}

const waiters = new Set<() => void>();

function somethingChanged(): void {
  for (const waiter of waiters) waiter();
}

const app: App = {
  client: undefined as unknown as Storeroom,
  settled: [],
  conflicts: [],
  decision: null,
  start(setting) {
    app.client = createStoreroom({
      baseUrl: setting.baseUrl,
      store: setting.store,
      credentials: bearerToken(setting.token),
      room: { storage: webStorage(sessionStorage) },
      outbox: { storage: new IndexedDbStorage(setting.database), onConflict: decide },
    });
    const { client } = app;
    client.outbox.onSettled((settled) => app.settled.push(settled));
    client.outbox.entries.subscribe(somethingChanged);
    client.outbox.status.subscribe(somethingChanged);
    client.room.status.subscribe(somethingChanged);
    client.room.members.subscribe(somethingChanged);
    client.room.shared.subscribe(somethingChanged);
    client.records().subscribe(somethingChanged);
    client.start();
  },
  until: (test) =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!test(app)) return;
        waiters.delete(look);
        resolve();
      };
      waiters.add(look);
      look();
    }),
};

/** Answers at once when the test has said what, else leaves it to somebody who asks. */
function decide(conflict: Conflict): Promise<JsonObject> | JsonObject {
  app.conflicts.push(conflict);
  somethingChanged();
  return app.decision ?? new Promise(() => {});
}

(globalThis as unknown as { app: App }).app = app;
