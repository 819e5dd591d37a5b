/**
 * What this client has to tell the room.
 *
 * Guarantees: only the newest of each thing is sent, and never more than half of the frames a second that the room
 * takes. Relies on: being told of every new connection, on which everything is to be said again.
 */

import type { ClientFrame, JsonObject } from "./protocol.ts";
import type { Roster } from "./roster.ts";

/** Most frames of a window; the room takes 100 a second. */
const FRAMES_A_WINDOW = 50;
const WINDOW_MS = 1000;

/** Topics, presence and shared values on their way to the room. */
export class Outgoing {
  topics: readonly string[] | null;
  presence: JsonObject | null = null;
  #isTopicsDue = false;
  #isPresenceDue = false;
  readonly #sharesDue = new Set<string>();
  #windowFrom = -Infinity;
  #inWindow = 0;

  constructor(topics: readonly string[] | null) {
    this.topics = topics;
  }

  /** Other topics from now on. */
  setTopics(topics: readonly string[] | null): void {
    this.topics = topics;
    this.#isTopicsDue = true;
  }

  /** Another presence from now on. */
  setPresence(state: JsonObject | null): void {
    this.presence = state;
    this.#isPresenceDue = true;
  }

  /** The value of that key is to be sent. */
  shareDue(key: string): void {
    this.#sharesDue.add(key);
  }

  /** A connection has begun, with the topics in its `hello`: it knows nothing else. */
  welcomed(helloTopics: readonly string[] | null, roster: Roster): void {
    this.#isTopicsDue = helloTopics !== this.topics;
    this.#isPresenceDue = this.presence !== null;
    for (const key of roster.pendingKeys) this.#sharesDue.add(key);
  }

  /** The room took offence: what was sent last is not said again. */
  forget(): void {
    this.presence = null;
    this.#isPresenceDue = false;
    this.#sharesDue.clear();
  }

  /** What may be sent now. */
  take(now: number, roster: Roster): ClientFrame[] {
    if (now - this.#windowFrom >= WINDOW_MS) {
      this.#windowFrom = now;
      this.#inWindow = 0;
    }
    const frames: ClientFrame[] = [];
    while (this.#inWindow < FRAMES_A_WINDOW) {
      const frame = this.#next(roster);
      if (!frame) break;
      frames.push(frame);
      this.#inWindow += 1;
    }
    return frames;
  }

  /** When something may be sent that has to wait; `null` when nothing waits. */
  get nextAt(): number | null {
    const isDue = this.#isTopicsDue || this.#isPresenceDue || this.#sharesDue.size > 0;
    return isDue ? this.#windowFrom + WINDOW_MS : null;
  }

  #next(roster: Roster): ClientFrame | null {
    if (this.#isTopicsDue) {
      this.#isTopicsDue = false;
      return { t: "subscribe", topics: this.topics };
    }
    if (this.#isPresenceDue) {
      this.#isPresenceDue = false;
      return { t: "presence", state: this.presence };
    }
    for (const key of this.#sharesDue) {
      this.#sharesDue.delete(key);
      const value = roster.pending(key);
      if (value !== undefined) return { t: "share", key, value };
    }
    return null;
  }
}
