/**
 * A queue of writes that survives a closed tab and is sent, in order, as soon as there is a network.
 *
 * Guarantees: entries are sent one after the other in the order in which they were queued, by one tab at a time, each
 * until the service has said yes or no, and done once, also when an answer was lost. A conflict is merged where both
 * sides changed different members; else it waits for a decision, and later entries about the same thing wait with it.
 * Relies on: `sender` for what an answer means; storage that is shared by the tabs that share a name.
 */

import type { Http } from "../http/http.ts";
import { type Runtime, systemRuntime } from "../http/runtime.ts";
import { Backoff } from "../room/backoff.ts";
import { Listeners, type Observable, Subject } from "../room/observable.ts";
import type { Json, JsonObject } from "../room/protocol.ts";
import { type Entry, OutboxFullError, type Refusal, type Settled, sizeOf, subjectOf, type Write } from "./entry.ts";
import { isObject, patched, rebase } from "./patch.ts";
import { type Outcome, send } from "./sender.ts";
import { MemoryStorage, type OutboxStorage } from "./storage.ts";
import { alone, type TabMessage, type Tabs, tabsOf } from "./tabs.ts";

/** Both sides changed the same. */
export interface Conflict {
  readonly entry: Entry;
  /** What this side saw when it made its change; `null` when the write is no change of a record. */
  readonly base: JsonObject | null;
  /** What this side meant it to become. */
  readonly mine: JsonObject;
  /** What it has become. */
  readonly current: JsonObject;
  /** The top-level members that both changed. */
  readonly overlaps: readonly string[];
}

/** A merge patch of `current`, or to let go of the change. */
export type Decision = JsonObject | "drop";

/** What an outbox is made with; all of it has a default. */
export interface OutboxOptions {
  /** In memory without it. Give every user one with an own name: it holds what they wrote. */
  readonly storage?: OutboxStorage;
  /** Decides conflicts. Without it they wait for `resolve`. */
  readonly onConflict?: (conflict: Conflict) => Decision | Promise<Decision>;
  readonly maxEntries?: number;
  readonly maxBytes?: number;
  readonly runtime?: Runtime;
}

/** How it stands with the sending, in the tab that does it. */
export interface OutboxStatus {
  /** `idle`: nothing to send, or another tab sends; `signed-out`: waits for `flush`. */
  readonly state: "idle" | "sending" | "waiting" | "signed-out";
  /** Whether this tab is the one that sends. */
  readonly isLeading: boolean;
  /** Why it waits. */
  readonly reason: string | null;
}

/** An entry that was just queued. */
export interface Queued {
  readonly id: string;
  /** Resolves when it is on the disk; fails with an `OutboxFullError` when there is no room. */
  readonly saved: Promise<Entry>;
  /** Resolves when it has ended, whichever tab sent it. Never fails. */
  readonly settled: Promise<Settled>;
}

const MAX_ENTRIES = 1_000;
const MAX_BYTES = 5 * 1024 * 1024;
/** The bounds of the first and of the longest wait between tries. */
const RETRY_MS = [500, 60_000] as const;

/** The queue. */
export class Outbox {
  readonly #http: Http;
  readonly #storage: OutboxStorage;
  readonly #options: OutboxOptions;
  readonly #runtime: Runtime;
  readonly #tabs: Tabs;
  readonly #backoff: Backoff;
  readonly #entries = new Subject<readonly Entry[]>([]);
  readonly #status = new Subject<OutboxStatus>({ state: "idle", isLeading: false, reason: null });
  readonly #settled = new Listeners<Settled>();
  readonly #waiters = new Map<string, (settled: Settled) => void>();
  /** Entries on their way into the storage. */
  readonly #saving = new Map<string, Entry>();
  readonly #asked = new Set<string>();
  #stored: readonly Entry[] = [];
  #saves: Promise<unknown> = Promise.resolve();
  #running: AbortController | null = null;
  #changes = 0;
  #wake = (): void => {};
  #isWoken = false;
  #isFlushed = false;
  #isBackingOff = false;
  readonly #onOnline = (): void => this.flush();

  constructor(http: Http, options: OutboxOptions = {}) {
    this.#http = http;
    this.#options = options;
    this.#storage = options.storage ?? new MemoryStorage();
    this.#runtime = options.runtime ?? systemRuntime;
    this.#backoff = new Backoff(this.#runtime.random, ...RETRY_MS);
    const { sharedAs } = this.#storage;
    this.#tabs = sharedAs ? tabsOf(`storeroom-outbox:${sharedAs}`, this.#runtime.locks) : alone;
    this.#tabs.listen((message) => this.#hear(message));
  }

