/**
 * From what came to what the caller gets: the parsed body, or the error that says why there is none.
 *
 * Guarantees: a page of a proxy or of a hotel's network is never taken for an answer of the service.
 */
import { BadAnswerError } from "./errors.ts";
import type { Incoming, Outgoing } from "./exchange.ts";
import type { Answer } from "./http.ts";
import { problemOf } from "./problem.ts";
import { API_ROOT } from "./rules.ts";

const JSON_TYPE = /^application\/(.+\+)?json$/;
const TEXT_TYPES = new Set(["text/csv", "application/x-ndjson"]);

/** The answer; each caller gets a body of its own. */
export function answerOf(incoming: Incoming, outgoing: Outgoing): Answer<unknown> {
  const { status, headers, fromCache } = incoming;
  return {
    status,
    headers,
    body: bodyOf(incoming, outgoing),
    etag: headers.get("etag"),
    cursor: headers.get("store-cursor"),
    fromCache,
    replayed: headers.get("idempotent-replayed") === "true",
  };
}

function bodyOf(incoming: Incoming, { target, headers }: Outgoing): unknown {
  const { status } = incoming;
  if (status >= 400) throw refusalOf(incoming);
  if (status === 304 && "if-none-match" in headers) return undefined;
  if (status < 200 || status > 299) throw new BadAnswerError(status, `HTTP ${status} is no answer of the service.`);
  return status === 204 ? undefined : contentOf(incoming, target);
}

function refusalOf(incoming: Incoming): Error {
  const error = problemOf(incoming);
  error.attempts = incoming.attempts;
  return error;
}

function contentOf({ status, headers, text }: Incoming, target: string): unknown {
  const type = headers.get("content-type")?.split(";", 1)[0]?.trim().toLowerCase() ?? "";
  if (JSON_TYPE.test(type)) return parsed(status, text);
  if (TEXT_TYPES.has(type) || !target.startsWith(API_ROOT)) return text;
  throw new BadAnswerError(status, `The answer is ${type || "of no type"}, not JSON: was it the service's?`);
}

function parsed(status: number, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new BadAnswerError(status, "The answer is not JSON.", { cause });
  }
}
