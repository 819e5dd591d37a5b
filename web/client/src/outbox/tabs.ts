/**
 * What the tabs of an application do together: one of them sends, and all of them hear of it.
 *
 * Guarantees: at most one tab leads at a time, and when it is closed another one does. Relies on: the Web Locks API and
 * BroadcastChannel; where there are none, or nothing is shared, every outbox leads for itself.
 */

import type { Settled } from "./entry.ts";

/** What tabs tell each other. */
export type TabMessage =
  { readonly kind: "changed" | "added" | "flush" } | { readonly kind: "settled"; readonly settled: Settled };

/** The other tabs. */
export interface Tabs {
  /** Runs `work` as soon as this tab leads, until `signal` is aborted. */
  lead(work: () => Promise<void>, signal: AbortSignal): void;
  /** Tells the other tabs. */
  post(message: TabMessage): void;
  /** Hears of the others until `close`. */
  listen(listener: (message: TabMessage) => void): void;
  close(): void;
}

/** The tabs that share the outbox of that name. */
export function tabsOf(name: string, locks: LockManager | undefined): Tabs {
  const channel = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel(name);
  // Node would wait for messages for ever.
  (channel as { unref?: () => void } | null)?.unref?.();
  return {
    lead(work, signal) {
      if (!locks) return void work();
      locks.request(name, { signal }, work).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
    },
    post: (message) => channel?.postMessage(message),
    listen: (listener) => channel?.addEventListener("message", ({ data }) => listener(data as TabMessage)),
    close: () => channel?.close(),
  };
}

/** No other tabs. */
export const alone: Tabs = {
  lead: (work) => void work(),
  post: () => {},
  listen: () => {},
  close: () => {},
};
