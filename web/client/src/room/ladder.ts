/**
 * Which transport to use: the best one that works.
 *
 * Guarantees: a transport that failed twice in a row while the network worked gives way to the next one; after the last
 * comes the first again. Relies on: being told of failures and of connections that held.
 */

/** A way to get events, the best first: a WebSocket, Server-Sent Events, a long poll. */
export type Transport = "websocket" | "sse" | "poll";

/** All of them, the best first. */
export const TRANSPORTS: readonly Transport[] = ["websocket", "sse", "poll"];

/** Failures in a row after which the next transport is taken. */
const STRIKES = 2;

/** The choice of a transport. */
export class Ladder {
  #level = 0;
  #strikes = 0;
  #probes = 0;
  readonly #all: readonly Transport[];

  constructor(all: readonly Transport[]) {
    this.#all = all.length > 0 ? all : TRANSPORTS;
  }

  /** The transport to use now. */
  get current(): Transport {
    return this.#all[this.#level] ?? "websocket";
  }

  /** Whether there is a better one than that in use. */
  get canRise(): boolean {
    return this.#level > 0;
  }

  /** The transport failed. Answers whether another one is to be used now. */
  strike(): boolean {
    this.#strikes += 1;
    return this.#strikes >= STRIKES && this.giveWay();
  }

  /** Takes the next transport at once. Answers whether there is another one. */
  giveWay(): boolean {
    this.#strikes = 0;
    this.#level = (this.#level + 1) % this.#all.length;
    return this.#all.length > 1;
  }

  /** The transport has held a while. */
  held(): void {
    this.#strikes = 0;
  }

  /** A better transport to try: each of them in turn, the best first. */
  better(): Transport {
    const level = this.#probes % this.#level;
    this.#probes += 1;
    return this.#all[level] ?? "websocket";
  }

  /** The better transport works. */
  rise(transport: Transport): void {
    this.#level = Math.max(0, this.#all.indexOf(transport));
    this.#strikes = 0;
    this.#probes = 0;
  }
}
