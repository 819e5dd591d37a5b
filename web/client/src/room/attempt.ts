/**
 * One connection of the room, from its opening to its end.
 *
 * Guarantees: it is dead when nothing came in the time that its transport allows. Relies on: being told what comes.
 */

import { isWithin, parseCursor, type Place } from "./cursor.ts";
import type { Transport } from "./ladder.ts";
import { ACK_FRAMES, ACK_LENGTH } from "./protocol.ts";

/** How long opening may take, the ticket and the welcome included. */
export const OPEN_WITHIN_MS = 15_000;
/** How long a `pong` may take. */
export const PONG_WITHIN_MS = 10_000;
/** How long a stream may be silent: it has a comment every 15 s. */
export const STREAM_SILENCE_MS = 40_000;
/** How long a poll waits at the server, in seconds. */
export const POLL_WAIT_S = 25;
/** A connection that was up for so long did not fail. */
export const HELD_MS = 5_000;
/** A poll without a wait is not repeated sooner. */
export const POLL_EVERY_MS = 1_000;

/** A connection. */
export class Attempt {
  readonly id: number;
  readonly transport: Transport;
  /** Whether events may come. */
  upAt: number | null = null;
  /** Whether it has come as far as the log had when it began. */
  isLive = false;
  /** When it counts as dead; `null` while that cannot be. */
  deadline: number | null;
  /** When to ping next, or to poll next. */
  pingAt: number | null = null;
  pollAt: number | null = null;
  /** The topics that the connection was opened with. */
  topics: readonly string[] | null = null;
  polledAt = 0;
  /** Whether the last poll was to wait at the server. */
  waited = false;
  #heartbeatMs = 30_000;
  #head: Place | null = null;
  /** How many frames have come, but for `pong`. */
  received = 0;
  /** The cursor of the newest frame that had one. */
  cursor: string | null = null;
  #frames = 0;
  #length = 0;

  constructor(id: number, transport: Transport, now: number) {
    this.id = id;
    this.transport = transport;
    this.deadline = now + OPEN_WITHIN_MS;
  }

  /** The socket or the stream is open. */
  opened(head: string | null): void {
    this.#head = parseCursor(head);
  }

  /** Events may come from now on. */
  up(now: number): void {
    this.upAt ??= now;
    this.alive(now);
  }

  /** The room has let this connection in. */
  welcomed(now: number, heartbeatMs: number): void {
    this.#heartbeatMs = heartbeatMs;
    this.pingAt = now + heartbeatMs;
    this.up(now);
  }

  /** Something came. */
  alive(now: number): void {
    this.deadline = this.transport === "sse" ? now + STREAM_SILENCE_MS : null;
  }

  /** A ping goes out. */
  pinged(now: number): void {
    this.pingAt = now + this.#heartbeatMs;
    this.deadline ??= now + PONG_WITHIN_MS;
  }

  /** A poll goes out that waits so long. */
  polled(now: number, waitS: number): void {
    this.polledAt = now;
    this.waited = waitS > 0;
    this.pollAt = null;
    this.deadline = now + waitS * 1000 + OPEN_WITHIN_MS;
  }

  /** Notes how far the client has come. */
  reached(place: Place | null): void {
    this.isLive ||= !this.#head || !place || place.epoch !== this.#head.epoch || isWithin(this.#head, place);
  }

  /** Counts a frame. Answers whether an acknowledgement is due after it. */
  isAckDue(length: number): boolean {
    this.received += 1;
    this.#frames += 1;
    this.#length += length;
    if (this.#frames < ACK_FRAMES && this.#length < ACK_LENGTH) return false;
    this.#frames = 0;
    this.#length = 0;
    return true;
  }

  /** Whether it was up long enough to count as one that works. */
  hasHeld(now: number): boolean {
    return this.upAt !== null && now - this.upAt >= HELD_MS;
  }

  /** When something is due. */
  get nextAt(): number {
    return Math.min(this.deadline ?? Infinity, this.pingAt ?? Infinity, this.pollAt ?? Infinity);
  }
}
