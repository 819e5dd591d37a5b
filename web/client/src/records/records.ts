/**
 * A store's records in memory, as the service has them plus this user's changes on their way.
 *
 * Guarantees: a record that is held becomes what the service has, whatever order answers and events come in; a change
 * shows at once, and is confirmed or taken back. A gap or a reset is made good by reading anew, until that succeeds.
 * Relies on: `RoomSession` handing on every event once and in order; `Outbox` for sending.
 */

import { ProblemError } from "../http/errors.ts";
import type { Answer, Http, QueryValue } from "../http/http.ts";
import { type Runtime, systemRuntime } from "../http/runtime.ts";
import { Outbox, type Queued } from "../outbox/outbox.ts";
import type { Settled } from "../outbox/entry.ts";
import { isObject } from "../outbox/patch.ts";
import { Backoff } from "../room/backoff.ts";
import { isWithin, parseCursor, type Place } from "../room/cursor.ts";
import { isEqual } from "../room/json.ts";
import { Listeners, type Observable } from "../room/observable.ts";
import type { Json, JsonObject, StoreEvent } from "../room/protocol.ts";
import type { Batch, RoomSession } from "../room/session.ts";
import { applied, type Held, replaced, versionOf } from "./held.ts";
import { Overlays } from "./overlay.ts";
import { type Documents, RECORD_TYPES, type RecordName, typeOfId } from "./types.ts";

/** What records are made with. */
export interface RecordsOptions {
  /** Brings the events; without it records change only by what is read and written here. */
  readonly session?: RoomSession;
  /** Sends the changes; one in memory, which the records start and stop, without it. */
  readonly outbox?: Outbox;
  readonly runtime?: Runtime;
}

/** A record has changed, or is gone. */
export interface RecordChanged {
  readonly type: RecordName;
  readonly id: string;
  readonly document: JsonObject | undefined;
}

/** A page of a list. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** Reads of one kind: at most so many records are read one by one rather than by pages of the list. */
const FEW = 10;
const PAGE = 250;
const RETRY_MS = [1_000, 60_000] as const;

/** The records of one store. */
export class Records {
  readonly #http: Http;
  readonly #runtime: Runtime;
  readonly #outbox: Outbox;
  readonly #ownsOutbox: boolean;
  readonly #held = new Map<string, Held>();
  readonly #views = new Map<string, JsonObject>();
  readonly #overlays = new Overlays();
  readonly #changes = new Listeners<RecordChanged>();
  readonly #listed = new Set<RecordName>();
  /** Records that have to be read anew. */
  readonly #stale = new Set<string>();
  /** Events since the first read that is under way: an answer may be older than they are. */
  readonly #recent: { event: StoreEvent; at: Place }[] = [];
  #reads = 0;
  /** Events have been followed since here; a document from before it may have missed some. */
  #followedFrom: Place | null = null;
  #refreshing: Promise<void> | null = null;
  readonly #backoff: Backoff;
  #cancelRetry = (): void => {};
  #isClosed = false;
  readonly #unfollow: (() => void)[];

