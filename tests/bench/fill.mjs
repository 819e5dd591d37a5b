// Fills a store: variants with stock, and orders of one or two lines with a history of two years.
//
//   node fill.mjs <file of a migrated SQLite database> <JSON: {store, location, actor, variants, orders, now}>
//
// Guarantees: the rows are those that the service would have left there, or this ends with an error: what the triggers of
// the schema would have kept (levels) is worked out by sets and then held against ledger, orders and foreign keys. It
// prints, as JSON, how many rows each table has. Deterministic for its arguments.
// Relies on: `node:sqlite`; nobody else having the file open; the store, its default location and its members being there
// and nothing else.
//
// What a store of that age has and this one does not: an audit log, answers under idempotency keys, holds and alerts, and
// of its log of events more than the last 10,000. Four variants make a product; each product is published.

import { DatabaseSync } from "node:sqlite";

const [file, json] = process.argv.slice(2);
const { store, location, actor, variants, orders, now } = JSON.parse(json);

const VARIANTS_OF_A_PRODUCT = 4;
const STOCK = 1_000_000;
const EVENTS = 10_000;
const YEAR_MS = 365 * 86_400_000;
/** What the documents of products are made of, and so is indexed before them. */
const PRODUCTS = ["products", "product_tags", "variants"];
/** Products are older than orders, which go on until an hour ago. */
const [OPENED, FIRST_ORDER, LAST_ORDER] = [now - 3 * YEAR_MS, now - 2 * YEAR_MS, now - 3_600_000];

const DIGITS = "0123456789abcdefghjkmnpqrstvwxyz";

function digits(number, count) {
  let text = "";
  for (let rest = number; text.length < count; rest = Math.floor(rest / 32)) text = DIGITS[rest % 32] + text;
  return text;
}

/** An id of that moment and number: a UUIDv7 in base32, whose random bits are the number. */
const id = (prefix, at, number) => `${prefix}${digits(at, 10)}e008${digits(number, 12)}`;

const database = new DatabaseSync(file, { enableForeignKeyConstraints: false });
database.function("id", { deterministic: true }, id);
const rows = (sql) => database.prepare(sql).all();
const value = (sql) => Object.values(rows(sql)[0])[0];

/** Where in SQL a number of a product, of an order has its time and its id. */
const productAt = (n) => `(${OPENED} + ${n})`;
const productId = (n) => `id('prd_', ${productAt(n)}, ${n})`;
const variantId = (n) => `id('var_', ${productAt(`(${n} - 1) / ${VARIANTS_OF_A_PRODUCT} + 1`)}, ${n})`;
const orderAt = (n) => `(${FIRST_ORDER} + ${n} * ${orders > 0 ? Math.floor((LAST_ORDER - FIRST_ORDER) / orders) : 0})`;
const orderId = (n) => `id('ord_', ${orderAt(n)}, ${n})`;
const numbers = (count) =>
  `(WITH RECURSIVE c (n) AS (SELECT 1 WHERE ${count} > 0 UNION ALL SELECT n + 1 FROM c WHERE n < ${count}) SELECT n FROM c)`;
const iso = (ms) => `strftime('%Y-%m-%dT%H:%M:%fZ', ${ms} / 1000.0, 'unixepoch')`;

/** The state of the n-th order: most are delivered, the newest are not yet. */
const STATE = `CASE
  WHEN n % 50 = 0 THEN 'expired' WHEN n % 50 = 1 THEN 'cancelled' WHEN n % 100 = 2 THEN 'returned'
  WHEN n > ${orders} * 0.98 THEN 'paid' WHEN n > ${orders} * 0.95 THEN 'fulfilled' ELSE 'delivered' END`;
/** What an order of each state went through, a change every ten minutes. */
const CHANGES = {
  expired: ["expired"],
  cancelled: ["cancelled"],
  paid: ["paid"],
  fulfilled: ["paid", "fulfilled"],
  delivered: ["paid", "fulfilled", "delivered"],
  returned: ["paid", "fulfilled", "delivered", "returned"],
};
const CHANGE_MS = 600_000;

