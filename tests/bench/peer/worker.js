// The peer beside which orders are measured: placing an order and reading products as a JavaScript Worker usually does
// them, with Hono, zod, jose and the official libSQL client, on the same schema and the same sqld.
//
// Guarantees: it refuses what Storeroom refuses for these reasons: the token, the session, the role, the body, the
// idempotency key, a product that is not for sale, another price than expected, too little stock. An order is placed in
// one interactive write transaction, as the client's documentation shows; what can go together does (`batch`), and the
// triggers of the schema keep the levels. One client an isolate, so that it asks the server for its protocol once.
// Relies on: stores whose holds and orders have not expired. It leaves out what Storeroom does besides: settling what
// has expired, holds, shipping costs, locations a line, the words that `?q=` finds an order by, the alerts of stock that
// is low, the audit log, telling the room, rate limits, naming each line at fault, and the other checks of a header.

import { createClient } from "@libsql/client/web";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { createLocalJWKSet, jwtVerify } from "jose";
import { z } from "zod";

const MAY_ORDER = ["fulfilment", "admin", "owner"];
const KEPT_FOR_MS = 72 * 3_600_000;
const PAGE = 25;

const Money = z.strictObject({ amount: z.int().min(0).max(1e15), currency: z.string().regex(/^[A-Z]{3}$/) });
const OrderInput = z.strictObject({
  lines: z
    .array(
      z.strictObject({
        variant_id: z.string().regex(/^var_[0-9a-hjkmnp-tv-z]{26}$/),
        quantity: z.int().min(1).max(1_000_000),
        expected_unit_price: Money.nullish(),
      }),
    )
    .min(1)
    .max(1_000),
  customer: z.strictObject({ email: z.email().max(254), name: z.string().min(1).max(200).nullish() }),
  shipping_address: z.record(z.string(), z.string().max(200).nullable()).nullish(),
  note: z.string().max(2_000).nullish(),
});

const app = new Hono().basePath("/api/pms");

app.onError((error, c) => {
  if (error instanceof HTTPException) {
    return c.json({ status: error.status, code: error.message, ...error.cause }, error.status);
  }
  console.error(error);
  return c.json({ status: 500, code: "internal" }, 500);
});

app.use(async (c, next) => {
  const token = c.req.header("authorization")?.replace(/^Bearer /, "");
  const verified = await jwtVerify(token ?? "", keys(c.env), {
    issuer: "storeroom",
    audience: "storeroom-api",
    algorithms: ["EdDSA"],
  }).catch(() => refuse(401, "unauthenticated"));
  c.set("session", verified.payload.sid);
  c.set("user", verified.payload.sub);
  c.set("store", c.req.header("x-store-id") ?? refuse(400, "store-required"));
  await next();
});

app.get("/products/:id", async (c) => {
  const product = {
    sql: "SELECT document, version FROM product_documents WHERE store_id = ? AND id = ?",
    args: [c.get("store"), c.req.param("id")],
  };
  const [members, found] = await database(c.env).batch([membership(c), product], "read");
  allowed(members);
  const row = found.rows[0] ?? refuse(404, "not-found");
  return json(c, row.document, 200, { etag: `"${row.version}"` });
});

app.get("/products", async (c) => {
  const after = c.req.query("cursor");
  const products = {
    sql: `SELECT id, document FROM product_documents WHERE store_id = ? ${after ? "AND id < ?" : ""}
          ORDER BY id DESC LIMIT ?`,
    args: [c.get("store"), ...(after ? [after] : []), PAGE + 1],
  };
  const [members, found] = await database(c.env).batch([membership(c), products], "read");
  allowed(members);
  const page = found.rows.slice(0, PAGE);
  const next = found.rows.length > PAGE ? `"${page.at(-1).id}"` : "null";
  const items = page.map((row) => row.document).join(",");
  return json(c, `{"items":[${items}],"next_cursor":${next}}`, 200);
});

app.post("/orders", async (c) => {
  const key = c.req.header("idempotency-key") ?? refuse(400, "idempotency-key-required");
  const text = await c.req.text();
  const input = parsed(text);
  const request = { key, fingerprint: await fingerprint(c, text), now: Date.now() };
  const transaction = await database(c.env).transaction("write");
  try {
    const answer = await place(transaction, c, request, input);
    await transaction.commit();
    return answer;
  } finally {
    transaction.close();
  }
});

