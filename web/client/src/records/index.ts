/**
 * Records: what an application uses of them.
 */
export { type Page, type RecordChanged, Records, type RecordsOptions } from "./records.ts";
export type { Documents, RecordName } from "./types.ts";
