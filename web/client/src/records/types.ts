/**
 * The kinds of records: how to know one by its id, and where it is read.
 */

import type { components } from "../generated/api.ts";

/** A kind of record. */
export interface RecordType {
  /** What its ids begin with, the underscore included. */
  readonly prefix: string;
  /** Where lists are read; one record under `/{id}` of it. */
  readonly path: string;
}

/** The kinds that are known. */
export const RECORD_TYPES = {
  product: { prefix: "prd_", path: "/api/pms/products" },
  order: { prefix: "ord_", path: "/api/pms/orders" },
  hold: { prefix: "hld_", path: "/api/pms/inventory/holds" },
  store: { prefix: "str_", path: "/api/pms/stores" },
} as const satisfies Record<string, RecordType>;

/** The name of a kind. */
export type RecordName = keyof typeof RECORD_TYPES;

/** The document of a kind. */
export interface Documents {
  product: components["schemas"]["Product"];
  order: components["schemas"]["Order"];
  hold: components["schemas"]["Hold"];
  store: components["schemas"]["Store"];
}

const NAMES = Object.keys(RECORD_TYPES) as RecordName[];

/** The kind that an id belongs to; `undefined` when it is none of these. */
export function typeOfId(id: string): RecordName | undefined {
  return NAMES.find((name) => id.startsWith(RECORD_TYPES[name].prefix));
}
