/** Records and rooms of two users on one product, against the running service. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHttp } from "../../src/index.ts";
import { type Decision, type Conflict, Outbox } from "../../src/outbox/outbox.ts";
import { Records } from "../../src/records/records.ts";
import { Cuttable } from "../room/cuttable.ts";
import { until } from "../room/until.ts";
import { Room } from "../../src/room/room.ts";
import { createProduct, openShop, SERVICE, type Shop } from "../support/service.ts";

let shop: Shop;

before(async () => {
  shop = await openShop();
});

/** A browser's worth of client, behind its own connection. */
async function client(options: { onConflict?: (conflict: Conflict) => Decision } = {}) {
  const proxy = await Cuttable.start(SERVICE);
  after(() => proxy.stop());
  const http = createHttp({ baseUrl: proxy.url, store: shop.store, credentials: shop.session });
  const room = new Room(http);
  const outbox = new Outbox(http, options);
  const records = new Records(http, { session: room.session(), outbox });
  room.start();
  outbox.start();
  await until(room.status, ({ state }) => state === "live", "live");
  const close = (): void => {
    room.stop();
    records.close();
    outbox.stop();
  };
  after(close);
  const goOffline = (): void => {
    proxy.isDown = true;
    proxy.cut();
  };
  const goOnline = (): void => {
    proxy.isDown = false;
    room.session().input({ kind: "online" });
    outbox.flush();
  };
  return { http, room, outbox, records, close, goOffline, goOnline };
}

async function both(options?: Parameters<typeof client>[0]) {
  const [a, b] = [await client(options), await client(options)];
  const { id } = await createProduct(shop.http, "Cup");
  await a.records.read("product", id);
  await b.records.read("product", id);
  return { a, b, id };
}

test("a change shows at once here and soon there", async () => {
  const { a, b, id } = await both();
  const queued = a.records.change("product", id, { title: "Mug" });
  assert.equal(a.records.get("product", id)?.title, "Mug");
  await until(b.records.watch("product", id), (product) => product?.title === "Mug", "the change there");
  assert.equal((await queued.settled).outcome, "done");
  await until(b.records.watch("product", id), (product) => product?.version === 2, "the version there");
  assert.deepEqual(a.records.get("product", id), b.records.get("product", id));
  a.close();
  b.close();
});

test("a refused change is taken back, and the reason is told", async () => {
  const { a, b, id } = await both();
  const shown: (string | undefined)[] = [];
  a.records.watch("product", id).subscribe((product) => shown.push(product?.title));
  const { outcome, refusal } = await a.records.change("product", id, { title: "" }).settled;
  assert.equal(outcome, "failed");
  assert.equal(refusal?.code, "validation-failed");
  assert.deepEqual(shown, ["", "Cup"]);
  a.close();
  b.close();
});

test("both change different members while offline: merged", async () => {
  const { a, b, id } = await both();
  a.goOffline();
  b.goOffline();
  a.records.change("product", id, { title: "From A" });
  b.records.change("product", id, { description: "From B" });
  a.goOnline();
  b.goOnline();
  const isBoth = (product: { title: string; description: string } | undefined): boolean =>
    product?.title === "From A" && product.description === "From B";
  for (const side of [a, b]) {
    await until(side.records.watch("product", id), isBoth, "both changes");
    await until(side.outbox.entries, (all) => all.length === 0, "nothing left to send");
    await until(side.records.watch("product", id), (product) => product?.version === 3, "the last version");
  }
  assert.deepEqual(a.records.get("product", id), b.records.get("product", id));
  a.close();
  b.close();
});

test("both change the same member while offline: the later one is asked", async () => {
  const asked: Conflict[] = [];
  const onConflict = (conflict: Conflict): Decision => {
    asked.push(conflict);
    return { title: "Agreed" };
  };
  const { a, b, id } = await both({ onConflict });
  a.goOffline();
  b.goOffline();
  a.records.change("product", id, { title: "From A" });
  b.records.change("product", id, { title: "From B" });
  a.goOnline();
  b.goOnline();
  for (const side of [a, b]) {
    await until(side.records.watch("product", id), (product) => product?.version === 3, "the last version");
    assert.equal(side.records.get("product", id)?.title, "Agreed");
  }
  assert.equal(asked.length, 1);
  assert.deepEqual([asked[0]?.mine["title"], asked[0]?.current["title"]].sort(), ["From A", "From B"]);
  a.close();
  b.close();
});

test("edits of both at full speed on one product converge", async () => {
  const { a, b, id } = await both({ onConflict: ({ mine }) => ({ title: mine["title"] ?? "" }) });
  const settled = [];
  for (let index = 0; index < 10; index += 1) {
    settled.push(a.records.change("product", id, { title: `A ${index}` }).settled);
    settled.push(b.records.change("product", id, { description: `B ${index}` }).settled);
    settled.push(b.records.change("product", id, { title: `B ${index}` }).settled);
  }
  for (const { outcome } of await Promise.all(settled)) assert.equal(outcome, "done");
  const { body: truth } = await shop.http.request("GET", "/api/pms/products/{id}", { path: { id }, fresh: true });
  for (const side of [a, b]) {
    await until(side.records.watch("product", id), (product) => product?.version === truth.version, "the last version");
    assert.deepEqual(side.records.get("product", id), truth);
  }
  assert.equal(truth.description, "B 9");
  a.close();
  b.close();
});

test("lists hold their records, and new ones come by themselves", async () => {
  const { a, b, id } = await both();
  const { items } = await a.records.list("product", { limit: 100 });
  assert.ok(items.some((item) => item.id === id));
  const fresh = await createProduct(shop.http, "New");
  await until(a.records.watch("product", fresh.id), (product) => product?.title === "New", "the new one");
  assert.equal(b.records.get("product", fresh.id), undefined, "nobody asked for it there");
  a.close();
  b.close();
});
