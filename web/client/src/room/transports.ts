/**
 * The three ways to a store's events, each as a thin wire that says what came.
 *
 * Guarantees: a wire that was closed reports nothing more; every wire that ends by itself says so once; what is not an
 * event never gets in. Relies on: `Http.open` sending once, with credentials in headers.
 */

import { OfflineError, ProblemError, SignedOutError, CircuitOpenError } from "../http/errors.ts";
import type { Http } from "../http/http.ts";
import { isEvent, parseEvent, PROTOCOL, type ResetReason, type StoreEvent } from "./protocol.ts";
import { SseParser } from "./sse.ts";
import type { Effect, Failure, Input } from "./step.ts";

/** What a wire is made with. */
export interface WireOptions {
  readonly http: Http;
  readonly WebSocket: typeof WebSocket;
  readonly report: (input: Input) => void;
}

/** An open or opening connection. */
export interface Wire {
  send(text: string): void;
  close(code: number): void;
}

type Open = Extract<Effect, { kind: "open" }>;
type Poll = Extract<Effect, { kind: "poll" }>;

const ROOM = "/api/pms/room/ticket";
const FEED = "/api/pms/events";
const STREAM = "/api/pms/events/stream";
/** How long a request may take to be answered, besides the time that it was told to wait. */
const ANSWER_WITHIN_MS = 15_000;
/** The close code of a WebSocket that simply went away. */
const ABNORMAL = 1006;

/** Begins a WebSocket with a ticket, or a stream. */
export function open(effect: Open, options: WireOptions): Wire {
  return effect.transport === "websocket" ? openSocket(effect, options) : openStream(effect, options);
}

function openSocket({ attempt }: Open, { http, WebSocket, report }: WireOptions): Wire {
  const cut = new AbortController();
  let socket: WebSocket | null = null;
  const connect = async (): Promise<void> => {
    const answer = await http.open("POST", ROOM, { signal: cut.signal, timeoutMs: ANSWER_WITHIN_MS });
    const ticket = (await answer.json()) as { url: string };
    if (cut.signal.aborted) return;
    socket = new WebSocket(ticket.url, PROTOCOL);
    listen(socket, attempt, answer.headers.get("store-cursor"), cut.signal, report);
  };
  connect().catch((error: unknown) => fail(attempt, error, cut.signal, report));
  return {
    send: (text) => socket?.readyState === WebSocket.OPEN && socket.send(text),
    close(code) {
      cut.abort();
      socket?.close(code);
    },
  };
}

function listen(
  socket: WebSocket,
  attempt: number,
  head: string | null,
  signal: AbortSignal,
  report: (input: Input) => void,
): void {
  socket.addEventListener("open", () => report({ kind: "opened", attempt, head }), { signal });
  socket.addEventListener("close", ({ code, reason }) => report({ kind: "closed", attempt, code, reason }), { signal });
  const onMessage = ({ data }: MessageEvent): void => {
    // A frame that is not text is none of this protocol: the machine closes on it.
    report({ kind: "frame", attempt, text: typeof data === "string" ? data : "" });
  };
  socket.addEventListener("message", onMessage, { signal });
}

function openStream(effect: Open, { http, report }: WireOptions): Wire {
  const cut = new AbortController();
  const { attempt } = effect;
  const read = async (): Promise<void> => {
    const after = effect.cursor ?? (await head(http, cut.signal));
    const query = { after, types: typesOf(effect.topics) };
    const headers = { accept: "text/event-stream" };
    const signal = cut.signal;
    const response = await http.open("GET", STREAM, { query, headers, signal, timeoutMs: ANSWER_WITHIN_MS });
    if (!isStream(response)) throw new UnsupportedError();
    report({ kind: "opened", attempt, head: response.headers.get("store-cursor") });
    if (!effect.cursor && after) report({ kind: "page", attempt, events: [], cursor: after, more: false });
    await readStream(response, attempt, report);
    report({ kind: "closed", attempt, code: ABNORMAL, reason: "the stream has ended" });
  };
  read().catch((error: unknown) => failOrLose(effect, error, http, cut.signal, report));
  return { send: () => {}, close: () => cut.abort() };
}

/** No topics at all are spelled by a type that there is not: the list cannot be empty. */
function typesOf(topics: readonly string[] | null): string | undefined {
  return topics?.length === 0 ? "nothing" : topics?.join(",");
}

