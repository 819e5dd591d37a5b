/**
 * Sends one entry once and says what that means for it.
 *
 * Guarantees: an entry counts as done only by an answer of the service itself, never by that of something in between;
 * what may have been done is never taken for refused. Relies on: `If-Match` and idempotency keys making it harmless to
 * send an entry again.
 */

import { OfflineError, ProblemError, SignedOutError, StoreroomError } from "../http/errors.ts";
import type { Http, LooseOptions } from "../http/http.ts";
import { takesKey } from "../http/rules.ts";
import { failure } from "../room/transports.ts";
import type { Json, JsonObject } from "../room/protocol.ts";
import type { Entry, Refusal } from "./entry.ts";
import { isObject } from "./patch.ts";

/** What came of sending an entry. */
export type Outcome =
  | { readonly kind: "done"; readonly document: Json; readonly cursor: string | null }
  | {
      readonly kind: "conflict";
      readonly current: JsonObject;
      readonly refusal: Refusal;
      readonly cursor: string | null;
    }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  /** Send it again later. */
  | { readonly kind: "again"; readonly afterMs: number; readonly reason: string }
  /** Nothing can be sent until somebody signs in. */
  | { readonly kind: "signed-out" };

/** How long one sending may take. */
const TIMEOUT_MS = 30_000;
/** After so many answers of 500 an entry is at fault, not the service. */
const MOST_FAULTS = 5;
const TEMPORARY = [408, 425, 429, 502, 503, 504];

/** Sends the entry. */
export async function send(entry: Entry, http: Http, signal: AbortSignal): Promise<Outcome> {
  try {
    const response = await http.forStore(entry.store).open(entry.method, entry.path, options(entry, signal));
    return await done(response);
  } catch (error) {
    return failed(entry, error);
  }
}

function options(entry: Entry, signal: AbortSignal): LooseOptions {
  const { body, ifMatch, key } = entry;
  return {
    signal,
    timeoutMs: TIMEOUT_MS,
    ...(body !== undefined && { body }),
    ...(ifMatch !== undefined && { ifMatch }),
    ...(takesKey(entry.method, entry.path) && { idempotencyKey: key }),
  };
}

async function done(response: Response): Promise<Outcome> {
  const isOfService = response.headers.has("x-request-id");
  if (!isOfService) return { kind: "again", afterMs: 0, reason: "bad-answer" };
  const text = await response.text();
  const document = text === "" ? null : (JSON.parse(text) as Json);
  return { kind: "done", document, cursor: response.headers.get("store-cursor") };
}

function failed(entry: Entry, error: unknown): Outcome {
  if (error instanceof SignedOutError) return { kind: "signed-out" };
  if (error instanceof ProblemError) return refused(entry, error);
  if (error instanceof TypeError) {
    return { kind: "refused", refusal: { status: 0, code: "bad-request", detail: error.message } };
  }
  if (error instanceof OfflineError || !(error instanceof StoreroomError)) {
    return { kind: "again", afterMs: failure(error).retryAfterMs ?? 0, reason: "network" };
  }
  return { kind: "again", afterMs: 0, reason: "bad-answer" };
}

function refused(entry: Entry, error: ProblemError): Outcome {
  const { status, code, headers } = error;
  const isFault = status >= 500 && entry.attempts < MOST_FAULTS;
  if (TEMPORARY.includes(status) || isFault) {
    return { kind: "again", afterMs: failure(error).retryAfterMs ?? 0, reason: code };
  }
  if (status === 401) return { kind: "signed-out" };
  const cursor = headers.get("store-cursor");
  // Gone may be what an earlier sending of this entry did.
  if (status === 404 && entry.method === "DELETE" && entry.attempts > 1)
    return { kind: "done", document: null, cursor };
  const refusal = refusalOf(error);
  if (status === 412 && refusal.current) return { kind: "conflict", current: refusal.current, refusal, cursor };
  return { kind: "refused", refusal };
}

function refusalOf({ status, code, message, problem }: ProblemError): Refusal {
  const { current, errors } = problem;
  return {
    status,
    code,
    detail: message,
    ...(isObject(current) && { current }),
    ...(errors && { errors: errors as unknown as Json }),
  };
}