function timeline(state) {
  const entries = ["created", ...CHANGES[state]].map(
    (change, number) =>
      `json_object('at', ${iso(`(at + ${number * CHANGE_MS})`)}, 'type', 'order.${change}', 'actor', '${actor}')`,
  );
  return `WHEN '${state}' THEN json_array(${entries.join(", ")})`;
}

const byState = (of) =>
  `CASE state ${Object.keys(CHANGES)
    .map((state) => (of === timeline ? timeline(state) : `WHEN '${state}' THEN ${of(state)}`))
    .join(" ")} END`;

function fillProducts() {
  const products = variants / VARIANTS_OF_A_PRODUCT;
  database.exec(`
    INSERT INTO products (store_id, id, handle, title, description, status, category, tags, attributes, options,
      published_at, version, created_at, updated_at)
    SELECT '${store}', ${productId("n")}, 'product-' || n, 'Product ' || n || ' of a large shop',
      'Something for the kitchen that is useful every day, made of ' || iif(n % 2, 'steel', 'wood') || '. Number ' || n || '.', 'published',
      'category-' || (n % 40), json_array('kitchen', 'tag-' || (n % 200)), json_object('material', 'steel'),
      json_array(json_object('name', 'Size', 'values', json_array('S', 'M', 'L', 'XL'))), ${productAt("n")} + 1000, 2,
      ${productAt("n")}, ${productAt("n")} + 1000
    FROM ${numbers(products)};
    INSERT INTO product_tags (store_id, tag, product_id)
    SELECT p.store_id, tag.value, p.id FROM products p CROSS JOIN json_each(p.tags) AS tag ORDER BY tag.value, p.id;
    INSERT INTO variants (store_id, id, product_id, sku, option_values, price_minor, weight_grams, position)
    SELECT '${store}', ${variantId("n")}, ${productId(`((n - 1) / ${VARIANTS_OF_A_PRODUCT} + 1)`)}, 'SKU-' || n,
      json_array(substr('S M L XL', (n - 1) % 4 * 2 + 1, 1 + (n % 4 = 0))), 500 + n * 37 % 9500, 100 + n % 900,
      (n - 1) % ${VARIANTS_OF_A_PRODUCT}
    FROM ${numbers(variants)};`);
}

/** Both versions of each product: as it was made, and as it was published. */
function fillRevisions() {
  const made = `json_set(document, '$.status', 'draft', '$.published_at', NULL, '$.version', 1)`;
  database.exec(`
    INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document)
    SELECT d.store_id, d.id, v.value, p.created_at + (v.value - 1) * 1000, '${actor}', 'fill', iif(v.value = 1, ${made}, document)
    FROM products p CROSS JOIN product_documents d ON d.store_id = p.store_id AND d.id = p.id
    CROSS JOIN json_each('[1,2]') v ORDER BY d.store_id, d.id, v.value`);
}

/** What lists find and sort products by, as the trigger on revisions would have kept it. */
function fillSearch() {
  database.exec(`
    UPDATE products SET search_id = created_at * 2097152, lowest_price_minor = (
      SELECT min(price_minor) FROM variants v WHERE v.store_id = products.store_id AND v.product_id = products.id);
    INSERT INTO product_search (rowid, store, text)
    SELECT p.search_id, substr(p.store_id, 5), t.text
    FROM products p CROSS JOIN product_texts t ON t.store_id = p.store_id AND t.product_id = p.id ORDER BY p.search_id`);
}

