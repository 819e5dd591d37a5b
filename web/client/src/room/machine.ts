/**
 * The room of one store as a state machine: what happens goes in, what is to be done comes out.
 *
 * Guarantees: deterministic but for `random`; no clock, no network. Every event is handed on at most once and in the
 * order of `seq`, whatever is doubled, delayed or cut off, and none is passed over without a `reset`. A member who was
 * put out, signed out or replaced does not come back by itself.
 * Relies on: a session that runs the effects in order, and the server's rules (`shared/room/SPEC.md`).
 */

import { Attempt, POLL_EVERY_MS, POLL_WAIT_S } from "./attempt.ts";
import { Backoff } from "./backoff.ts";
import { parseCursor, printCursor, type Place } from "./cursor.ts";
import { Ladder, type Transport, TRANSPORTS } from "./ladder.ts";
import { Outgoing } from "./outgoing.ts";
import {
  type ClientFrame,
  closing,
  parseFrame,
  PING,
  type ResetReason,
  type ServerFrame,
  type StoreEvent,
} from "./protocol.ts";
import { Roster } from "./roster.ts";
import type { Effect, Failure, Input, RoomStatus } from "./step.ts";

/** The first probe for a better transport comes after about so long; then after twice that, and so on. */
const PROBE_AFTER_MS = 60_000;
const PROBE_AT_MOST_FACTOR = 10;
/** The shortest wait after the room said that this client is too fast. */
const SLOW_DOWN_MS = 1_000;
/** A shared value that the room says nothing of for so long has been overtaken by another one. */
const UNCONFIRMED_MS = 10_000;
/** The normal close of a WebSocket. */
const NORMAL = 1000;

/** What a machine starts with. */
export interface MachineOptions {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Where to go on from; from now on without it. */
  readonly cursor?: string | null;
  /** Event types or their beginnings up to a dot; everything without it. */
  readonly topics?: readonly string[] | null;
  /** The transports to use, the best first. */
  readonly transports?: readonly Transport[];
  /** How long to use a lesser transport before looking whether a better one works; a minute without it. */
  readonly probeAfterMs?: number;
}

type Phase = "stopped" | "offline" | "waiting" | "running";

/** The state machine. */
export class Machine {
  readonly roster = new Roster();
  readonly #ladder: Ladder;
  readonly #backoff: Backoff;
  readonly #probeBackoff: Backoff;
  readonly #outgoing: Outgoing;
  #place: Place | null;
  #phase: Phase = "stopped";
  #reason = "not-started";
  #main: Attempt | null = null;
  #probe: Attempt | null = null;
  #retryAt: number | null = null;
  #probeAt: number | null = null;
  #attempts = 0;
  #out: Effect[] = [];

  constructor(options: MachineOptions) {
    this.#ladder = new Ladder(options.transports ?? TRANSPORTS);
    this.#backoff = new Backoff(options.random);
    const probeWait = () => 0.5 + options.random() / 2;
    const { probeAfterMs = PROBE_AFTER_MS } = options;
    this.#probeBackoff = new Backoff(probeWait, probeAfterMs, probeAfterMs * PROBE_AT_MOST_FACTOR);
    this.#outgoing = new Outgoing(options.topics ?? null);
    this.#place = parseCursor(options.cursor);
  }

  /** Everything up to here was handed on; `null` before the room was ever joined. */
  get cursor(): string | null {
    return this.#place && printCursor(this.#place);
  }

