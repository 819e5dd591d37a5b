/**
 * Sending again what failed for a reason that passes: exponential backoff with full jitter.
 *
 * Guarantees: only a repeatable request is sent twice; `Retry-After` is waited for in full; an answer that comes after
 * the last attempt is handed on as it is. Relies on: a stopped circuit failing with `CircuitOpenError`.
 */
import { CircuitOpenError, OfflineError, ProblemError } from "./errors.ts";
import type { Incoming, Outgoing, Send } from "./exchange.ts";
import { codeIn } from "./problem.ts";
import { type Runtime, pause } from "./runtime.ts";

export interface RetryPolicy {
  /** Sendings in all; 1 never retries. */
  attempts: number;
  /** The longest first wait; doubled for each one after it. */
  baseMs: number;
  /** The end of that doubling. */
  maxMs: number;
  /** A `Retry-After` beyond it is not waited for. */
  maxRetryAfterMs: number;
}

/** What a sending came to. */
type Outcome = { answer: Incoming } | { error: unknown };

/** `send`, again and again while that is worth it. */
export function retrying(send: Send, policy: RetryPolicy, runtime: Runtime): Send {
  return async (outgoing) => {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await outcomeOf(send, outgoing);
      const waitMs = isWorthIt(outcome, outgoing) ? waitAfter(outcome, attempt, policy, runtime) : null;
      if (attempt >= policy.attempts || waitMs === null) return result(outcome, attempt);
      await pause(runtime, waitMs, outgoing.signal);
    }
  };
}

async function outcomeOf(send: Send, outgoing: Outgoing): Promise<Outcome> {
  try {
    return { answer: await send(outgoing) };
  } catch (error) {
    return { error };
  }
}

function isWorthIt(outcome: Outcome, { repeatable, headers }: Outgoing): boolean {
  if (!repeatable) return false;
  if ("error" in outcome && outcome.error instanceof OfflineError) {
    return !(outcome.error instanceof CircuitOpenError);
  }
  const { status, code } = refusalOf(outcome);
  // What was not said to be done may have been done: only a key makes the service look.
  if (code === "outcome-unknown") return "idempotency-key" in headers;
  return status === 429 || status >= 500;
}

/** Status and code, of an answer or of the refused renewal of a token that was needed for it. */
function refusalOf(outcome: Outcome): { status: number; code: string | null } {
  if ("answer" in outcome) return { status: outcome.answer.status, code: codeIn(outcome.answer) };
  return outcome.error instanceof ProblemError ? outcome.error : { status: 0, code: null };
}

/** Milliseconds, or null when it would take too long. */
function waitAfter(outcome: Outcome, attempt: number, policy: RetryPolicy, runtime: Runtime): number | null {
  const jitterMs = runtime.random() * Math.min(policy.maxMs, policy.baseMs * 2 ** (attempt - 1));
  const askedMs = retryAfterMs(outcome, runtime.now());
  if (askedMs === null) return jitterMs;
  // Later than asked for, so that all who were told the same do not come back at the same moment.
  return askedMs <= policy.maxRetryAfterMs ? askedMs + jitterMs : null;
}

/** Milliseconds from now, whether the header counts seconds or names a date. */
function retryAfterMs(outcome: Outcome, now: number): number | null {
  const source = "answer" in outcome ? outcome.answer : outcome.error;
  const headers = source && typeof source === "object" && "headers" in source ? source.headers : null;
  const value = headers instanceof Headers ? headers.get("retry-after") : null;
  if (value === null) return null;
  if (/^\d+$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? null : Math.max(0, date - now);
}

function result(outcome: Outcome, attempts: number): Incoming {
  if ("answer" in outcome) return { ...outcome.answer, attempts };
  throw outcome.error;
}
