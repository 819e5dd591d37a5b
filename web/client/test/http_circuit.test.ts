/** The circuit breaker in front of the real service. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { CircuitOpenError, type CircuitState, OfflineError, createHttp } from "../src/index.ts";
import { behindProxy } from "./support/behind_proxy.ts";
import { type NotedTime, TIMEOUT_MS, notedTime } from "./support/time.ts";

const { proxy, shop } = await behindProxy();
let time: NotedTime;
let states: CircuitState[];

/** A client that never retries and whose circuit opens for 10 s after three failures. */
function client(attempts = 1) {
  time = notedTime();
  states = [];
  return createHttp({
    baseUrl: proxy.url,
    store: shop.store,
    credentials: shop.session,
    runtime: time,
    timeoutMs: TIMEOUT_MS,
    retry: { attempts },
    circuit: { failures: 3, openMs: 10_000 },
    onCircuitChange: (state) => states.push(state),
  });
}

type Client = ReturnType<typeof client>;
const read = (http: Client, limit = 1) => http.request("GET", "/api/pms/products", { query: { limit } });

async function opened(): Promise<Client> {
  const http = client();
  proxy.plan = () => ({ kind: "cut" });
  for (let failure = 0; failure < 3; failure += 1) await assert.rejects(read(http), OfflineError);
  proxy.plan = () => undefined;
  proxy.seen.length = 0;
  return http;
}

test("failures in a row open it, and then nothing is sent", async () => {
  const http = await opened();
  assert.equal(http.circuit.state, "open");
  await assert.rejects(read(http), (error) => {
    assert.ok(error instanceof CircuitOpenError && error instanceof OfflineError);
    const inMs = error.retryAt - time.now();
    return inMs > 9000 && inMs <= 10_000;
  });
  assert.equal(proxy.seen.length, 0);
  assert.deepEqual(states, ["open"]);
});

test("a success between failures keeps it closed", async () => {
  const http = client();
  const faults = ["cut", "cut", null, "cut", "cut", null] as const;
  for (const kind of faults) {
    proxy.plan = () => (kind ? { kind } : undefined);
    await read(http).catch(() => {});
  }
  assert.equal(http.circuit.state, "closed");
  assert.deepEqual(states, []);
});

test("answers of 500 and more are failures, refusals are none", async () => {
  const http = client();
  for (const status of [404, 404, 404, 429, 429, 429]) {
    proxy.next("GET", { kind: "answer", status });
    await assert.rejects(read(http), { status });
  }
  assert.equal(http.circuit.state, "closed");
  for (const status of [500, 502, 503]) {
    proxy.next("GET", { kind: "answer", status });
    await assert.rejects(read(http), { status });
  }
  assert.equal(http.circuit.state, "open");
});

test("half open, one request tries while the others fail; its success closes it", async () => {
  const http = await opened();
  time.advance(10_000);
  const held = Promise.withResolvers<void>();
  proxy.plan = () => ({ kind: "hold", until: held.promise });
  const probe = read(http, 1);
  await proxy.arrived(1);
  assert.equal(http.circuit.state, "half-open");
  const others = [2, 3, 4, 5].map((limit) => read(http, limit));
  for (const other of others) await assert.rejects(other, CircuitOpenError);
  held.resolve();
  await probe;
  assert.equal(proxy.seen.length, 1);
  proxy.plan = () => undefined;
  await read(http);
  assert.deepEqual(states, ["open", "half-open", "closed"]);
});

test("half open, a failure opens it for as long again", async () => {
  const http = await opened();
  time.advance(10_000);
  proxy.next("GET", { kind: "cut" });
  await assert.rejects(read(http), OfflineError);
  assert.equal(http.circuit.state, "open");
  time.advance(9000);
  await assert.rejects(read(http), CircuitOpenError);
  time.advance(1000);
  await read(http);
  assert.deepEqual(states, ["open", "half-open", "open", "half-open", "closed"]);
});

test("half open, a try that its caller cancels lets the next one try", async () => {
  const http = await opened();
  time.advance(10_000);
  proxy.plan = () => ({ kind: "hold", until: new Promise(() => {}) });
  const stop = new AbortController();
  const probe = http.request("GET", "/api/pms/products", { signal: stop.signal });
  await proxy.arrived(1);
  stop.abort();
  await assert.rejects(probe, { name: "AbortError" });
  proxy.plan = () => undefined;
  await read(http);
  assert.equal(http.circuit.state, "closed");
});

test("cancelled calls are no failures", async () => {
  const http = client();
  proxy.plan = () => ({ kind: "hold", until: new Promise(() => {}) });
  for (let call = 1; call <= 4; call += 1) {
    const stop = new AbortController();
    const reading = http.request("GET", "/api/pms/products", { signal: stop.signal });
    await proxy.arrived(call);
    stop.abort();
    await assert.rejects(reading, { name: "AbortError" });
  }
  assert.equal(http.circuit.state, "closed");
});

test("a failure from before it opened does not open it again", async () => {
  const http = client();
  const held = Promise.withResolvers<void>();
  const late = { kind: "hold", until: held.promise, thenCut: true } as const;
  proxy.plan = ({ url }) => (url.includes("limit=9") ? late : { kind: "cut" });
  const slow = read(http, 9);
  await proxy.arrived(1);
  for (let failure = 0; failure < 3; failure += 1) await assert.rejects(read(http), OfflineError);
  time.advance(10_000);
  proxy.plan = () => undefined;
  await read(http);
  held.resolve();
  await assert.rejects(slow, OfflineError);
  assert.equal(http.circuit.state, "closed");
});

test("an open circuit ends retries at once", async () => {
  const http = client(10);
  proxy.plan = () => ({ kind: "cut" });
  await assert.rejects(read(http), CircuitOpenError);
  assert.equal(proxy.seen.length, 3);
});
