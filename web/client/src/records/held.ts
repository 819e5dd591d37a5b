/**
 * One record as the service has it, kept up to date by documents and events.
 *
 * Guarantees: the record never goes back: what is older than what is known is ignored; an event that does not follow
 * on what is known is a gap, never a guess. Relies on: `version` counting up by one a change, and the cursor of a
 * document covering all events up to it.
 */

import type { Place } from "../room/cursor.ts";
import type { JsonObject, StoreEvent } from "../room/protocol.ts";

/** A record. */
export interface Held {
  /** `null` when it is gone. */
  readonly document: JsonObject | null;
  /** The log up to here is in the document; `null` when that is not known. */
  readonly asOf: Place | null;
}

/** What an event does to a record. */
export type Applied = { readonly kind: "changed"; readonly held: Held } | { readonly kind: "old" | "gap" };

/** A document that was read takes the place of what is held, unless it is older. */
export function replaced(held: Held | undefined, document: JsonObject | null, asOf: Place | null): Held {
  if (!held || isNewer(held, document, asOf)) return { document, asOf: asOf ?? held?.asOf ?? null };
  return held;
}

function isNewer(held: Held, document: JsonObject | null, asOf: Place | null): boolean {
  const isOtherEpoch = held.asOf && asOf && held.asOf.epoch !== asOf.epoch;
  if (isOtherEpoch) return asOf.epoch > held.asOf.epoch;
  const [before, after] = [versionOf(held.document), versionOf(document)];
  if (before !== null && after !== null && before !== after) return after > before;
  return !held.asOf || !asOf || asOf.seq >= held.asOf.seq;
}

/** The record after an event, which lies at `at`. */
export function applied(held: Held, event: StoreEvent, at: Place): Applied {
  if (held.asOf && held.asOf.epoch !== at.epoch) return { kind: "gap" };
  if (held.asOf && at.seq <= held.asOf.seq) return { kind: "old" };
  if (event.type.endsWith(".deleted")) return { kind: "changed", held: { document: null, asOf: at } };
  if (event.type.endsWith(".created")) return { kind: "changed", held: { document: event.data, asOf: at } };
  if (!held.document) return { kind: "gap" };
  const version = versionOf(held.document);
  if (version === null || event.version === null) return changed(held.document, event.data, at);
  if (event.version <= version) return { kind: "old" };
  if (event.version > version + 1) return { kind: "gap" };
  return changed({ ...held.document, version: event.version }, event.data, at);
}

function changed(document: JsonObject, data: JsonObject, asOf: Place): Applied {
  return { kind: "changed", held: { document: { ...document, ...data }, asOf } };
}

/** The version of a document; `null` for documents without. */
export function versionOf(document: JsonObject | null | undefined): number | null {
  const version = document?.["version"];
  return typeof version === "number" ? version : null;
}
