/**
 * The options of a client: their defaults, and one sentence about each that is wrong.
 */
import type { CacheLimits } from "./cache.ts";
import type { CircuitPolicy, CircuitState } from "./circuit.ts";
import type { Credentials } from "./credentials.ts";
import type { RetryPolicy } from "./retry.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";

/** How a client is made. Everything but `baseUrl` may be left out. */
export interface HttpOptions {
  /** The service's origin, such as `https://shop.example`. */
  baseUrl: string;
  /** `str_…`, for calls of one store. */
  store?: string | null;
  /** A session, `bearerToken(…)` or `apiKey(…)`; none for what is public. */
  credentials?: Credentials | null;
  /** The longest that one sending may take: 30,000. */
  timeoutMs?: number;
  /** Requests at once: 6. */
  concurrency?: number;
  /** Four sendings; waits of up to 250 ms, 500 ms, 1 s …, at most 10 s; a `Retry-After` of up to 60 s is honoured. */
  retry?: Partial<RetryPolicy>;
  /** 500 answers of together 4 Mi characters. */
  cache?: Partial<CacheLimits>;
  /** Opens for 10 s after 5 failures in a row. */
  circuit?: Partial<CircuitPolicy>;
  onCircuitChange?: (state: CircuitState) => void;
  /** The platform, for tests. */
  runtime?: Runtime;
}

/** All of them. */
export interface Settings {
  baseUrl: string;
  store: string | null;
  credentials: Credentials | null;
  timeoutMs: number;
  concurrency: number;
  retry: RetryPolicy;
  cache: CacheLimits;
  circuit: CircuitPolicy;
  onCircuitChange: (state: CircuitState) => void;
  runtime: Runtime;
}

const NAMES = new Set([
  "baseUrl", "store", "credentials", "timeoutMs", "concurrency", "retry", "cache", "circuit", "onCircuitChange", "runtime",
]);

/** The options with their defaults; fails with a `TypeError` about the first that is wrong. */
export function settingsOf(options: HttpOptions): Settings {
  if (typeof options !== "object" || options === null) throw new TypeError("The options must be an object.");
  checkNames("There is", options, NAMES);
  return {
    baseUrl: originOf(options.baseUrl),
    store: storeOf(options.store ?? null),
    credentials: credentialsOf(options.credentials ?? null),
    timeoutMs: numberOf("timeoutMs", options.timeoutMs ?? 30_000, 1),
    concurrency: numberOf("concurrency", options.concurrency ?? 6, 1),
    retry: numbersOf("retry", options.retry, { attempts: 4, baseMs: 250, maxMs: 10_000, maxRetryAfterMs: 60_000 }),
    cache: numbersOf("cache", options.cache, { entries: 500, characters: 4 * 1024 * 1024 }),
    circuit: numbersOf("circuit", options.circuit, { failures: 5, openMs: 10_000 }),
    onCircuitChange: options.onCircuitChange ?? (() => {}),
    runtime: options.runtime ?? systemRuntime,
  };
}

/** Whether a value can be a store's id; null is no store. */
export function storeOf(store: unknown): string | null {
  if (store === null || (typeof store === "string" && /^str_[0-9a-z]{26}$/.test(store))) return store;
  throw new TypeError(`store is ${String(store)}, which is no store's id.`);
}

function originOf(baseUrl: unknown): string {
  const url = typeof baseUrl === "string" && URL.canParse(baseUrl) ? new URL(baseUrl) : null;
  if (!url || !/^https?:$/.test(url.protocol)) throw new TypeError(`baseUrl is ${String(baseUrl)}, which is no http(s) URL.`);
  const isOrigin = url.pathname === "/" && !url.search && !url.hash && !url.username && !url.password;
  if (!isOrigin) throw new TypeError("baseUrl must be an origin, such as https://shop.example, and nothing after it.");
  return url.origin;
}

function credentialsOf(credentials: unknown): Credentials | null {
  if (credentials === null || typeof (credentials as Credentials).headersFor === "function") {
    return credentials as Credentials | null;
  }
  throw new TypeError("credentials must be a session, bearerToken(…) or apiKey(…).");
}

function numbersOf<T extends { [K in keyof T]: number }>(name: string, given: Partial<T> | undefined, defaults: T): T {
  if (given !== undefined && (typeof given !== "object" || given === null)) {
    throw new TypeError(`${name} must be an object.`);
  }
  checkNames(`${name} has`, given ?? {}, new Set(Object.keys(defaults)));
  const all = { ...defaults, ...given };
  for (const [key, value] of Object.entries(all)) numberOf(`${name}.${key}`, value, key === "attempts" ? 1 : 0);
  return all;
}

function numberOf(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(`${name} is ${String(value)}, but must be a whole number of at least ${least}.`);
}

function checkNames(what: string, options: object, names: Set<string>): void {
  const unknown = Object.keys(options).find((name) => !names.has(name));
  if (unknown !== undefined) throw new TypeError(`${what} no option ${unknown}.`);
}
