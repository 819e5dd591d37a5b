/** How requests that are in flight at the same time get on: shared reads, the queue, cancellation, timeouts. */
import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type HttpOptions, TimeoutError, createHttp } from "../src/index.ts";
import { behindProxy } from "./support/behind_proxy.ts";
import { SERVICE, createProduct } from "./support/service.ts";

const { proxy, shop } = await behindProxy();
beforeEach(async () => {
  await proxy.inFlight(0);
  proxy.seen.length = 0;
  proxy.mostOpen = 0;
});

function client(options: Partial<HttpOptions> = {}) {
  return createHttp({ baseUrl: proxy.url, store: shop.store, credentials: shop.session, ...options });
}

/** Holds what arrives until `release` is called. */
function holding(): { release: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  proxy.plan = () => ({ kind: "hold", until: promise });
  return { release: resolve };
}

const list = (http: ReturnType<typeof client>, signal?: AbortSignal) =>
  http.request("GET", "/api/pms/products", { query: { limit: 3 }, ...(signal ? { signal } : {}) });

test("equal reads in flight are one request with an answer for each", async () => {
  const http = client();
  await createProduct(shop.http);
  const { release } = holding();
  const reads = [list(http), list(http), list(http)];
  await proxy.arrived(1);
  release();
  const [first, second, third] = await Promise.all(reads);
  assert.equal(proxy.seen.length, 1);
  assert.deepEqual(first?.body, second?.body);
  assert.notEqual(first?.body, third?.body);
  await list(http);
  assert.equal(proxy.seen.length, 2);
});

test("reads that differ are not shared, nor is one that must be fresh", async () => {
  const http = client();
  const other = await shop.http.request("POST", "/api/pms/stores", {
    body: { name: "Other", currency: "EUR", timezone: "UTC" },
  });
  const { release } = holding();
  const reads = [
    list(http),
    http.request("GET", "/api/pms/products", { query: { limit: 4 } }),
    http.request("GET", "/api/pms/products", { query: { limit: 3 }, fresh: true }),
    list(http.forStore(other.body.id)),
  ];
  await proxy.arrived(4);
  release();
  await Promise.all(reads);
  assert.equal(proxy.seen.length, 4);
});

test("one caller that cancels does not disturb the others", async () => {
  const http = client();
  const { release } = holding();
  const stop = new AbortController();
  const cancelled = list(http, stop.signal);
  const other = list(http);
  await proxy.arrived(1);
  stop.abort();
  await assert.rejects(cancelled, { name: "AbortError" });
  release();
  assert.equal((await other).status, 200);
  assert.equal(proxy.seen.length, 1);
});

test("when the last caller has cancelled the request ends, and the next one is new", async () => {
  const http = client();
  const { release } = holding();
  const [first, second] = [new AbortController(), new AbortController()];
  const reads = [list(http, first.signal), list(http, second.signal)];
  await proxy.inFlight(1);
  first.abort();
  second.abort(new Error("the page was left"));
  const [one, two] = await Promise.allSettled(reads);
  assert.ok(one?.status === "rejected" && (one.reason as Error).name === "AbortError");
  assert.ok(two?.status === "rejected" && (two.reason as Error).message === "the page was left");
  await proxy.inFlight(0);
  const next = list(http);
  await proxy.arrived(2);
  release();
  assert.equal((await next).status, 200);
});

test("a read that begins after a write does not share one from before it", async () => {
  const http = client();
  const product = await createProduct(shop.http);
  const path = { id: product.id };
  const held = Promise.withResolvers<void>();
  proxy.plan = ({ method }) => (method === "GET" ? { kind: "hold", until: held.promise } : undefined);
  const before = http.request("GET", "/api/pms/products/{id}", { path });
  await proxy.arrived(1);
  await http.request("PATCH", "/api/pms/products/{id}", { path, ifMatch: 1, body: { title: "Written" } });
  const later = http.request("GET", "/api/pms/products/{id}", { path });
  await proxy.arrived(3);
  held.resolve();
  assert.equal((await later).body.title, "Written");
  await before;
});

test("writes are never shared", async () => {
  const http = client();
  await Promise.all([createProduct(http), createProduct(http)]);
  assert.equal(proxy.count("POST", "/api/pms/products"), 2);
});

