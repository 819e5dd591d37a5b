/** The outbox against the running service, in memory: order, doing once, merging, conflicts, refusals. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { createHttp } from "../../src/index.ts";
import type { Conflict, OutboxOptions } from "../../src/outbox/outbox.ts";
import { Outbox } from "../../src/outbox/outbox.ts";
import { OutboxFullError } from "../../src/outbox/entry.ts";
import { MemoryStorage } from "../../src/outbox/storage.ts";
import type { JsonObject } from "../../src/room/protocol.ts";
import { until } from "../room/until.ts";
import { behindProxy } from "../support/behind_proxy.ts";
import { createProduct, newProduct } from "../support/service.ts";

const { proxy, shop } = await behindProxy();

function open(options: OutboxOptions = {}): Outbox {
  const http = createHttp({ baseUrl: proxy.url, store: shop.store, credentials: shop.session });
  return new Outbox(http, options);
}

const creation = (title: string) => ({ method: "POST", path: "/api/pms/products", body: newProduct(title) }) as const;

async function product(title = "Cup") {
  return (await createProduct(shop.http, title)) as unknown as JsonObject & { id: string; version: number };
}

async function read(id: string) {
  return (await shop.http.request("GET", "/api/pms/products/{id}", { path: { id }, fresh: true })).body;
}

/** A change of a product as a user makes it who sees `base`. */
function change(base: JsonObject & { id: string; version: number }, patch: JsonObject) {
  const path = `/api/pms/products/${base.id}`;
  return {
    method: "PATCH",
    path,
    body: patch,
    ifMatch: base.version,
    change: { type: "product", id: base.id, base },
  } as const;
}

async function patch(id: string, body: { title?: string; description?: string }): Promise<void> {
  await shop.http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: "*", body });
}

test("writes are sent one after the other in the order in which they were queued", async () => {
  const outbox = open();
  const queued = ["A", "B", "C", "D"].map((title) => outbox.add(creation(title)));
  assert.equal(outbox.entries.get().length, 4);
  outbox.start();
  const settled = await Promise.all(queued.map((entry) => entry.settled));
  assert.ok(settled.every(({ outcome }) => outcome === "done"));
  const at = settled.map(({ document }) => String((document as JsonObject)["id"]));
  assert.deepEqual([...at].sort(), at, "ids are sorted by time");
  assert.equal(proxy.mostOpen, 1);
  assert.deepEqual(outbox.entries.get(), []);
  outbox.stop();
});

test("a write whose answer was lost is done once", async () => {
  const outbox = open();
  proxy.next("POST", { kind: "lose answer" }, { kind: "lose answer" });
  const tag = crypto.randomUUID();
  outbox.start();
  const write = { ...creation("Once"), body: { ...newProduct("Once"), tags: [tag] } };
  const { outcome, entry } = await outbox.add(write).settled;
  assert.equal(outcome, "done");
  assert.equal(entry.attempts, 3);
  const found = await shop.http.request("GET", "/api/pms/products", { query: { tag } });
  assert.equal(found.body.items.length, 1);
  outbox.stop();
});

test("a patch whose answer was lost counts as done when the record is as it was meant to be", async () => {
  const outbox = open();
  const base = await product();
  proxy.next("PATCH", { kind: "lose answer" });
  outbox.start();
  const { outcome, document } = await outbox.add(change(base, { title: "Mug" })).settled;
  assert.equal(outcome, "done");
  assert.equal((document as JsonObject)["version"], base.version + 1);
  assert.equal((await read(base.id)).version, base.version + 1);
  outbox.stop();
});

test("a service that is not there is tried again, and what is queued stays in order", async () => {
  const outbox = open();
  const answer = { kind: "answer", status: 503, headers: { "retry-after": "0" } } as const;
  proxy.next("POST", { kind: "cut" }, answer, {
    kind: "answer",
    status: 200,
    body: `{"sign_in": "to the hotel"}`,
  });
  outbox.start();
  const all = await Promise.all(["A", "B"].map((title) => outbox.add(creation(title)).settled));
  assert.deepEqual(
    all.map(({ entry }) => entry.attempts),
    [4, 1],
  );
  outbox.stop();
});

test("changes of different members are merged and sent again under a new key", async () => {
  const outbox = open();
  const base = await product();
  await patch(base.id, { description: "By somebody else" });
  outbox.start();
  const { outcome, document } = await outbox.add(change(base, { title: "Mine" })).settled;
  assert.equal(outcome, "done");
  const { title, description } = document as JsonObject;
  assert.deepEqual([title, description], ["Mine", "By somebody else"]);
  assert.equal(proxy.count("PATCH", "/"), 2);
  outbox.stop();
});

