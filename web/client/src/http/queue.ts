/**
 * At most so many requests at once; the others wait in the order in which they came.
 *
 * Guarantees: a cancelled request leaves the queue at once; a place is given back whatever happens.
 */
import type { Send } from "./exchange.ts";
import { unlessAborted } from "./runtime.ts";

/** `send` for at most `limit` requests at a time. */
export function queueing(send: Send, limit: number): Send {
  let free = limit;
  const waiting: (() => void)[] = [];

  const enter = async (signal: AbortSignal): Promise<void> => {
    if (free > 0) {
      free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    waiting.push(turn.resolve);
    await unlessAborted(turn.promise, signal).catch((reason: unknown) => {
      waiting.splice(waiting.indexOf(turn.resolve), 1);
      throw reason;
    });
  };
  const leave = (): void => {
    const next = waiting.shift();
    if (next) next();
    else free += 1;
  };

  return async (outgoing) => {
    outgoing.signal.throwIfAborted();
    await enter(outgoing.signal);
    try {
      return await send(outgoing);
    } finally {
      leave();
    }
  };
}
