/** What an application does with typed calls, against the real service. */
import assert from "node:assert/strict";
import { before, test } from "node:test";
import { ProblemError, SignedOutError, createHttp } from "../src/index.ts";
import { PASSWORD, SERVICE, type Shop, createProduct, newProduct, openShop } from "./support/service.ts";

let shop: Shop;
before(async () => {
  shop = await openShop();
});

function refusal(code: string): (error: unknown) => boolean {
  return (error) => error instanceof ProblemError && error.code === code;
}

test("a product is created, read, listed, changed and deleted", async () => {
  const { http } = shop;
  const created = await http.request("POST", "/api/pms/products", { body: newProduct("Teapot") });
  assert.equal(created.status, 201);
  assert.equal(created.etag, '"1"');
  assert.match(created.cursor ?? "", /^\d+\.\d+$/);
  const path = { id: created.body.id };
  const read = await http.request("GET", "/api/pms/products/{id}", { path });
  assert.deepEqual(read.body, created.body);
  const list = await http.request("GET", "/api/pms/products", { query: { limit: 1 } });
  assert.equal(list.body.items[0]?.title, "Teapot");
  const patched = await http.request("PATCH", "/api/pms/products/{id}", { path, ifMatch: 1, body: { title: "Kettle" } });
  assert.equal(patched.body.version, 2);
  const deleted = await http.request("DELETE", "/api/pms/products/{id}", { path, ifMatch: patched.etag ?? "" });
  assert.equal(deleted.status, 204);
  assert.equal(deleted.body, undefined);
  await assert.rejects(http.request("GET", "/api/pms/products/{id}", { path }), refusal("not-found"));
});

test("a stale version is a conflict that carries what is there now", async () => {
  const { http } = shop;
  const { id } = await createProduct(http);
  const patch = (title: string) =>
    http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: 1, body: { title } });
  await patch("Mine");
  await assert.rejects(patch("Theirs"), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.status, 412);
    assert.equal(error.code, "version-conflict");
    assert.equal((error.current as { title: string }).title, "Mine");
    assert.equal(error.attempts, 1);
    return true;
  });
});

test("a write of whatever version there is needs no number", async () => {
  const { id } = await createProduct(shop.http);
  const answer = await shop.http.request("PATCH", "/api/pms/products/{id}", {
    path: { id },
    ifMatch: "*",
    body: { title: "Mug" },
  });
  assert.equal(answer.body.title, "Mug");
});

test("every fault of the input is named", async () => {
  const body = { ...newProduct(), title: "", handle: "Not A Handle" };
  await assert.rejects(shop.http.request("POST", "/api/pms/products", { body }), (error) => {
    assert.ok(error instanceof ProblemError);
    assert.equal(error.code, "validation-failed");
    const pointers = error.problem.errors?.map(({ pointer }) => pointer).sort();
    assert.deepEqual(pointers, ["/handle", "/title"]);
    return true;
  });
});

test("the same key again gives the same answer without doing it again", async () => {
  const { http } = shop;
  const options = { body: newProduct(), idempotencyKey: "order of 9 o'clock" };
  const first = await http.request("POST", "/api/pms/products", options);
  const second = await http.request("POST", "/api/pms/products", options);
  assert.equal(first.replayed, false);
  assert.equal(second.replayed, true);
  assert.deepEqual(second.body, first.body);
  const other = http.request("POST", "/api/pms/products", { ...options, body: newProduct() });
  await assert.rejects(other, refusal("idempotency-key-reused"));
});

test("an operation that needs a key gets one", async () => {
  const product = await createProduct(shop.http);
  const variant_id = product.variants[0]?.id ?? "";
  const adjusted = await shop.http.request("POST", "/api/pms/inventory/adjust", {
    body: { lines: [{ variant_id, delta: 5, reason: "count" }] },
  });
  assert.equal(adjusted.body.lines[0]?.on_hand, 5);
});

