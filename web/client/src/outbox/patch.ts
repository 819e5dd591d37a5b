/**
 * Merge patches, and how a patch fares when the document has moved on meanwhile.
 *
 * Guarantees: pure; nothing that is passed in is changed. Relies on: documents being JSON objects.
 */

import { isEqual } from "../room/json.ts";
import type { Json, JsonObject } from "../room/protocol.ts";

/** The document after the patch (RFC 7396). */
export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const merged: Record<string, Json> = isObject(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else setOwn(merged, name, mergePatch(ownOf(merged, name), value));
  }
  return merged;
}

/** An object after the patch. */
export function patched(target: JsonObject, patch: JsonObject): JsonObject {
  return mergePatch(target, patch) as JsonObject;
}

/** What is left of a patch. */
export interface Rebased {
  /** What still has to be sent; empty when the document is as it was meant to be. */
  readonly patch: JsonObject;
  /** The top-level members that both sides changed, and not to the same. */
  readonly overlaps: readonly string[];
}

/**
 * Merges three ways by top-level members: `patch` was made looking at `base`, and the document is `current` by now.
 * A member that only one side changed is taken from that side.
 */
export function rebase(base: JsonObject, patch: JsonObject, current: JsonObject): Rebased {
  const mine = patched(base, patch);
  const open = Object.keys(patch).filter((name) => !isSame(ownOf(mine, name), ownOf(current, name)));
  const overlaps = open.filter((name) => !isSame(ownOf(base, name), ownOf(current, name)));
  return { patch: Object.fromEntries(open.map((name) => [name, patch[name] as Json])), overlaps };
}

/** A member that is missing and one that is null are the same to a merge patch. */
function isSame(a: Json | undefined, b: Json | undefined): boolean {
  return isEqual(a ?? null, b ?? null);
}

/** Whether a value is a JSON object. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function ownOf(object: JsonObject, name: string): Json | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** Sets a member whatever its name, `__proto__` too. */
function setOwn(object: Record<string, Json>, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}