  /** `http` names the store. */
  constructor(http: Http, options: RecordsOptions = {}) {
    this.#http = http;
    this.#runtime = options.runtime ?? systemRuntime;
    this.#backoff = new Backoff(this.#runtime.random, ...RETRY_MS);
    this.#ownsOutbox = !options.outbox;
    this.#outbox = options.outbox ?? new Outbox(http, { runtime: this.#runtime });
    this.#unfollow = [...this.#followOutbox(), ...this.#followSession(options.session)];
    if (this.#ownsOutbox) this.#outbox.start();
  }

  /** Ends following; the records stay as they are. */
  close(): void {
    this.#isClosed = true;
    this.#cancelRetry();
    for (const unfollow of this.#unfollow) unfollow();
    if (this.#ownsOutbox) this.#outbox.stop();
  }

  /** The record as it is to be shown; `undefined` when it is not held or gone. The same object until it changes. */
  get<N extends RecordName>(_type: N, id: string): Documents[N] | undefined {
    return this.#views.get(id) as Documents[N] | undefined;
  }

  /** All records of a kind that are held. */
  all<N extends RecordName>(type: N): Documents[N][] {
    const { prefix } = RECORD_TYPES[type];
    return [...this.#views].filter(([id]) => id.startsWith(prefix)).map(([, view]) => view as unknown as Documents[N]);
  }

  /** Calls `listener` whenever a record changes. */
  subscribe(listener: (change: RecordChanged) => void): () => void {
    return this.#changes.add(listener);
  }

  /** One record to be followed, for as long as somebody listens. */
  watch<N extends RecordName>(type: N, id: string): Observable<Documents[N] | undefined> {
    return {
      get: () => this.get(type, id),
      subscribe: (listener) =>
        this.subscribe((change) => {
          if (change.id === id) listener(change.document as Documents[N] | undefined);
        }),
    };
  }

  /** Reads a record over HTTP and holds it from now on; `undefined` when there is none. */
  async read<N extends RecordName>(type: N, id: string): Promise<Documents[N] | undefined> {
    await this.#read(id);
    return this.get(type, id);
  }

  /** Reads a page of a list and holds its records; new records of the kind are held too from now on. */
  async list<N extends RecordName>(type: N, query: Record<string, QueryValue> = {}): Promise<Page<Documents[N]>> {
    this.#listed.add(type);
    const { documents, nextCursor } = await this.#readPage(type, query);
    const items = documents.map((document) => this.get(type, idOf(document))).filter((item) => item !== undefined);
    return { items, nextCursor };
  }

  /** Holds a document that was read elsewhere, with the `Store-Cursor` of its answer. */
  put(document: JsonObject, cursor: string | null): void {
    this.#put(idOf(document), document, parseCursor(cursor));
  }

  /** Lets go of a record. */
  forget(id: string): void {
    this.#held.delete(id);
    this.#stale.delete(id);
    this.#views.delete(id);
  }

  /**
   * Changes a record by a merge patch (RFC 7396): it shows at once and is sent with the version that was seen.
   * `settled` says whether it was done; when it was refused, the record is shown without it again.
   */
  change(type: RecordName, id: string, patch: JsonObject, label?: Json): Queued {
    const document = this.#held.get(id)?.document;
    const base = this.#views.get(id);
    if (!base) throw new TypeError(`${id} is not held: read it before changing it.`);
    const version = versionOf(document ?? base);
    return this.#outbox.add({
      method: "PATCH",
      path: `${RECORD_TYPES[type].path}/${id}`,
      store: this.#http.store,
      body: patch,
      change: { type, id, base },
      ...(version !== null && { ifMatch: version }),
      ...(label !== undefined && { label }),
    });
  }

  // Following

  #followOutbox(): (() => void)[] {
    this.#show(this.#overlays.replace(this.#ownEntries()));
    return [
      this.#outbox.entries.subscribe(() => this.#show(this.#overlays.replace(this.#ownEntries()))),
      this.#outbox.onSettled((settled) => this.#settled(settled)),
    ];
  }

  #ownEntries(): ReturnType<Outbox["entries"]["get"]> {
    return this.#outbox.entries.get().filter(({ store }) => store === this.#http.store);
  }

  #followSession(session: RoomSession | undefined): (() => void)[] {
    if (!session) return [];
    this.#followedFrom = parseCursor(session.cursor);
    return [
      session.events.add((batch) => this.#events(batch)),
      session.begins.add((cursor) => this.#begin(cursor)),
      session.resets.add(({ cursor }) => this.#begin(cursor)),
      session.status.subscribe(({ state }) => {
        if (state === "live") this.#wentLive();
      }),
    ];
  }

  #wentLive(): void {
    this.#outbox.flush();
    this.#refresh();
  }

  #settled({ entry, document, cursor, refusal }: Settled): void {
    const id = entry.change?.id;
    if (!id || entry.store !== this.#http.store) return;
    const now = isObject(document) ? document : refusal?.current;
    if (now) this.#put(id, now, parseCursor(cursor));
  }

  // Events

  /** Events are followed from here on: what was read before may lack what came in between. */
  #begin(cursor: string): void {
    this.#followedFrom = parseCursor(cursor);
    for (const [id, held] of this.#held) {
      if (!this.#isFollowed(held.asOf)) this.#stale.add(id);
    }
    this.#refresh();
  }

  #isFollowed(asOf: Place | null): boolean {
    const from = this.#followedFrom;
    return !from || (asOf !== null && isWithin(from, asOf));
  }

  #events({ events, cursor }: Batch): void {
    const epoch = parseCursor(cursor)?.epoch ?? 0;
    for (const event of events) {
      const at = { epoch, seq: event.seq };
      if (this.#reads > 0) this.#recent.push({ event, at });
      this.#event(event, at);
    }
    if (this.#stale.size > 0) this.#refresh();
  }

  #event(event: StoreEvent, at: Place): void {
    const id = event.subject;
    const held = this.#held.get(id);
    if (!held) return this.#newcomer(event, at);
    const result = applied(held, event, at);
    if (result.kind === "gap") this.#stale.add(id);
    if (result.kind !== "changed") return;
    const { document } = result.held;
    if (held.document && document) this.#overlays.confirm(id, held.document, document);
    this.#hold(id, result.held);
  }

