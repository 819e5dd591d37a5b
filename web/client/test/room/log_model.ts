/**
 * A model of a store's log and of a room that serves it, for the simulation of the client's state machine: what the
 * rules of `shared/room/SPEC.md` say that a client is sent.
 */

import { parseCursor, printCursor } from "../../src/room/cursor.ts";
import type { ResetReason, StoreEvent } from "../../src/room/protocol.ts";

/** The log. */
export class LogModel {
  epoch = 1;
  head = 0;
  /** Events up to here are gone. */
  floor = 0;

  append(): StoreEvent {
    this.head += 1;
    return this.event(this.head);
  }

  event(seq: number): StoreEvent {
    const id = `evt_${this.epoch}_${seq}`;
    const rest = { version: seq, at: "", actor: null, request_id: null, data: {} };
    return { id, seq, type: "product.updated", subject: "prd_1", ...rest };
  }

  after(seq: number, limit: number): StoreEvent[] {
    const count = Math.max(0, Math.min(limit, this.head - seq));
    return Array.from({ length: count }, (_, index) => this.event(seq + 1 + index));
  }

  cursor(seq = this.head): string {
    return printCursor({ epoch: this.epoch, seq });
  }

  /** Why a cursor cannot be followed; `null` when it can. */
  refusal(text: string): ResetReason | null {
    const place = parseCursor(text);
    if (place?.epoch !== this.epoch) return "epoch";
    if (place.seq > this.head) return "unknown";
    return place.seq < this.floor ? "too_old" : null;
  }

  /** The database is restored to an earlier state. */
  restore(head: number): void {
    this.epoch += 1;
    this.head = head;
    this.floor = 0;
  }
}
