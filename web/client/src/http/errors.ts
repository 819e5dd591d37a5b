/**
 * What a call can fail with. Every error of this package is a `StoreroomError`, but for a cancelled call, which fails
 * with its signal's own reason, and for wrong arguments, which are a `TypeError`.
 */

/** A problem as the service says it (RFC 9457), with the members that some codes add. */
export interface Problem {
  /** The page that explains it. */
  type: string;
  title: string;
  status: number;
  /** Stable, such as `version-conflict`; made of the status (`http-502`) when something else answered. */
  code: string;
  detail?: string;
  request_id?: string;
  /** Every fault of the input, for `validation-failed`. */
  errors?: { pointer: string; code: string; detail: string }[];
  /** The thing as it is now, for `version-conflict`. */
  current?: unknown;
  [member: string]: unknown;
}

/** The root of this package's errors. */
export class StoreroomError extends Error {
  override name = "StoreroomError";
}

/** The service refused the request. */
export class ProblemError extends StoreroomError {
  override name = "ProblemError";
  readonly status: number;
  readonly code: string;
  readonly problem: Problem;
  readonly headers: Headers;
  /** How often the request was sent. After more than one, a 412 may be about the client's own first sending. */
  attempts = 1;

  constructor(problem: Problem, headers: Headers) {
    super(problem.detail ?? problem.title);
    this.status = problem.status;
    this.code = problem.code;
    this.problem = problem;
    this.headers = headers;
  }

  /** The thing as it is now, when a 412 says so. */
  get current(): unknown {
    return this.problem.current;
  }
}

/** No answer came, so a write may or may not have been done. The cause is the platform's own error. */
export class OfflineError extends StoreroomError {
  override name = "OfflineError";
}

/** The answer, or the rest of it, did not come in time. */
export class TimeoutError extends OfflineError {
  override name = "TimeoutError";
}

/** Nothing was sent, because the service has failed again and again; `retryAt` is when the next try is let through. */
export class CircuitOpenError extends OfflineError {
  override name = "CircuitOpenError";
  /** Milliseconds since 1970. */
  readonly retryAt: number;

  constructor(retryAt: number) {
    super("The service has failed repeatedly; nothing is sent for now.");
    this.retryAt = retryAt;
  }
}

/** An answer that is none of Storeroom's: not JSON, cut off, too long, or a page of something in between. */
export class BadAnswerError extends StoreroomError {
  override name = "BadAnswerError";
  readonly status: number;

  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** There is no session any more: sign in again. */
export class SignedOutError extends StoreroomError {
  override name = "SignedOutError";
}
