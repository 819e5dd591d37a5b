/**
 * From an answer that is a refusal to a `ProblemError`, whoever it came from.
 */
import { type Problem, ProblemError } from "./errors.ts";

interface Refusal {
  status: number;
  headers: Headers;
  text: string;
}

/** The error for an answer of 400 or more; one that is no problem document gets the code `http-<status>`. */
export function problemOf(refusal: Refusal): ProblemError {
  return new ProblemError(parsed(refusal) ?? unknown(refusal.status), refusal.headers);
}

/** The code of a problem, null when it is none. */
export function codeIn(refusal: Refusal): string | null {
  return refusal.status >= 400 ? (parsed(refusal)?.code ?? null) : null;
}

function parsed({ status, headers, text }: Refusal): Problem | null {
  if (!headers.get("content-type")?.startsWith("application/problem+json")) return null;
  try {
    const value: unknown = JSON.parse(text);
    return isProblem(value) ? { ...value, status } : null;
  } catch {
    return null;
  }
}

function isProblem(value: unknown): value is Problem {
  if (typeof value !== "object" || value === null) return false;
  return "code" in value && typeof value.code === "string" && "title" in value && typeof value.title === "string";
}

function unknown(status: number): Problem {
  const detail = `Something in between answered with HTTP ${status}, not the service.`;
  return { type: "about:blank", title: `HTTP ${status}`, status, code: `http-${status}`, detail };
}
