/**
 * A circuit breaker: after several failures in a row nothing is sent for a while, then one request tries.
 *
 * Guarantees: while it is open, calls fail at once; while it is half open, exactly one is sent. A failure is no answer
 * or a status of 500 and more; a cancelled call says nothing. What was sent under an earlier state changes nothing.
 */
import { CircuitOpenError, OfflineError } from "./errors.ts";
import type { Send } from "./exchange.ts";
import type { Runtime } from "./runtime.ts";

export interface CircuitPolicy {
  /** Failures in a row that open it. */
  failures: number;
  /** How long it stays open. */
  openMs: number;
}

export type CircuitState = "closed" | "open" | "half-open";

/** One stay in a state; a new object for each, so that a late outcome is known by the old one. */
type Stay = { state: "closed"; failures: number } | { state: "open"; until: number } | { state: "half-open" };

/** The breaker of one service. */
export class Circuit {
  #stay: Stay = { state: "closed", failures: 0 };
  readonly #policy: CircuitPolicy;
  readonly #runtime: Runtime;
  readonly #onChange: (state: CircuitState) => void;

  constructor(policy: CircuitPolicy, runtime: Runtime, onChange: (state: CircuitState) => void = () => {}) {
    this.#policy = policy;
    this.#runtime = runtime;
    this.#onChange = onChange;
  }

  get state(): CircuitState {
    return this.#stay.state;
  }

  /** `send`, unless the circuit stops it. */
  guarding(send: Send): Send {
    return async (outgoing) => {
      const stay = this.#admit();
      try {
        const answer = await send(outgoing);
        this.#settle(stay, answer.status < 500);
        return answer;
      } catch (error) {
        this.#settle(stay, error instanceof OfflineError ? false : null);
        throw error;
      }
    };
  }

  /** The stay under which a request is sent. */
  #admit(): Stay {
    const { state } = this.#stay;
    if (state === "closed") return this.#stay;
    if (state === "half-open") throw new CircuitOpenError(this.#runtime.now());
    if (this.#runtime.now() < this.#stay.until) throw new CircuitOpenError(this.#stay.until);
    return this.#enter({ state: "half-open" });
  }

  /** `worked` is null when nothing was learnt. */
  #settle(stay: Stay, worked: boolean | null): void {
    if (stay !== this.#stay) return;
    if (stay.state === "half-open") this.#settleProbe(worked);
    if (stay.state !== "closed" || worked === null) return;
    stay.failures = worked ? 0 : stay.failures + 1;
    if (stay.failures >= this.#policy.failures) this.#open(this.#policy.openMs);
  }

  #settleProbe(worked: boolean | null): void {
    if (worked) this.#enter({ state: "closed", failures: 0 });
    else this.#open(worked === null ? 0 : this.#policy.openMs);
  }

  #open(forMs: number): void {
    this.#enter({ state: "open", until: this.#runtime.now() + forMs });
  }

  #enter(stay: Stay): Stay {
    this.#stay = stay;
    this.#onChange(stay.state);
    return stay;
  }
}
