/** Bad input from both sides: what the application gives, and what something in between answers. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { BadAnswerError, type HttpOptions, OfflineError, ProblemError, Session, createHttp } from "../src/index.ts";
import { API_VERSION } from "../src/http/rules.ts";
import { behindProxy } from "./support/behind_proxy.ts";
import { type Fault, Proxy } from "./support/proxy.ts";
import { SERVICE } from "./support/service.ts";

const { proxy, shop } = await behindProxy();

const client = (options: Partial<HttpOptions> = {}) =>
  createHttp({ baseUrl: proxy.url, store: shop.store, credentials: shop.session, retry: { baseMs: 1 }, ...options });

const WRONG_URLS = [
  undefined, null, 7, "", "shop.example", "/api", "ftp://shop.example", "https://", "javascript:alert(1)",
  "https://shop.example/api", "https://shop.example/?a=1", "https://shop.example/#x", "https://me:secret@shop.example",
];

for (const baseUrl of WRONG_URLS) {
  test(`baseUrl ${String(baseUrl)} is refused`, () => {
    assert.throws(() => createHttp({ baseUrl: baseUrl as string }), { name: "TypeError", message: /^baseUrl / });
    assert.throws(() => new Session({ baseUrl: baseUrl as string }), { name: "TypeError", message: /^baseUrl / });
  });
}

const WRONG_OPTIONS: Record<string, unknown>[] = [
  { store: 7 }, { store: "shop" }, { store: "" }, { store: "str_01M7W4N5E0EW3RE1R70W3GE1R7" },
  { credentials: "token" }, { credentials: {} }, { timeoutMs: 0 }, { timeoutMs: "30" }, { timeoutMs: Number.NaN },
  { concurrency: 0 }, { concurrency: 1.5 }, { concurrency: -1 }, { retry: 3 }, { retry: { attempts: 0 } },
  { retry: { attempts: "3" } }, { retry: { tries: 3 } }, { cache: { entries: -1 } }, { circuit: { openMs: Infinity } },
  { circuit: null }, { retries: 3 },
];

for (const wrong of WRONG_OPTIONS) {
  const [name = ""] = Object.keys(wrong);
  test(`an option ${JSON.stringify(wrong)} is refused by its name`, () => {
    const make = () => createHttp({ baseUrl: SERVICE, ...wrong } as HttpOptions);
    assert.throws(make, { name: "TypeError", message: new RegExp(`\\b${name}\\b`) });
  });
}

test("the origin may end with a slash", () => {
  assert.equal(createHttp({ baseUrl: "https://shop.example/" }).baseUrl, "https://shop.example");
});

test("wrong arguments of a call are refused before anything is sent", async () => {
  const http = client();
  const calls: [string, string, object][] = [
    ["GET", "products", {}],
    ["GET", "", {}],
    ["GET", "/api/pms/products?limit=1", {}],
    ["GET", "/api/pms/products#top", {}],
    ["GET", "/api/pms/../../healthz", {}],
    ["GET", "/api/pms/a b", {}],
    ["FETCH", "/api/pms/products", {}],
    ["GET", "/api/pms/products", { timeoutMs: 0 }],
    ["GET", "/api/pms/products", { timeoutMs: "1" }],
    ["GET", "/api/pms/products", { timeoutMs: 2 ** 31 }],
    ["GET", "/api/pms/products", { limit: 3 }],
    ["GET", "/api/pms/products", { idempotencyKey: "key" }],
    ["POST", "/api/pms/auth/logout", { idempotencyKey: "key" }],
    ["POST", "/api/pms/products", { idempotencyKey: "" }],
    ["POST", "/api/pms/products", { idempotencyKey: "a\nb" }],
    ["POST", "/api/pms/products", { idempotencyKey: "k".repeat(256) }],
    ["POST", "/api/pms/products", { body: 1n }],
    ["PATCH", "/api/pms/products/prd_1", { ifMatch: "3" }],
    ["PATCH", "/api/pms/products/prd_1", { ifMatch: 1.5 }],
    ["GET", "/api/pms/products", { headers: { "X-Bad": "a\nb" } }],
  ];
  for (const [method, path, options] of calls) {
    await assert.rejects(http.call(method as "GET", path, options), TypeError, `${method} ${path} ${String(Object.entries(options))}`);
  }
  assert.equal(proxy.seen.length, 0);
});

test("a parameter cannot leave its place in the path", async () => {
  const http = client();
  const read = (id: string) => http.request("GET", "/api/pms/products/{id}", { path: { id } });
  for (const id of ["", ".", ".."]) await assert.rejects(read(id), TypeError);
  await assert.rejects(read(undefined as unknown as string), TypeError);
  assert.equal(proxy.seen.length, 0);
  for (const id of ["../orders", "a/b", "a?b=c", "a#b", "%2e%2e", "ü"]) await assert.rejects(read(id), { status: 404 });
  assert.ok(proxy.seen.every(({ url }) => /^\/api\/pms\/products\/[^/?#]+$/.test(url)));
  const more = { id: "prd_1", other: "x" };
  await assert.rejects(http.request("GET", "/api/pms/products/{id}", { path: more }), TypeError);
});

const PAGE = "<!doctype html><title>Welcome to our network</title>";

function answering(status: number, type: string | null, body: string | Buffer): void {
  const headers = type === null ? {} : { "content-type": type };
  proxy.plan = (): Fault => ({ kind: "answer", status, headers, body });
}

const TOO_LONG = Buffer.alloc(33 * 1024 * 1024, "1");
const NO_ANSWERS: [string, number, string | null, string | Buffer][] = [
  ["a page", 200, "text/html", PAGE],
  ["text", 200, "text/plain", "ok"],
  ["no type", 200, null, "{}"],
  ["broken JSON", 200, "application/json", '{"items": ['],
  ["no JSON at all", 200, "application/json", PAGE],
  ["an empty body", 200, "application/json", ""],
  ["bytes that are no UTF-8", 200, "application/json", Buffer.from([0x22, 0xff, 0xfe, 0x22])],
  ["a body over the limit", 200, "application/json", TOO_LONG],
  ["304 that nobody asked for", 304, null, ""],
];

for (const [name, status, type, body] of NO_ANSWERS) {
  test(`${name} is no answer`, async () => {
    answering(status, type, body);
    await assert.rejects(client().request("GET", "/api/pms/products"), (error) => {
      assert.ok(error instanceof BadAnswerError, String(error));
      assert.equal(error.status, status);
      return true;
    });
    assert.equal(proxy.seen.length, 1);
  });
}

test("a redirect is not followed", async () => {
  proxy.plan = () => ({ kind: "answer", status: 302, headers: { location: `${SERVICE}/healthz` } });
  await assert.rejects(client().request("GET", "/api/pms/products"), BadAnswerError);
  assert.equal(proxy.seen.length, 1);
});

for (const [type, body] of [
  ["text/html", PAGE],
  ["application/problem+json", "{"],
  ["application/problem+json", "null"],
  ["application/problem+json", '{"code": 7}'],
  ["application/json", '{"code": "not-found", "title": "x"}'],
] as const) {
  test(`an error that is ${type} ${body.slice(0, 12)} is a problem of its status`, async () => {
    answering(403, type, body);
    await assert.rejects(client().request("GET", "/api/pms/products"), (error) => {
      assert.ok(error instanceof ProblemError);
      assert.equal(error.code, "http-403");
      assert.equal(error.status, 403);
      assert.ok(!error.message.includes("<"));
      return true;
    });
  });
}

test("an error page of a proxy is tried again like any 502", async () => {
  const page: Fault = { kind: "answer", status: 502, headers: { "content-type": "text/html" }, body: PAGE };
  proxy.next("GET", page, page);
  assert.equal((await client().request("GET", "/api/pms/products")).status, 200);
});

test("a host that is not there is offline", async () => {
  const stopped = await Proxy.start(SERVICE);
  const baseUrl = stopped.url;
  await stopped.stop();
  const http = client({ baseUrl, retry: { attempts: 2, baseMs: 1 } });
  await assert.rejects(http.request("GET", "/api/pms/products"), OfflineError);
});

test("the version that is sent is that of the generated types", () => {
  const path = new URL("../../../openapi.json", import.meta.url);
  const { info } = JSON.parse(readFileSync(path, "utf8")) as { info: { version: string } };
  assert.equal(API_VERSION, info.version);
});
