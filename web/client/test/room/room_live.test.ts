/** The room against the running service: events, cuts, resuming, resets, several stores. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { bearerToken, createHttp } from "../../src/index.ts";
import { Subject } from "../../src/room/observable.ts";
import type { StoreEvent } from "../../src/room/protocol.ts";
import { Room } from "../../src/room/room.ts";
import type { RoomOptions } from "../../src/room/session.ts";
import { createProduct, openShop, SERVICE, type Shop } from "../support/service.ts";
import { chance } from "./chance.ts";
import { Cuttable } from "./cuttable.ts";
import { until } from "./until.ts";

let proxy: Cuttable;
let shop: Shop;

before(async () => {
  proxy = await Cuttable.start(SERVICE);
  shop = await openShop();
});
after(() => proxy.stop());

/** A room behind the proxy, with everything that it has handed on. */
function join(options: RoomOptions = {}, store = shop.store) {
  const room = new Room(createHttp({ baseUrl: proxy.url, store, credentials: shop.session }), options);
  after(() => room.stop());
  const seen = new Subject<readonly StoreEvent[]>([]);
  room.on("", (event) => seen.set([...seen.get(), event]));
  const seqs = (): number[] => seen.get().map(({ seq }) => seq);
  return { room, seen, seqs };
}

const isLive = ({ state }: { state: string }): boolean => state === "live";

async function write(count: number, http = shop.http): Promise<void> {
  for (let index = 0; index < count; index += 1) await createProduct(http, `Cup ${index}`);
}

function assertRun(seqs: number[], count: number): void {
  assert.equal(seqs.length, count);
  seqs.forEach((seq, index) => assert.equal(seq, (seqs[0] ?? 0) + index));
}

test("events of the store arrive with what they tell of", async () => {
  const { room, seen } = join();
  room.start();
  await until(room.status, isLive, "live");
  assert.equal(room.status.get().transport, "websocket");
  const me = room.members.get()[0];
  assert.equal(me?.connections, 1);
  const product = await createProduct(shop.http, "Pot");
  const [event] = await until(seen, (all) => all.length === 1, "one event");
  assert.equal(event?.type, "product.created");
  assert.equal(event?.subject, product.id);
  assert.equal(event?.data["title"], "Pot");
  room.stop();
  assert.equal(room.status.get().state, "stopped");
});

test("what happened while a client was away comes after it, once and in order", async () => {
  const { room, seen, seqs } = join();
  room.start();
  await until(room.status, isLive, "live");
  await write(2);
  await until(seen, (all) => all.length === 2, "two events");
  proxy.isDown = true;
  proxy.cut();
  await until(room.status, ({ state }) => state === "waiting", "waiting");
  await write(3);
  proxy.isDown = false;
  await until(seen, (all) => all.length === 5, "five events");
  assertRun(seqs(), 5);
  room.stop();
});

test("random cuts and delays show in nothing but time", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
  console.log(`SEED=${seed}`);
  const random = chance(seed);
  const { room, seen, seqs } = join();
  room.start();
  await until(room.status, isLive, "live");
  for (let index = 0; index < 40; index += 1) {
    const dice = random();
    if (dice < 0.25) proxy.cut();
    else if (dice < 0.5) proxy.delayMs = Math.floor(random() * 40);
    await write(1);
  }
  proxy.delayMs = 0;
  await until(seen, (all) => all.length === 40, "forty events");
  assertRun(seqs(), 40);
  room.stop();
});

test("the cursor is kept across page loads, and saved after its events were handed on", async () => {
  const saved = new Map<string, string>();
  const storage = {
    load: async (store: string) => saved.get(store) ?? null,
    save: (store: string, cursor: string) => void saved.set(store, cursor),
  };
  const first = join({ storage });
  first.room.start();
  await until(first.room.status, isLive, "live");
  first.room.stop();
  await write(2);
  const second = join({ storage });
  second.room.start();
  await until(second.seen, (all) => all.length === 2, "two events");
  assertRun(second.seqs(), 2);
  assert.equal(saved.get(shop.store), second.room.cursor);
  second.room.stop();
});

test("a cursor that the log never gave out is a reset, and events go on after it", async () => {
  const storage = { load: () => "1.999999999", save: () => {} };
  const { room, seen } = join({ storage });
  const resets = new Subject<string[]>([]);
  room.onReset(({ reason }) => resets.set([...resets.get(), reason]));
  room.start();
  await until(resets, (all) => all.length === 1, "a reset");
  assert.deepEqual(resets.get(), ["unknown"]);
  await until(room.status, isLive, "live");
  await write(1);
  await until(seen, (all) => all.length === 1, "an event");
  room.stop();
});

test("topics choose what comes, and the cursor goes on past the rest", async () => {
  const { room, seen } = join({ topics: ["store"] });
  room.start();
  await until(room.status, isLive, "live");
  await write(1);
  room.subscribe(null);
  const before = room.cursor;
  await write(1);
  const all = await until(seen, (events) => events.length >= 1, "an event");
  assert.ok(all.every(({ type }) => type === "product.created"));
  assert.notEqual(room.cursor, before);
  room.stop();
});

test("a store that is left is gone on with where it was left", async () => {
  const { body: other } = await shop.http.request("POST", "/api/pms/stores", {
    body: { name: "Other", currency: "EUR", timezone: "UTC" },
  });
  const { room, seen } = join();
  room.start();
  await until(room.status, isLive, "live");
  await write(1);
  await until(seen, (all) => all.length === 1, "an event of the first");
  room.switchTo(other.id);
  await until(room.status, isLive, "live in the other");
  await write(1);
  const product = await createProduct(shop.http.forStore(other.id), "Elsewhere");
  await until(seen, (all) => all.length === 2, "an event of the other");
  assert.equal(seen.get()[1]?.subject, product.id);
  room.switchTo(shop.store);
  await until(seen, (all) => all.length === 3, "what was missed in the first");
  assert.equal(seen.get()[2]?.seq, (seen.get()[0]?.seq ?? 0) + 1);
  room.stop();
});

test("a credential that is none stops the room", async () => {
  const http = createHttp({ baseUrl: SERVICE, store: shop.store, credentials: bearerToken("nonsense") });
  const room = new Room(http);
  room.start();
  await until(room.status, ({ reason }) => reason === "unauthenticated", "unauthenticated");
  assert.equal(room.status.get().state, "stopped");
});

test("a store that is not the user's stops the room", async () => {
  const stranger = await openShop();
  const { room } = join({}, stranger.store);
  room.start();
  await until(room.status, ({ reason }) => reason === "forbidden", "forbidden");
  assert.equal(room.status.get().state, "stopped");
});