function fillOrders() {
  const has = (states, then) => `iif(state IN (${states.map((state) => `'${state}'`).join(", ")}), ${then}, 0)`;
  database.exec(`
    CREATE TEMP TABLE placed AS SELECT n, ${orderId("n")} AS id, ${orderAt("n")} AS at, ${STATE} AS state FROM ${numbers(orders)};
    INSERT INTO order_lines (store_id, order_id, line, variant_id, location_id, product_id, sku, title, quantity,
      unit_price_minor, committed, shipped, returned)
    SELECT v.store_id, wanted.id, wanted.line, v.id, '${location}', v.product_id, v.sku, p.title, wanted.quantity, v.price_minor,
      ${has(["paid"], "quantity")}, ${has(["fulfilled", "delivered", "returned"], "quantity")}, ${has(["returned"], "quantity")}
    FROM (SELECT placed.*, line.value AS line, 1 + n % 3 AS quantity,
        (n * 104729 + line.value * 15485863) % ${Math.max(variants, 1)} + 1 AS variant
      FROM placed CROSS JOIN json_each('[0,1]') AS line WHERE line.value <= n % 2) AS wanted
    CROSS JOIN variants v ON v.rowid = wanted.variant
    CROSS JOIN products p ON p.store_id = v.store_id AND p.id = v.product_id;
    INSERT INTO orders (store_id, id, number, state, currency, tax_rate_basis_points, prices_include_tax, shipping_minor,
      total_minor, customer_email, customer_name, timeline, version, expires_at, paid_at, created_at, updated_at)
    SELECT s.id, placed.id, n, state, s.currency, s.tax_rate_basis_points, s.prices_include_tax, 0,
      (SELECT sum(l.quantity * l.unit_price_minor) FROM order_lines l WHERE l.store_id = s.id AND l.order_id = placed.id),
      'c' || (n * 7919 % 100000) || '@shop.example', 'Ada Brandt', ${byState(timeline)},
      1 + ${byState((state) => CHANGES[state].length)}, iif(state = 'expired', at + 1800000, NULL),
      iif(state IN ('expired', 'cancelled'), NULL, at + ${CHANGE_MS}), at,
      at + ${CHANGE_MS} * ${byState((state) => CHANGES[state].length)}
    FROM placed CROSS JOIN stores s ON s.id = '${store}';
    INSERT INTO order_words (store_id, word, order_id)
    SELECT '${store}', word, order_id FROM (
      SELECT word.value AS word, o.id AS order_id FROM orders o CROSS JOIN json_each(json_array(o.customer_email,
        substr(o.customer_email, 1, instr(o.customer_email, '@') - 1), 'shop', 'example', 'ada', 'brandt',
        CAST(o.number AS TEXT))) AS word) ORDER BY word, order_id;
    UPDATE stores SET last_order_number = ${orders} WHERE id = '${store}';`);
}

/** The opening of every level, then what was shipped and came back, in the order of the orders. */
function fillStock() {
  const moved = (kind, sign, column, change) => `
    SELECT o.created_at + ${change * CHANGE_MS} AS at, l.variant_id, '${kind}' AS kind, ${sign} l.${column} AS delta,
      NULL AS reason, o.id AS reference FROM order_lines l CROSS JOIN orders o ON o.store_id = l.store_id AND o.id = l.order_id
    WHERE l.${column} > 0`;
  database.exec(`
    INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, before, after, reason,
      reference)
    SELECT '${store}', seq, at, '${actor}', 'fill', variant_id, '${location}', kind, delta, after - delta, after, reason, reference
    FROM (SELECT *, sum(delta) OVER (PARTITION BY variant_id ORDER BY seq) AS after
      FROM (SELECT *, row_number() OVER (ORDER BY at, reference, variant_id) AS seq FROM (
        SELECT ${OPENED} AS at, id AS variant_id, 'set' AS kind, ${STOCK} AS delta, 'opening' AS reason, NULL AS reference
        FROM variants UNION ALL ${moved("fulfilled", "-", "shipped", 2)} UNION ALL ${moved("returned", "", "returned", 4)})))
    ORDER BY seq;
    INSERT INTO levels (store_id, variant_id, location_id, on_hand, committed)
    SELECT v.store_id, v.id, '${location}', ${STOCK} - coalesce(l.gone, 0), coalesce(l.committed, 0)
    FROM variants v LEFT JOIN (SELECT variant_id, sum(shipped - returned) AS gone, sum(committed) AS committed
      FROM order_lines GROUP BY variant_id) AS l ON l.variant_id = v.id ORDER BY v.id;`);
}

