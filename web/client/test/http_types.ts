/** Never run: `tsc` fails when the types of calls take what they must refuse, or refuse what they must take. */
import type { Http } from "../src/index.ts";

export async function check(http: Http) {
  const a = await http.request("GET", "/api/pms/products/{id}", { path: { id: "x" } });
  const t: string = a.body.title;
  const b = await http.request("GET", "/api/pms/products");
  b.body.items[0]?.handle;
  await http.request("GET", "/api/pms/products", { query: { limit: 3 } , signal: new AbortController().signal});
  const d = await http.request("DELETE", "/api/pms/products/{id}", { path: { id: "x" }, ifMatch: 3 });
  const u: undefined = d.body;
  await http.request("POST", "/api/pms/products/{id}/publish", { path: { id: "x" }, body: {} });
  await http.request("POST", "/api/pms/products/{id}/archive", { path: { id: "x" } });
  // @ts-expect-error needs If-Match
  await http.request("DELETE", "/api/pms/products/{id}", { path: { id: "x" } });
  // @ts-expect-error needs a body
  await http.request("POST", "/api/pms/products", {});
  // @ts-expect-error needs a path
  await http.request("GET", "/api/pms/products/{id}");
  // @ts-expect-error wrong method
  await http.request("PUT", "/api/pms/products", {});
  // @ts-expect-error unknown filter
  await http.request("GET", "/api/pms/products", { query: { limits: 3 } });
  // @ts-expect-error no body
  await http.request("GET", "/api/pms/products", { body: {} });
  const h = await http.request("GET", "/api/pms/inventory/history");
  h.body.items;
  return [t, u];
}
