/** Tokens are renewed once, whoever waits for them. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import {
  BadAnswerError,
  OfflineError,
  Session,
  type SessionOptions,
  SignedOutError,
  type TokenStore,
  type Tokens,
  bearerToken,
  createHttp,
  memoryTokens,
  systemRuntime,
} from "../src/index.ts";
import { type Fault, Proxy } from "./support/proxy.ts";
import { PASSWORD, SERVICE, openShop } from "./support/service.ts";

const REFRESH = "/api/pms/auth/refresh";
const CALLERS = 20;

let proxy: Proxy;
before(async () => {
  proxy = await Proxy.start(SERVICE);
});
after(() => proxy.stop());
beforeEach(() => {
  proxy.plan = () => undefined;
  proxy.seen.length = 0;
});

/** A shop behind the proxy, with its token store and a clock that can be moved. */
async function openBehindProxy(options: Partial<SessionOptions> = {}) {
  const clock = { aheadMs: 0 };
  const runtime = { ...systemRuntime, now: () => Date.now() + clock.aheadMs };
  const tokens = memoryTokens();
  const shop = await openShop({ baseUrl: proxy.url }, { tokens, runtime, ...options });
  proxy.seen.length = 0;
  return { ...shop, clock, tokens };
}

type Shop = Awaited<ReturnType<typeof openBehindProxy>>;

/** Reads that share nothing, at the same time. */
function readAll(http: Shop["http"], count = CALLERS) {
  const reads = Array.from({ length: count }, (_, index) =>
    http.request("GET", "/api/pms/products", { query: { limit: index + 1 } }),
  );
  return Promise.all(reads);
}

async function replaceAccessToken(tokens: TokenStore, access_token: string): Promise<Tokens> {
  const kept = await tokens.load();
  assert.ok(kept);
  await tokens.save({ ...kept, access_token });
  return kept;
}

test("a token near its end is renewed once for many callers", async () => {
  const shop = await openBehindProxy();
  const before = await shop.tokens.load();
  shop.clock.aheadMs = 15 * 60_000 - 20_000;
  const answers = await readAll(shop.http);
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(proxy.count("POST", REFRESH), 1);
  assert.equal(proxy.count("GET", "/api/pms/products"), CALLERS);
  const now = await shop.tokens.load();
  assert.notEqual(now?.refresh_token, before?.refresh_token);
});

test("a token that the service refuses is renewed once for many callers", async () => {
  const shop = await openBehindProxy();
  await replaceAccessToken(shop.tokens, "not.a.token");
  const answers = await readAll(shop.http);
  assert.ok(answers.every(({ status }) => status === 200));
  assert.equal(proxy.count("POST", REFRESH), 1);
});

test("a token that ran out by the service's clock is renewed", async () => {
  const shop = await openBehindProxy();
  proxy.next("GET", {
    kind: "answer",
    status: 401,
    headers: { "content-type": "application/problem+json" },
    body: JSON.stringify({ type: "/problems/token-expired", title: "Expired", code: "token-expired" }),
  });
  assert.equal((await shop.http.request("GET", "/api/pms/products")).status, 200);
  assert.equal(proxy.count("POST", REFRESH), 1);
});

test("another 401 is no reason to renew", async () => {
  const shop = await openBehindProxy();
  const change = shop.http.request("POST", "/api/pms/auth/password", {
    body: { current_password: "wrong password", new_password: "another good passphrase" },
  });
  await assert.rejects(change, { code: "invalid-credentials" });
  assert.equal(proxy.count("POST", REFRESH), 0);
});

test("the session goes on after each of several renewals", async () => {
  const shop = await openBehindProxy();
  for (let round = 1; round <= 3; round += 1) {
    shop.clock.aheadMs += 15 * 60_000;
    await readAll(shop.http, 5);
    assert.equal(proxy.count("POST", REFRESH), round);
  }
});

test("a refused renewal ends the session once, for everybody", async () => {
  let ended = 0;
  const shop = await openBehindProxy({ onSignedOut: () => (ended += 1) });
  const kept = await replaceAccessToken(shop.tokens, "not.a.token");
  const thief = createHttp({ baseUrl: SERVICE });
  await thief.request("POST", REFRESH, { body: { refresh_token: kept.refresh_token } });
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, (_, n) => readAll(shop.http, n + 1)));
  for (const outcome of outcomes) {
    assert.ok(outcome.status === "rejected" && outcome.reason instanceof SignedOutError);
  }
  assert.equal(ended, 1);
  assert.equal(proxy.count("POST", REFRESH), 1);
  assert.equal(await shop.session.isSignedIn(), false);
});

