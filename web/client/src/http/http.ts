/**
 * Calls to Storeroom over HTTP: the interface that the rest of the package and its users rely on.
 *
 * `request` is typed by openapi.json; `call` does the same for a method and a path that are only known at run time;
 * `open` is for answers that are read as they come. All three send credentials, the store and the version of the API.
 */
import type { AnswerOf, Input, Method, Operation, PathOf, Version } from "./operations.ts";

/** What every call may be given. */
export interface CallOptions {
  headers?: Record<string, string>;
  /** Made by the client when it is left out, for every `POST` that takes one. */
  idempotencyKey?: string;
  /** Cancels this call; equal calls of others that share its exchange go on. */
  signal?: AbortSignal;
  /** The longest that one sending may take, answer included. A retry has as long again. */
  timeoutMs?: number;
  /** Do not share the answer of an equal read that is in flight already. */
  fresh?: boolean;
}

/** What a call by names of run time may be given. `path` is complete: `/api/pms/products/prd_…`. */
export interface LooseOptions extends CallOptions {
  query?: Record<string, QueryValue>;
  /** JSON, or bytes with a `Content-Type` among the headers. */
  body?: unknown;
  ifMatch?: Version;
}

export type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[];

/** A successful answer. */
export interface Answer<Body> {
  status: number;
  headers: Headers;
  /** The parsed JSON, the text of another type, or `undefined` when there is none. Yours to change. */
  body: Body;
  /** As it came, quotes included. */
  etag: string | null;
  /** `Store-Cursor`: where the store's log stood when this was read. */
  cursor: string | null;
  /** The service said that the copy of an earlier answer still holds. */
  fromCache: boolean;
  /** The service had done this before, under the same idempotency key. */
  replayed: boolean;
}

/** The calls. */
export interface Http {
  /** Without a slash at its end. */
  readonly baseUrl: string;
  /** `str_…`, sent as `X-Store-Id`; null when calls name none. */
  readonly store: string | null;

  /**
   * A call of an operation of openapi.json, such as `request("GET", "/api/pms/products/{id}", { path: { id } })`.
   * Fails with a `ProblemError`, an `OfflineError`, a `BadAnswerError`, a `SignedOutError`, or the signal's reason.
   */
  request<M extends Method, P extends PathOf<M>>(
    method: M,
    path: P,
    ...options: OptionsOf<Operation<M, P>>
  ): Promise<Answer<AnswerOf<Operation<M, P>>>>;

  /** The same without types: for what is stored and sent later, and for paths that openapi.json does not know. */
  call(method: Method, path: string, options?: LooseOptions): Promise<Answer<unknown>>;

  /**
   * Sends once and returns as soon as the status is known; a refusal is a `ProblemError`. `timeoutMs` is until then;
   * `signal` ends the body too. Not queued, so that long streams do not hold up the other calls.
   */
  open(method: Method, path: string, options?: LooseOptions): Promise<Response>;

  /** The same session, queue, cache and circuit, for another store. */
  forStore(store: string | null): Http;
}

/** The last argument of `request`, which may be left out when nothing in it must be given. */
export type OptionsOf<O> =
  Record<string, never> extends Input<O> ? [options?: Input<O> & CallOptions] : [options: Input<O> & CallOptions];
