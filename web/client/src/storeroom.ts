/**
 * Everything of one signed-in user in one object: calls, the live room, records, and the queue of writes.
 *
 * Guarantees: all of them use one session, one queue and one circuit; nothing is sent before `start` or a call.
 */
import { createHttp } from "./http/create.ts";
import type { Http } from "./http/http.ts";
import type { HttpOptions } from "./http/settings.ts";
import { Outbox, type OutboxOptions } from "./outbox/index.ts";
import { Records } from "./records/index.ts";
import { Room, type RoomOptions } from "./room/index.ts";

/** How a `Storeroom` is made: the options of `createHttp`, and those of the other parts. */
export interface StoreroomOptions extends HttpOptions {
  /** The store that is looked at first. */
  store: string;
  room?: RoomOptions;
  outbox?: OutboxOptions;
}

/** The parts, made for each other. */
export interface Storeroom {
  readonly http: Http;
  readonly room: Room;
  readonly outbox: Outbox;
  /** The records of a store, of the one that is looked at now by default; the same object each time. */
  records(store?: string): Records;
  /** Joins the room and sends what is queued. */
  start(): void;
  /** Leaves the room and stops sending, for good; what is queued stays stored. */
  close(): void;
}

/** Makes the parts; a `TypeError` says which option is wrong. */
export function createStoreroom(options: StoreroomOptions): Storeroom {
  const { room: roomOptions, outbox: outboxOptions, ...httpOptions } = options;
  const { runtime } = options;
  const ofRuntime = runtime ? { runtime } : {};
  const http = createHttp(httpOptions);
  const room = new Room(http, { ...ofRuntime, ...roomOptions });
  const outbox = new Outbox(http, { ...ofRuntime, ...outboxOptions });
  // Whatever the outbox waits for, the service can be reached now.
  room.status.subscribe(({ state }) => {
    if (state === "live") outbox.flush();
  });
  const known = new Map<string, Records>();

  const records = (store = room.store.get()): Records => {
    const found = known.get(store);
    if (found) return found;
    const made = new Records(http.forStore(store), { ...ofRuntime, outbox, session: room.session(store) });
    known.set(store, made);
    return made;
  };
  const start = (): void => {
    outbox.start();
    room.start();
  };
  const close = (): void => {
    for (const each of known.values()) each.close();
    room.stop();
    outbox.stop();
  };
  return { http, room, outbox, records, start, close };
}
