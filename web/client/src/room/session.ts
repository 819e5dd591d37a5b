/**
 * The room of one store in motion: the state machine with a clock, the transports and listeners.
 *
 * Guarantees: inputs are worked off one after the other, also those that a listener causes; the cursor is saved only
 * after the events before it were handed on. Relies on: `Machine`, `transports`.
 */

import type { Http } from "../http/http.ts";
import { type Runtime, systemRuntime } from "../http/runtime.ts";
import type { Transport } from "./ladder.ts";
import { Machine } from "./machine.ts";
import { Listeners, Subject } from "./observable.ts";
import type { Present, ResetReason, StoreEvent } from "./protocol.ts";
import type { Shared } from "./roster.ts";
import type { Effect, Input, RoomStatus } from "./step.ts";
import type { CursorStorage } from "./storage.ts";
import { open, poll, type Wire, type WireOptions } from "./transports.ts";

/** What a session is made with; all of it has a default. */
export interface RoomOptions {
  readonly topics?: readonly string[] | null;
  /** The transports to use, the best first. */
  readonly transports?: readonly Transport[];
  /** How long to use a lesser transport before looking whether a better one works; a minute without it. */
  readonly probeAfterMs?: number;
  /** Keeps the cursor across page loads; without it a new page follows the store from then on. */
  readonly storage?: CursorStorage;
  readonly runtime?: Runtime;
  readonly WebSocket?: typeof WebSocket;
}

/** Events that nobody has seen yet, in order, up to and including `cursor`. */
export interface Batch {
  readonly events: readonly StoreEvent[];
  readonly cursor: string;
}

/** The room of one store. */
export class RoomSession {
  readonly status: Subject<RoomStatus>;
  readonly members = new Subject<readonly Present[]>([]);
  readonly shared = new Subject<Shared>(new Map());
  /** Events, each once and in order. */
  readonly events = new Listeners<Batch>();
  /** The store is followed from this cursor on, and nothing was known before. */
  readonly begins = new Listeners<string>();
  /** What is known has to be fetched anew; events go on after `cursor`. */
  readonly resets = new Listeners<{ cursor: string; reason: ResetReason }>();
  /** The room refused something. */
  readonly problems = new Listeners<{ code: string; detail: string }>();

  readonly #http: Http;
  readonly #options: RoomOptions;
  readonly #runtime: Runtime;
  readonly #wires = new Map<number, Wire>();
  readonly #inputs: Input[] = [];
  #machine: Machine;
  #loading: Promise<void> | null = null;
  #isWanted = false;
  #isBusy = false;
  #savedCursor: string | null = null;
  #cancelTimer = (): void => {};

  /** `http` names the store. */
  constructor(http: Http, options: RoomOptions = {}) {
    this.#http = http;
    this.#options = options;
    this.#runtime = options.runtime ?? systemRuntime;
    this.#machine = this.#newMachine(null);
    this.status = new Subject(this.#machine.status);
  }

  /** Everything up to here was handed on; `null` before the room was ever joined. */
  get cursor(): string | null {
    return this.#machine.cursor;
  }

  /** Connects and stays connected. */
  start(): void {
    this.#isWanted = true;
    this.#loading ??= this.#load();
    void this.#loading.then(() => this.#isWanted && this.input({ kind: "start" }));
  }

  /** Leaves; the cursor is kept. */
  stop(): void {
    this.#isWanted = false;
    this.input({ kind: "stop" });
  }

  /** Something happened. */
  input(input: Input): void {
    this.#inputs.push(input);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#inputs.shift(); next; next = this.#inputs.shift()) this.#step(next);
    } finally {
      this.#isBusy = false;
    }
    this.#setTimer();
  }

  #newMachine(cursor: string | null): Machine {
    const { topics = null, transports, probeAfterMs } = this.#options;
    const random = this.#runtime.random;
    return new Machine({
      random,
      cursor,
      topics,
      ...(transports && { transports }),
      ...(probeAfterMs && { probeAfterMs }),
    });
  }

  async #load(): Promise<void> {
    try {
      const cursor = await this.#options.storage?.load(this.#http.store ?? "");
      if (cursor) this.input({ kind: "cursor", cursor });
    } catch {
      // Without the cursor the store is followed from now on.
    }
  }

  #step(input: Input): void {
    for (const effect of this.#machine.step(input, now())) this.#run(effect);
    this.status.set(same(this.status.get(), this.#machine.status));
    this.members.set(this.#machine.roster.members);
    this.shared.set(this.#machine.roster.shared);
    this.#save();
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
        return void this.#wires.set(effect.attempt, open(effect, this.#wireOptions()));
      case "poll":
        return void this.#wires.set(effect.attempt, poll(effect, this.#wireOptions()));
      case "send":
        return this.#wires.get(effect.attempt)?.send(effect.text);
      case "close":
        this.#wires.get(effect.attempt)?.close(effect.code);
        return void this.#wires.delete(effect.attempt);
      case "deliver":
        return this.events.tell(effect);
      case "begin":
        return this.begins.tell(effect.cursor);
      case "reset":
        return this.resets.tell(effect);
      case "problem":
        return this.problems.tell(effect);
    }
  }

  #wireOptions(): WireOptions {
    const socketType = this.#options.WebSocket ?? globalThis.WebSocket;
    return { http: this.#http, WebSocket: socketType, report: (input) => this.input(input) };
  }

  #save(): void {
    const { cursor } = this.#machine;
    if (!cursor || cursor === this.#savedCursor) return;
    this.#savedCursor = cursor;
    void this.#options.storage?.save(this.#http.store ?? "", cursor);
  }

  #setTimer(): void {
    this.#cancelTimer();
    const at = this.#machine.nextAt;
    if (at === null) return;
    this.#cancelTimer = this.#runtime.later(Math.max(0, at - now()), () => this.input({ kind: "tick" }));
  }
}

/** A clock that does not run backwards, in milliseconds. */
function now(): number {
  return performance.now();
}

/** The status before when nothing in it has changed, so that nobody is told of nothing. */
function same(before: RoomStatus, after: RoomStatus): RoomStatus {
  const isSame =
    before.state === after.state &&
    before.transport === after.transport &&
    before.reason === after.reason &&
    before.retryAt === after.retryAt;
  return isSame ? before : after;
}
