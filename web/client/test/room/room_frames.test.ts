/** The frames of this client are those of `asyncapi.json`, which is made from the service's. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type ClientFrame, PING, parseFrame } from "../../src/room/protocol.ts";

interface Schema {
  $ref?: string;
  allOf?: Schema[];
  oneOf?: Schema[];
  const?: string;
  type?: string | string[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean;
}

const document = JSON.parse(readFileSync(new URL("../../../../asyncapi.json", import.meta.url), "utf8"));
const schemas: Record<string, Schema> = document.components.schemas;
const EVENT = { id: "evt_1", seq: 1, type: "product.created", subject: "prd_1", version: 1, data: {} };

function named(ref: string): Schema {
  const schema = schemas[ref.split("/").at(-1) ?? ""];
  assert.ok(schema, ref);
  return schema;
}

/** A value of the schema, with every member. */
function example(schema: Schema): unknown {
  if (schema.$ref) return schema.$ref.startsWith("./openapi.json") ? EVENT : example(named(schema.$ref));
  const parts = (schema.allOf ?? []).map(example);
  if (schema.const) return schema.const;
  if (schema.oneOf?.[0]) return example(schema.oneOf[0]);
  if (schema.items) return [example(schema.items)];
  if (schema.type === "integer") return 7;
  if (schema.type === "string") return "1.7";
  const members = Object.entries(schema.properties ?? {}).map(([name, member]) => [name, example(member)]);
  return Object.assign({}, ...parts, Object.fromEntries(members));
}

test("what the room tells is understood", () => {
  const frames = Object.entries(schemas).filter(([name]) => name.startsWith("Room"));
  assert.equal(frames.length, 7);
  for (const [name, schema] of frames) {
    const told = example(schema) as { t: string };
    const frame = parseFrame(JSON.stringify(told));
    assert.ok(frame !== null && frame !== "unknown", name);
    const { protocol: _, ...known } = told as Record<string, unknown>;
    assert.deepEqual(frame, known, name);
  }
});

test("what this client says is in the protocol", () => {
  const frames: (ClientFrame | { t: "ping" })[] = [
    { t: "hello", cursor: "1.7", topics: ["product"] },
    { t: "subscribe", topics: null },
    { t: "presence", state: { view: "orders" } },
    { t: "share", key: "orders.page", value: 2 },
    { t: "ack", cursor: "1.7", received: 60 },
    JSON.parse(PING),
  ];
  const kinds = Object.keys(schemas).filter((name) => name.startsWith("Client"));
  assert.equal(kinds.length, frames.length);
  for (const frame of frames) {
    const schema = named(`Client${frame.t.charAt(0).toUpperCase()}${frame.t.slice(1)}`);
    assert.deepEqual(Object.keys(frame).sort(), Object.keys(schema.properties ?? {}).sort(), frame.t);
  }
});