  /** What is queued, in order; of all tabs. */
  get entries(): Observable<readonly Entry[]> {
    return this.#entries;
  }

  /** How it stands with the sending. */
  get status(): Observable<OutboxStatus> {
    return this.#status;
  }

  /** Calls `listener` when an entry ends, whichever tab sent it, before it leaves `entries`. */
  onSettled(listener: (settled: Settled) => void): () => void {
    return this.#settled.add(listener);
  }

  /** Reads what is stored and sends it, if no other tab does. */
  start(): void {
    if (this.#running) return;
    const running = new AbortController();
    this.#running = running;
    globalThis.addEventListener?.("online", this.#onOnline);
    this.#refresh().catch(() => {});
    this.#tabs.lead(() => this.#lead(running.signal), running.signal);
  }

  /** Stops sending; what is queued stays. The outbox is not used any more. */
  stop(): void {
    this.#running?.abort();
    this.#running = null;
    globalThis.removeEventListener?.("online", this.#onOnline);
    this.#wake();
    this.#tabs.close();
  }

  /** Tries now, whatever it waits for: after somebody has signed in, or when the network is back. */
  flush(): void {
    this.#flush();
    this.#tabs.post({ kind: "flush" });
  }

  /** Queues a write. It shows in `entries` at once. */
  add(write: Write): Queued {
    const entry = this.#newEntry(write);
    const settled = new Promise<Settled>((resolve) => this.#waiters.set(entry.id, resolve));
    this.#saving.set(entry.id, entry);
    this.#show();
    const saved = this.#saves.then(() => this.#save(entry));
    this.#saves = saved.catch(() => {});
    return { id: entry.id, saved, settled };
  }

  /** Takes an entry out, unless it has been done. What was sent already may have been done all the same. */
  async drop(id: string): Promise<void> {
    await this.#saves;
    const entry = this.#find(id);
    await this.#storage.remove(id);
    if (entry) this.#settle({ entry, outcome: "dropped" });
  }

  /** Decides a conflict that waits. */
  async resolve(id: string, decision: Decision): Promise<void> {
    const entry = this.#find(id);
    const current = entry?.refusal?.current;
    if (!entry || entry.state !== "conflict" || !current) return;
    this.#asked.delete(id);
    if (decision === "drop") {
      await this.#storage.remove(id);
      return this.#settle({ entry, outcome: "dropped", document: current });
    }
    await this.#update(id, (stored) => onto(stored, decision, current, this.#runtime.token()));
    this.flush();
  }

  // Queueing

  #newEntry(write: Write): Entry {
    const all = this.#entries.get();
    const { maxEntries = MAX_ENTRIES, maxBytes = MAX_BYTES } = this.#options;
    if (all.length >= maxEntries) throw new OutboxFullError(`The outbox has ${maxEntries} entries.`);
    const bytes = all.reduce((sum, entry) => sum + sizeOf(entry), sizeOf(write));
    if (bytes > maxBytes) throw new OutboxFullError(`The outbox has ${maxBytes} bytes.`);
    const [id, key] = [this.#runtime.token(), this.#runtime.token()];
    const store = write.store ?? this.#http.store;
    const queuedAt = this.#runtime.now();
    const entry: Entry = {
      ...write,
      id,
      key,
      store,
      queuedAt,
      n: Number.MAX_SAFE_INTEGER,
      state: "queued",
      attempts: 0,
    };
    // A copy: the application may go on with its own objects, and nothing that is not JSON gets in.
    return JSON.parse(JSON.stringify(entry)) as Entry;
  }

  async #save(entry: Entry): Promise<Entry> {
    try {
      const added = await this.#storage.add(entry);
      this.#saving.delete(entry.id);
      this.#setStored([...this.#stored.filter(({ id }) => id !== added.id), added]);
      this.#poke();
      this.#tabs.post({ kind: "added" });
      return added;
    } catch (error) {
      this.#saving.delete(entry.id);
      this.#settle({ entry, outcome: "failed", refusal: notSaved(error) });
      throw error;
    }
  }

  #find(id: string): Entry | undefined {
    return this.#entries.get().find((entry) => entry.id === id);
  }

  #setStored(stored: readonly Entry[]): void {
    this.#changes += 1;
    this.#stored = [...stored].sort((a, b) => a.n - b.n);
    this.#show();
  }

  #show(): void {
    const known = new Set(this.#stored.map(({ id }) => id));
    this.#entries.set([...this.#stored, ...[...this.#saving.values()].filter(({ id }) => !known.has(id))]);
  }

  async #refresh(): Promise<void> {
    let [stored, changes]: [Entry[], number] = [[], Number.NaN];
    while (changes !== this.#changes) {
      changes = this.#changes;
      stored = await this.#storage.all();
    }
    this.#setStored(stored);
    for (const id of this.#waiters.keys()) {
      if (!this.#find(id)) this.#lostSight(id);
    }
  }

  /** The entry is gone. Whoever finished it says so right after, unless its tab was closed in between. */
  #lostSight(id: string): void {
    this.#runtime.later(1_000, () => {
      if (!this.#waiters.has(id) || this.#find(id)) return;
      const gone = { id } as Entry;
      this.#tell({ entry: gone, outcome: "unknown" });
    });
  }

  // Between tabs

  #hear(message: TabMessage): void {
    if (!this.#running) return;
    if (message.kind === "settled") return this.#tell(message.settled);
    if (message.kind === "flush") return this.#flush();
    this.#refresh().catch(() => {});
    if (message.kind === "added") this.#poke();
  }

  /** Tells everybody how an entry ended. */
  #settle(settled: Settled): void {
    this.#tell(settled);
    this.#tabs.post({ kind: "settled", settled });
  }

  #tell(settled: Settled): void {
    const { id } = settled.entry;
    this.#settled.tell(settled);
    if (settled.outcome === "failed") {
      this.#setStored(this.#stored.map((entry) => (entry.id === id ? settled.entry : entry)));
    } else {
      this.#setStored(this.#stored.filter((entry) => entry.id !== id));
    }
    this.#waiters.get(id)?.(settled);
    this.#waiters.delete(id);
  }

  // Sending

  /** There is something new; a wait for the service goes on all the same. */
  #poke(): void {
    this.#isWoken = true;
    if (!this.#isBackingOff) this.#wake();
  }

  #flush(): void {
    this.#isWoken = true;
    this.#isFlushed = true;
    this.#wake();
  }

  async #lead(signal: AbortSignal): Promise<void> {
    this.#setStatus("idle", null, true);
    while (!signal.aborted) {
      this.#isWoken = false;
      this.#isFlushed = false;
      try {
        const isMore = await this.#sendNext(signal);
        if (!isMore && !this.#isWoken) await this.#sleep(signal);
      } catch (error) {
        await this.#backOff(0, `storage: ${String(error)}`, signal);
      }
    }
    this.#setStatus("idle", null, false);
  }

  async #backOff(atLeastMs: number, reason: string, signal: AbortSignal): Promise<void> {
    if (this.#isFlushed) return;
    this.#setStatus("waiting", reason, true);
    this.#isBackingOff = true;
    await this.#sleep(signal, this.#backoff.next(atLeastMs));
    this.#isBackingOff = false;
  }

  /** Sends the first entry that may be sent. Answers whether to look for another one at once. */
  async #sendNext(signal: AbortSignal): Promise<boolean> {
    await this.#refresh();
    this.#askAboutConflicts();
    const next = sendable(this.#stored);
    if (!next) {
      this.#setStatus("idle", null, true);
      return false;
    }
    this.#setStatus("sending", null, true);
    const entry = await this.#update(next.id, (stored) => ({
      ...stored,
      state: "sending",
      attempts: stored.attempts + 1,
    }));
    if (!entry || signal.aborted) return true;
    const outcome = await send(entry, this.#http, signal);
    return signal.aborted ? false : this.#conclude(entry, outcome, signal);
  }

  async #conclude(entry: Entry, outcome: Outcome, signal: AbortSignal): Promise<boolean> {
    if (outcome.kind === "signed-out") {
      this.#setStatus("signed-out", "unauthenticated", true);
      return false;
    }
    if (outcome.kind === "again") {
      await this.#backOff(outcome.afterMs, outcome.reason, signal);
      return true;
    }
    this.#backoff.reset();
    if (outcome.kind === "done") await this.#done(entry, outcome.document, outcome.cursor);
    else if (outcome.kind === "conflict") await this.#merge(entry, outcome);
    else await this.#refuse(entry, outcome.refusal);
    return true;
  }

  async #done(entry: Entry, document: Json, cursor: string | null): Promise<void> {
    if (isObject(document)) await this.#advance(entry, document);
    await this.#storage.remove(entry.id);
    this.#settle({ entry, outcome: "done", document, cursor });
  }

  /** What is queued about the same record goes on from the new version, where that needs no merging. */
  async #advance(done: Entry, document: JsonObject): Promise<void> {
    const later = this.#stored.filter((entry) => entry.n > done.n && entry.change && isSameRecord(entry, done));
    for (const { id } of later) {
      await this.#update(id, (entry) => advanced(entry, document));
    }
  }

  async #refuse(entry: Entry, refusal: Refusal): Promise<void> {
    const failed = await this.#update(entry.id, (stored) => ({ ...stored, state: "failed", refusal }));
    if (failed) this.#settle({ entry: failed, outcome: "failed", refusal });
  }

  // Conflicts

  async #merge(entry: Entry, { current, refusal, cursor }: Extract<Outcome, { kind: "conflict" }>): Promise<void> {
    const { change, body } = entry;
    const rebased = change && isObject(body) ? rebase(change.base, body, current) : null;
    if (!rebased || rebased.overlaps.length > 0) {
      await this.#update(entry.id, (stored) => ({ ...stored, state: "conflict", refusal }));
      return;
    }
    if (Object.keys(rebased.patch).length === 0) return this.#done(entry, current, cursor);
    await this.#update(entry.id, (stored) => onto(stored, rebased.patch, current, this.#runtime.token()));
  }

  #askAboutConflicts(): void {
    const { onConflict } = this.#options;
    if (!onConflict) return;
    for (const entry of this.#stored) {
      if (entry.state !== "conflict" || this.#asked.has(entry.id)) continue;
      this.#asked.add(entry.id);
      void this.#ask(entry, onConflict);
    }
  }

  /** A decision that fails leaves the conflict as it is, until `resolve` or the next start. */
  async #ask(entry: Entry, onConflict: NonNullable<OutboxOptions["onConflict"]>): Promise<void> {
    const decision = await onConflict(conflictOf(entry));
    await this.resolve(entry.id, decision);
  }

  // Small things

  async #update(id: string, change: (entry: Entry) => Entry): Promise<Entry | null> {
    const updated = await this.#storage.update(id, change);
    if (updated) this.#setStored(this.#stored.map((entry) => (entry.id === id ? updated : entry)));
    this.#tabs.post({ kind: "changed" });
    return updated;
  }

  /** Waits until something wakes it, or so long. */
  async #sleep(signal: AbortSignal, ms?: number): Promise<void> {
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = ms === undefined ? () => {} : this.#runtime.later(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  #setStatus(state: OutboxStatus["state"], reason: string | null, isLeading: boolean): void {
    const now = this.#status.get();
    if (now.state === state && now.reason === reason && now.isLeading === isLeading) return;
    this.#status.set({ state, reason, isLeading });
  }
}