test("no more requests are out at once than the limit, in their order", async () => {
  const http = client({ concurrency: 2 });
  const { release } = holding();
  const reads = Array.from({ length: 10 }, (_, index) =>
    http.request("GET", "/api/pms/products", { query: { limit: index + 1 } }),
  );
  await proxy.inFlight(2);
  assert.equal(proxy.seen.length, 2);
  release();
  await Promise.all(reads);
  assert.equal(proxy.mostOpen, 2);
  const order = proxy.seen.map(({ url }) => Number(new URL(url, SERVICE).searchParams.get("limit")));
  assert.deepEqual(order.slice(2), [3, 4, 5, 6, 7, 8, 9, 10]);
});

test("the limit is six when none is given", async () => {
  const http = client();
  const { release } = holding();
  const reads = Array.from({ length: 12 }, (_, index) =>
    http.request("GET", "/api/pms/products", { query: { limit: index + 1 } }),
  );
  await proxy.inFlight(6);
  assert.equal(proxy.seen.length, 6);
  release();
  await Promise.all(reads);
  assert.equal(proxy.mostOpen, 6);
});

test("a request that is cancelled in the queue is never sent and holds no place", async () => {
  const http = client({ concurrency: 1 });
  const { release } = holding();
  const stop = new AbortController();
  const first = http.request("GET", "/api/pms/stores");
  await proxy.arrived(1);
  const waiting = list(http, stop.signal);
  const last = http.request("GET", "/api/pms/auth/me");
  stop.abort();
  await assert.rejects(waiting, { name: "AbortError" });
  release();
  await Promise.all([first, last]);
  assert.deepEqual(proxy.seen.map(({ url }) => url), ["/api/pms/stores", "/api/pms/auth/me"]);
});

test("a cancelled write ends its request", async () => {
  const http = client();
  holding();
  const stop = new AbortController();
  const writing = http.request("POST", "/api/pms/room/ticket", { signal: stop.signal });
  await proxy.inFlight(1);
  stop.abort();
  await assert.rejects(writing, { name: "AbortError" });
  await proxy.inFlight(0);
  assert.equal(proxy.seen.length, 1);
});

test("a wait before a retry can be cancelled", async () => {
  const waiting = Promise.withResolvers<void>();
  const stop = new AbortController();
  const http = client({ retry: { baseMs: 3_600_000, maxMs: 3_600_000 }, onCircuitChange: () => waiting.resolve(), circuit: { failures: 1 } });
  proxy.plan = () => ({ kind: "cut" });
  const reading = list(http, stop.signal);
  await waiting.promise;
  stop.abort();
  await assert.rejects(reading, { name: "AbortError" });
});

test("what was cancelled before it began is never sent", async () => {
  await assert.rejects(list(client(), AbortSignal.abort()), { name: "AbortError" });
  await assert.rejects(client().request("POST", "/api/pms/room/ticket", { signal: AbortSignal.abort() }), {
    name: "AbortError",
  });
  assert.equal(proxy.seen.length, 0);
});

test("a sending that gets no answer in time fails with a TimeoutError", async () => {
  const { release } = holding();
  const http = client({ retry: { attempts: 2, baseMs: 1 } });
  await assert.rejects(http.request("GET", "/api/pms/products", { timeoutMs: 1000 }), TimeoutError);
  assert.equal(proxy.seen.length, 2);
  release();
});

test("the timeout is of one sending: a retry has as long again", async () => {
  let calls = 0;
  proxy.plan = () => ((calls += 1) === 1 ? { kind: "hold", until: new Promise(() => {}) } : undefined);
  const answer = await client().request("GET", "/api/pms/products", { timeoutMs: 3000 });
  assert.equal(answer.status, 200);
  assert.equal(proxy.seen.length, 2);
});

test("a body that never ends is ended by the timeout", async () => {
  proxy.plan = () => ({ kind: "endless" });
  const http = client({ retry: { attempts: 1 }, timeoutMs: 100 });
  await assert.rejects(list(http), TimeoutError);
  await proxy.inFlight(0);
});

test("an opened stream outlives its timeout and ends with its signal", async () => {
  proxy.plan = () => ({ kind: "endless" });
  const stop = new AbortController();
  const response = await client().open("GET", "/api/pms/events", { signal: stop.signal, timeoutMs: 5000 });
  const reader = response.body?.getReader();
  assert.equal(new TextDecoder().decode((await reader?.read())?.value), "[");
  stop.abort();
  await assert.rejects(async () => reader?.read(), { name: "AbortError" });
  await proxy.inFlight(0);
});
