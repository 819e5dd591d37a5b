/**
 * The live side of a store: its events as they happen, who else is there, and what all members share.
 *
 * Guarantees: every event is handed on once, in order, whatever happens to the connection, or a reset is announced;
 * each store that was visited keeps its cursor and its shared values. Relies on: `RoomSession`.
 */

import type { Http } from "../http/http.ts";
import { jsonBytes } from "./json.ts";
import { Listeners, type Observable, Subject } from "./observable.ts";
import {
  type Json,
  type JsonObject,
  MAX_PRESENCE_BYTES,
  MAX_SHARED_BYTES,
  type Present,
  type ResetReason,
  type StoreEvent,
} from "./protocol.ts";
import type { Shared } from "./roster.ts";
import { RoomSession, type RoomOptions } from "./session.ts";
import type { RoomStatus } from "./step.ts";

const SHARED_KEY = /^[A-Za-z0-9._:-]{1,64}$/;

/** The room of the store that is looked at. */
export class Room {
  readonly #http: Http;
  readonly #options: RoomOptions;
  readonly #sessions = new Map<string, RoomSession>();
  readonly #status: Subject<RoomStatus>;
  readonly #members = new Subject<readonly Present[]>([]);
  readonly #shared = new Subject<Shared>(new Map());
  readonly #store: Subject<string>;
  readonly #events = new Listeners<StoreEvent>();
  readonly #resets = new Listeners<{ cursor: string; reason: ResetReason }>();
  readonly #problems = new Listeners<{ code: string; detail: string }>();
  #unfollow: (() => void)[] = [];
  #isStarted = false;
  readonly #onOnline = (): void => this.session().input({ kind: "online" });
  readonly #onOffline = (): void => this.session().input({ kind: "offline" });

  /** `http` has to name a store. */
  constructor(http: Http, options: RoomOptions = {}) {
    if (!http.store) throw new TypeError("The room is a store's: give it an Http that names one.");
    this.#http = http;
    this.#options = options;
    this.#store = new Subject(http.store);
    this.#status = new Subject(this.session().status.get());
    this.#follow(this.session());
  }

  /** The store that is looked at. */
  get store(): Observable<string> {
    return this.#store;
  }

  /** How it stands with the connection. */
  get status(): Observable<RoomStatus> {
    return this.#status;
  }

  /** Who is in the room; empty while that is not known. */
  get members(): Observable<readonly Present[]> {
    return this.#members;
  }

  /** What all members share, by key. Own values show at once. */
  get shared(): Observable<Shared> {
    return this.#shared;
  }

  /** Everything up to here was handed on; `null` before the room was ever joined. */
  get cursor(): string | null {
    return this.session().cursor;
  }

  /** Connects and stays connected, until `stop` or until the server says not to come back (`status.reason`). */
  start(): void {
    this.#isStarted = true;
    const isBrowser = "onLine" in (globalThis.navigator ?? {});
    if (isBrowser) {
      globalThis.addEventListener("online", this.#onOnline);
      globalThis.addEventListener("offline", this.#onOffline);
    }
    this.session().start();
  }

  /** Leaves. The cursor is kept: `start` goes on from there. */
  stop(): void {
    this.#isStarted = false;
    globalThis.removeEventListener?.("online", this.#onOnline);
    globalThis.removeEventListener?.("offline", this.#onOffline);
    this.session().stop();
  }

  /** Leaves this store's room and joins another's, where it was left when that was visited before. */
  switchTo(store: string): void {
    if (store === this.#store.get()) return;
    this.session().stop();
    for (const unfollow of this.#unfollow) unfollow();
    this.#store.set(store);
    this.#follow(this.session());
    if (this.#isStarted) this.session().start();
  }

  /** Calls `listener` with every event whose type is `topic` or begins with it up to a dot; every event for `""`. */
  on(topic: string, listener: (event: StoreEvent) => void): () => void {
    return this.#events.add((event) => {
      if (topic === "" || event.type === topic || event.type.startsWith(`${topic}.`)) listener(event);
    });
  }

  /** Calls `listener` when what is known has to be fetched anew. */
  onReset(listener: (reset: { cursor: string; reason: ResetReason }) => void): () => void {
    return this.#resets.add(listener);
  }

  /** Calls `listener` when the room refuses something that this client sent. */
  onProblem(listener: (problem: { code: string; detail: string }) => void): () => void {
    return this.#problems.add(listener);
  }

  /** Only these topics from now on; `null` for everything. */
  subscribe(topics: readonly string[] | null): void {
    this.session().input({ kind: "topics", topics });
  }

  /** Tells the others where this client is, again after every reconnect; `null` takes it back. */
  setPresence(state: JsonObject | null): void {
    if (jsonBytes(state) > MAX_PRESENCE_BYTES) throw new RangeError("A presence state has at most 4,096 bytes.");
    this.session().input({ kind: "presence", state });
  }

  /** Shares a value with all members; `null` removes it. The last one to reach the room wins. */
  share(key: string, value: Json): void {
    if (!SHARED_KEY.test(key)) throw new TypeError("A shared key is 1 to 64 of A-Z a-z 0-9 . _ : -");
    if (jsonBytes(value) > MAX_SHARED_BYTES) throw new RangeError("A shared value has at most 8,192 bytes.");
    this.session().input({ kind: "share", key, value });
  }

  /** The session of a store: what records are fed by. */
  session(store = this.#store.get()): RoomSession {
    let session = this.#sessions.get(store);
    if (!session) {
      session = new RoomSession(this.#http.forStore(store), this.#options);
      this.#sessions.set(store, session);
    }
    return session;
  }

  #follow(session: RoomSession): void {
    this.#status.set(session.status.get());
    this.#members.set(session.members.get());
    this.#shared.set(session.shared.get());
    this.#unfollow = [
      session.status.subscribe((status) => this.#status.set(status)),
      session.members.subscribe((members) => this.#members.set(members)),
      session.shared.subscribe((shared) => this.#shared.set(shared)),
      session.events.add(({ events }) => events.forEach((event) => this.#events.tell(event))),
      session.resets.add((reset) => this.#resets.tell(reset)),
      session.problems.add((problem) => this.#problems.tell(problem)),
    ];
  }
}
