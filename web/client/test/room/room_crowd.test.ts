/**
 * Many clients of one store whose connections are cut at random while others write: each ends with every event, once
 * and in order. `CROWD=200 WRITES=3000` makes it the run of the issue.
 */
import assert from "node:assert/strict";
import { after, test } from "node:test";
import { createHttp } from "../../src/index.ts";
import { Subject } from "../../src/room/observable.ts";
import { Room } from "../../src/room/room.ts";
import { createProduct, openShop, SERVICE } from "../support/service.ts";
import { chance } from "./chance.ts";
import { Cuttable } from "./cuttable.ts";
import { invite } from "./guest.ts";
import { until } from "./until.ts";

const CROWD = Number(process.env["CROWD"] ?? 40);
const WRITES = Number(process.env["WRITES"] ?? 200);
/** Clients share proxies, so that a cut takes some of them away together. */
const PROXIES = 8;
const AT_ONCE = 5;
/** A user has at most 100 connections, and those that were cut count until the room has noticed. */
const CLIENTS_A_USER = 40;

test("a crowd under cuts ends with every event, once and in order", async () => {
  const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
  console.log(`SEED=${seed}, ${CROWD} clients, ${WRITES} writes`);
  const random = chance(seed);
  const shop = await openShop();
  const proxies = await Promise.all(Array.from({ length: PROXIES }, () => Cuttable.start(SERVICE)));
  after(() => Promise.all(proxies.map((proxy) => proxy.stop())));
  const users = [shop];
  while (users.length * CLIENTS_A_USER < CROWD) users.push(await invite(shop));
  const crowd = Array.from({ length: CROWD }, (_, index) => {
    const { session } = users[Math.floor(index / CLIENTS_A_USER)] ?? shop;
    const baseUrl = proxies[index % PROXIES]?.url ?? SERVICE;
    const room = new Room(createHttp({ baseUrl, store: shop.store, credentials: session }));
    after(() => room.stop());
    const seqs: number[] = [];
    const count = new Subject(0);
    room.on("product", ({ seq }) => count.set(seqs.push(seq)));
    room.start();
    return { room, seqs, count };
  });
  for (const { room } of crowd) await until(room.status, ({ state }) => state === "live", "live");
  let cuts = 0;
  for (let written = 0; written < WRITES; written += AT_ONCE) {
    await Promise.all(Array.from({ length: AT_ONCE }, () => createProduct(shop.http)));
    if (random() > 0.25) continue;
    cuts += 1;
    proxies[Math.floor(random() * PROXIES)]?.cut();
  }
  for (const { room, seqs, count } of crowd) {
    await until(count, (all) => all >= WRITES, "every event");
    const first = seqs[0] ?? 0;
    assert.deepEqual(
      seqs,
      Array.from({ length: WRITES }, (_, index) => first + index),
    );
    room.stop();
  }
  console.log(`${cuts} cuts`);
});