test("changes of the same member are handed over, and the decision is sent", async () => {
  const asked: Conflict[] = [];
  const outbox = open({
    onConflict(conflict) {
      asked.push(conflict);
      return { title: `${String(conflict.current["title"])} and ${String(conflict.mine["title"])}` };
    },
  });
  const base = await product("Cup");
  await patch(base.id, { title: "Theirs" });
  outbox.start();
  const { outcome } = await outbox.add(change(base, { title: "Mine" })).settled;
  assert.equal(outcome, "done");
  assert.equal(asked.length, 1);
  assert.deepEqual(asked[0]?.overlaps, ["title"]);
  assert.deepEqual(
    [asked[0]?.base?.["title"], asked[0]?.mine["title"], asked[0]?.current["title"]],
    ["Cup", "Mine", "Theirs"],
  );
  assert.equal((await read(base.id)).title, "Theirs and Mine");
  outbox.stop();
});

test("a conflict that nobody decides waits; later changes of the record wait with it, others do not", async () => {
  const outbox = open();
  const base = await product("Cup");
  await patch(base.id, { title: "Theirs" });
  const mine = outbox.add(change(base, { title: "Mine" }));
  const later = outbox.add(change(base, { description: "Later" }));
  const other = outbox.add(creation("Other"));
  outbox.start();
  assert.equal((await other.settled).outcome, "done");
  assert.deepEqual(
    outbox.entries.get().map(({ state }) => state),
    ["conflict", "queued"],
  );
  await outbox.resolve(mine.id, "drop");
  assert.equal((await mine.settled).outcome, "dropped");
  assert.equal((await later.settled).outcome, "done");
  const now = await read(base.id);
  assert.deepEqual([now.title, now.description], ["Theirs", "Later"]);
  outbox.stop();
});

test("what the service refuses stays in the list with the reason, and does not hold up the rest", async () => {
  const outbox = open();
  outbox.start();
  const bad = outbox.add({ method: "POST", path: "/api/pms/products", body: { titel: "Cup" } });
  const good = outbox.add(creation("Good"));
  const { outcome, refusal } = await bad.settled;
  assert.equal(outcome, "failed");
  assert.equal(refusal?.code, "validation-failed");
  assert.equal((await good.settled).outcome, "done");
  assert.deepEqual(
    outbox.entries.get().map(({ state }) => state),
    ["failed"],
  );
  await outbox.drop(bad.id);
  assert.deepEqual(outbox.entries.get(), []);
  outbox.stop();
});

test("several changes of one record stack and need one trip each", async () => {
  const outbox = open();
  const base = await product("Cup");
  const queued = [
    outbox.add(change(base, { title: "One" })),
    outbox.add(change({ ...base, title: "One" }, { title: "Two" })),
    outbox.add(change({ ...base, title: "Two" }, { description: "Three" })),
  ];
  outbox.start();
  for (const entry of queued) assert.equal((await entry.settled).outcome, "done");
  const now = await read(base.id);
  assert.deepEqual([now.title, now.description, now.version], ["Two", "Three", base.version + 3]);
  assert.equal(proxy.count("PATCH", "/"), 3);
  outbox.stop();
});

test("without a session nothing is lost: the queue waits until somebody signs in", async () => {
  let isSignedIn = false;
  const refused = { kind: "answer", status: 401, headers: { "content-type": "application/problem+json" } } as const;
  const body = JSON.stringify({ type: "", title: "", status: 401, code: "unauthenticated" });
  const outbox = open();
  proxy.plan = ({ method }) => (method === "POST" && !isSignedIn ? { ...refused, body } : undefined);
  outbox.start();
  const queued = outbox.add(creation("Cup"));
  await until(outbox.status, ({ state }) => state === "signed-out", "signed out");
  isSignedIn = true;
  outbox.flush();
  assert.equal((await queued.settled).outcome, "done");
  outbox.stop();
});

test("the outbox has a size", async () => {
  const outbox = open({ maxEntries: 2 });
  outbox.add(creation("A"));
  outbox.add(creation("B"));
  assert.throws(() => outbox.add(creation("C")), OutboxFullError);
  const small = open({ maxBytes: 200 });
  assert.throws(() => small.add(creation("x".repeat(200))), OutboxFullError);
});

test("a storage without room refuses the write", async () => {
  const storage = new MemoryStorage();
  storage.add = () => Promise.reject(new OutboxFullError("full"));
  const outbox = open({ storage });
  const queued = outbox.add(creation("A"));
  await assert.rejects(queued.saved, OutboxFullError);
  const { outcome, refusal } = await queued.settled;
  assert.deepEqual([outcome, refusal?.code], ["failed", "outbox-full"]);
  assert.deepEqual(outbox.entries.get(), []);
});