/** The end of the log: the creation of the newest orders. */
function fillEvents() {
  const changes = variants / 2 + orders * 4;
  database.exec(`
    INSERT INTO events (store_id, seq, id, type, subject, version, at, actor, request_id, data)
    SELECT o.store_id, ${changes} - ${orders} + o.number, id('evt_', o.created_at, o.number), 'order.created', o.id, 1,
      o.created_at, '${actor}', 'fill', d.document
    FROM orders o CROSS JOIN order_documents d ON d.store_id = o.store_id AND d.id = o.id
    WHERE o.number > ${orders - EVENTS} ORDER BY o.number;
    UPDATE stores SET seq = ${changes}, head_at = ${LAST_ORDER} WHERE id = '${store}';`);
}

function check() {
  const wrong = {
    "rows that refer to nothing": "SELECT count(*) FROM pragma_foreign_key_check",
    "levels that are not what the ledger adds up to": `
      SELECT count(*) FROM levels l LEFT JOIN (SELECT variant_id, location_id, sum(delta) AS on_hand FROM ledger
        GROUP BY variant_id, location_id) AS k USING (variant_id, location_id) WHERE l.on_hand IS NOT k.on_hand`,
    "levels that are not what the orders keep": `
      SELECT count(*) FROM levels l LEFT JOIN (SELECT variant_id, location_id, sum(committed) AS committed FROM order_lines
        GROUP BY variant_id, location_id) AS k USING (variant_id, location_id) WHERE l.committed <> coalesce(k.committed, 0)`,
    "products that the search does not know": `
      SELECT (SELECT count(*) FROM products) - (SELECT count(*) FROM products p CROSS JOIN product_texts t
        ON t.store_id = p.store_id AND t.product_id = p.id WHERE p.search_id IN (SELECT rowid FROM product_search))`,
    "variants without a level": `
      SELECT count(*) FROM variants v WHERE NOT EXISTS (SELECT 1 FROM levels l WHERE l.store_id = v.store_id AND l.variant_id = v.id)`,
    "orders of another total than their lines, of every 97th": `
      SELECT count(*) FROM orders o CROSS JOIN order_totals t ON t.store_id = o.store_id AND t.order_id = o.id
      WHERE o.number % 97 = 0 AND t.total_minor <> o.total_minor`,
  };
  for (const [what, sql] of Object.entries(wrong)) {
    const count = value(sql);
    if (count > 0) throw new Error(`${count} ${what}`);
  }
}

// A file that is not filled to its end is thrown away, so nothing has to be undone.
database.enableDefensive(false);
if (value("PRAGMA journal_mode = OFF") !== "off") throw new Error("the file keeps a journal");
database.exec("PRAGMA synchronous = OFF; PRAGMA cache_size = -500000; BEGIN");
// Triggers would work row by row, and an index that is made at the end is sorted once.
const later = rows(`SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND tbl_name <> 'guard'
  AND type IN ('trigger', 'index')`);
for (const { type, name } of later) database.exec(`DROP ${type} ${name}`);
const indexes = later.filter(({ type }) => type === "index");
const indexesOf = (tables) => indexes.filter(({ tbl_name }) => tables.includes(tbl_name));
fillProducts();
for (const { sql } of indexesOf(PRODUCTS)) database.exec(sql);
for (const step of [fillRevisions, fillSearch, fillOrders, fillStock, fillEvents]) step();
for (const made of later) if (!indexesOf(PRODUCTS).includes(made)) database.exec(made.sql);
database.exec("COMMIT");
check();
database.exec("PRAGMA journal_mode = WAL");
const counts = ["products", "variants", "orders", "order_lines", "order_words", "ledger", "revisions", "events"];
console.log(JSON.stringify(Object.fromEntries(counts.map((table) => [table, value(`SELECT count(*) FROM ${table}`)]))));
database.close();
