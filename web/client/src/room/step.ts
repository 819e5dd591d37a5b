/**
 * What goes into the room's state machine and what comes out of it.
 *
 * Guarantees: plain data. Relies on: `protocol`.
 */

import type { Transport } from "./ladder.ts";
import type { Json, JsonObject, ResetReason, StoreEvent } from "./protocol.ts";

/** Why something over HTTP failed. */
export interface Failure {
  /** `network`: no answer came; `http`: an answer that refuses; `unsupported`: the host does not do this at all. */
  readonly kind: "network" | "http" | "unsupported";
  readonly status?: number;
  /** The problem's code. */
  readonly code?: string;
  readonly retryAfterMs?: number;
}

/** What happened. `attempt` names a connection; what comes from one that was given up is dropped. */
export type Input =
  | { readonly kind: "start" | "stop" | "online" | "offline" | "tick" }
  /** Where to go on from, before the first start. */
  | { readonly kind: "cursor"; readonly cursor: string }
  | { readonly kind: "topics"; readonly topics: readonly string[] | null }
  | { readonly kind: "presence"; readonly state: JsonObject | null }
  | { readonly kind: "share"; readonly key: string; readonly value: Json }
  /** A socket or a stream is open; `head` is how far the log had come, where the host said so. */
  | { readonly kind: "opened"; readonly attempt: number; readonly head: string | null }
  /** A frame of a WebSocket. */
  | { readonly kind: "frame"; readonly attempt: number; readonly text: string }
  /** Events of a stream or of a poll, up to and including `cursor`. */
  | {
      readonly kind: "page";
      readonly attempt: number;
      readonly events: readonly StoreEvent[];
      readonly cursor: string;
      readonly more: boolean;
    }
  /** A stream or a poll cannot go on from where it was; events after `cursor` can be had. */
  | { readonly kind: "lost"; readonly attempt: number; readonly cursor: string; readonly reason: ResetReason }
  /** Something came over a stream. */
  | { readonly kind: "alive"; readonly attempt: number }
  | { readonly kind: "closed"; readonly attempt: number; readonly code: number; readonly reason: string }
  | { readonly kind: "failed"; readonly attempt: number; readonly failure: Failure };

/** What is to be done, in order. */
export type Effect =
  | {
      readonly kind: "open";
      readonly attempt: number;
      readonly transport: Transport;
      readonly cursor: string | null;
      readonly topics: readonly string[] | null;
    }
  /** Ask the feed; `waitS` seconds for something to happen, 0 for not at all. */
  | {
      readonly kind: "poll";
      readonly attempt: number;
      readonly cursor: string | null;
      readonly topics: readonly string[] | null;
      readonly waitS: number;
    }
  | { readonly kind: "send"; readonly attempt: number; readonly text: string }
  | { readonly kind: "close"; readonly attempt: number; readonly code: number }
  /** Hand these on; nobody has seen them yet. */
  | { readonly kind: "deliver"; readonly events: readonly StoreEvent[]; readonly cursor: string }
  /** The room is followed from here on, and nothing was known before. */
  | { readonly kind: "begin"; readonly cursor: string }
  /** What was known cannot be brought up to date by events: fetch anew. */
  | { readonly kind: "reset"; readonly cursor: string; readonly reason: ResetReason }
  /** The room refused something that this client sent. */
  | { readonly kind: "problem"; readonly code: string; readonly detail: string };

/** How it stands with the connection. */
export interface RoomStatus {
  readonly state: "connecting" | "catching-up" | "live" | "waiting" | "offline" | "stopped";
  /** What is or was last used. */
  readonly transport: Transport;
  /** Why it is so, for programs: such as `started`, `lost`, `network`, `forbidden`, `replaced`. */
  readonly reason: string;
  /** When the next try is due, in milliseconds of `performance.now()`; `null` unless `waiting`. */
  readonly retryAt: number | null;
}
