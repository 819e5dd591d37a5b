/**
 * The running service that the tests talk to, and shops of their own in it.
 *
 * Relies on: `STOREROOM_URL`, which `cargo xtask test` sets; by hand, the URL of `cargo xtask dev --limits off`.
 */
import { randomUUID } from "node:crypto";
import { type Http, type HttpOptions, Session, type SessionOptions, createHttp } from "../../src/index.ts";

/** Where the service answers. */
export const SERVICE = serviceUrl();

function serviceUrl(): string {
  const url = process.env["STOREROOM_URL"];
  if (!url) throw new Error("STOREROOM_URL is not set: run `cargo xtask test --only client`, or set it to a running service.");
  return url;
}

/** A store with its owner, signed in. */
export interface Shop {
  session: Session;
  http: Http;
  store: string;
  email: string;
}

export const PASSWORD = "correct horse battery staple";

/** A new shop, reached at `options.baseUrl` or directly. */
export async function openShop(
  options: Partial<HttpOptions> = {},
  sessionOptions: Partial<SessionOptions> = {},
): Promise<Shop> {
  const baseUrl = options.baseUrl ?? SERVICE;
  const session = new Session({ baseUrl, ...sessionOptions });
  const email = `ada-${randomUUID()}@shop.example`;
  const first = { name: "Hearth & Bean", currency: "EUR", timezone: "Europe/Berlin" };
  const answer = await session.register({ email, password: PASSWORD, name: "Ada", store: first });
  const store = answer.memberships[0]?.store_id ?? "";
  return { session, http: createHttp({ baseUrl, store, credentials: session, ...options }), store, email };
}

/** The body of a product that no other is like. */
export function newProduct(title = "Cup") {
  return { title, variants: [{ sku: `SKU-${randomUUID()}`, price: { amount: 1999, currency: "EUR" } }] };
}

/** Creates a product. */
export async function createProduct(http: Http, title?: string) {
  const { body } = await http.request("POST", "/api/pms/products", { body: newProduct(title) });
  return body;
}
