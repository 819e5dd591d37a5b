/**
 * One sending and its whole answer. The layers around it (circuit, queue, retry, cache, shared reads) have its type.
 *
 * Guarantees: it ends within the request's timeout, body included; a body over the limit is not read on; no redirect
 * is followed, for the service makes none.
 */
import { BadAnswerError, OfflineError, StoreroomError, TimeoutError } from "./errors.ts";
import type { Method } from "./operations.ts";
import type { Runtime } from "./runtime.ts";

/** A request that is ready to be sent, as often as that takes. */
export interface Outgoing {
  method: Method;
  /** Path and query, exactly as they are sent. */
  target: string;
  /** Names in lower case, without credentials. */
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array<ArrayBuffer> | null;
  /** Whether credentials are sent with it. */
  needsCredentials: boolean;
  /** Whether it may be sent again when the outcome of the first time is unknown. */
  repeatable: boolean;
  timeoutMs: number;
  signal: AbortSignal;
}

/** A whole answer of any status. */
export interface Incoming {
  status: number;
  headers: Headers;
  text: string;
  /** How often the request was sent. */
  attempts: number;
  fromCache: boolean;
}

/** Sends and reads; fails when there is no answer. */
export type Send = (outgoing: Outgoing) => Promise<Incoming>;

/** Sends; the answer's body is still to be read. `signal` ends both. */
export type Dispatch = (outgoing: Outgoing, signal: AbortSignal) => Promise<Response>;

/** The longest body that is read into memory. */
const MAX_BODY_BYTES = 32 * 1024 * 1024;

/** Sends by the platform's `fetch`. */
export function fetching(runtime: Runtime, baseUrl: string): Dispatch {
  return async ({ method, target, headers, body }, signal) => {
    try {
      return await runtime.fetch(baseUrl + target, { method, headers, body, signal, redirect: "manual" });
    } catch (error) {
      throw unreachable(error, signal);
    }
  };
}

/** Sends and reads within the request's timeout. */
export function exchanging(dispatch: Dispatch, runtime: Runtime): Send {
  return (outgoing) =>
    withDeadline(runtime, outgoing, async (signal) => {
      const response = await dispatch(outgoing, signal);
      const text = await readText(response, signal);
      return { status: response.status, headers: response.headers, text, attempts: 1, fromCache: false };
    });
}

/** Runs `work` with a signal that is aborted by the request's own one and by its timeout. */
export async function withDeadline<T>(
  runtime: Runtime,
  { timeoutMs, signal }: Outgoing,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  const late = (): void => deadline.abort(new TimeoutError(`There was no whole answer within ${timeoutMs} ms.`));
  const cancel = runtime.later(timeoutMs, late);
  try {
    return await work(AbortSignal.any([signal, deadline.signal]));
  } finally {
    cancel();
  }
}

/** The body as text. */
export async function readText(response: Response, signal: AbortSignal): Promise<string> {
  const bytes = await readBytes(response, signal);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new BadAnswerError(response.status, "The answer is not UTF-8.", { cause });
  }
}

async function readBytes(response: Response, signal: AbortSignal): Promise<Uint8Array> {
  const reader = response.body?.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let next = await reader?.read(); next?.value; next = await reader?.read()) {
      length += next.value.length;
      if (length > MAX_BODY_BYTES) throw new BadAnswerError(response.status, "The answer is too long.");
      chunks.push(next.value);
    }
    return joined(chunks, length);
  } catch (error) {
    reader?.cancel().catch(() => {});
    throw unreachable(error, signal);
  }
}

function joined(chunks: Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

/** Why there is no answer, in this package's terms. */
function unreachable(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof StoreroomError) return error;
  return new OfflineError("The service cannot be reached, or the connection broke.", { cause: error });
}
