/** What is sent again, after which wait, and what never is: the real service behind a proxy with faults. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { OfflineError, ProblemError, createHttp } from "../src/index.ts";
import { behindProxy } from "./support/behind_proxy.ts";
import type { Fault } from "./support/proxy.ts";
import { createProduct, newProduct } from "./support/service.ts";
import { TIMEOUT_MS, type NotedTime, notedTime } from "./support/time.ts";

const { proxy, shop } = await behindProxy();
let time: NotedTime;

beforeEach(() => {
  time = notedTime();
});

/** A client behind the proxy. */
function client(options: { random?: number; attempts?: number; maxMs?: number } = {}) {
  time = notedTime(options.random);
  const { attempts = 4, maxMs = 10_000 } = options;
  return createHttp({
    baseUrl: proxy.url,
    store: shop.store,
    credentials: shop.session,
    timeoutMs: TIMEOUT_MS,
    runtime: time,
    retry: { attempts, maxMs },
    circuit: { failures: 1000 },
  });
}

const UNAVAILABLE: Fault = { kind: "answer", status: 503 };
const OUTCOME_UNKNOWN: Fault = {
  kind: "answer",
  status: 503,
  headers: { "content-type": "application/problem+json" },
  body: JSON.stringify({ type: "/problems/outcome-unknown", title: "Outcome unknown", code: "outcome-unknown" }),
};

function times<T>(count: number, value: T): T[] {
  return Array.from({ length: count }, () => value);
}

for (const fault of [{ kind: "cut" }, { kind: "cut answer" }, UNAVAILABLE] satisfies Fault[]) {
  const name = fault.kind === "answer" ? `a ${fault.status}` : `a connection with "${fault.kind}"`;
  test(`a read survives ${name}`, async () => {
    proxy.next("GET", fault, fault);
    const { status } = await client().request("GET", "/api/pms/products");
    assert.equal(status, 200);
    assert.equal(proxy.seen.length, 3);
  });
}

for (const status of [429, 500, 502, 503, 504]) {
  test(`a read is tried again after ${status}`, async () => {
    proxy.next("GET", { kind: "answer", status });
    await client().request("GET", "/api/pms/products");
    assert.equal(proxy.seen.length, 2);
  });
}

for (const status of [400, 403, 404, 409, 418]) {
  test(`a read is not tried again after ${status}`, async () => {
    proxy.next("GET", { kind: "answer", status });
    await assert.rejects(client().request("GET", "/api/pms/products"), { code: `http-${status}`, attempts: 1 });
    assert.equal(proxy.seen.length, 1);
  });
}

test("waits double up to their end, and are spread over all of that time", async () => {
  proxy.next("GET", ...times(5, UNAVAILABLE));
  await client({ random: 0.999, attempts: 6, maxMs: 1000 }).request("GET", "/api/pms/products");
  assert.deepEqual(time.waits, [250, 500, 1000, 1000, 1000].map((ms) => ms * 0.999));
  proxy.next("GET", ...times(2, UNAVAILABLE));
  await client({ random: 0 }).request("GET", "/api/pms/products");
  assert.deepEqual(time.waits, [0, 0]);
});

test("the last failure is the caller's, with the number of sendings", async () => {
  proxy.next("GET", ...times(4, UNAVAILABLE));
  await assert.rejects(client().request("GET", "/api/pms/products"), { name: "ProblemError", status: 503, attempts: 4 });
  assert.equal(proxy.seen.length, 4);
  proxy.next("GET", ...times(4, { kind: "cut" } as const));
  await assert.rejects(client().request("GET", "/api/pms/products"), OfflineError);
});

