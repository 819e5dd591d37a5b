/**
 * Comparing JSON values.
 *
 * Guarantees: the order of an object's members does not count; that of a list does. Relies on: values being JSON.
 */

import type { Json } from "./protocol.ts";

/** Whether two values are the same JSON. */
export function isEqual(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Array.isArray(a) || Array.isArray(b)) return areEqualLists(a, b);
  return areEqualObjects(a as Members, b as Members);
}

type Members = Record<string, Json>;

function areEqualLists(a: Json, b: Json): boolean {
  if (!Array.isArray(a) || !Array.isArray(b)) return false;
  return a.length === b.length && a.every((item: Json, index) => isEqual(item, b[index] as Json));
}

function areEqualObjects(a: Members, b: Members): boolean {
  const keys = Object.keys(a);
  if (keys.length !== Object.keys(b).length) return false;
  return keys.every((key) => Object.hasOwn(b, key) && isEqual(a[key], b[key]));
}

/** How many bytes a value has as JSON in UTF-8. */
export function jsonBytes(value: Json): number {
  return new TextEncoder().encode(JSON.stringify(value)).length;
}
