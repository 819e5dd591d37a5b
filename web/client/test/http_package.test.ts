/** The built package, as an application gets it: by its name in Node, and bundled into a Worker on workerd. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { build } from "esbuild";
import * as source from "../src/index.ts";
import { Proxy } from "./support/proxy.ts";
import { SERVICE, createProduct, openShop } from "./support/service.ts";
import { startWorker } from "./support/worker.ts";

/** Not a literal, so that the compiler does not ask for what it has yet to build. */
const PACKAGE: string = "@storeroom/client";

test("the built package exports what the source does, and works", async () => {
  const built = (await import(PACKAGE)) as typeof source;
  assert.deepEqual(Object.keys(built).sort(), Object.keys(source).sort());
  const shop = await openShop();
  const tokens = built.memoryTokens();
  const session = new built.Session({ baseUrl: SERVICE, tokens });
  await assert.rejects(session.login({ email: shop.email, password: "wrong password" }), built.ProblemError);
});

/** A Worker that lists the titles of a store's products with an API key. */
const WORKER = `
  import { apiKey, createHttp } from "${PACKAGE}";
  export default {
    async fetch(request) {
      const { baseUrl, store, key, secret } = await request.json();
      const http = createHttp({ baseUrl, store, credentials: apiKey({ key, secret }), retry: { baseMs: 1 } });
      const [list, again] = await Promise.all([1, 2].map(() => http.request("GET", "/api/pms/products")));
      const missing = await http.request("GET", "/api/pms/products/{id}", { path: { id: "prd_none" } }).catch((error) => error);
      return Response.json({ titles: list.body.items.map(({ title }) => title), again: again.body, missing: missing.code });
    },
  };`;

test("the package works in a Worker", async (context) => {
  const shop = await openShop();
  await createProduct(shop.http, "Seen by a Worker");
  const { body } = await shop.http.request("POST", "/api/pms/keys", { body: { name: "Worker", role: "viewer" } });
  const { key, secret } = body as { key: string; secret?: string };
  const proxy = await Proxy.start(SERVICE);
  context.after(() => proxy.stop());
  proxy.next("GET", { kind: "answer", status: 503 });
  const worker = await startWorker(await bundled(WORKER));
  context.after(() => worker.stop());
  const facts = { baseUrl: proxy.url, store: shop.store, key, secret };
  const answer = await fetch(worker.url, { method: "POST", body: JSON.stringify(facts) });
  const { titles, missing } = (await answer.json()) as { titles: string[]; missing: string };
  assert.deepEqual(titles, ["Seen by a Worker"]);
  assert.equal(missing, "not-found");
  assert.equal(proxy.count("GET", "/api/pms/products"), 3);
});

async function bundled(contents: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: import.meta.dirname },
    bundle: true,
    format: "esm",
    conditions: ["workerd", "worker", "browser"],
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}