test("what did not change is not sent again", async () => {
  const { http } = shop;
  const { id } = await createProduct(http);
  const read = () => http.request("GET", "/api/pms/products/{id}", { path: { id } });
  const first = await read();
  first.body.title = "changed by the caller";
  const second = await read();
  assert.equal(first.fromCache, false);
  assert.equal(second.fromCache, true);
  assert.equal(second.status, 200);
  assert.equal(second.body.title, "Cup");
  await http.request("PATCH", "/api/pms/products/{id}", { path: { id }, ifMatch: 1, body: { title: "Mug" } });
  const third = await read();
  assert.equal(third.fromCache, false);
  assert.equal(third.body.title, "Mug");
});

test("a copy tells of the log's cursor as it is now", async () => {
  const { http } = shop;
  const { id } = await createProduct(http);
  const first = await http.request("GET", "/api/pms/products/{id}", { path: { id } });
  await createProduct(http);
  const second = await http.request("GET", "/api/pms/products/{id}", { path: { id } });
  assert.equal(second.fromCache, true);
  assert.notEqual(second.cursor, first.cursor);
});

test("a conditional read of the caller's own is answered as it is", async () => {
  const { id } = await createProduct(shop.http);
  const answer = await shop.http.call("GET", `/api/pms/products/${id}`, { headers: { "If-None-Match": '"1"' } });
  assert.equal(answer.status, 304);
  assert.equal(answer.body, undefined);
});

test("another store of the same client is another store", async () => {
  const other = await shop.http.request("POST", "/api/pms/stores", {
    body: { name: "Second", currency: "USD", timezone: "UTC" },
  });
  const { id } = await createProduct(shop.http);
  const second = shop.http.forStore(other.body.id);
  assert.equal(second.store, other.body.id);
  assert.equal((await second.request("GET", "/api/pms/products")).body.items.length, 0);
  await assert.rejects(second.request("GET", "/api/pms/products/{id}", { path: { id } }), refusal("not-found"));
});

test("the public catalogue is read without credentials", async () => {
  const { id } = await createProduct(shop.http, "Public cup");
  await shop.http.request("POST", "/api/pms/products/{id}/publish", { path: { id }, body: {} });
  const visitor = createHttp({ baseUrl: SERVICE });
  const list = await visitor.request("GET", "/api/pms/catalog/products", { query: { store: shop.store } });
  assert.equal(list.body.items[0]?.title, "Public cup");
  await assert.rejects(visitor.request("GET", "/api/pms/products"), refusal("unauthenticated"));
});

test("an export of another type is text", async () => {
  const answer = await shop.http.call("GET", "/api/pms/inventory/history", { query: { format: "csv" } });
  assert.equal(typeof answer.body, "string");
  assert.match(answer.headers.get("content-type") ?? "", /^text\/csv/);
});

test("an opened answer is read as it comes, and a refusal is a problem", async () => {
  const response = await shop.http.open("GET", "/api/pms/events", { query: { limit: 1 } });
  const { events } = (await response.json()) as { events: unknown[] };
  assert.ok(Array.isArray(events));
  await assert.rejects(shop.http.open("GET", "/api/pms/products/prd_none"), refusal("not-found"));
});

test("a page is text where pages are, and an unknown route is a problem", async () => {
  assert.match(String((await shop.http.call("GET", "/docs")).body), /<html/i);
  await assert.rejects(shop.http.call("GET", "/api/pms/nowhere"), refusal("not-found"));
});

test("who signed out is signed out, and signs in again", async () => {
  const { session, http, email } = await openShop();
  await session.logout();
  assert.equal(await session.isSignedIn(), false);
  await assert.rejects(http.request("GET", "/api/pms/products"), SignedOutError);
  await session.logout();
  const answer = await session.login({ email, password: PASSWORD });
  assert.equal(answer.user.email, email);
  assert.equal((await http.request("GET", "/api/pms/auth/me")).body.user.email, email);
});
