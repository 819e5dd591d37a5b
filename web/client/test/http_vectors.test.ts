/** The signature against the vectors of tests/vectors, which are its specification. Needs no service. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { canonicalText, signatureOf } from "../src/signing/sign.ts";

interface Vector {
  name: string;
  secret: string;
  request: { method: string; target: string; headers: [string, string][]; body?: string; body_base64?: string };
  expect: string;
  canonical?: string;
}

const path = new URL("../../../tests/vectors/signed-requests.json", import.meta.url);
const { vectors } = JSON.parse(readFileSync(path, "utf8")) as { vectors: Vector[] };
const good = vectors.filter(({ expect }) => expect === "ok");

function headerOf({ request }: Vector, name: string): string {
  return request.headers.find(([sent]) => sent.toLowerCase() === name)?.[1] ?? "";
}

function signableOf(vector: Vector) {
  const { method, target, body, body_base64 } = vector.request;
  const bytes = body_base64 === undefined ? Buffer.from(body ?? "", "utf8") : Buffer.from(body_base64, "base64");
  return {
    method,
    target,
    store: headerOf(vector, "x-store-id"),
    timestamp: headerOf(vector, "x-request-timestamp"),
    nonce: headerOf(vector, "x-request-nonce"),
    body: new Uint8Array(bytes),
  };
}

test("there are vectors to be checked against", () => {
  assert.ok(good.length >= 8, `${good.length} good vectors`);
});

for (const vector of good) {
  test(`vector: ${vector.name}`, async () => {
    const signable = signableOf(vector);
    assert.equal(await canonicalText(signable), vector.canonical);
    assert.equal(await signatureOf(signable, vector.secret), headerOf(vector, "x-request-signature"));
  });
}
