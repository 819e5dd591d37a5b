/** Requests of a server, signed with an API key, against the real service. */
import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { apiKey, createHttp, systemRuntime } from "../src/index.ts";
import { Proxy } from "./support/proxy.ts";
import { SERVICE, type Shop, createProduct, newProduct, openShop } from "./support/service.ts";

let proxy: Proxy;
let shop: Shop;
let key: { key: string; secret: string };

before(async () => {
  proxy = await Proxy.start(SERVICE);
  shop = await openShop();
  const { body } = await shop.http.request("POST", "/api/pms/keys", { body: { name: "Till", role: "admin" } });
  key = { key: body.key, secret: String((body as { secret?: string }).secret) };
});
after(() => proxy.stop());
beforeEach(() => {
  proxy.plan = () => undefined;
  proxy.seen.length = 0;
});

function client(credentials = apiKey(key)) {
  return createHttp({ baseUrl: proxy.url, store: shop.store, credentials, retry: { baseMs: 1 } });
}

test("a server reads and writes with its key", async () => {
  const http = client();
  const created = await http.request("POST", "/api/pms/products", { body: newProduct("Tasse für Grün & Söhne") });
  const path = { id: created.body.id };
  const read = await http.request("GET", "/api/pms/products/{id}", { path });
  assert.equal(read.body.title, "Tasse für Grün & Söhne");
  await http.request("PATCH", "/api/pms/products/{id}", { path, ifMatch: 1, body: { title: "Cup" } });
  assert.equal((await http.request("DELETE", "/api/pms/products/{id}", { path, ifMatch: 2 })).status, 204);
});

test("what is signed is what is sent, whatever is in the query", async () => {
  for (const tag of ["a b", "a+b", "grün", "1/2?", "a&b=c", "'~*!()", "%41"]) {
    const answer = await client().request("GET", "/api/pms/products", { query: { tag, limit: 1 } });
    assert.equal(answer.status, 200, tag);
  }
});

test("the secret is never sent", async () => {
  await createProduct(client());
  assert.ok(proxy.seen.length > 0);
  assert.ok(!JSON.stringify(proxy.seen).includes(key.secret));
});

test("each sending is signed anew, and a retried write is done once", async () => {
  proxy.next("POST", { kind: "lose answer" });
  const created = await client().request("POST", "/api/pms/products", { body: newProduct() });
  assert.equal(created.replayed, true);
  const sent = (name: string) => proxy.seen.map(({ headers }) => String(headers[name]));
  const [nonces, signatures, keys] = [sent("x-request-nonce"), sent("x-request-signature"), sent("idempotency-key")];
  assert.equal(nonces.length, 2);
  assert.notEqual(nonces[0], nonces[1]);
  assert.notEqual(signatures[0], signatures[1]);
  assert.equal(keys[0], keys[1]);
});

test("a wrong secret, a wrong clock and a used nonce are refused", async () => {
  const wrong = client(apiKey({ ...key, secret: `${key.secret}x` }));
  await assert.rejects(wrong.request("GET", "/api/pms/products"), { code: "signature-invalid" });
  const late = client(apiKey({ ...key, runtime: { ...systemRuntime, now: () => Date.now() - 301_000 } }));
  await assert.rejects(late.request("GET", "/api/pms/products"), { code: "signature-expired" });
  const nonce = systemRuntime.token();
  const stuck = client(apiKey({ ...key, runtime: { ...systemRuntime, token: () => nonce } }));
  await stuck.request("GET", "/api/pms/products");
  await assert.rejects(stuck.request("GET", "/api/pms/products"), { code: "nonce-replayed" });
});

test("a signed request names its store", async () => {
  const http = createHttp({ baseUrl: SERVICE, credentials: apiKey(key) });
  await assert.rejects(http.request("GET", "/api/pms/products"), { code: "store-required" });
});

test("a key that is none is refused before anything is sent", () => {
  for (const wrong of [{ ...key, key: "key_1" }, { ...key, secret: "" }, { ...key, key: undefined as unknown as string }]) {
    assert.throws(() => apiKey(wrong), TypeError);
  }
});