/** The first entry that may be sent: nothing earlier about the same thing waits for a decision. */
function sendable(entries: readonly Entry[]): Entry | undefined {
  const held = new Set<string>();
  for (const entry of entries) {
    if (entry.state === "conflict") held.add(subjectOf(entry));
    else if (entry.state !== "failed" && !held.has(subjectOf(entry))) return entry;
  }
  return undefined;
}

function isSameRecord(a: Entry, b: Entry): boolean {
  return a.store === b.store && a.change?.type === b.change?.type && a.change?.id === b.change?.id;
}

/** The entry with another patch, made looking at `current`: another request, so another key. */
function onto(entry: Entry, patch: JsonObject, current: JsonObject, key: string): Entry {
  const { refusal: _, ...rest } = entry;
  const version = current["version"];
  const ifMatch = typeof version === "number" ? version : "*";
  const change = entry.change && { ...entry.change, base: current };
  return { ...rest, key, body: patch, ifMatch, attempts: 0, state: "queued", ...(change && { change }) };
}

/** The entry as it is when the one before it made the record `document`; unchanged when that takes a decision. */
function advanced(entry: Entry, document: JsonObject): Entry {
  const { change, body } = entry;
  const version = document["version"];
  if (!change || !isObject(body) || typeof version !== "number" || entry.attempts > 0) return entry;
  const { patch, overlaps } = rebase(change.base, body, document);
  if (overlaps.length > 0 || Object.keys(patch).length === 0) return entry;
  return { ...entry, body: patch, ifMatch: version, change: { ...change, base: document } };
}

function conflictOf(entry: Entry): Conflict {
  const current = entry.refusal?.current ?? {};
  const base = entry.change?.base ?? null;
  const patch = isObject(entry.body) ? entry.body : {};
  const mine = patched(base ?? current, patch);
  const overlaps = base ? rebase(base, patch, current).overlaps : Object.keys(patch);
  return { entry, base, mine, current, overlaps };
}

function notSaved(error: unknown): Refusal {
  const code = error instanceof OutboxFullError ? "outbox-full" : "outbox-broken";
  return { status: 0, code, detail: error instanceof Error ? error.message : String(error) };
}
