/** The rules of the room's state machine that the simulation does not look at, one by one. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { Machine, type MachineOptions } from "../../src/room/machine.ts";
import type { Json, JsonObject } from "../../src/room/protocol.ts";
import type { Effect, Failure, Input } from "../../src/room/step.ts";

/** A machine with a clock and what came out of it. */
class Bench {
  readonly machine: Machine;
  now = 0;
  effects: Effect[] = [];

  constructor(options: Partial<MachineOptions> = {}) {
    this.machine = new Machine({ random: () => 0.5, ...options });
  }

  input(input: Input): this {
    this.effects = this.machine.step(input, this.now);
    return this;
  }

  /** Goes on to when something is due. */
  tick(): this {
    this.now = Math.max(this.now, this.machine.nextAt ?? this.now);
    return this.input({ kind: "tick" });
  }

  /** Goes on so long, or to when something is due before that. */
  wait(ms: number): this {
    const due = this.machine.nextAt ?? Infinity;
    if (due <= this.now + ms) return this.tick();
    this.now += ms;
    this.effects = [];
    return this;
  }

  /** The newest connection that was asked for. */
  get attempt(): number {
    const opened = this.effects.findLast((effect) => effect.kind === "open" || effect.kind === "poll");
    assert.ok(opened, JSON.stringify(this.effects));
    return opened.attempt;
  }

  get sent(): JsonObject[] {
    return this.effects.flatMap((effect) => (effect.kind === "send" ? [JSON.parse(effect.text) as JsonObject] : []));
  }

  frame(attempt: number, frame: object): this {
    return this.input({ kind: "frame", attempt, text: JSON.stringify(frame) });
  }

  /** Connects and is let in; answers the connection. */
  join(welcome: object = {}): number {
    const attempt = this.input({ kind: "start" }).attempt;
    this.input({ kind: "opened", attempt, head: null });
    this.frame(attempt, { ...WELCOME, ...welcome });
    return attempt;
  }

  events(attempt: number, ...seqs: number[]): this {
    const events = seqs.map((seq) => ({ seq, type: "product.updated", subject: "prd_1", data: {} }));
    return this.frame(attempt, { t: "events", events, cursor: `1.${Math.max(...seqs)}` });
  }

  get state(): string {
    return this.machine.status.state;
  }

  get reason(): string {
    return this.machine.status.reason;
  }
}

const WELCOME = {
  t: "welcome",
  protocol: "storeroom.v1",
  member: { user: "usr_me", role: "owner" },
  cursor: "1.10",
  members: [{ user: "usr_me", connections: 1, states: [] }],
  shared: [],
  heartbeat_ms: 30_000,
};

test("hello is the first frame, with cursor and topics", () => {
  const bench = new Bench({ cursor: "1.7", topics: ["product"] });
  const attempt = bench.input({ kind: "start" }).attempt;
  bench.input({ kind: "opened", attempt, head: "1.9" });
  assert.deepEqual(bench.sent, [{ t: "hello", cursor: "1.7", topics: ["product"] }]);
});

test("a resumed connection catches up until it is where the log was, then it is live", () => {
  const bench = new Bench({ cursor: "1.7" });
  const attempt = bench.input({ kind: "start" }).attempt;
  assert.equal(bench.state, "connecting");
  bench.input({ kind: "opened", attempt, head: "1.9" }).frame(attempt, { ...WELCOME, cursor: "1.7" });
  assert.equal(bench.state, "catching-up");
  assert.equal(bench.events(attempt, 8).state, "catching-up");
  assert.equal(bench.events(attempt, 9).state, "live");
});

test("a heartbeat is sent as often as the room says, and silence after it is the end", () => {
  const bench = new Bench();
  const attempt = bench.join({ heartbeat_ms: 7_000 });
  bench.tick();
  assert.equal(bench.now, 7_000);
  assert.deepEqual(bench.sent, [{ t: "ping" }]);
  bench.frame(attempt, { t: "pong" });
  bench.tick();
  assert.equal(bench.now, 14_000);
  while (bench.state === "live") bench.tick();
  assert.equal(bench.reason, "silent");
  assert.equal(bench.now, 24_000);
  assert.deepEqual(bench.effects[0], { kind: "close", attempt, code: 1000 });
});

