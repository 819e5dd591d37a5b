/**
 * Records against a model of the service, with answers and events that come late and in any order between each other.
 *
 * Every seed must end with the records being what the service has, without a change of this side missing or doubled.
 * `SEED=7` repeats one.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ProblemError } from "../../src/http/errors.ts";
import type { Answer, Http, LooseOptions } from "../../src/http/http.ts";
import { systemRuntime } from "../../src/http/runtime.ts";
import { Outbox } from "../../src/outbox/outbox.ts";
import { patched } from "../../src/outbox/patch.ts";
import { Records } from "../../src/records/records.ts";
import { Listeners, Subject } from "../../src/room/observable.ts";
import type { JsonObject, StoreEvent } from "../../src/room/protocol.ts";
import type { Batch, RoomSession } from "../../src/room/session.ts";
import { chance, seeds } from "../room/chance.ts";

const IDS = ["prd_1", "prd_2", "prd_3"];
const STEPS = 60;

/** A service of a few products whose answers are made at once and come when the test says so. */
class Service {
  readonly documents = new Map<string, JsonObject>();
  readonly log: StoreEvent[] = [];
  readonly pending: (() => void)[] = [];
  writes = 0;

  constructor() {
    for (const id of IDS) this.documents.set(id, { id, version: 1, a: 0, b: 0, c: 0 });
  }

  get cursor(): string {
    return `1.${this.log.length}`;
  }

  write(id: string, patch: JsonObject): JsonObject {
    const before = this.documents.get(id) ?? {};
    const version = Number(before["version"]) + 1;
    const document = { ...patched(before, patch), version };
    this.documents.set(id, document);
    const rest = { id: "", at: "", actor: null, request_id: null };
    const data = { ...patch, version };
    this.log.push({ ...rest, seq: this.log.length + 1, type: "product.updated", subject: id, version, data });
    this.writes += 1;
    return document;
  }

  /** An answer that was made now and comes later. */
  later<T>(make: () => T): Promise<T> {
    let result: { value: T } | { error: unknown };
    try {
      result = { value: make() };
    } catch (error) {
      result = { error };
    }
    return new Promise((resolve, reject) =>
      this.pending.push(() => ("value" in result ? resolve(result.value) : reject(result.error))),
    );
  }

  http(): Http {
    const http = {
      baseUrl: "",
      store: "str_1",
      forStore: () => http,
      call: (_: string, path: string) => this.later(() => this.#read(path)),
      open: (_: string, path: string, options: LooseOptions) => this.later(() => this.#patch(path, options)),
    };
    return http as unknown as Http;
  }

  #read(path: string): Answer<unknown> {
    const body = this.documents.get(path.split("/").at(-1) ?? "");
    return {
      status: 200,
      headers: new Headers(),
      body,
      etag: null,
      cursor: this.cursor,
      fromCache: false,
      replayed: false,
    };
  }

  #patch(path: string, { body, ifMatch }: LooseOptions): Response {
    const id = path.split("/").at(-1) ?? "";
    const current = this.documents.get(id) ?? {};
    const headers = { "x-request-id": "req_1", "store-cursor": this.cursor };
    if (ifMatch === current["version"]) {
      const document = this.write(id, body as JsonObject);
      return Response.json(document, { headers: { ...headers, "store-cursor": this.cursor } });
    }
    const problem = { type: "", title: "", status: 412, code: "version-conflict", current };
    throw new ProblemError(problem, new Headers(headers));
  }
}

/** Hands on the log as the room does: in order, in parts, as late as the test likes. */
class Feed {
  readonly events = new Listeners<Batch>();
  readonly begins = new Listeners<string>();
  readonly resets = new Listeners<{ cursor: string; reason: "unknown" }>();
  readonly status = new Subject({ state: "live" });
  cursor: string | null = null;
  #seq = 0;

  begin(seq: number): void {
    this.#seq = seq;
    this.cursor = `1.${seq}`;
    this.begins.tell(this.cursor);
  }

  reset(seq: number): void {
    this.#seq = seq;
    this.resets.tell({ cursor: `1.${seq}`, reason: "unknown" });
  }

  hand(log: readonly StoreEvent[], count: number): void {
    if (this.cursor === null) return this.begin(log.length);
    const events = log.slice(this.#seq, this.#seq + count);
    this.#seq += events.length;
    if (events.length > 0) this.events.tell({ events, cursor: `1.${this.#seq}` });
  }
}

const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

async function run(seed: number): Promise<void> {
  const random = chance(seed);
  const [service, feed] = [new Service(), new Feed()];
  // Time stands still: what waits to be tried again is tried when something else happens.
  const runtime = { ...systemRuntime, random, later: (_: number, work: () => void) => soon(work) };
  const outbox = new Outbox(service.http(), { runtime, onConflict: ({ mine }) => pick(mine) });
  const session = feed as unknown as RoomSession;
  const records = new Records(service.http(), { session, outbox, runtime });
  outbox.start();
  const one = (): string => IDS[Math.floor(random() * IDS.length)] ?? "";
  const name = (): string => "abc"[Math.floor(random() * 3)] ?? "a";
  let value = 0;
  for (let step = 0; step < STEPS; step += 1) {
    const dice = random();
    const id = one();
    if (dice < 0.25) service.write(id, { [name()]: (value += 1) });
    else if (dice < 0.4) void records.read("product", id);
    else if (dice < 0.5 && records.get("product", id)) {
      const patch = { [name()]: (value += 1) };
      records.change("product", id, patch);
      const shown = records.get("product", id) as unknown as JsonObject;
      assert.deepEqual(patched(shown, patch), shown, "a change does not show at once");
    } else if (dice < 0.7) feed.hand(service.log, 1 + Math.floor(random() * 4));
    else if (dice < 0.72) feed.reset(service.log.length);
    else service.pending.splice(Math.floor(random() * service.pending.length), 1)[0]?.();
    if (random() < 0.5) await breathe();
  }
  await settle(service, feed, outbox);
  for (const id of IDS) {
    const shown = records.get("product", id) as unknown as JsonObject | undefined;
    if (shown) assert.deepEqual(shown, service.documents.get(id));
  }
  records.close();
  outbox.stop();
}

function pick(document: JsonObject): JsonObject {
  return { a: document["a"] ?? 0, b: document["b"] ?? 0, c: document["c"] ?? 0 };
}

function soon(work: () => void): () => void {
  const timer = setImmediate(work);
  return () => clearImmediate(timer);
}

/** Everything that is under way arrives. */
async function settle(service: Service, feed: Feed, outbox: Outbox): Promise<void> {
  let quiet = 0;
  for (let round = 0; quiet < 10; round += 1) {
    assert.ok(round < 5000, "does not come to rest");
    const isQuiet = service.pending.length === 0 && outbox.entries.get().length === 0;
    quiet = isQuiet ? quiet + 1 : 0;
    while (service.pending.length > 0) service.pending.shift()?.();
    feed.hand(service.log, 1000);
    await breathe();
  }
}

test("records become what the service has, in whatever order answers and events come", async () => {
  const all = seeds(500);
  for (const seed of all) {
    await run(seed).catch((error: unknown) => {
      throw new Error(`SEED=${seed}`, { cause: error });
    });
  }
  console.log(`seeds ${all.length}`);
});