async function readStream(response: Response, attempt: number, report: (input: Input) => void): Promise<void> {
  const parser = new SseParser(({ event, id, data }) => {
    if (event === "reset") return reportReset(attempt, data, report);
    const told = data === "" ? null : parseEvent(data);
    if (id) report({ kind: "page", attempt, events: told ? [told] : [], cursor: id, more: false });
  });
  const decoder = new TextDecoder();
  // Not every browser can iterate over a body.
  const reader = response.body?.getReader();
  for (let part = await reader?.read(); part && !part.done; part = await reader?.read()) {
    report({ kind: "alive", attempt });
    parser.feed(decoder.decode(part.value, { stream: true }));
  }
}

function reportReset(attempt: number, data: string, report: (input: Input) => void): void {
  const { cursor, reason } = JSON.parse(data) as { cursor: string; reason: ResetReason };
  report({ kind: "lost", attempt, cursor, reason });
}

/** Asks the feed once. */
export function poll(effect: Poll, { http, report }: WireOptions): Wire {
  const cut = new AbortController();
  const { attempt, waitS } = effect;
  const ask = async (): Promise<void> => {
    const after = effect.cursor ?? (await head(http, cut.signal));
    const query = { after, types: typesOf(effect.topics), limit: 250, wait: waitS || undefined };
    const timeoutMs = waitS * 1000 + ANSWER_WITHIN_MS;
    const response = await http.open("GET", FEED, { query, signal: cut.signal, timeoutMs });
    const page = readPage(await response.json());
    report({ kind: "page", attempt, ...page });
  };
  ask().catch((error: unknown) => failOrLose(effect, error, http, cut.signal, report));
  return { send: () => {}, close: () => cut.abort() };
}

function readPage(body: unknown): { events: StoreEvent[]; cursor: string; more: boolean } {
  const page = body as { events: unknown[]; cursor: string; more: boolean };
  if (!Array.isArray(page.events) || !page.events.every(isEvent)) throw new TypeError("not a page of the feed");
  return { events: page.events, cursor: String(page.cursor), more: page.more === true };
}

/** Where the store's log stands. */
async function head(http: Http, signal: AbortSignal): Promise<string | null> {
  const response = await http.open("GET", FEED, { query: { limit: 1 }, signal, timeoutMs: ANSWER_WITHIN_MS });
  await response.body?.cancel();
  return response.headers.get("store-cursor");
}

/** A cursor that is refused over HTTP is what a `reset` is in the room. */
async function failOrLose(
  { attempt }: Open | Poll,
  error: unknown,
  http: Http,
  signal: AbortSignal,
  report: (input: Input) => void,
): Promise<void> {
  const isCursorRefused = error instanceof ProblemError && error.code === "cursor-invalid";
  if (!isCursorRefused) return fail(attempt, error, signal, report);
  try {
    const cursor = await head(http, signal);
    if (signal.aborted) return;
    if (cursor) report({ kind: "lost", attempt, cursor, reason: "unknown" });
    report({ kind: "closed", attempt, code: ABNORMAL, reason: "the cursor was refused" });
  } catch (second) {
    fail(attempt, second, signal, report);
  }
}

function fail(attempt: number, error: unknown, signal: AbortSignal, report: (input: Input) => void): void {
  if (!signal.aborted) report({ kind: "failed", attempt, failure: failure(error) });
}

/** The host answers, but not with what this transport needs. */
class UnsupportedError extends Error {}

function isStream(response: Response): boolean {
  return response.headers.get("content-type")?.startsWith("text/event-stream") ?? false;
}

/** Statuses by which a host says that it does not do this. */
const UNSUPPORTED = [405, 406, 426, 501];

/** What an error means for the connection. */
export function failure(error: unknown): Failure {
  if (error instanceof SignedOutError) return { kind: "http", status: 401, code: "unauthenticated" };
  if (error instanceof UnsupportedError) return { kind: "unsupported" };
  if (error instanceof CircuitOpenError) {
    return { kind: "network", retryAfterMs: Math.max(0, error.retryAt - Date.now()) };
  }
  if (error instanceof ProblemError) {
    const kind = UNSUPPORTED.includes(error.status) ? "unsupported" : "http";
    return { kind, status: error.status, code: error.code, ...retryAfter(error.headers) };
  }
  if (error instanceof OfflineError) return { kind: "network" };
  return { kind: "http", code: "bad-answer" };
}

/** `Retry-After` in seconds, when there is one. */
export function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? { retryAfterMs: seconds * 1000 } : {};
}
