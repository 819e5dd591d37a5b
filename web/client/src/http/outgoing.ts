/**
 * From the arguments of a call to the request that is sent.
 *
 * Guarantees: what cannot be right is a `TypeError` before anything is sent; a parameter cannot change the path that it
 * stands in; the target is what `fetch` sends, character by character, so that it can be signed.
 */
import type { Outgoing } from "./exchange.ts";
import type { LooseOptions, QueryValue } from "./http.ts";
import type { Method, Version } from "./operations.ts";
import { API_VERSION, isRepeatable, needsCredentials, takesKey } from "./rules.ts";
import type { Runtime } from "./runtime.ts";

/** What all calls of a client have in common. */
export interface Setting {
  store: string | null;
  timeoutMs: number;
  runtime: Runtime;
}

const METHODS: ReadonlySet<string> = new Set<Method>(["GET", "POST", "PUT", "PATCH", "DELETE"]);
const OPTIONS = new Set(
  ["body", "fresh", "headers", "idempotencyKey", "ifMatch", "path", "query", "signal", "timeoutMs"],
);
const KEY_FORM = /^[ -~]{1,255}$/;
/** The longest time that timers take. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** The request of a call. */
export function outgoingOf(method: Method, path: string, options: LooseOptions, setting: Setting): Outgoing {
  if (!METHODS.has(method)) throw new TypeError(`${method} is none of ${[...METHODS].join(", ")}.`);
  checkNames(options);
  const target = targetOf(path, options.query);
  const body = bodyOf(options.body);
  const headers = headersOf(method, path, options, setting);
  if (body !== null && !("content-type" in headers)) headers["content-type"] = "application/json";
  return {
    method,
    target,
    headers,
    body,
    needsCredentials: needsCredentials(path),
    repeatable: isRepeatable(method, headers),
    timeoutMs: timeoutOf(options.timeoutMs ?? setting.timeoutMs),
    signal: options.signal ?? new AbortController().signal,
  };
}

/** `template` with its `{parameters}` filled in. */
export function filled(template: string, parameters: Record<string, unknown> = {}): string {
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => segment(name, parameters[name]));
  const unknown = Object.keys(parameters).find((name) => !template.includes(`{${name}}`));
  if (unknown !== undefined) throw new TypeError(`${template} has no parameter ${unknown}.`);
  return path;
}

function segment(name: string, value: unknown): string {
  const text = typeof value === "number" ? String(value) : value;
  // Dots alone would be resolved as a step up in the path.
  if (typeof text !== "string" || /^\.{0,2}$/.test(text)) throw new TypeError(`The path needs ${name}.`);
  return encodeURIComponent(text);
}

function checkNames(options: object): void {
  const unknown = Object.keys(options).find((name) => !OPTIONS.has(name));
  if (unknown !== undefined) throw new TypeError(`There is no option ${unknown}.`);
}

function targetOf(path: string, query: Record<string, QueryValue> = {}): string {
  const url = new URL("http://service");
  url.pathname = path;
  if (typeof path !== "string" || url.pathname !== path) throw new TypeError(`${path} is no path.`);
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null) url.searchParams.set(name, String(value));
  }
  return url.pathname + url.search;
}

function bodyOf(body: unknown): Outgoing["body"] {
  if (body === undefined) return null;
  if (body instanceof Uint8Array) return body as Uint8Array<ArrayBuffer>;
  return JSON.stringify(body);
}

function headersOf(
  method: Method,
  path: string,
  options: LooseOptions,
  { store, runtime }: Setting,
): Record<string, string> {
  const headers = Object.fromEntries(new Headers(options.headers));
  headers["api-version"] ??= API_VERSION;
  if (store !== null && needsCredentials(path)) headers["x-store-id"] ??= store;
  if (options.ifMatch !== undefined) headers["if-match"] = etagOf(options.ifMatch);
  const key = keyOf(method, path, options.idempotencyKey, runtime);
  if (key !== null) headers["idempotency-key"] ??= key;
  return headers;
}

function etagOf(version: Version): string {
  if (typeof version === "number" && Number.isSafeInteger(version)) return `"${version}"`;
  if (typeof version === "string" && /^(\*|(W\/)?"[!#-~]*")$/.test(version)) return version;
  throw new TypeError(`${version} is no version: give a number, an ETag with its quotes, or *.`);
}

function keyOf(method: Method, path: string, given: string | undefined, runtime: Runtime): string | null {
  if (!takesKey(method, path)) {
    if (given !== undefined) throw new TypeError(`${method} ${path} takes no idempotency key.`);
    return null;
  }
  if (given !== undefined && !KEY_FORM.test(given)) {
    throw new TypeError("An idempotency key has 1 to 255 printable characters.");
  }
  return given ?? runtime.token();
}

function timeoutOf(ms: number): number {
  if (typeof ms === "number" && ms > 0 && ms <= MAX_TIMEOUT_MS) return ms;
  throw new TypeError(`timeoutMs is ${ms}, but must be from 1 to ${MAX_TIMEOUT_MS}.`);
}