test("a renewal that cannot reach the service ends no session", async () => {
  const shop = await openBehindProxy();
  shop.clock.aheadMs = 16 * 60_000;
  proxy.next("POST", { kind: "cut" });
  await assert.rejects(shop.http.request("POST", "/api/pms/room/ticket"), OfflineError);
  assert.equal(await shop.session.isSignedIn(), true);
  assert.equal((await shop.http.request("POST", "/api/pms/room/ticket")).status, 201);
});

test("a page in place of a renewal's answer ends no session", async () => {
  const shop = await openBehindProxy();
  shop.clock.aheadMs = 16 * 60_000;
  const page = { kind: "answer", status: 200, headers: { "content-type": "text/html" }, body: "<p>Welcome" } as const;
  proxy.next("POST", page);
  await assert.rejects(shop.http.request("GET", "/api/pms/products"), BadAnswerError);
  assert.equal(await shop.session.isSignedIn(), true);
  assert.equal((await shop.http.request("GET", "/api/pms/products")).status, 200);
});

test("a token that is about to end still serves when the renewal fails", async () => {
  const shop = await openBehindProxy();
  shop.clock.aheadMs = 15 * 60_000 - 20_000;
  proxy.next("POST", { kind: "cut" });
  assert.equal((await shop.http.request("POST", "/api/pms/room/ticket")).status, 201);
});

test("a renewal that fails is tried once for all who wait for it", async () => {
  const shop = await openBehindProxy();
  shop.clock.aheadMs = 16 * 60_000;
  const held = Promise.withResolvers<void>();
  proxy.plan = () => ({ kind: "hold", until: held.promise, thenCut: true });
  const waiting = Array.from({ length: 5 }, () => shop.http.request("POST", "/api/pms/room/ticket"));
  await proxy.arrived(1);
  held.resolve();
  for (const call of waiting) await assert.rejects(call, OfflineError);
  assert.equal(proxy.seen.length, 1);
});

test("a caller who cancels while the token is renewed does not stop the renewal", async () => {
  const shop = await openBehindProxy();
  shop.clock.aheadMs = 16 * 60_000;
  const held = Promise.withResolvers<void>();
  proxy.next("POST", { kind: "hold", until: held.promise } satisfies Fault);
  const stop = new AbortController();
  const cancelled = shop.http.request("GET", "/api/pms/products", { signal: stop.signal });
  const other = shop.http.request("GET", "/api/pms/stores");
  await proxy.arrived(1);
  stop.abort();
  await assert.rejects(cancelled, { name: "AbortError" });
  held.resolve();
  assert.equal((await other).status, 200);
  assert.equal(proxy.count("POST", REFRESH), 1);
});

test("tabs that share their tokens renew them once", { skip: !systemRuntime.locks }, async () => {
  const tokens: TokenStore = { ...memoryTokens(), sharedAs: "test.tabs" };
  const first = await openBehindProxy({ tokens });
  const runtime = { ...systemRuntime, now: () => Date.now() + 16 * 60_000 };
  const tabs = Array.from({ length: 4 }, () => {
    const session = new Session({ baseUrl: proxy.url, tokens, runtime });
    return createHttp({ baseUrl: proxy.url, store: first.store, credentials: session });
  });
  await Promise.all(tabs.map((tab) => readAll(tab, 3)));
  assert.equal(proxy.count("POST", REFRESH), 1);
});

test("a wrong password signs nobody in", async () => {
  const { email, session } = await openBehindProxy();
  await session.logout();
  await assert.rejects(session.login({ email, password: "wrong password" }), { code: "invalid-credentials" });
  assert.equal(await session.isSignedIn(), false);
  await session.login({ email, password: PASSWORD });
  assert.equal(await session.isSignedIn(), true);
});

test("signing out without a connection ends the session here and says so", async () => {
  const { session } = await openBehindProxy();
  proxy.next("POST", { kind: "cut" });
  await assert.rejects(session.logout(), OfflineError);
  assert.equal(await session.isSignedIn(), false);
});

test("a token from elsewhere is asked for anew when it is refused", async () => {
  const shop = await openBehindProxy();
  const good = (await shop.tokens.load())?.access_token ?? "";
  const asked: boolean[] = [];
  let token = "not.a.token";
  const credentials = bearerToken(async (renew) => {
    asked.push(renew);
    if (renew) token = good;
    return token;
  });
  const http = createHttp({ baseUrl: proxy.url, store: shop.store, credentials });
  assert.equal((await http.request("GET", "/api/pms/products")).status, 200);
  assert.deepEqual(asked, [false, true, false]);
  const stubborn = createHttp({ baseUrl: proxy.url, store: shop.store, credentials: bearerToken(() => "not.a.token") });
  proxy.seen.length = 0;
  await assert.rejects(stubborn.request("GET", "/api/pms/products"), { code: "unauthenticated" });
  assert.equal(proxy.seen.length, 1);
});
