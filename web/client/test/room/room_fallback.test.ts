/** Streams and polls in place of a WebSocket, against the running service. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { createHttp } from "../../src/index.ts";
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

function join(options: RoomOptions) {
  const room = new Room(createHttp({ baseUrl: proxy.url, store: shop.store, credentials: shop.session }), options);
  after(() => room.stop());
  const seen = new Subject<readonly StoreEvent[]>([]);
  room.on("", (event) => seen.set([...seen.get(), event]));
  return { room, seen };
}

const isLive = ({ state }: { state: string }): boolean => state === "live";

function assertRun(events: readonly StoreEvent[], count: number): void {
  assert.equal(events.length, count);
  events.forEach(({ seq }, index) => assert.equal(seq, (events[0]?.seq ?? 0) + index));
}

for (const transport of ["sse", "poll"] as const) {
  test(`${transport}: what happens comes, once and in order, whatever is cut`, async () => {
    const seed = Number(process.env["SEED"] ?? Date.now() % 100_000);
    console.log(`SEED=${seed}`);
    const random = chance(seed);
    const { room, seen } = join({ transports: [transport] });
    room.start();
    await until(room.status, isLive, "live");
    assert.equal(room.status.get().transport, transport);
    for (let index = 0; index < 20; index += 1) {
      if (random() < 0.3) proxy.cut();
      await createProduct(shop.http);
    }
    assertRun(await until(seen, (all) => all.length >= 20, "twenty events"), 20);
    room.stop();
  });

  test(`${transport}: a cursor that the log never gave out is a reset`, async () => {
    const { room, seen } = join({ transports: [transport], storage: { load: () => "1.999999999", save: () => {} } });
    const resets = new Subject<string[]>([]);
    room.onReset(({ reason }) => resets.set([...resets.get(), reason]));
    room.start();
    await until(resets, (all) => all.length === 1, "a reset");
    await until(room.status, isLive, "live");
    await createProduct(shop.http);
    await until(seen, (all) => all.length === 1, "an event");
    assert.equal(resets.get().length, 1);
    room.stop();
  });

  test(`${transport}: topics choose, and the cursor goes on past the rest`, async () => {
    const { room, seen } = join({ transports: [transport], topics: ["store"] });
    room.start();
    await until(room.status, isLive, "live");
    const before = room.cursor;
    const moved = new Subject(before);
    const product = await createProduct(shop.http);
    room.subscribe(["product"]);
    await until(room.status, isLive, "live again");
    await createProduct(shop.http);
    await until(seen, (all) => all.length >= 1, "an event");
    moved.set(room.cursor);
    assert.notEqual(moved.get(), before);
    assert.ok(
      seen.get().every(({ type }) => type === "product.created"),
      product.id,
    );
    room.stop();
  });
}

/** A WebSocket that something in between never lets through. */
class Blocked extends EventTarget {
  static isBlocked = true;
  static readonly OPEN = 1;
  readonly readyState = 3;
  constructor(url: string, protocol: string) {
    super();
    if (!Blocked.isBlocked) return new WebSocket(url, protocol) as unknown as Blocked;
    queueMicrotask(() => this.dispatchEvent(Object.assign(new Event("close"), { code: 1006, reason: "" })));
  }
  send(): void {}
  close(): void {}
}

test("where no WebSocket gets through the stream takes its place, and a socket that works takes over", async () => {
  Blocked.isBlocked = true;
  const { room, seen } = join({ WebSocket: Blocked as unknown as typeof WebSocket, probeAfterMs: 200 });
  room.start();
  await until(room.status, (status) => isLive(status) && status.transport === "sse", "live by a stream");
  await createProduct(shop.http);
  await until(seen, (all) => all.length === 1, "an event by the stream");
  assert.deepEqual(room.members.get(), []);
  Blocked.isBlocked = false;
  await createProduct(shop.http);
  await until(room.status, (status) => isLive(status) && status.transport === "websocket", "live by a socket");
  await until(room.members, (members) => members.length === 1, "the members are known again");
  await createProduct(shop.http);
  assertRun(await until(seen, (all) => all.length === 3, "all three"), 3);
  room.stop();
});
