/**
 * The client's state machine against a model of the room, with connections that are cut, delayed, doubled and refused.
 *
 * Every seed must hand on the log from where it began, without a hole, each event once and in order, or announce a
 * reset; and it must have caught up once the network is well. `SEED=7` repeats one.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { parseCursor } from "../../src/room/cursor.ts";
import type { Transport } from "../../src/room/ladder.ts";
import { Machine } from "../../src/room/machine.ts";
import { PING } from "../../src/room/protocol.ts";
import type { Effect, Input } from "../../src/room/step.ts";
import { chance, seeds } from "./chance.ts";
import { LogModel } from "./log_model.ts";

const STEPS = 400;
const EVENTS_A_FRAME = 5;

/** A connection of the model: what was sent on it and has not arrived. */
interface Wire {
  readonly attempt: number;
  readonly transport: Transport;
  readonly inbox: Input[];
  sentTo: number | null;
  /** Nothing is answered any more. */
  isDead: boolean;
  /** Frames that arrived, to be doubled. */
  readonly arrived: Input[];
}

class World {
  readonly log = new LogModel();
  readonly machine: Machine;
  readonly random: () => number;
  readonly wires = new Map<number, Wire>();
  /** Wires that the client has closed; what was under way on them still comes. */
  readonly ghosts: Wire[] = [];
  now = 0;
  isWell = false;
  place: { epoch: number; seq: number } | null = null;
  handedOn = 0;
  resets = 0;
  doubled = 0;
  readonly used = new Set<Transport>();

  constructor(seed: number) {
    this.random = chance(seed);
    this.machine = new Machine({ random: this.random });
  }

  input(input: Input): void {
    for (const effect of this.machine.step(input, this.now)) this.#run(effect);
  }

  #run(effect: Effect): void {
    switch (effect.kind) {
      case "open":
      case "poll":
        return this.#open(effect);
      case "send":
        return this.#receive(effect.attempt, effect.text);
      case "close": {
        const wire = this.wires.get(effect.attempt);
        if (wire) this.ghosts.push(wire);
        return void this.wires.delete(effect.attempt);
      }
      case "begin":
        assert.equal(this.place, null, "began twice");
        this.place = parseCursor(effect.cursor);
        return;
      case "reset":
        this.resets += 1;
        this.place = parseCursor(effect.cursor);
        return;
      case "deliver":
        return this.#check(effect);
    }
  }

  #check({ events, cursor }: Extract<Effect, { kind: "deliver" }>): void {
    assert.ok(this.place, "events before a beginning");
    for (const event of events) {
      assert.equal(event.seq, this.place.seq + 1, "a hole, a repetition or a wrong order");
      assert.equal(event.id, `evt_${this.place.epoch}_${event.seq}`, "an event of another epoch");
      this.place = { ...this.place, seq: event.seq };
      this.handedOn += 1;
    }
    assert.deepEqual(parseCursor(cursor), this.place);
  }

  // The model's side

  #open(effect: Extract<Effect, { kind: "open" | "poll" }>): void {
    const { attempt, cursor } = effect;
    const transport = effect.kind === "poll" ? "poll" : effect.transport;
    const wire = this.wires.get(attempt) ?? { attempt, transport, inbox: [], sentTo: null, isDead: false, arrived: [] };
    this.wires.set(attempt, wire);
    if (!this.isWell && this.random() < 0.3) return void wire.inbox.push(this.#failure(attempt));
    if (transport === "websocket") return void wire.inbox.push({ kind: "opened", attempt, head: this.log.cursor() });
    this.#serve(wire, cursor);
  }

  #failure(attempt: number): Input {
    const kinds = [
      { kind: "failed", attempt, failure: { kind: "network" } },
      { kind: "failed", attempt, failure: { kind: "http", status: 503, retryAfterMs: 2000 } },
      { kind: "closed", attempt, code: 1006, reason: "" },
      { kind: "closed", attempt, code: 4503, reason: "" },
      { kind: "failed", attempt, failure: { kind: "unsupported" } },
    ] as const;
    return kinds[Math.floor(this.random() * kinds.length)] as Input;
  }

  /** A stream or a poll. */
  #serve(wire: Wire, cursor: string | null): void {
    const { attempt } = wire;
    const after = cursor ?? this.log.cursor();
    const reason = this.log.refusal(after);
    if (reason) return void wire.inbox.push({ kind: "lost", attempt, cursor: this.log.cursor(), reason });
    const seq = parseCursor(after)?.seq ?? 0;
    if (wire.transport === "poll") {
      const events = this.log.after(seq, EVENTS_A_FRAME);
      const end = seq + events.length;
      wire.inbox.push({ kind: "page", attempt, events, cursor: this.log.cursor(end), more: end < this.log.head });
      return;
    }
    wire.inbox.push({ kind: "opened", attempt, head: this.log.cursor() });
    if (!cursor) wire.inbox.push({ kind: "page", attempt, events: [], cursor: after, more: false });
    wire.sentTo = seq;
  }

  #receive(attempt: number, text: string): void {
    const wire = this.wires.get(attempt);
    assert.ok(wire, "sent on a connection that is closed");
    if (wire.isDead) return;
    if (text === PING) return void wire.inbox.push({ kind: "frame", attempt, text: '{"t":"pong"}' });
    const frame = JSON.parse(text) as { t: string; cursor?: string };
    if (frame.t === "hello") this.#greet(wire, frame.cursor);
  }

  #greet(wire: Wire, cursor = this.log.cursor()): void {
    const reason = this.log.refusal(cursor);
    const begin = reason ? this.log.cursor() : cursor;
    const member = { user: "usr_1", role: "owner" };
    this.#frame(wire, { t: "welcome", member, cursor: begin, members: [], shared: [], heartbeat_ms: 30_000 });
    if (reason) this.#frame(wire, { t: "reset", cursor: begin, reason });
    wire.sentTo = parseCursor(begin)?.seq ?? 0;
  }

  #frame(wire: Wire, frame: object): void {
    wire.inbox.push({ kind: "frame", attempt: wire.attempt, text: JSON.stringify(frame) });
  }

  /** Sends what the wires have not been sent. */
  pump(): void {
    for (const wire of this.wires.values()) {
      if (wire.sentTo === null || wire.sentTo >= this.log.head) continue;
      const events = this.log.after(wire.sentTo, EVENTS_A_FRAME);
      wire.sentTo += events.length;
      const cursor = this.log.cursor(wire.sentTo);
      if (wire.transport === "websocket") this.#frame(wire, { t: "events", events, cursor });
      else for (const event of events) wire.inbox.push(this.#streamed(wire.attempt, event.seq));
    }
  }

  #streamed(attempt: number, seq: number): Input {
    const events = [this.log.event(seq)];
    return { kind: "page", attempt, events, cursor: this.log.cursor(seq), more: false };
  }

  /** Something on its way arrives, sometimes twice. */
  arrive(): void {
    const all = [...this.wires.values(), ...this.ghosts].filter((wire) => wire.inbox.length > 0);
    const wire = all[Math.floor(this.random() * all.length)];
    const input = wire?.inbox.shift();
    if (!wire || !input) return;
    const isLast = input.kind === "closed" || input.kind === "failed";
    if (isLast) this.wires.delete(wire.attempt);
    if (input.kind === "frame" || input.kind === "page") this.used.add(wire.transport);
    this.input(input);
    if (wire.transport === "websocket" && isEvents(input)) wire.arrived.push(input);
  }

  /** An earlier `events` frame comes again. */
  double(): void {
    for (const wire of this.wires.values()) {
      const again = wire.arrived[Math.floor(this.random() * wire.arrived.length)];
      if (!again) continue;
      this.doubled += 1;
      this.input(again);
    }
  }

  /** Cuts a connection; what was under way on it is lost. */
  cut(code: number): void {
    for (const wire of this.wires.values()) {
      wire.sentTo = null;
      wire.isDead = true;
      wire.inbox.length = 0;
      wire.inbox.push({ kind: "closed", attempt: wire.attempt, code, reason: "" });
    }
  }

  /** A connection that says nothing more. */
  silence(): void {
    for (const wire of this.wires.values()) {
      wire.sentTo = null;
      wire.isDead = true;
      wire.inbox.length = 0;
    }
  }

  restore(): void {
    this.cut(4401);
    this.ghosts.length = 0;
    this.log.restore(Math.floor(this.random() * this.log.head));
  }

  wait(ms: number): void {
    const due = this.machine.nextAt;
    this.now = Math.min(this.now + ms, Math.max(due ?? Infinity, this.now));
    if (due !== null && this.now >= due) this.input({ kind: "tick" });
  }
}