  /** How it stands. */
  get status(): RoomStatus {
    const transport = this.#main?.transport ?? this.#ladder.current;
    const retryAt = this.#phase === "waiting" ? this.#retryAt : null;
    return { state: this.#state(), transport, reason: this.#reason, retryAt };
  }

  /** When `tick` is due; `null` when it never is. */
  get nextAt(): number | null {
    const outgoing = this.#canSend() ? this.#outgoing.nextAt : null;
    const probeAt = this.#isUp() ? this.#probeAt : null;
    const all = [this.#main?.nextAt, this.#probe?.nextAt, this.#retryAt, probeAt, outgoing];
    const next = Math.min(...all.map((at) => at ?? Infinity));
    return next === Infinity ? null : next;
  }

  /** Takes in what happened at `now` (milliseconds of a clock that does not run backwards). */
  step(input: Input, now: number): Effect[] {
    this.#out = [];
    this.#take(input, now);
    this.#flush(now);
    return this.#out;
  }

  #state(): RoomStatus["state"] {
    if (this.#phase !== "running") return this.#phase;
    if (this.#main?.upAt == null) return "connecting";
    return this.#main.isLive ? "live" : "catching-up";
  }

  #take(input: Input, now: number): void {
    switch (input.kind) {
      case "start":
        return this.#start(now);
      case "stop":
        return this.#stop("stopped");
      case "online":
        return this.#online(now);
      case "offline":
        return this.#offline();
      case "tick":
        return this.#tick(now);
      case "cursor":
        this.#place ??= parseCursor(input.cursor);
        return;
      case "topics":
        return this.#topics(input.topics, now);
      case "presence":
        return this.#outgoing.setPresence(input.state);
      case "share":
        this.roster.share(input.key, input.value);
        return this.#outgoing.shareDue(input.key);
      default:
        return this.#ofAttempt(input, now);
    }
  }

  #ofAttempt(input: Extract<Input, { attempt: number }>, now: number): void {
    const attempt = this.#attempt(input.attempt);
    if (!attempt) return;
    switch (input.kind) {
      case "opened":
        return this.#opened(attempt, input.head, now);
      case "alive":
        return attempt.alive(now);
      case "frame":
        return this.#frame(attempt, input.text, now);
      case "page":
        return this.#page(attempt, input, now);
      case "lost":
        this.#up(attempt, now);
        this.#reset(attempt, input.cursor, input.reason);
        return this.#pollAgain(attempt, now);
      case "closed":
        return this.#closed(attempt, input.code, now);
      case "failed":
        return this.#failed(attempt, input.failure, now);
    }
  }

  #attempt(id: number): Attempt | null {
    return [this.#main, this.#probe].find((attempt) => attempt?.id === id) ?? null;
  }

  // Beginning and ending

  #start(now: number): void {
    if (this.#phase !== "stopped") return;
    this.#backoff.reset();
    this.#connect("started", now);
  }

  #stop(reason: string): void {
    this.#drop();
    this.#phase = "stopped";
    this.#reason = reason;
  }

