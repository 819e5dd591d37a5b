/** The client in a real browser: the queue of writes across tabs and their end, and edits of two users. */
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, before, test } from "node:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import type { components } from "../../src/index.ts";
import { Cuttable } from "../room/cuttable.ts";
import { createProduct, openShop, PASSWORD, SERVICE, type Shop } from "../support/service.ts";
import { launch, openContext, openTab } from "./browser.ts";

let browser: Browser;
let shop: Shop;
let token: string;

before(async () => {
  shop = await openShop();
  token = await signIn(shop.email);
  browser = await launch();
});
after(() => browser.close());

async function signIn(email: string): Promise<string> {
  const body = JSON.stringify({ email, password: PASSWORD });
  const headers = { "content-type": "application/json" };
  const answer = await fetch(`${SERVICE}/api/pms/auth/login`, { method: "POST", headers, body });
  return ((await answer.json()) as { access_token: string }).access_token;
}

const setting = (database: string, baseUrl = SERVICE) => ({ baseUrl, store: shop.store, token, database });

/** Queues creations of products with the tag, in this order, and waits until they are stored. */
async function queue(page: Page, tag: string, titles: string[]): Promise<void> {
  const bodies = titles.map((title) => ({ title, tags: [tag], variants: [{ sku: `${tag}-${title}` }] }));
  await page.evaluate(async (all) => {
    const path = "/api/pms/products";
    await Promise.all(all.map((body) => app.client.outbox.add({ method: "POST", path, body }).saved));
  }, bodies);
}

/** The titles of the products with the tag, in the order in which they were made. */
async function made(tag: string): Promise<string[]> {
  const query = { tag, limit: 250, sort: "created_at" } as const;
  const { body } = await shop.http.request("GET", "/api/pms/products", { query, fresh: true });
  return body.items.map(({ title }) => title);
}

const live = (page: Page) => page.evaluate(() => app.until(({ client }) => client.room.status.get().state === "live"));
const sentAll = (page: Page) =>
  page.evaluate(() => app.until(({ client }) => client.outbox.entries.get().length === 0));
const names = (count: number) => Array.from({ length: count }, (_, index) => String(index).padStart(2, "0"));

test("writes that were queued offline survive the tab, and arrive in order, each once", async () => {
  const [context, tag] = [await openContext(browser), randomUUID()];
  // What the browser calls offline lets through what is sent while a tab is being closed; the proxy does not.
  const proxy = await Cuttable.start(SERVICE);
  const first = await openTab(context, setting(tag, proxy.url));
  await live(first);
  await context.setOffline(true);
  proxy.isDown = true;
  proxy.cut();
  await queue(first, tag, names(8));
  await first.close();
  const second = await openTab(context, setting(tag, proxy.url));
  await second.evaluate(() => app.until(({ client }) => client.outbox.entries.get().length === 8));
  assert.deepEqual(await made(tag), []);
  proxy.isDown = false;
  await context.setOffline(false);
  await sentAll(second);
  assert.deepEqual(await made(tag), names(8));
  await proxy.stop();
  await context.close();
});

test("of two tabs one sends, and when it is closed the other one goes on", async () => {
  const [context, tag] = [await openContext(browser), randomUUID()];
  const senders = new Set<Page>();
  const posts: string[] = [];
  context.on("request", (request) => {
    if (request.method() !== "POST" || !request.url().endsWith("/products")) return;
    senders.add(request.frame().page());
    posts.push(request.headers()["idempotency-key"] ?? "");
  });
  const first = await openTab(context, setting(tag));
  const second = await openTab(context, setting(tag));
  await Promise.all([live(first), live(second)]);
  await Promise.all([queue(first, tag, ["a", "b"]), queue(second, tag, ["c", "d"])]);
  await Promise.all([sentAll(first), sentAll(second)]);
  assert.deepEqual((await made(tag)).sort(), ["a", "b", "c", "d"]);
  assert.deepEqual([...senders], [first]);
  assert.equal(new Set(posts).size, 4);
  // Whoever asked hears of it, whichever tab has sent it.
  assert.equal(await second.evaluate(() => app.settled.filter(({ outcome }) => outcome === "done").length), 4);
  await first.close();
  await queue(second, tag, ["e"]);
  await sentAll(second);
  assert.equal((await made(tag)).length, 5);
  await context.close();
});

