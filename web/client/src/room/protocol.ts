/**
 * The frames of `storeroom.v1` and its close codes, as a client sees them.
 *
 * Guarantees: what a server sends is checked before anything relies on it; members that are not known are let be, so
 * that a newer server does no harm. Relies on: JSON.
 */

/** The WebSocket subprotocol. */
export const PROTOCOL = "storeroom.v1";
/** What keeps a connection alive, byte for byte. */
export const PING = '{"t":"ping"}';
/** A good client acknowledges at the latest after so many frames … */
export const ACK_FRAMES = 60;
/** … or so many characters of them. */
export const ACK_LENGTH = 32 * 1024;
/** Most bytes of a presence state as JSON. */
export const MAX_PRESENCE_BYTES = 4096;
/** Most bytes of a shared value as JSON. */
export const MAX_SHARED_BYTES = 8192;

/** A JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
/** A JSON object. */
export type JsonObject = { readonly [key: string]: Json };

/** Something that happened in a store. */
export interface StoreEvent {
  readonly id: string;
  /** Its place in the store's log: counts up by one. */
  readonly seq: number;
  /** Such as `product.updated`. */
  readonly type: string;
  /** The id of the thing that it is about. */
  readonly subject: string;
  /** The version that the thing has since; `null` for things without versions. */
  readonly version: number | null;
  readonly at: string;
  readonly actor: string | null;
  readonly request_id: string | null;
  /** The whole document on `*.created`, else the top-level members that differ from the version before. */
  readonly data: JsonObject;
}

/** A user who is in the room. */
export interface Present {
  readonly user: string;
  readonly connections: number;
  /** Where the user is, for each connection that says so. */
  readonly states: readonly JsonObject[];
}

/** A value that all members share. */
export interface SharedValue {
  readonly key: string;
  readonly value: Json;
  /** The user who set it. */
  readonly by: string | null;
}

/** Who the client is in the room. */
export interface Myself {
  readonly user: string;
  readonly role: string;
}

/** Why a cursor could not be followed. */
export type ResetReason = "epoch" | "unknown" | "too_old";

/** A frame of the server. */
export type ServerFrame =
  | {
      readonly t: "welcome";
      readonly member: Myself;
      readonly cursor: string;
      readonly members: readonly Present[];
      readonly shared: readonly SharedValue[];
      readonly heartbeat_ms: number;
    }
  | { readonly t: "events"; readonly events: readonly StoreEvent[]; readonly cursor: string }
  | { readonly t: "reset"; readonly cursor: string; readonly reason: ResetReason }
  | {
      readonly t: "presence";
      readonly joined: readonly Present[];
      readonly changed: readonly Present[];
      readonly left: readonly string[];
    }
  | { readonly t: "shared"; readonly key: string; readonly value: Json; readonly by: string | null }
  | { readonly t: "error"; readonly code: string; readonly detail: string }
  | { readonly t: "pong" };

/** A frame of a client. */
export type ClientFrame =
  | { t: "hello"; cursor?: string; topics?: readonly string[] }
  | { t: "subscribe"; topics: readonly string[] | null }
  | { t: "presence"; state: JsonObject | null }
  | { t: "share"; key: string; value: Json }
  /** `received` counts the frames of the connection, but for `pong`. */
  | { t: "ack"; cursor: string; received: number };

/** What a client does about a close code. */
export type Closing = "return" | "stop" | "replaced" | "full" | "refused" | "slow-down";

/** What to do when the server has closed with that code. */
export function closing(code: number): Closing {
  if (code === 4403) return "stop";
  if (code === 4409) return "replaced";
  if (code === 4503) return "full";
  if (code === 4400 || code === 4413) return "refused";
  if (code === 4429) return "slow-down";
  return "return";
}

/** Reads a frame: `null` when it is broken, `'unknown'` when it is of a kind that this client does not know. */
export function parseFrame(text: string): ServerFrame | "unknown" | null {
  const frame = parseObject(text);
  if (!frame || typeof frame["t"] !== "string") return null;
  switch (frame["t"]) {
    case "welcome":
      return welcome(frame);
    case "events":
      return isEvents(frame) ? (frame as unknown as ServerFrame) : null;
    case "reset":
      return typeof frame["cursor"] === "string" ? (frame as unknown as ServerFrame) : null;
    case "presence":
      return presence(frame);
    case "shared":
      return typeof frame["key"] === "string" ? { t: "shared", ...sharedValue(frame) } : null;
    case "error":
      return { t: "error", code: String(frame["code"]), detail: String(frame["detail"] ?? "") };
    case "pong":
      return { t: "pong" };
    default:
      return "unknown";
  }
}

/** An event that the feed or a stream has sent; `null` when it is none. */
export function parseEvent(text: string): StoreEvent | null {
  const event = parseObject(text);
  return event && isEvent(event) ? (event as unknown as StoreEvent) : null;
}

type Loose = Record<string, unknown>;

function parseObject(text: string): Loose | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

function isObject(value: unknown): value is Loose {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether a value has what every event has. */
export function isEvent(value: unknown): value is StoreEvent {
  return (
    isObject(value) &&
    Number.isSafeInteger(value["seq"]) &&
    typeof value["type"] === "string" &&
    typeof value["subject"] === "string"
  );
}

function isEvents(frame: Loose): boolean {
  const events = frame["events"];
  return typeof frame["cursor"] === "string" && Array.isArray(events) && events.every(isEvent);
}

function welcome(frame: Loose): ServerFrame | null {
  const { member, cursor, heartbeat_ms } = frame;
  if (!isObject(member) || typeof cursor !== "string") return null;
  return {
    t: "welcome",
    member: { user: String(member["user"]), role: String(member["role"]) },
    cursor,
    members: list(frame["members"]).map(present),
    shared: list(frame["shared"]).map(sharedValue),
    heartbeat_ms: typeof heartbeat_ms === "number" && heartbeat_ms > 0 ? heartbeat_ms : 30_000,
  };
}

function presence(frame: Loose): ServerFrame {
  return {
    t: "presence",
    joined: list(frame["joined"]).map(present),
    changed: list(frame["changed"]).map(present),
    left: Array.isArray(frame["left"]) ? frame["left"].map(String) : [],
  };
}

function list(value: unknown): Loose[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function present(entry: Loose): Present {
  const states = list(entry["states"]) as JsonObject[];
  return { user: String(entry["user"]), connections: Number(entry["connections"] ?? 1), states };
}

function sharedValue(entry: Loose): SharedValue {
  const by = typeof entry["by"] === "string" ? entry["by"] : null;
  return { key: String(entry["key"]), value: (entry["value"] ?? null) as Json, by };
}
