/**
 * The writes of the outbox as data.
 */

import type { Method, Version } from "../http/operations.ts";
import { StoreroomError } from "../http/errors.ts";
import type { Json, JsonObject } from "../room/protocol.ts";

/** The record that a write changes by a merge patch, so that a conflict can be merged. */
export interface RecordChange {
  /** Such as `product`. */
  readonly type: string;
  readonly id: string;
  /** The record as it was shown when the change was made. */
  readonly base: JsonObject;
}

/** A write that an application hands over. */
export interface Write {
  readonly method: Exclude<Method, "GET">;
  /** Complete: `/api/pms/products/prd_…`. */
  readonly path: string;
  /** Its store; that of the outbox's `Http` when left out. */
  readonly store?: string | null;
  /** For a change of a record, its merge patch. */
  readonly body?: Json;
  readonly ifMatch?: Version;
  readonly change?: RecordChange;
  /** Whatever the application wants to find in the list again. */
  readonly label?: Json;
}

/** What became of an entry so far. `conflict`: waits for a decision; `failed`: refused, stays until it is dropped. */
export type EntryState = "queued" | "sending" | "conflict" | "failed";

/** Why the service refused an entry. */
export interface Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  /** The thing as it is now, for a conflict. */
  readonly current?: JsonObject;
  readonly errors?: Json;
}

/** A write in the outbox. */
export interface Entry extends Write {
  readonly id: string;
  /** Its place in the queue: sent in this order. */
  readonly n: number;
  readonly store: string | null;
  /** What makes a `POST` be done once; a new one whenever the body changes. */
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly queuedAt: number;
  readonly state: EntryState;
  /** How often it was sent; after the first time its outcome may be unknown. */
  readonly attempts: number;
  readonly refusal?: Refusal;
}

/** How an entry ended. */
export interface Settled {
  readonly entry: Entry;
  /** `unknown`: another tab finished it and did not say how. */
  readonly outcome: "done" | "failed" | "dropped" | "unknown";
  /** The answer's body. */
  readonly document?: Json;
  /** The store's log when the answer was made. */
  readonly cursor?: string | null;
  readonly refusal?: Refusal;
}

/** The outbox takes no more: too many entries, too many bytes, or the browser's quota. */
export class OutboxFullError extends StoreroomError {
  override name = "OutboxFullError";
}

/** How much room an entry takes, about, in bytes. */
export function sizeOf(write: Write): number {
  return JSON.stringify([write.path, write.body ?? null, write.change ?? null, write.label ?? null]).length;
}

/** What entries must not overtake each other about. */
export function subjectOf(entry: Entry): string {
  return `${entry.store} ${entry.path}`;
}
