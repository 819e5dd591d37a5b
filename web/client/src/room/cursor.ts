/**
 * Places in a store's log, as `Store-Cursor`, the feed and the room spell them: `<epoch>.<seq>`.
 *
 * Guarantees: what is not a cursor is `null`, never a wrong place. Relies on: `epoch` and `seq` being safe integers.
 */

/** A place: everything up to `seq` has been seen, in that `epoch` of the database. */
export interface Place {
  readonly epoch: number;
  readonly seq: number;
}

/** Reads a cursor; `null` for anything else. */
export function parseCursor(text: string | null | undefined): Place | null {
  const parts = /^(\d{1,16})\.(\d{1,16})$/.exec(text ?? "");
  if (!parts) return null;
  const place = { epoch: Number(parts[1]), seq: Number(parts[2]) };
  return Number.isSafeInteger(place.epoch) && Number.isSafeInteger(place.seq) ? place : null;
}

/** Spells a place. */
export function printCursor(place: Place): string {
  return `${place.epoch}.${place.seq}`;
}

/** Whether `place` is known to lie at or behind `limit`: the same epoch, and no later. */
export function isWithin(place: Place, limit: Place): boolean {
  return place.epoch === limit.epoch && place.seq <= limit.seq;
}