test("a sender that is killed in the middle of its queue loses and doubles nothing", async () => {
  const [context, tag] = [await openContext(browser), randomUUID()];
  const first = await openTab(context, setting(tag));
  const second = await openTab(context, setting(tag));
  await live(second);
  const third = new Promise<void>((resolve) => {
    let posts = 0;
    first.on("request", (request) => {
      if (request.method() === "POST" && request.url().endsWith("/products") && (posts += 1) === 3) resolve();
    });
  });
  await queue(first, tag, names(10));
  await third;
  await first.close();
  await sentAll(second);
  assert.deepEqual(await made(tag), names(10));
  await context.close();
});

/** Two users' browsers that look at one product. */
async function two() {
  const product = await createProduct(shop.http, "Cup");
  const contexts: BrowserContext[] = [await openContext(browser), await openContext(browser)];
  const pages: Page[] = [];
  for (const context of contexts) {
    const page = await openTab(context, setting(randomUUID()));
    await live(page);
    await page.evaluate(
      (id) =>
        app.client
          .records()
          .read("product", id)
          .then(() => undefined),
      product.id,
    );
    pages.push(page);
  }
  const [a, b] = pages as [Page, Page];
  const setOffline = (isOffline: boolean) => Promise.all(contexts.map((context) => context.setOffline(isOffline)));
  const close = () => Promise.all(contexts.map((context) => context.close()));
  return { id: product.id, a, b, setOffline, close };
}

type Product = components["schemas"]["Product"];

const edit = (page: Page, id: string, patch: Record<string, string>) =>
  page.evaluate(([of, what]) => void app.client.records().change("product", of, what), [id, patch] as const);

const shown = (page: Page, id: string): Promise<Product | undefined> =>
  page.evaluate((of) => app.client.records().get("product", of), id);

const atVersion = (page: Page, id: string, version: number) =>
  page.evaluate(([of, wanted]) => app.until(({ client }) => client.records().get("product", of)?.version === wanted), [
    id,
    version,
  ] as const);

async function truth(id: string): Promise<Product> {
  return (await shop.http.request("GET", "/api/pms/products/{id}", { path: { id }, fresh: true })).body;
}

test("two browsers' edits of one product converge", async () => {
  const { id, a, b, close } = await two();
  for (let index = 0; index < 5; index += 1) {
    await Promise.all([edit(a, id, { title: `A${index}` }), edit(b, id, { description: `B${index}` })]);
  }
  await Promise.all([sentAll(a), sentAll(b)]);
  const last = await truth(id);
  await Promise.all([atVersion(a, id, last.version), atVersion(b, id, last.version)]);
  assert.deepEqual(await shown(a, id), last);
  assert.deepEqual(await shown(b, id), last);
  assert.deepEqual([last.title, last.description, last.version], ["A4", "B4", 11]);
  await close();
});

test("edits of different members that both made offline are merged", async () => {
  const { id, a, b, setOffline, close } = await two();
  await setOffline(true);
  await edit(a, id, { title: "From A" });
  await edit(b, id, { description: "From B" });
  assert.equal((await shown(a, id))?.title, "From A");
  await setOffline(false);
  await Promise.all([atVersion(a, id, 3), atVersion(b, id, 3)]);
  await Promise.all([sentAll(a), sentAll(b)]);
  const last = await truth(id);
  assert.deepEqual([last.title, last.description], ["From A", "From B"]);
  assert.deepEqual(await shown(a, id), last);
  assert.deepEqual(await shown(b, id), last);
  await close();
});

test("edits of the same member that both made offline are handed to the later one", async () => {
  const { id, a, b, setOffline, close } = await two();
  await setOffline(true);
  await edit(a, id, { title: "From A" });
  await edit(b, id, { title: "From B" });
  await setOffline(false);
  const asked = await Promise.race(
    [a, b].map(async (page) => {
      await page.evaluate(() => app.until(({ conflicts }) => conflicts.length > 0));
      return page;
    }),
  );
  const conflict = await asked.evaluate(() => app.conflicts[0]);
  assert.deepEqual(conflict?.overlaps, ["title"]);
  assert.equal(conflict?.base?.["title"], "Cup");
  const both = [conflict?.mine["title"], conflict?.current["title"]];
  assert.deepEqual(both.sort(), ["From A", "From B"]);
  await asked.evaluate((entry) => app.client.outbox.resolve(entry, { title: "Agreed" }), conflict?.entry.id ?? "");
  await Promise.all([atVersion(a, id, 3), atVersion(b, id, 3)]);
  await Promise.all([sentAll(a), sentAll(b)]);
  assert.equal((await truth(id)).title, "Agreed");
  assert.equal((await shown(a, id))?.title, "Agreed");
  assert.equal((await shown(b, id))?.title, "Agreed");
  await close();
});