test("an acknowledgement goes out after 60 frames or many bytes", () => {
  const bench = new Bench();
  const attempt = bench.join();
  for (let seq = 11; seq < 69; seq += 1) assert.deepEqual(bench.events(attempt, seq).sent, []);
  bench.frame(attempt, { t: "pong" });
  assert.deepEqual(bench.events(attempt, 69).sent, [{ t: "ack", cursor: "1.69", received: 60 }]);
  for (let count = 0; count < 59; count += 1) {
    assert.deepEqual(bench.frame(attempt, { t: "presence", joined: [], changed: [], left: [] }).sent, []);
  }
  assert.deepEqual(bench.events(attempt, 71).sent, [{ t: "ack", cursor: "1.71", received: 120 }]);
  const data = { text: "x".repeat(300_000) };
  const events = [{ seq: 72, type: "product.updated", subject: "prd_1", data }];
  bench.frame(attempt, { t: "events", events, cursor: "1.72" });
  assert.deepEqual(bench.sent, [{ t: "ack", cursor: "1.72", received: 121 }]);
  assert.deepEqual(
    bench.effects.map(({ kind }) => kind),
    ["deliver", "send"],
  );
});

test("every close code is followed as the protocol says", () => {
  const after = (code: number): Bench => {
    const bench = new Bench();
    const attempt = bench.join();
    return bench.input({ kind: "closed", attempt, code, reason: "" });
  };
  for (const code of [1000, 1001, 1006, 1012, 4400, 4401, 4408, 4413, 4429, 4503]) {
    assert.equal(after(code).state, "waiting", String(code));
  }
  assert.deepEqual([after(4403).state, after(4403).reason], ["stopped", "forbidden"]);
  assert.deepEqual([after(4409).state, after(4409).reason], ["stopped", "replaced"]);
  assert.equal(after(4503).machine.status.transport, "sse");
  assert.equal(after(1006).machine.status.transport, "websocket");
  assert.ok((after(4429).machine.nextAt ?? 0) >= 1000);
  assert.equal(after(4409).machine.nextAt, null, "nothing is planned");
});

test("waits grow, are spread, and begin anew after a connection that held", () => {
  const bench = new Bench({ random: () => 0.999, transports: ["websocket"] });
  let attempt = bench.input({ kind: "start" }).attempt;
  const waits = [];
  for (let round = 0; round < 9; round += 1) {
    const from = bench.now;
    bench.input({ kind: "failed", attempt, failure: { kind: "network" } });
    attempt = bench.tick().attempt;
    waits.push(Math.round(bench.now - from));
  }
  assert.deepEqual(waits, [500, 999, 1998, 3996, 7992, 15984, 29970, 29970, 29970]);
  bench.input({ kind: "opened", attempt, head: null }).frame(attempt, WELCOME);
  bench.now += 10_000;
  bench.input({ kind: "closed", attempt, code: 1006, reason: "" });
  assert.ok((bench.machine.nextAt ?? 0) - bench.now < 500);
});

test("Retry-After is a bound from below", () => {
  const bench = new Bench();
  const failure: Failure = { kind: "http", status: 429, retryAfterMs: 20_000 };
  const attempt = bench.input({ kind: "start" }).attempt;
  bench.input({ kind: "failed", attempt, failure });
  assert.equal(bench.machine.nextAt, 20_000);
  assert.equal(bench.machine.status.retryAt, 20_000);
});

test("sockets that never get through give way to a stream, that to polls; the network's own failures do not", () => {
  const bench = new Bench();
  let attempt = bench.input({ kind: "start" }).attempt;
  for (let round = 0; round < 5; round += 1) {
    bench.input({ kind: "failed", attempt, failure: { kind: "network" } });
    attempt = bench.tick().attempt;
  }
  assert.equal(bench.machine.status.transport, "websocket");
  for (const transport of ["websocket", "sse", "poll"] as const) {
    for (let round = 0; round < 2; round += 1) {
      assert.equal(bench.machine.status.transport, transport);
      bench.input({ kind: "closed", attempt, code: 1006, reason: "" });
      attempt = bench.tick().attempt;
    }
  }
  assert.equal(bench.machine.status.transport, "websocket", "after the last comes the first");
});

