/**
 * What the contract says about a route beyond its types: who needs credentials, what takes an idempotency key, and so
 * what may be sent again.
 */
import type { Method } from "./operations.ts";

/** The root of everything that belongs to stores and accounts. */
export const API_ROOT = "/api/pms/";

/** The version of the API that the generated types describe. */
export const API_VERSION = "2026-11-20";

const OPEN_TO_ALL = [/^\/api\/pms\/catalog\//, /^\/api\/pms\/auth\/(register|login|refresh)$/, /^\/api\/pms\/room$/];
const WITHOUT_KEY = [/^\/api\/pms\/auth\//, /^\/api\/pms\/room\/ticket$/];

/** Whether the route answers to somebody with credentials only. */
export function needsCredentials(path: string): boolean {
  return path.startsWith(API_ROOT) && !OPEN_TO_ALL.some((form) => form.test(path));
}

/** Whether the route takes an `Idempotency-Key`. */
export function takesKey(method: Method, path: string): boolean {
  return method === "POST" && path.startsWith(API_ROOT) && !WITHOUT_KEY.some((form) => form.test(path));
}

/** Whether sending it twice does the same as sending it once. */
export function isRepeatable(method: Method, headers: Readonly<Record<string, string>>): boolean {
  if (method === "GET") return true;
  return method === "POST" ? "idempotency-key" in headers : "if-match" in headers;
}
