/**
 * Equal reads that are in flight at the same time are sent once.
 *
 * Guarantees: one caller that cancels does not disturb the others, and the exchange ends when the last one has gone; a
 * read that begins after a write of this client has ended never gets an answer from before that write.
 */
import { keyOf } from "./cache.ts";
import type { Incoming, Outgoing, Send } from "./exchange.ts";
import { unlessAborted } from "./runtime.ts";

interface Flight {
  answer: Promise<Incoming>;
  stop: AbortController;
  callers: number;
}

/** `send`, shared by equal reads; a request with `fresh` is sent on its own. */
export function sharing(send: Send): (outgoing: Outgoing, fresh: boolean) => Promise<Incoming> {
  const flights = new Map<string, Flight>();

  const start = (key: string, outgoing: Outgoing): Flight => {
    const stop = new AbortController();
    const flight: Flight = { answer: send({ ...outgoing, signal: stop.signal }), stop, callers: 0 };
    const end = (): void => forget(key, flight);
    flight.answer.then(end, end);
    flights.set(key, flight);
    return flight;
  };
  const forget = (key: string, flight: Flight): void => {
    if (flights.get(key) === flight) flights.delete(key);
  };
  const join = async (key: string, flight: Flight, signal: AbortSignal): Promise<Incoming> => {
    flight.callers += 1;
    try {
      return await unlessAborted(flight.answer, signal);
    } finally {
      flight.callers -= 1;
      if (flight.callers === 0) {
        forget(key, flight);
        flight.stop.abort(signal.reason);
      }
    }
  };

  return async (outgoing, fresh) => {
    outgoing.signal.throwIfAborted();
    if (outgoing.method !== "GET") return send(outgoing).finally(() => flights.clear());
    if (fresh) return send(outgoing);
    const key = `${outgoing.timeoutMs} ${keyOf(outgoing)}`;
    return join(key, flights.get(key) ?? start(key, outgoing), outgoing.signal);
  };
}