async function place(transaction, c, { key, fingerprint, now }, input) {
  const [store, user] = [c.get("store"), c.get("user")];
  const settings = allowed(await transaction.execute(membership(c)), MAY_ORDER);

  const kept = await transaction.execute({
    sql: `SELECT fingerprint, status, etag, location, body FROM idempotency_keys
          WHERE store_id = ? AND actor = ? AND key = ? AND expires_at > ?`,
    args: [store, user, key, now],
  });
  if (kept.rows.length > 0) return replay(c, kept.rows[0], fingerprint);

  const lines = await sold(transaction, store, settings, input, now);
  const order = newId("ord_", now);
  await transaction.batch(insertion({ order, store, user, now, settings, input, lines }));

  const shown = await transaction.execute({
    sql: "SELECT document, version FROM order_documents WHERE store_id = ? AND id = ?",
    args: [store, order],
  });
  const { document, version } = shown.rows[0];
  const [etag, location] = [`"${version}"`, `/api/pms/orders/${order}`];
  await transaction.batch([
    {
      sql: `INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data)
            SELECT id, seq, ?, 'order.created', ?, ?, ?, ?, ?, ? FROM stores WHERE id = ?`,
      args: [newId("evt_", now), order, version, now, user, crypto.randomUUID(), document, store],
    },
    {
      sql: `INSERT INTO idempotency_keys
              (store_id, actor, key, fingerprint, status, etag, location, body, expires_at)
            VALUES (?, ?, ?, ?, 201, ?, ?, ?, ?)`,
      args: [store, user, key, fingerprint, etag, location, document, now + KEPT_FOR_MS],
    },
  ]);
  return json(c, document, 201, { etag, location });
}

/** The input's lines with what the database knows of them; refuses what cannot be sold as it was asked for. */
async function sold(transaction, store, settings, input, now) {
  const ids = input.lines.map((line) => line.variant_id);
  if (new Set(ids).size < ids.length) refuse(422, "validation-failed");
  const found = await transaction.execute({
    sql: `SELECT v.id, v.sku, v.price_minor, p.id AS product_id, p.title, p.status, p.publish_at, l.location_id,
            l.on_hand - l.held - l.committed AS available
          FROM json_each(?) AS wanted
          JOIN variants v ON v.store_id = ? AND v.id = wanted.value
          JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id
          JOIN locations o ON o.store_id = v.store_id AND o.is_default = 1
          JOIN levels l ON l.store_id = v.store_id AND l.variant_id = v.id AND l.location_id = o.id`,
    args: [JSON.stringify(ids), store],
  });
  const byId = new Map(found.rows.map((row) => [row.id, row]));
  return input.lines.map((line) => {
    const variant = byId.get(line.variant_id) ?? refuse(422, "validation-failed");
    const isPublished =
      variant.status === "published" || (variant.status === "scheduled" && variant.publish_at <= now);
    if (!isPublished) refuse(409, "product-not-available");
    const expected = line.expected_unit_price;
    if (expected && expected.currency !== settings.currency) refuse(422, "validation-failed");
    if (expected && expected.amount !== variant.price_minor) refuse(409, "price-changed");
    if (variant.available < line.quantity) refuse(409, "insufficient-stock", { available: variant.available });
    return { ...variant, quantity: line.quantity };
  });
}