test("a stream is probed for a socket, which takes over without a hole or a repetition", () => {
  const bench = new Bench({ cursor: "1.5" });
  const socket = bench.input({ kind: "start" }).attempt;
  bench.input({ kind: "closed", attempt: socket, code: 4503, reason: "" });
  const stream = bench.tick().attempt;
  bench.input({ kind: "opened", attempt: stream, head: "1.5" });
  assert.equal(bench.state, "live");
  const event = (seq: number) => ({ seq, type: "product.updated", subject: "prd_1", data: {} }) as never;
  bench.input({ kind: "page", attempt: stream, events: [event(6)], cursor: "1.6", more: false });
  while (!bench.effects.some(({ kind }) => kind === "open")) {
    bench.input({ kind: "alive", attempt: stream });
    bench.wait(15_000);
  }
  const probe = bench.attempt;
  bench.input({ kind: "opened", attempt: probe, head: "1.6" });
  assert.deepEqual(bench.sent, [{ t: "hello", cursor: "1.6" }]);
  bench.input({ kind: "page", attempt: stream, events: [event(7)], cursor: "1.7", more: false });
  assert.equal(bench.effects[0]?.kind, "deliver");
  bench.frame(probe, { ...WELCOME, cursor: "1.6" });
  assert.deepEqual(bench.effects, [{ kind: "close", attempt: stream, code: 1000 }]);
  assert.deepEqual([bench.machine.status.transport, bench.state], ["websocket", "live"]);
  bench.events(probe, 7, 8);
  assert.deepEqual(
    bench.effects.map((effect) => effect.kind === "deliver" && effect.events.map(({ seq }) => seq)),
    [[8]],
  );
});

test("a probe that fails changes nothing, and the next one comes later", () => {
  const bench = new Bench({ cursor: "1.5", transports: ["websocket", "poll"] });
  const socket = bench.input({ kind: "start" }).attempt;
  bench.input({ kind: "failed", attempt: socket, failure: { kind: "unsupported" } });
  const poll = bench.tick().attempt;
  const probes: number[] = [];
  for (let round = 0; round < 100; round += 1) {
    bench.input({ kind: "page", attempt: poll, events: [], cursor: "1.5", more: false });
    bench.wait(20_000);
    const probe = bench.effects.find(({ kind }) => kind === "open");
    if (probe?.kind !== "open") continue;
    probes.push(bench.now);
    bench.input({ kind: "closed", attempt: probe.attempt, code: 1006, reason: "" });
  }
  assert.equal(bench.machine.status.transport, "poll");
  assert.ok(probes.length >= 2 && probes.length < 20, String(probes));
  const gaps = probes.slice(1).map((at, index) => at - (probes[index] ?? 0));
  assert.ok((gaps[1] ?? 0) > (gaps[0] ?? 0), String(gaps));
});

test("a host that does not wait is polled once a second at most", () => {
  const bench = new Bench({ cursor: "1.5", transports: ["poll"] });
  let attempt = bench.input({ kind: "start" }).attempt;
  let polls = 0;
  while (bench.now < 10_000) {
    bench.input({ kind: "page", attempt, events: [], cursor: "1.5", more: false });
    if (!bench.effects.some(({ kind }) => kind === "poll")) bench.tick();
    attempt = bench.attempt;
    polls += 1;
  }
  assert.ok(polls <= 12, String(polls));
});

test("presence is sent, and said again on the next connection", () => {
  const bench = new Bench();
  const attempt = bench.join();
  bench.input({ kind: "presence", state: { view: "products" } });
  assert.deepEqual(bench.sent, [{ t: "presence", state: { view: "products" } }]);
  bench.input({ kind: "closed", attempt, code: 1006, reason: "" });
  assert.deepEqual(bench.machine.roster.members, []);
  const next = bench.tick().attempt;
  bench.input({ kind: "opened", attempt: next, head: null }).frame(next, WELCOME);
  assert.deepEqual(bench.sent, [{ t: "presence", state: { view: "products" } }]);
  bench.input({ kind: "presence", state: null });
  assert.deepEqual(bench.sent, [{ t: "presence", state: null }]);
});

test("members are who the room says they are", () => {
  const bench = new Bench();
  const attempt = bench.join();
  const users = (): string[] => bench.machine.roster.members.map(({ user }) => user);
  const other = { user: "usr_b", connections: 1, states: [{ view: "orders" }] };
  bench.frame(attempt, { t: "presence", joined: [other], changed: [], left: [] });
  assert.deepEqual(users(), ["usr_b", "usr_me"]);
  bench.frame(attempt, { t: "presence", joined: [], changed: [{ ...other, connections: 2 }], left: [] });
  assert.equal(bench.machine.roster.members[0]?.connections, 2);
  bench.frame(attempt, { t: "presence", joined: [], changed: [], left: ["usr_b", "usr_nobody"] });
  assert.deepEqual(users(), ["usr_me"]);
});

const shared = (bench: Bench, key: string): Json | undefined => bench.machine.roster.shared.get(key)?.value;

