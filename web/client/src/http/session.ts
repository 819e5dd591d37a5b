/**
 * A user's session: sign in, sign out, and access tokens that are renewed before they end.
 *
 * Guarantees: a refresh token is sent once, however many calls and tabs wait for the new one, because the service ends
 * a session whose refresh token it sees twice; a refused refresh ends the session here as well. Relies on: a token store
 * that is shared naming itself (`sharedAs`), and `navigator.locks` for its tabs.
 */
import type { components } from "../generated/api.ts";
import { type Credentials, bearer } from "./credentials.ts";
import { OfflineError, ProblemError, SignedOutError } from "./errors.ts";
import { createHttp } from "./create.ts";
import type { Http } from "./http.ts";
import { type Runtime, systemRuntime } from "./runtime.ts";
import { serially } from "./serially.ts";
import { type TokenStore, type Tokens, memoryTokens } from "./tokens.ts";

type Schemas = components["schemas"];

export interface SessionOptions {
  /** The service's origin. */
  baseUrl: string;
  /** Memory by default. */
  tokens?: TokenStore;
  /** Called when the service has ended the session; not after `logout`. */
  onSignedOut?: () => void;
  timeoutMs?: number;
  runtime?: Runtime;
}

/** A new token is asked for this long before the old one ends. */
const RENEW_BEFORE_MS = 30_000;

/** A session that is signed in or not. */
export class Session implements Credentials {
  readonly #http: Http;
  readonly #tokens: TokenStore;
  readonly #runtime: Runtime;
  readonly #onSignedOut: () => void;
  readonly #alone: <T>(work: () => Promise<T>) => Promise<T>;
  #renewal: Promise<Tokens> | null = null;

  constructor(options: SessionOptions) {
    const { baseUrl, timeoutMs, runtime = systemRuntime, tokens = memoryTokens() } = options;
    this.#http = createHttp({ baseUrl, runtime, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
    this.#tokens = tokens;
    this.#runtime = runtime;
    this.#onSignedOut = options.onSignedOut ?? (() => {});
    this.#alone = serially(runtime, tokens.sharedAs);
  }

  /** Signs in; the answer has the user and the stores that they may reach. */
  login(input: Schemas["LoginInput"]) {
    return this.#begin(() => this.#http.request("POST", "/api/pms/auth/login", { body: input }));
  }

  /** Makes an account, with a first store when one is named, and signs in. */
  register(input: Schemas["RegisterInput"]) {
    return this.#begin(() => this.#http.request("POST", "/api/pms/auth/register", { body: input }));
  }

  /** Signs out, here in any case; fails when the service could not be told. */
  async logout(): Promise<void> {
    if (!(await this.isSignedIn())) return;
    try {
      await this.#http.call("POST", "/api/pms/auth/logout", { headers: await this.headersFor() });
    } catch (error) {
      if (!(error instanceof SignedOutError)) throw error;
    } finally {
      await this.#alone(async () => this.#tokens.save(null));
    }
  }

  /** Whether there are tokens; the service may have ended the session since. */
  async isSignedIn(): Promise<boolean> {
    return (await this.#tokens.load()) !== null;
  }

  async headersFor(): Promise<Record<string, string>> {
    const tokens = await this.#tokens.load();
    if (!tokens) throw new SignedOutError("There is no session. Sign in.");
    if (this.#runtime.now() < tokens.expires_at - RENEW_BEFORE_MS) return bearer(tokens.access_token);
    return bearer((await this.#renewed(tokens)).access_token);
  }

  async renew(refused: Record<string, string>): Promise<boolean> {
    const tokens = await this.#tokens.load();
    if (!tokens) return false;
    if (bearer(tokens.access_token).authorization === refused["authorization"]) await this.#renewed(tokens);
    return true;
  }

  /** New tokens in place of `old`; one renewal for all who ask. */
  #renewed(old: Tokens): Promise<Tokens> {
    this.#renewal ??= this.#alone(() => this.#replace(old)).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #replace(old: Tokens): Promise<Tokens> {
    const now = await this.#tokens.load();
    if (!now) throw new SignedOutError("The session was ended.");
    if (now.refresh_token !== old.refresh_token) return now;
    try {
      const { body } = await this.#http.request("POST", "/api/pms/auth/refresh", {
        body: { refresh_token: now.refresh_token },
      });
      return await this.#keep(body);
    } catch (error) {
      if (error instanceof ProblemError && error.status === 401) await this.#end(error);
      // A token that is about to end is still one.
      if (error instanceof OfflineError && this.#runtime.now() < now.expires_at) return now;
      throw error;
    }
  }

  async #end(cause: ProblemError): Promise<never> {
    await this.#tokens.save(null);
    this.#onSignedOut();
    throw new SignedOutError("The service ended the session. Sign in again.", { cause });
  }

  #begin<Body extends Pair>(ask: () => Promise<{ body: Body }>): Promise<Body> {
    return this.#alone(async () => {
      const { body } = await ask();
      await this.#keep(body);
      return body;
    });
  }

  async #keep({ access_token, refresh_token, expires_in }: Pair): Promise<Tokens> {
    const tokens = { access_token, refresh_token, expires_at: this.#runtime.now() + expires_in * 1000 };
    await this.#tokens.save(tokens);
    return tokens;
  }
}

interface Pair {
  access_token: string;
  refresh_token: string;
  /** Seconds. */
  expires_in: number;
}
