/** Who is in the room and what its members share, against the running service. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHttp } from "../../src/index.ts";
import type { StoreEvent } from "../../src/room/protocol.ts";
import { Subject } from "../../src/room/observable.ts";
import { Room } from "../../src/room/room.ts";
import { createProduct, openShop, SERVICE, type Shop } from "../support/service.ts";
import { Cuttable } from "./cuttable.ts";
import { invite } from "./guest.ts";
import { until } from "./until.ts";

let shop: Shop;
const rooms: Room[] = [];

before(async () => {
  shop = await openShop();
});
after(() => rooms.forEach((room) => room.stop()));

/** Somebody who is in the room of the shop. */
async function enter(of = shop, baseUrl = SERVICE): Promise<Room> {
  const room = new Room(createHttp({ baseUrl, store: of.store, credentials: of.session }));
  rooms.push(room);
  room.start();
  await until(room.status, ({ state }) => state === "live", "live");
  return room;
}

test("members see each other come, say where they are, and go", async () => {
  const ada = await enter();
  const guest = await invite(shop);
  const bob = await enter(guest);
  await until(ada.members, (members) => members.length === 2, "both");
  bob.setPresence({ view: "products", record: "prd_1" });
  const isThere = (view: string) => (members: readonly { states: readonly { view?: unknown }[] }[]) =>
    members.some(({ states }) => states.some((state) => state.view === view));
  await until(ada.members, isThere("products"), "where the other is");
  bob.setPresence({ view: "orders" });
  await until(ada.members, isThere("orders"), "where the other went");
  bob.setPresence(null);
  await until(ada.members, (members) => members.every(({ states }) => states.length === 0), "nowhere");
  bob.stop();
  await until(ada.members, (members) => members.length === 1, "alone after the grace");
});

test("presence is there again after a cut, and the others never saw it go", async () => {
  const proxy = await Cuttable.start(SERVICE);
  const ada = await enter();
  const bob = await enter(shop, proxy.url);
  bob.setPresence({ view: "stock" });
  const there = (members: readonly { states: readonly unknown[] }[]): boolean =>
    members.some(({ states }) => states.length === 1);
  await until(ada.members, there, "the presence");
  const lefts: number[] = [];
  ada.members.subscribe((members) => lefts.push(members.length));
  proxy.cut();
  await until(bob.status, ({ state }) => state !== "live", "cut");
  await until(bob.status, ({ state }) => state === "live", "back");
  await until(ada.members, there, "the presence again");
  assert.ok(!lefts.includes(0));
  bob.stop();
  await proxy.stop();
});

test("shared values reach everybody, newcomers too, and null takes them away", async () => {
  const [ada, bob] = [await enter(), await enter()];
  ada.share("products.filter", { status: "draft" });
  assert.deepEqual(ada.shared.get().get("products.filter")?.value, { status: "draft" });
  await until(bob.shared, (shared) => shared.has("products.filter"), "the value");
  const carl = await enter();
  assert.deepEqual(carl.shared.get().get("products.filter")?.value, { status: "draft" });
  bob.share("products.filter", null);
  for (const room of [ada, bob, carl]) {
    await until(room.shared, (shared) => !shared.has("products.filter"), "gone");
  }
});

test("of values that two share at the same time, both see the same one last", async () => {
  const [ada, bob] = [await enter(), await enter()];
  for (let page = 0; page < 20; page += 1) {
    ada.share("products.page", page * 2);
    bob.share("products.page", page * 2 + 1);
  }
  ada.share("done.a", true);
  bob.share("done.b", true);
  for (const room of [ada, bob]) {
    await until(room.shared, (shared) => shared.has("done.a") && shared.has("done.b"), "all told");
  }
  const last = (room: Room) => room.shared.get().get("products.page")?.value;
  assert.ok([38, 39].includes(Number(last(ada))), String(last(ada)));
  assert.equal(last(ada), last(bob));
});

test("what is too large or has no right name is refused before it is sent", async () => {
  const ada = await enter();
  assert.throws(() => ada.share("page", "x".repeat(8192)), RangeError);
  assert.throws(() => ada.share("no spaces", 1), TypeError);
  assert.throws(() => ada.setPresence({ text: "x".repeat(4096) }), RangeError);
  assert.equal(ada.status.get().state, "live");
});

test("a 65th key is taken back, and said", async () => {
  const other = await openShop();
  const ada = await enter(other);
  const problems = new Subject<string[]>([]);
  ada.onProblem(({ code }) => problems.set([...problems.get(), code]));
  for (let key = 0; key < 65; key += 1) ada.share(`key.${key}`, key);
  await until(problems, (all) => all.includes("shared-full"), "a refusal");
  await until(ada.shared, (shared) => shared.size === 64, "64 keys");
});

test("a reader of hundreds of frames acknowledges, and stays", async () => {
  const ada = await enter();
  const seen = new Subject<readonly StoreEvent[]>([]);
  ada.on("product", (event) => seen.set([...seen.get(), event]));
  const states: string[] = [];
  ada.status.subscribe(({ state }) => states.push(state));
  const batches = Array.from({ length: 30 }, () =>
    Promise.all(Array.from({ length: 10 }, () => createProduct(shop.http))),
  );
  await Promise.all(batches);
  await until(seen, (all) => all.length === 300, "300 events");
  assert.deepEqual(states, [], "the connection was closed in between");
});
