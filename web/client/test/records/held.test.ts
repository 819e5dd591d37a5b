/** What documents and events do to a record, and how changes lie over it; pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import type { Entry } from "../../src/outbox/entry.ts";
import { applied, type Held, replaced } from "../../src/records/held.ts";
import { Overlays } from "../../src/records/overlay.ts";
import type { JsonObject, StoreEvent } from "../../src/room/protocol.ts";

const at = (seq: number, epoch = 1) => ({ epoch, seq });
const event = (type: string, version: number | null, data: JsonObject = {}): StoreEvent => ({
  id: "evt_1",
  seq: 9,
  type,
  subject: "prd_1",
  version,
  at: "",
  actor: null,
  request_id: null,
  data,
});
const held = (version: number, asOf: Held["asOf"] = at(5)): Held => ({
  document: { id: "prd_1", version, a: 1 },
  asOf,
});

test("an event that follows changes the members that it names", () => {
  const result = applied(held(3), event("product.updated", 4, { a: 2 }), at(6));
  assert.ok(result.kind === "changed");
  assert.deepEqual(result.held, { document: { id: "prd_1", version: 4, a: 2 }, asOf: at(6) });
});

test("an event of a product's images changes the product", () => {
  const images = [{ id: "img_1", position: 0 }];
  for (const type of ["image.added", "image.updated", "image.removed"]) {
    const result = applied(held(3), event(type, 4, { images, version: 4 }), at(6));
    assert.ok(result.kind === "changed");
    assert.deepEqual(result.held.document, { id: "prd_1", version: 4, a: 1, images });
  }
});

test("an event that the document has already is old, by its place or by its version", () => {
  assert.equal(applied(held(3), event("product.updated", 4), at(5)).kind, "old");
  assert.equal(applied(held(3, null), event("product.updated", 3), at(6)).kind, "old");
  assert.equal(applied(held(3, null), event("product.updated", 2), at(6)).kind, "old");
});

test("an event beyond the next version, of another epoch or of nothing known is a gap", () => {
  assert.equal(applied(held(3), event("product.updated", 5), at(6)).kind, "gap");
  assert.equal(applied(held(3), event("product.updated", 4), at(6, 2)).kind, "gap");
  assert.equal(applied({ document: null, asOf: null }, event("product.updated", 4), at(6)).kind, "gap");
});

test("a deleted record is gone, a created one is whole", () => {
  const gone = applied(held(3), event("product.deleted", 4), at(6));
  assert.ok(gone.kind === "changed");
  assert.equal(gone.held.document, null);
  const back = applied(gone.held, event("product.created", 1, { id: "prd_1", version: 1 }), at(7));
  assert.ok(back.kind === "changed");
  assert.deepEqual(back.held.document, { id: "prd_1", version: 1 });
});

test("what has no versions follows the order of the log", () => {
  const hold: Held = { document: { id: "hld_1", state: "open" }, asOf: at(5) };
  const result = applied(hold, event("hold.released", null, { state: "released" }), at(6));
  assert.ok(result.kind === "changed");
  assert.equal(result.held.document?.["state"], "released");
});

test("an older answer does not take a record back, a restored database does", () => {
  assert.equal(replaced(held(3), { version: 2 }, at(4)).document?.["version"], 3);
  assert.equal(replaced(held(3), { version: 4 }, at(6)).document?.["version"], 4);
  assert.equal(replaced(held(3), { version: 2 }, at(4, 2)).document?.["version"], 2);
  assert.equal(replaced(held(3, at(4, 2)), { version: 9 }, at(9, 1)).document?.["version"], 3);
});

const entry = (key: string, body: JsonObject, more: Partial<Entry> = {}): Entry => ({
  id: key,
  key,
  n: 1,
  store: "str_1",
  method: "PATCH",
  path: "/",
  body,
  queuedAt: 0,
  state: "queued",
  attempts: 0,
  change: { type: "product", id: "prd_1", base: { id: "prd_1", version: 3, a: 1 } },
  ...more,
});

test("changes stack in their order; a failed one does not show", () => {
  const overlays = new Overlays();
  overlays.replace([entry("k1", { a: 2, b: 2 }), entry("k2", { a: 3 }), entry("k3", { a: 4 }, { state: "failed" })]);
  assert.deepEqual(overlays.shown("prd_1", { version: 3, a: 1 }), { version: 3, a: 3, b: 2 });
});

test("a change is shown over what it was made on while the record itself is not there", () => {
  const overlays = new Overlays();
  overlays.replace([entry("k1", { a: 2 })]);
  assert.deepEqual(overlays.shown("prd_1", undefined), { id: "prd_1", version: 3, a: 2 });
});

test("once an event has confirmed a change, somebody else's next change shows before the answer comes", () => {
  const overlays = new Overlays();
  const sending = entry("k1", { a: 2 }, { state: "sending", ifMatch: 3 });
  overlays.replace([sending]);
  const [before, after] = [
    { version: 3, a: 1 },
    { version: 4, a: 2 },
  ];
  overlays.confirm("prd_1", before, after);
  assert.deepEqual(overlays.shown("prd_1", { version: 5, a: 9 }), { version: 5, a: 9 });
  // A change that had to be merged and is sent again has another key.
  overlays.replace([{ ...sending, key: "k2" }]);
  assert.equal(overlays.shown("prd_1", { version: 5, a: 9 })?.["a"], 2);
});

test("somebody else's change confirms nothing", () => {
  const overlays = new Overlays();
  overlays.replace([entry("k1", { a: 2 }, { state: "sending", ifMatch: 3 })]);
  overlays.confirm("prd_1", { version: 3, a: 1 }, { version: 4, a: 7 });
  assert.equal(overlays.shown("prd_1", { version: 4, a: 7 })?.["a"], 2);
});