test("Retry-After is waited for, in seconds and as a date, with some spread", async () => {
  proxy.next("GET", { kind: "answer", status: 429, headers: { "retry-after": "7" } });
  await client().request("GET", "/api/pms/products");
  assert.deepEqual(time.waits, [7000 + 125]);
  const date = new Date(Date.now() + 30_000).toUTCString();
  proxy.next("GET", { kind: "answer", status: 503, headers: { "retry-after": date } });
  await client({ random: 0 }).request("GET", "/api/pms/products");
  const [waited = 0] = time.waits;
  assert.ok(waited > 25_000 && waited <= 30_000, `waited ${waited} ms`);
});

test("a Retry-After that is too long is not waited for", async () => {
  proxy.next("GET", { kind: "answer", status: 503, headers: { "retry-after": "3600" } });
  await assert.rejects(client().request("GET", "/api/pms/products"), { status: 503, attempts: 1 });
  assert.deepEqual(time.waits, []);
});

test("a POST whose answer was lost is done once: the retry has the same key", async () => {
  proxy.next("POST", { kind: "lose answer" });
  const http = client();
  const created = await http.request("POST", "/api/pms/products", { body: newProduct() });
  assert.equal(created.replayed, true);
  assert.equal(created.status, 201);
  const keys = proxy.seen.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, 2);
  assert.ok(keys[0] && keys[0] === keys[1]);
  const title = created.body.id;
  assert.equal((await http.request("GET", "/api/pms/products/{id}", { path: { id: title } })).body.id, title);
});

test("each POST has a key of its own", async () => {
  const http = client();
  await createProduct(http);
  await createProduct(http);
  const [first, second] = proxy.seen.map(({ headers }) => headers["idempotency-key"]);
  assert.match(String(first), /^[0-9a-f]{32}$/);
  assert.notEqual(first, second);
});

test("a POST that takes no key is sent once", async () => {
  const email = shop.email;
  for (const [path, body] of [
    ["/api/pms/auth/login", { email, password: "x" }],
    ["/api/pms/room/ticket", undefined],
  ] as const) {
    proxy.seen.length = 0;
    proxy.next("POST", { kind: "cut" });
    await assert.rejects(client().call("POST", path, { body }), OfflineError);
    assert.equal(proxy.seen.length, 1);
    assert.equal(proxy.seen[0]?.headers["idempotency-key"], undefined);
  }
});

test("a change of a named version is sent again; without one it is not", async () => {
  const http = client();
  const { id } = await createProduct(http);
  proxy.next("PATCH", { kind: "cut" });
  const patch = await http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: 1, body: { title: "A" } });
  assert.equal(patch.body.version, 2);
  proxy.next("PATCH", { kind: "cut" });
  await assert.rejects(http.request("PATCH", "/api/pms/auth/me", { body: { name: "Ada L." } }), OfflineError);
  proxy.next("DELETE", { kind: "cut" });
  const deleted = await http.request("DELETE", "/api/pms/products/{id}", { path: { id }, ifMatch: 2 });
  assert.equal(deleted.status, 204);
});

test("a conflict after a lost answer says that it may be the client's own", async () => {
  const http = client();
  const { id } = await createProduct(http);
  proxy.next("PATCH", { kind: "lose answer" });
  const patch = http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: 1, body: { title: "Mine" } });
  await assert.rejects(patch, (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.code, "version-conflict");
    assert.equal(error.attempts, 2);
    assert.equal((error.current as { title: string }).title, "Mine");
    return true;
  });
});

test("an unknown outcome is looked up under a key, and handed on without one", async () => {
  const http = client();
  proxy.next("POST", OUTCOME_UNKNOWN);
  const { id } = await createProduct(http);
  proxy.seen.length = 0;
  proxy.next("PATCH", OUTCOME_UNKNOWN);
  const patch = http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: 1, body: { title: "A" } });
  await assert.rejects(patch, { code: "outcome-unknown", attempts: 1 });
  assert.equal(proxy.seen.length, 1);
});

test("a client that must not retry does not", async () => {
  proxy.next("GET", UNAVAILABLE);
  await assert.rejects(client({ attempts: 1 }).request("GET", "/api/pms/products"), { status: 503 });
  assert.equal(proxy.seen.length, 1);
});