  #newcomer(event: StoreEvent, at: Place): void {
    const type = typeOfId(event.subject);
    const isWanted = type && this.#listed.has(type) && event.type === `${type}.created`;
    if (isWanted) this.#hold(event.subject, { document: event.data, asOf: at });
  }

  // Holding

  #put(id: string, document: JsonObject | null, asOf: Place | null): void {
    const held = replaced(this.#held.get(id), document, asOf);
    this.#hold(id, held);
    this.#stale.delete(id);
    if (!this.#isFollowed(held.asOf)) this.#stale.add(id);
    for (const { event, at } of this.#recent) if (event.subject === id) this.#event(event, at);
    if (this.#stale.size > 0) this.#refresh();
  }

  #hold(id: string, held: Held): void {
    this.#held.set(id, held);
    this.#show([id]);
  }

  /** Works out what is shown of these records and tells of what differs. */
  #show(ids: Iterable<string>): void {
    for (const id of ids) {
      const held = this.#held.get(id);
      const isGone = held?.document === null;
      const view = isGone ? undefined : this.#overlays.shown(id, held?.document ?? undefined);
      if (isEqual(this.#views.get(id), view)) continue;
      if (view) this.#views.set(id, view);
      else this.#views.delete(id);
      const type = typeOfId(id);
      if (type) this.#changes.tell({ type, id, document: view });
    }
  }

  // Reading

  async #reading<T>(read: () => Promise<T>): Promise<T> {
    this.#reads += 1;
    try {
      return await read();
    } finally {
      this.#reads -= 1;
      if (this.#reads === 0) this.#recent.length = 0;
    }
  }

  #read(id: string): Promise<void> {
    return this.#reading(async () => {
      const type = typeOfId(id);
      if (!type) throw new TypeError(`${id} is the id of no record.`);
      try {
        const answer = await this.#call(`${RECORD_TYPES[type].path}/${id}`);
        this.#put(id, answer.body as JsonObject, parseCursor(answer.cursor));
      } catch (error) {
        if (!(error instanceof ProblemError) || error.status !== 404) throw error;
        if (this.#held.has(id)) this.#put(id, null, parseCursor(error.headers.get("store-cursor")));
      }
    });
  }

  #readPage(
    type: RecordName,
    query: Record<string, QueryValue>,
  ): Promise<{ documents: JsonObject[]; nextCursor: string | null }> {
    return this.#reading(async () => {
      const answer = await this.#call(RECORD_TYPES[type].path, query);
      const { items, next_cursor } = answer.body as { items: JsonObject[]; next_cursor: string | null };
      for (const document of items) this.#put(idOf(document), document, parseCursor(answer.cursor));
      return { documents: items, nextCursor: next_cursor };
    });
  }

  /** A read of its own: an answer that others wait for may be older than the events that were seen. */
  #call(path: string, query: Record<string, QueryValue> = {}): Promise<Answer<unknown>> {
    return this.#http.call("GET", path, { query, fresh: true });
  }

  // Reading anew

  /** Reads what is stale, until nothing is. */
  #refresh(): void {
    if (this.#stale.size === 0 || this.#refreshing || this.#isClosed) return;
    this.#cancelRetry();
    this.#refreshing = this.#readStale().then(
      () => this.#refreshed(this.#stale.size === 0),
      () => this.#refreshed(false),
    );
  }

  #refreshed(isDone: boolean): void {
    this.#refreshing = null;
    if (isDone) return this.#backoff.reset();
    if (!this.#isClosed) this.#cancelRetry = this.#runtime.later(this.#backoff.next(), () => this.#refresh());
  }

  async #readStale(): Promise<void> {
    for (const type of this.#listed) await this.#readLists(type);
    await Promise.all([...this.#stale].map((id) => this.#read(id)));
  }

  /** Many records of a kind are read by pages of its list, for as long as the pages bring some. */
  async #readLists(type: RecordName): Promise<void> {
    const { prefix } = RECORD_TYPES[type];
    const count = (): number => [...this.#stale].filter((id) => id.startsWith(prefix)).length;
    let cursor: string | null = null;
    let before = Infinity;
    while (count() > FEW && count() < before) {
      before = count();
      const page: { nextCursor: string | null } = await this.#readPage(type, { limit: PAGE, cursor });
      cursor = page.nextCursor;
      if (cursor === null) return;
    }
  }
}

function idOf(document: JsonObject): string {
  return String(document["id"]);
}
