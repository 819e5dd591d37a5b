/** Server-Sent Events in parts, pure. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { type SseBlock, SseParser } from "../../src/room/sse.ts";
import { chance, seeds } from "./chance.ts";

function parse(parts: string[]): SseBlock[] {
  const blocks: SseBlock[] = [];
  const parser = new SseParser((block) => blocks.push(block));
  for (const part of parts) parser.feed(part);
  return blocks;
}

const STREAM =
  '\uFEFF: hello\n\nretry: 2000\nid: 1.5\n\nid: 1.6\r\nevent: product.created\r\ndata: {"a": 1}\r\n\r\n:\n\n' +
  "event: x\rdata: one\rdata:two\rdata\r\rid\ndata: last\nnonsense: yes\n\nevent: alone\n\ndata: cut off";

const BLOCKS: SseBlock[] = [
  { event: "message", id: "1.5", data: "" },
  { event: "product.created", id: "1.6", data: '{"a": 1}' },
  { event: "x", id: null, data: "one\ntwo\n" },
  { event: "message", id: "", data: "last" },
];

test("blocks are read as the standard says, and an id alone is one", () => {
  assert.deepEqual(parse([STREAM]), BLOCKS);
});

test("parts may end anywhere", () => {
  assert.deepEqual(parse([...STREAM]), BLOCKS);
  for (const seed of seeds(500)) {
    const random = chance(seed);
    const parts: string[] = [];
    for (let at = 0; at < STREAM.length;) {
      const length = Math.floor(random() * 12);
      parts.push(STREAM.slice(at, at + length));
      at += length;
    }
    assert.deepEqual(parse(parts), BLOCKS, `SEED=${seed}`);
  }
});

test("a block without an end is not read for ever", () => {
  const parser = new SseParser(() => {});
  const megabyte = `data: ${"x".repeat(2 ** 20)}\n`;
  assert.throws(() => {
    for (let count = 0; count < 20; count += 1) parser.feed(megabyte);
  }, RangeError);
});