  #online(now: number): void {
    if (this.#phase === "offline" || this.#phase === "waiting") {
      this.#backoff.reset();
      this.#connect("online", now);
    } else if (this.#main?.pingAt != null) {
      this.#main.pingAt = now;
      this.#tick(now);
    }
  }

  #offline(): void {
    if (this.#phase === "stopped") return;
    this.#drop();
    this.#phase = "offline";
    this.#reason = "offline";
  }

  #connect(reason: string, now: number): void {
    this.#retryAt = null;
    this.#phase = "running";
    this.#reason = reason;
    this.#main = this.#open(this.#ladder.current, now);
  }

  #open(transport: Transport, now: number): Attempt {
    this.#attempts += 1;
    const attempt = new Attempt(this.#attempts, transport, now);
    attempt.topics = this.#outgoing.topics;
    if (transport === "poll") {
      this.#poll(attempt, 0, now);
    } else {
      const { cursor } = this;
      this.#out.push({ kind: "open", attempt: attempt.id, transport, cursor, topics: attempt.topics });
    }
    return attempt;
  }

  /** Gives every connection up. */
  #drop(): void {
    this.#close(this.#probe);
    this.#close(this.#main);
    this.#main = null;
    this.#probe = null;
    this.#retryAt = null;
    this.roster.leave();
  }

  #close(attempt: Attempt | null): void {
    if (attempt) this.#out.push({ kind: "close", attempt: attempt.id, code: NORMAL });
  }

  #topics(topics: readonly string[] | null, now: number): void {
    this.#outgoing.setTopics(topics);
    const main = this.#main;
    if (!main || main.transport === "websocket") return;
    // A stream's and a poll's topics are in their address.
    this.#close(main);
    this.#main = this.#open(main.transport, now);
  }

  // What comes

  #opened(attempt: Attempt, head: string | null, now: number): void {
    attempt.opened(head);
    if (attempt.transport === "websocket") return this.#hello(attempt);
    this.#up(attempt, now);
    attempt.reached(this.#place);
  }

  #hello(attempt: Attempt): void {
    const { topics } = this.#outgoing;
    attempt.topics = topics;
    const frame: ClientFrame = { t: "hello" };
    if (this.cursor) frame.cursor = this.cursor;
    if (topics) frame.topics = topics;
    this.#send(attempt, JSON.stringify(frame));
  }

  #frame(attempt: Attempt, text: string, now: number): void {
    const frame = parseFrame(text);
    if (attempt.upAt !== null) attempt.alive(now);
    if (frame === null) return this.#retry(attempt, "bad-frame", now);
    if (frame !== "unknown" && frame.t === "pong") return;
    const isAckDue = attempt.isAckDue(text.length);
    if (frame !== "unknown") this.#known(attempt, frame, now);
    if (isAckDue) this.#acknowledge(attempt);
  }

  #known(attempt: Attempt, frame: ServerFrame, now: number): void {
    if ("cursor" in frame) attempt.cursor = frame.cursor;
    if (frame.t === "welcome") return this.#welcome(attempt, frame, now);
    if (attempt === this.#main && attempt.upAt !== null) this.#welcomeFrame(attempt, frame, now);
  }

  /** Says what has arrived, once it was handed on. */
  #acknowledge(attempt: Attempt): void {
    const { cursor, received } = attempt;
    if (attempt !== this.#main || !cursor) return;
    const ack: ClientFrame = { t: "ack", cursor, received };
    this.#send(attempt, JSON.stringify(ack));
  }

  #welcome(attempt: Attempt, frame: Extract<ServerFrame, { t: "welcome" }>, now: number): void {
    this.#up(attempt, now);
    attempt.welcomed(now, frame.heartbeat_ms);
    this.roster.welcome(frame);
    this.#begin(frame.cursor);
    attempt.reached(this.#place);
    this.#outgoing.welcomed(attempt.topics, this.roster);
  }

  #welcomeFrame(attempt: Attempt, frame: ServerFrame, now: number): void {
    switch (frame.t) {
      case "events":
        this.#events(attempt, frame.events, frame.cursor, now);
        return;
      case "reset":
        return this.#reset(attempt, frame.cursor, frame.reason);
      case "presence":
        return this.roster.presence(frame);
      case "shared":
        return this.roster.settle(frame);
      case "error":
        return this.#problem(frame.code, frame.detail);
    }
  }

  #problem(code: string, detail: string): void {
    if (code === "value-too-large" || code === "shared-full") this.roster.refuse();
    this.#out.push({ kind: "problem", code, detail });
  }

  #page(attempt: Attempt, page: Extract<Input, { kind: "page" }>, now: number): void {
    this.#up(attempt, now);
    if (attempt !== this.#main) return;
    if (!this.#events(attempt, page.events, page.cursor, now)) return;
    if (attempt.transport !== "poll") return;
    attempt.isLive ||= !page.more;
    this.#pollAgain(attempt, now, page.events.length > 0 || page.more);
  }

  /** A connection works: it is the one from now on. */
  #up(attempt: Attempt, now: number): void {
    const isFirst = attempt.upAt === null;
    attempt.up(now);
    if (attempt === this.#probe) this.#promote(attempt);
    if (!isFirst) return;
    this.#reason = "connected";
    if (attempt.transport !== "websocket") this.roster.leave();
    this.#planProbe(now);
  }

  #promote(attempt: Attempt): void {
    this.#close(this.#main);
    this.#main = attempt;
    this.#probe = null;
    this.#ladder.rise(attempt.transport);
    this.#probeBackoff.reset();
  }

  /** Hands on what is new. Answers whether the connection can go on. */
  #events(attempt: Attempt, events: readonly StoreEvent[], cursor: string, now: number): boolean {
    const end = parseCursor(cursor);
    this.#begin(cursor, events);
    if (!end || !this.#place || end.epoch !== this.#place.epoch) {
      this.#retry(attempt, "bad-cursor", now);
      return false;
    }
    let { seq } = this.#place;
    const fresh = events.filter((event) => event.seq > seq && Boolean((seq = event.seq)));
    this.#place = { epoch: end.epoch, seq: Math.max(seq, end.seq) };
    if (fresh.length > 0) this.#out.push({ kind: "deliver", events: fresh, cursor: printCursor(this.#place) });
    attempt.reached(this.#place);
    return true;
  }

  /** Takes the first place that is heard of, before the events that come with it. */
  #begin(cursor: string, events: readonly StoreEvent[] = []): void {
    const place = parseCursor(cursor);
    if (this.#place || !place) return;
    const first = events[0];
    this.#place = first ? { epoch: place.epoch, seq: Math.max(0, first.seq - 1) } : place;
    this.#out.push({ kind: "begin", cursor: printCursor(this.#place) });
  }

  #reset(attempt: Attempt, cursor: string, reason: ResetReason): void {
    const place = parseCursor(cursor);
    if (!place || attempt !== this.#main) return;
    this.#place = place;
    attempt.reached(place);
    this.#out.push({ kind: "reset", cursor, reason });
  }

  // What ends

  #closed(attempt: Attempt, code: number, now: number): void {
    if (attempt === this.#probe) return this.#giveProbeUp(now);
    const what = closing(code);
    if (what === "stop") return this.#stop("forbidden");
    if (what === "replaced") return this.#stop("replaced");
    if (what === "refused") this.#takeOffence(code);
    if (what === "full") this.#ladder.giveWay();
    this.#retry(attempt, `closed-${code}`, now, what === "slow-down" ? SLOW_DOWN_MS : 0);
  }

  /** What the room could not read is not said again, or it would close every connection. */
  #takeOffence(code: number): void {
    this.#outgoing.forget();
    this.roster.refuse();
    this.#out.push({
      kind: "problem",
      code: `closed-${code}`,
      detail: "The room could not read a frame of this client.",
    });
  }

  #failed(attempt: Attempt, failure: Failure, now: number): void {
    if (attempt === this.#probe) return this.#giveProbeUp(now);
    const { status = 0 } = failure;
    const isWithoutStreams = attempt.transport === "sse" && status === 404;
    if (status === 401) return this.#stop("unauthenticated");
    if (failure.kind === "unsupported" || isWithoutStreams) this.#ladder.giveWay();
    else if (status === 403 || status === 404) return this.#stop("forbidden");
    const isNoStrike = failure.kind === "network" || status === 429;
    const reason = failure.code ?? failure.kind;
    this.#retry(attempt, reason, now, failure.retryAfterMs ?? 0, isNoStrike);
  }

  /** Gives the connection up and plans the next. */
  #retry(attempt: Attempt, reason: string, now: number, atLeastMs = 0, isNoStrike = false): void {
    if (attempt === this.#probe) return this.#giveProbeUp(now);
    if (attempt.hasHeld(now)) {
      this.#ladder.held();
      this.#backoff.reset();
    } else if (!isNoStrike && this.#ladder.current === attempt.transport) {
      if (this.#ladder.strike()) this.#backoff.reset();
    }
    this.#drop();
    this.#phase = "waiting";
    this.#reason = reason;
    this.#retryAt = now + this.#backoff.next(atLeastMs);
  }

  // Time

  #tick(now: number): void {
    if (this.#retryAt !== null && now >= this.#retryAt) return this.#connect(this.#reason, now);
    const probe = this.#probe;
    if (probe && now >= (probe.deadline ?? Infinity)) this.#giveProbeUp(now);
    if (this.#main) this.#tickMain(this.#main, now);
    if (this.#isUp() && this.#probeAt !== null && now >= this.#probeAt) this.#startProbe(now);
  }

  #tickMain(main: Attempt, now: number): void {
    if (now >= (main.deadline ?? Infinity)) return this.#retry(main, "silent", now);
    if (main.pollAt !== null && now >= main.pollAt) return this.#poll(main, POLL_WAIT_S, now);
    if (main.pingAt === null || now < main.pingAt) return;
    main.pinged(now);
    this.roster.expire(now - UNCONFIRMED_MS);
    this.#send(main, PING);
  }

  // Polls

  #poll(attempt: Attempt, waitS: number, now: number): void {
    attempt.polled(now, waitS);
    const { cursor } = this;
    this.#out.push({ kind: "poll", attempt: attempt.id, cursor, topics: attempt.topics, waitS });
  }

  #pollAgain(attempt: Attempt, now: number, isFull = false): void {
    if (attempt.transport !== "poll" || attempt !== this.#main) return;
    // A host that does not wait would be asked without end.
    const isTooSoon = !isFull && attempt.waited && now - attempt.polledAt < POLL_EVERY_MS;
    if (isTooSoon) attempt.pollAt = attempt.polledAt + POLL_EVERY_MS;
    else this.#poll(attempt, attempt.isLive ? POLL_WAIT_S : 0, now);
  }

  // Probes

  /** A probe that is planned stays planned, however often the connection in use is made anew. */
  #planProbe(now: number): void {
    if (!this.#ladder.canRise) this.#probeAt = null;
    else if (!this.#probe) this.#probeAt ??= now + this.#probeBackoff.next();
  }

  #startProbe(now: number): void {
    this.#probeAt = null;
    if (!this.#ladder.canRise) return;
    this.#probe = this.#open(this.#ladder.better(), now);
  }

  #giveProbeUp(now: number): void {
    this.#close(this.#probe);
    this.#probe = null;
    this.#planProbe(now);
  }

  // What goes

  #isUp(): boolean {
    return this.#main?.upAt != null;
  }

  #canSend(): boolean {
    return this.#isUp() && this.#main?.transport === "websocket";
  }

  #flush(now: number): void {
    const main = this.#main;
    if (!main || !this.#canSend()) return;
    for (const frame of this.#outgoing.take(now, this.roster)) {
      if (frame.t === "share") this.roster.sent(frame.key, now);
      this.#send(main, JSON.stringify(frame));
    }
  }

  #send(attempt: Attempt, text: string): void {
    this.#out.push({ kind: "send", attempt: attempt.id, text });
  }
}
