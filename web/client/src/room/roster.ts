/**
 * Who is in the room and what its members share, as far as this client knows.
 *
 * Guarantees: what this client shares shows at once and until the room says what became of it; after that the room's
 * order holds. Whoever looks gets a snapshot that does not change. Relies on: the room echoing every `share`.
 */

import { isEqual } from "./json.ts";
import type { Json, Present, ServerFrame, SharedValue } from "./protocol.ts";

type Welcome = Extract<ServerFrame, { t: "welcome" }>;
type Presence = Extract<ServerFrame, { t: "presence" }>;

/** What is shared, by key. */
export type Shared = ReadonlyMap<string, SharedValue>;

/** The members and the shared values of one room. */
export class Roster {
  #members = new Map<string, Present>();
  #confirmed = new Map<string, SharedValue>();
  readonly #pending = new Map<string, Json>();
  /** When the pending values were sent; only of those that were. */
  readonly #sentAt = new Map<string, number>();
  #me: string | null = null;
  #membersView: readonly Present[] = [];
  #sharedView: Shared = new Map();

  /** Who is here, by user; the same object until it changes. */
  get members(): readonly Present[] {
    return this.#membersView;
  }

  /** What is shared, own values included that are still on their way; the same object until it changes. */
  get shared(): Shared {
    return this.#sharedView;
  }

  /** The keys of the values that the room has not confirmed. */
  get pendingKeys(): string[] {
    return [...this.#pending.keys()];
  }

  /** An own value that the room has not confirmed. */
  pending(key: string): Json | undefined {
    return this.#pending.get(key);
  }

  /** Takes over what the room says when it lets this client in. */
  welcome(frame: Welcome): void {
    this.#sentAt.clear();
    this.#me = frame.member.user;
    this.#members = new Map(frame.members.map((present) => [present.user, present]));
    this.#confirmed = new Map(frame.shared.map((value) => [value.key, value]));
    this.#showMembers();
    this.#showShared();
  }

  /** Others came, changed or went. */
  presence(frame: Presence): void {
    for (const present of [...frame.joined, ...frame.changed]) this.#members.set(present.user, present);
    for (const user of frame.left) this.#members.delete(user);
    this.#showMembers();
  }

  /** Nobody is known to be here: the connection is gone, or tells of nobody. */
  leave(): void {
    if (this.#members.size === 0) return;
    this.#members.clear();
    this.#showMembers();
  }

  /** This client shares a value. */
  share(key: string, value: Json): void {
    this.#pending.set(key, value);
    this.#sentAt.delete(key);
    this.#showShared();
  }

  /** A value goes out. */
  sent(key: string, now: number): void {
    this.#sentAt.set(key, now);
  }

  /** Lets go of values that were sent before then and never confirmed: the room tells only the last of several. */
  expire(before: number): void {
    for (const [key, at] of this.#sentAt) {
      if (at > before) continue;
      this.#pending.delete(key);
      this.#sentAt.delete(key);
    }
    this.#showShared();
  }

  /** The room's word on a value. */
  settle(value: SharedValue): void {
    if (value.value === null) this.#confirmed.delete(value.key);
    else this.#confirmed.set(value.key, value);
    const isOurs = value.by === this.#me && isEqual(this.#pending.get(value.key), value.value);
    if (isOurs) {
      this.#pending.delete(value.key);
      this.#sentAt.delete(value.key);
    }
    this.#showShared();
  }

  /** The room took none of what is still on its way. */
  refuse(): void {
    this.#pending.clear();
    this.#sentAt.clear();
    this.#showShared();
  }

  #showMembers(): void {
    this.#membersView = [...this.#members.values()].sort((a, b) => (a.user < b.user ? -1 : 1));
  }

  #showShared(): void {
    const view = new Map(this.#confirmed);
    for (const [key, value] of this.#pending) {
      if (value === null) view.delete(key);
      else view.set(key, { key, value, by: this.#me });
    }
    if (!areSame(view, this.#sharedView)) this.#sharedView = view;
  }
}

function areSame(a: Shared, b: Shared): boolean {
  return a.size === b.size && [...a].every(([key, { value, by }]) => isSame(b.get(key), value, by));
}

function isSame(other: SharedValue | undefined, value: Json, by: string | null): boolean {
  return other !== undefined && other.by === by && isEqual(other.value, value);
}
