/** Merge patches (RFC 7396) and three-way merging, pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { mergePatch, patched, rebase } from "../../src/outbox/patch.ts";
import { isEqual } from "../../src/room/json.ts";
import type { Json, JsonObject } from "../../src/room/protocol.ts";
import { chance, seeds } from "../room/chance.ts";

test("the examples of RFC 7396, appendix A", () => {
  const examples: [Json, Json, Json][] = [
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: "c" }, { a: ["b"] }, { a: ["b"] }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "b" }, ["c"], ["c"]],
    [{ a: "foo" }, null, null],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ];
  for (const [target, patch, result] of examples) assert.deepEqual(mergePatch(target, patch), result);
});

test("a patch cannot reach the prototype", () => {
  const patch = JSON.parse('{"__proto__": {"polluted": true}}') as JsonObject;
  const result = patched({}, patch) as { polluted?: boolean };
  assert.equal(result.polluted, undefined);
  assert.equal(({} as { polluted?: boolean }).polluted, undefined);
});

/** A small document, so that sides often meet. */
function someObject(random: () => number, isPatch: boolean): JsonObject {
  const values: Json[] = [1, 2, "x", ["x"], { p: 1 }, { p: 1, q: 2 }];
  const names = ["a", "b", "c", "d"].filter(() => random() < 0.6);
  const pick = (): Json => (isPatch && random() < 0.15 ? null : (values[Math.floor(random() * values.length)] ?? 0));
  return Object.fromEntries(names.map((name) => [name, pick()]));
}

test("a merge keeps what either side did, and meets only where both did something else", () => {
  let merged = 0;
  let met = 0;
  for (const seed of seeds(5000)) {
    const random = chance(seed);
    const base = someObject(random, false);
    const [mine, theirs] = [someObject(random, true), someObject(random, true)];
    const current = patched(base, theirs);
    const { patch, overlaps } = rebase(base, mine, current);
    const result = patched(current, patch);
    for (const name of ["a", "b", "c", "d"]) {
      const [was, meant, is] = [base[name] ?? null, patched(base, mine)[name] ?? null, current[name] ?? null];
      const isMet = name in mine && !isEqual(was, is) && !isEqual(meant, is);
      assert.equal(overlaps.includes(name), isMet, `SEED=${seed} ${name}`);
      if (isMet) met += 1;
      else assert.deepEqual(result[name] ?? null, isEqual(was, meant) ? is : meant, `SEED=${seed} ${name}`);
    }
    merged += 1;
  }
  console.log({ merged, met });
});