function isEvents(input: Input): boolean {
  return input.kind === "frame" && input.text.startsWith('{"t":"events"');
}

function trouble(world: World): void {
  const dice = world.random();
  if (dice < 0.35) world.log.append();
  else if (dice < 0.6) world.arrive();
  else if (dice < 0.7) world.pump();
  else if (dice < 0.78) world.double();
  else if (dice < 0.9) world.wait(world.random() * 20_000);
  else if (dice < 0.94) world.cut(1006);
  else if (dice < 0.96) world.silence();
  else if (dice < 0.97) world.log.floor = Math.max(world.log.floor, world.log.head - 10);
  else if (dice < 0.975) world.restore();
  else if (dice < 0.985) world.input({ kind: "offline" });
  else if (dice < 0.995) world.input({ kind: "online" });
  else world.input({ kind: "topics", topics: null });
}

function settle(world: World): void {
  world.isWell = true;
  world.input({ kind: "online" });
  for (let step = 0; step < 20_000; step += 1) {
    world.pump();
    for (let count = 0; count < 20; count += 1) world.arrive();
    const isThere = world.place?.seq === world.log.head && world.place.epoch === world.log.epoch;
    if (isThere && world.machine.status.state === "live" && world.machine.status.transport === "websocket") return;
    world.wait(5_000);
  }
  assert.fail(`did not catch up: ${JSON.stringify([world.machine.status, world.place, world.log])}`);
}

test("the log is handed on whole, once and in order, whatever the network does", () => {
  const totals = { handedOn: 0, resets: 0, doubled: 0, used: new Set<Transport>() };
  for (const seed of seeds(2000)) {
    const world = new World(seed);
    try {
      world.input({ kind: "start" });
      for (let step = 0; step < STEPS; step += 1) trouble(world);
      settle(world);
    } catch (error) {
      throw new Error(`SEED=${seed}`, { cause: error });
    }
    totals.handedOn += world.handedOn;
    totals.resets += world.resets;
    totals.doubled += world.doubled;
    for (const transport of world.used) totals.used.add(transport);
  }
  console.log(`seeds ${seeds(2000).length}`, totals);
  if (process.env["SEED"]) return;
  assert.ok(totals.handedOn > 10_000 && totals.resets > 100 && totals.doubled > 1_000);
  assert.equal(totals.used.size, 3, "a transport was never used");
});