function insertion({ order, store, user, now, settings, input, lines }) {
  const expiresAt = now + settings.order_expiry_s * 1000;
  const timeline = [{ at: new Date(now).toISOString(), type: "order.created", actor: user }];
  const address = input.shipping_address ? JSON.stringify(input.shipping_address) : null;
  return [
    {
      sql: `UPDATE stores SET last_order_number = last_order_number + 1, seq = seq + 1, head_at = ? WHERE id = ?`,
      args: [now, store],
    },
    {
      sql: `INSERT INTO orders (store_id, id, number, state, currency, tax_rate_basis_points, prices_include_tax,
              shipping_minor, customer_email, customer_name, shipping_address, note, timeline, expires_at, created_at,
              updated_at)
            VALUES (?, ?, ?, 'pending', ?, ?, ?, 0, ?, ?, ?, ?, ?, ?, ?, ?)`,
      args: [
        store,
        order,
        settings.last_order_number + 1,
        settings.currency,
        settings.tax_rate_basis_points,
        settings.prices_include_tax,
        input.customer.email,
        input.customer.name ?? null,
        address,
        input.note ?? null,
        JSON.stringify(timeline),
        expiresAt,
        now,
        now,
      ],
    },
    ...lines.map((line, number) => ({
      sql: `INSERT INTO order_lines (store_id, order_id, line, variant_id, location_id, product_id, sku, title, quantity,
              unit_price_minor, committed, open_until)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      args: [
        store,
        order,
        number,
        line.id,
        line.location_id,
        line.product_id,
        line.sku,
        line.title,
        line.quantity,
        line.price_minor,
        line.quantity,
        expiresAt,
      ],
    })),
    {
      sql: `UPDATE orders SET (subtotal_minor, tax_minor, total_minor) = (SELECT subtotal_minor, tax_minor, total_minor
              FROM order_totals WHERE store_id = ?1 AND order_id = ?2)
            WHERE store_id = ?1 AND id = ?2`,
      args: [store, order],
    },
  ];
}

/** Session, role and the store's settings in one query; no row for a stranger. */
function membership(c) {
  return {
    sql: `SELECT m.role, s.currency, s.tax_rate_basis_points, s.prices_include_tax, s.order_expiry_s, s.last_order_number
          FROM sessions e
          JOIN memberships m ON m.user_id = e.user_id AND m.store_id = ?
          JOIN stores s ON s.id = m.store_id
          WHERE e.id = ? AND e.user_id = ? AND e.expires_at > ? AND e.ended_at IS NULL`,
    args: [c.get("store"), c.get("session"), c.get("user"), Date.now()],
  };
}

function allowed(members, roles) {
  const member = members.rows[0] ?? refuse(404, "not-found");
  if (roles && !roles.includes(member.role)) refuse(403, "forbidden");
  return member;
}

function replay(c, kept, fingerprint) {
  if (kept.fingerprint !== fingerprint) refuse(422, "idempotency-key-reused");
  const headers = { etag: kept.etag, location: kept.location, "idempotent-replayed": "true" };
  return json(c, kept.body, kept.status, headers);
}

function parsed(text) {
  let body;
  try {
    body = JSON.parse(text);
  } catch {
    refuse(400, "malformed-json");
  }
  const checked = OrderInput.safeParse(body);
  if (!checked.success) refuse(422, "validation-failed", { errors: checked.error.issues });
  return checked.data;
}

async function fingerprint(c, text) {
  const bytes = new TextEncoder().encode(`${c.req.method}\n${c.req.path}\n${text}`);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function refuse(status, code, more) {
  throw new HTTPException(status, { message: code, cause: more });
}

function json(c, text, status, headers) {
  return c.body(text, status, { "content-type": "application/json", ...headers });
}

/** A prefix and 26 digits of base32 over a UUIDv7. */
function newId(prefix, now) {
  const random = crypto.getRandomValues(new Uint8Array(10));
  let bits = BigInt(now);
  for (const byte of random) bits = (bits << 8n) | BigInt(byte);
  bits = (bits & ~(0xfn << 76n)) | (0x7n << 76n);
  bits = (bits & ~(0x3n << 62n)) | (0x2n << 62n);
  let digits = "";
  for (let place = 125n; place >= 0n; place -= 5n) {
    digits += "0123456789abcdefghjkmnpqrstvwxyz"[Number((bits >> place) & 31n)];
  }
  return prefix + digits;
}

let client;
const database = (env) => (client ??= createClient({ url: env.DATABASE_URL }));

let jwks;
const keys = (env) => (jwks ??= createLocalJWKSet({ keys: JSON.parse(env.TOKEN_KEYS).keys.map(publicHalf) }));
const publicHalf = ({ d, exp, ...half }) => half;

export default app;
