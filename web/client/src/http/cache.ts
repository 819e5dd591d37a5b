/**
 * Copies of answers that carry an `ETag`, so that an unchanged thing travels once.
 *
 * Guarantees: nothing is answered without the service having said just now that the copy holds (304), so another user
 * or a lost permission gets what the service says; at most so many answers and characters are kept, in memory only,
 * and the one that was not used for longest goes first.
 */
import type { Incoming, Outgoing, Send } from "./exchange.ts";

export interface CacheLimits {
  /** Answers that are kept; 0 keeps none. */
  entries: number;
  /** Characters of all of them together. */
  characters: number;
}

interface Copy {
  etag: string;
  answer: Incoming;
}

/** `send`, asking by `If-None-Match` for what is kept. */
export function caching(send: Send, limits: CacheLimits): Send {
  const copies = new Copies(limits);
  return async (outgoing) => {
    if (outgoing.method !== "GET") return send(outgoing);
    const key = keyOf(outgoing);
    const copy = copies.use(key);
    const answer = await send(copy ? asking(outgoing, copy.etag) : outgoing);
    if (copy && answer.status === 304) return revived(copy.answer, answer);
    const etag = answer.headers.get("etag");
    if (answer.status === 200 && etag) copies.keep(key, { etag, answer });
    return answer;
  };
}

/** A request as far as it decides the answer. */
export function keyOf({ target, headers }: Outgoing): string {
  return JSON.stringify([target, Object.entries(headers).sort()]);
}

function asking(outgoing: Outgoing, etag: string): Outgoing {
  return { ...outgoing, headers: { ...outgoing.headers, "if-none-match": etag } };
}

/** The body of the copy with what the 304 says that is newer. */
function revived(kept: Incoming, now: Incoming): Incoming {
  const headers = new Headers(kept.headers);
  now.headers.forEach((value, name) => headers.set(name, value));
  return { ...kept, headers, attempts: now.attempts, fromCache: true };
}

/** The copies, by least recent use: a `Map` hands out its entries in the order in which they were set. */
class Copies {
  readonly #limits: CacheLimits;
  readonly #copies = new Map<string, Copy>();
  #characters = 0;

  constructor(limits: CacheLimits) {
    this.#limits = limits;
  }

  use(key: string): Copy | undefined {
    const copy = this.#copies.get(key);
    if (!copy) return undefined;
    this.#copies.delete(key);
    this.#copies.set(key, copy);
    return copy;
  }

  keep(key: string, copy: Copy): void {
    this.#drop(key);
    if (copy.answer.text.length > this.#limits.characters) return;
    this.#copies.set(key, copy);
    this.#characters += copy.answer.text.length;
    this.#shrink();
  }

  #shrink(): void {
    for (const oldest of this.#copies.keys()) {
      if (this.#copies.size <= this.#limits.entries && this.#characters <= this.#limits.characters) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    const copy = this.#copies.get(key);
    if (!copy) return;
    this.#copies.delete(key);
    this.#characters -= copy.answer.text.length;
  }
}