test("a shared value shows at once, and then what the room's order says", () => {
  const bench = new Bench();
  const attempt = bench.join({ shared: [{ key: "page", value: 1, by: "usr_b" }] });
  assert.equal(shared(bench, "page"), 1);
  bench.input({ kind: "share", key: "page", value: 2 });
  assert.deepEqual(bench.sent, [{ t: "share", key: "page", value: 2 }]);
  bench.frame(attempt, { t: "shared", key: "page", value: 3, by: "usr_b" });
  assert.equal(shared(bench, "page"), 2, "the own value is still to come");
  bench.frame(attempt, { t: "shared", key: "page", value: 2, by: "usr_me" });
  bench.frame(attempt, { t: "shared", key: "page", value: 4, by: "usr_b" });
  assert.equal(shared(bench, "page"), 4);
  bench.frame(attempt, { t: "shared", key: "page", value: null, by: "usr_b" });
  assert.equal(shared(bench, "page"), undefined);
});

test("a value that was shared without a connection is sent with the next one", () => {
  const bench = new Bench();
  bench.input({ kind: "share", key: "page", value: 2 });
  const attempt = bench.input({ kind: "start" }).attempt;
  bench.input({ kind: "opened", attempt, head: null }).frame(attempt, WELCOME);
  assert.deepEqual(bench.sent, [{ t: "share", key: "page", value: 2 }]);
  assert.equal(shared(bench, "page"), 2);
});

test("a value that the room does not take is taken back, and said", () => {
  const bench = new Bench();
  const attempt = bench.join();
  bench.input({ kind: "share", key: "page", value: 2 });
  bench.frame(attempt, { t: "error", code: "shared-full", detail: "64 keys" });
  assert.equal(shared(bench, "page"), undefined);
  assert.deepEqual(bench.effects, [{ kind: "problem", code: "shared-full", detail: "64 keys" }]);
});

test("a value that another one overtook unseen does not stay for ever", () => {
  const bench = new Bench();
  const attempt = bench.join();
  bench.input({ kind: "share", key: "page", value: 2 });
  bench.frame(attempt, { t: "shared", key: "page", value: 3, by: "usr_b" });
  bench.tick();
  assert.deepEqual(bench.sent, [{ t: "ping" }]);
  assert.equal(shared(bench, "page"), 3);
});

test("what made the room close is not said again", () => {
  const bench = new Bench();
  const attempt = bench.join();
  bench.input({ kind: "presence", state: { view: "products" } });
  bench.input({ kind: "closed", attempt, code: 4400, reason: "" });
  const next = bench.tick().attempt;
  bench.input({ kind: "opened", attempt: next, head: null }).frame(next, WELCOME);
  assert.deepEqual(bench.sent, []);
});

test("however much is told, half of the frames that the room takes are the most, and only the newest counts", () => {
  const bench = new Bench();
  bench.join();
  let frames = 0;
  for (let value = 0; value < 500; value += 1) {
    frames += bench.input({ kind: "share", key: "page", value }).sent.length;
  }
  assert.equal(frames, 50);
  bench.tick();
  assert.deepEqual(bench.sent, [{ t: "share", key: "page", value: 499 }]);
  assert.ok(bench.now <= 1_000);
});

test("without a network nothing is tried; with it at once", () => {
  const bench = new Bench();
  const attempt = bench.join();
  bench.input({ kind: "offline" });
  assert.equal(bench.state, "offline");
  assert.deepEqual(bench.effects, [{ kind: "close", attempt, code: 1000 }]);
  assert.equal(bench.machine.nextAt, null);
  bench.input({ kind: "online" });
  assert.equal(bench.effects[0]?.kind, "open");
});

test("a frame that is none, or of another epoch without a reset, ends the connection, not the order", () => {
  for (const text of [
    "",
    "{",
    '{"t":"events","events":[{}],"cursor":"1.11"}',
    '{"t":"events","events":[],"cursor":"2.1"}',
  ]) {
    const bench = new Bench();
    const attempt = bench.join();
    bench.input({ kind: "frame", attempt, text });
    assert.equal(bench.state, "waiting", text);
    assert.equal(bench.machine.cursor, "1.10");
  }
  const bench = new Bench();
  const attempt = bench.join();
  assert.equal(bench.frame(attempt, { t: "something-new" }).state, "live");
});

test("other topics are told to a socket and asked of a new stream", () => {
  const bench = new Bench();
  bench.join();
  bench.input({ kind: "topics", topics: ["stock"] });
  assert.deepEqual(bench.sent, [{ t: "subscribe", topics: ["stock"] }]);
  const streaming = new Bench({ transports: ["sse"], cursor: "1.1" });
  const stream = streaming.input({ kind: "start" }).attempt;
  streaming.input({ kind: "opened", attempt: stream, head: null });
  streaming.input({ kind: "topics", topics: ["stock"] });
  assert.deepEqual(streaming.effects, [
    { kind: "close", attempt: stream, code: 1000 },
    { kind: "open", attempt: stream + 1, transport: "sse", cursor: "1.1", topics: ["stock"] },
  ]);
});
