/**
 * Where a room's cursor is kept across page loads.
 *
 * Guarantees: a storage that fails costs the replay of what was missed, nothing else. Relies on: one key a store.
 */

/** Keeps the cursor of each store. */
export interface CursorStorage {
  /** The cursor that was saved last. */
  load(store: string): string | null | Promise<string | null>;
  /** Called after what lies before the cursor was handed on. */
  save(store: string, cursor: string): void | Promise<void>;
}

/** Keeps cursors in a Web Storage: `sessionStorage` for a tab, `localStorage` for all tabs. */
export function webStorage(storage: Storage, prefix = "storeroom-cursor:"): CursorStorage {
  return {
    load: (store) => storage.getItem(prefix + store),
    save(store, cursor) {
      try {
        storage.setItem(prefix + store, cursor);
      } catch {
        // Full or forbidden: the next page load begins anew.
      }
    },
  };
}
