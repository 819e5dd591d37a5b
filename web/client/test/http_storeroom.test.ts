/** The parts that `createStoreroom` makes work together on one session. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type StoreEvent, type StoreroomOptions, createStoreroom } from "../src/index.ts";
import { SERVICE, createProduct, openShop } from "./support/service.ts";

test("a change that is made by a call is told by the room", async (context) => {
  const { session, store } = await openShop();
  const storeroom = createStoreroom({ baseUrl: SERVICE, store, credentials: session });
  context.after(() => storeroom.close());
  const live = new Promise<void>((resolve) => {
    storeroom.room.status.subscribe(({ state }) => state === "live" && resolve());
  });
  const told = new Promise<StoreEvent>((resolve) => void storeroom.room.on("product.created", resolve));
  storeroom.start();
  await live;
  const product = await createProduct(storeroom.http);
  assert.equal((await told).subject, product.id);
});

test("the records of a store are the same object each time", async (context) => {
  const { session, store } = await openShop();
  const other = await openShop();
  const storeroom = createStoreroom({ baseUrl: SERVICE, store, credentials: session });
  context.after(() => storeroom.close());
  assert.equal(storeroom.records(), storeroom.records(store));
  assert.notEqual(storeroom.records(), storeroom.records(other.store));
});

test("an option that is none is refused", () => {
  const options = { baseUrl: SERVICE, store: "str_01m7w4n5e0ew3re1r70w3ge1r7" };
  assert.throws(() => createStoreroom({ ...options, outboxes: {} } as StoreroomOptions), TypeError);
  assert.throws(() => createStoreroom({ baseUrl: SERVICE } as StoreroomOptions), TypeError);
});
