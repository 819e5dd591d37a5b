-- Sales: what was sold, given back and returned, by time and by product; how many orders are in which state; targets.
--
-- A sale counts from the moment its order is paid, in the bucket of `paid_at`; a paid order that is cancelled is taken
-- out of that bucket again. A refund counts in the bucket of the write that notes it, and so does a return, whenever
-- the order was paid. So unpaid and expired orders never count. Triggers keep the tables, whatever changes an order.
--
-- Buckets are quarters of an hour, at which the days of every time zone begin, and days of UTC. A range of local days is
-- the sum of the whole days of UTC in it and of the quarters at its edges: what that costs does not grow with orders.

CREATE TABLE sales (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- How long the bucket is.
    grain_ms INTEGER NOT NULL CONSTRAINT sales_grain_known CHECK (grain_ms IN (900000, 86400000)),
    begins_at INTEGER NOT NULL CONSTRAINT sales_begin_fits CHECK (begins_at % grain_ms = 0),
    orders INTEGER NOT NULL,
    units INTEGER NOT NULL,
    -- The orders' totals.
    revenue_minor INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (store_id, grain_ms, begins_at)
) STRICT, WITHOUT ROWID;

CREATE TABLE product_sales (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    grain_ms INTEGER NOT NULL CONSTRAINT product_sales_grain_known CHECK (grain_ms IN (900000, 86400000)),
    begins_at INTEGER NOT NULL CONSTRAINT product_sales_begin_fits CHECK (begins_at % grain_ms = 0),
    product_id TEXT NOT NULL,
    units INTEGER NOT NULL,
    -- The lines as priced.
    revenue_minor INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (store_id, grain_ms, begins_at, product_id)
) STRICT, WITHOUT ROWID;

-- The title under which each product was sold last; the product itself may go.
CREATE TABLE sold_products (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    product_id TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (store_id, product_id)
) STRICT, WITHOUT ROWID;

-- What the transaction has changed of `sales` and no event tells of yet, by quarter: the last step of the batch tells of
-- it and empties the table.
CREATE TABLE sales_changes (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    begins_at INTEGER NOT NULL,
    orders INTEGER NOT NULL,
    units INTEGER NOT NULL,
    revenue_minor INTEGER NOT NULL,
    refunded_minor INTEGER NOT NULL,
    returned INTEGER NOT NULL,
    PRIMARY KEY (store_id, begins_at)
) STRICT, WITHOUT ROWID;

-- How many orders are in which state, as stored: one whose time has run out is `pending` until it is settled.
CREATE TABLE order_counts (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    orders INTEGER NOT NULL,
    PRIMARY KEY (store_id, state)
) STRICT, WITHOUT ROWID;

-- What a store wants to sell; NULL where it has set no target.
CREATE TABLE sales_targets (
    store_id TEXT NOT NULL PRIMARY KEY REFERENCES stores (id) ON DELETE CASCADE,
    daily_revenue_minor INTEGER CONSTRAINT daily_revenue_not_negative CHECK (daily_revenue_minor >= 0),
    daily_orders INTEGER CONSTRAINT daily_orders_not_negative CHECK (daily_orders >= 0),
    monthly_revenue_minor INTEGER CONSTRAINT monthly_revenue_not_negative CHECK (monthly_revenue_minor >= 0),
    monthly_orders INTEGER CONSTRAINT monthly_orders_not_negative CHECK (monthly_orders >= 0)
) STRICT, WITHOUT ROWID;
CREATE VIEW sales_target_documents (store_id, document) AS
SELECT s.id, json_object(
    'daily_revenue', CASE WHEN t.daily_revenue_minor IS NOT NULL
        THEN json_object('amount', t.daily_revenue_minor, 'currency', s.currency) END,
    'daily_orders', t.daily_orders,
    'monthly_revenue', CASE WHEN t.monthly_revenue_minor IS NOT NULL
        THEN json_object('amount', t.monthly_revenue_minor, 'currency', s.currency) END,
    'monthly_orders', t.monthly_orders
)
FROM stores s LEFT JOIN sales_targets t ON t.store_id = s.id;

-- To insert here is to count: the figures, below 0 for what is taken out again, go into the buckets of their moment.
CREATE VIEW counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned) AS
SELECT '', 0, 0, 0, 0, 0, 0 WHERE 0;
CREATE TRIGGER counted_sales_add_up INSTEAD OF INSERT ON counted_sales
BEGIN
    INSERT INTO sales (store_id, grain_ms, begins_at, orders, units, revenue_minor, refunded_minor, returned)
    SELECT new.store_id, grain.ms, new.at - new.at % grain.ms, new.orders, new.units, new.revenue_minor,
        new.refunded_minor, new.returned
    FROM (SELECT 900000 AS ms UNION ALL SELECT 86400000) AS grain WHERE TRUE
    ON CONFLICT (store_id, grain_ms, begins_at) DO UPDATE SET
        orders = orders + excluded.orders,
        units = units + excluded.units,
        revenue_minor = revenue_minor + excluded.revenue_minor,
        refunded_minor = refunded_minor + excluded.refunded_minor,
        returned = returned + excluded.returned;
    INSERT INTO sales_changes (store_id, begins_at, orders, units, revenue_minor, refunded_minor, returned)
    VALUES (new.store_id, new.at - new.at % 900000, new.orders, new.units, new.revenue_minor, new.refunded_minor,
        new.returned)
    ON CONFLICT (store_id, begins_at) DO UPDATE SET
        orders = orders + excluded.orders,
        units = units + excluded.units,
        revenue_minor = revenue_minor + excluded.revenue_minor,
        refunded_minor = refunded_minor + excluded.refunded_minor,
        returned = returned + excluded.returned;
END;
CREATE VIEW counted_product_sales (store_id, at, product_id, units, revenue_minor, returned) AS
SELECT '', 0, '', 0, 0, 0 WHERE 0;
CREATE TRIGGER counted_product_sales_add_up INSTEAD OF INSERT ON counted_product_sales
BEGIN
    INSERT INTO product_sales (store_id, grain_ms, begins_at, product_id, units, revenue_minor, returned)
    SELECT new.store_id, grain.ms, new.at - new.at % grain.ms, new.product_id, new.units, new.revenue_minor, new.returned
    FROM (SELECT 900000 AS ms UNION ALL SELECT 86400000) AS grain WHERE TRUE
    ON CONFLICT (store_id, grain_ms, begins_at, product_id) DO UPDATE SET
        units = units + excluded.units,
        revenue_minor = revenue_minor + excluded.revenue_minor,
        returned = returned + excluded.returned;
END;

-- What the lines of an order come to, by product.
CREATE VIEW order_product_sales (store_id, order_id, product_id, title, units, revenue_minor) AS
SELECT store_id, order_id, product_id, max(title), sum(quantity), sum(quantity * unit_price_minor)
FROM order_lines GROUP BY store_id, order_id, product_id;

-- An order is placed before it is paid, so its lines and its total are there when it counts.
CREATE TRIGGER order_begins_unpaid BEFORE INSERT ON orders WHEN new.paid_at IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'an order is placed before it is paid');
END;
CREATE TRIGGER order_is_sold AFTER UPDATE OF state, paid_at ON orders
WHEN (old.paid_at IS NULL OR old.state = 'cancelled') AND new.paid_at IS NOT NULL AND new.state <> 'cancelled'
BEGIN
    INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
    SELECT new.store_id, new.paid_at, 1, coalesce(sum(quantity), 0), new.total_minor, 0, 0
    FROM order_lines WHERE store_id = new.store_id AND order_id = new.id;
    INSERT INTO counted_product_sales (store_id, at, product_id, units, revenue_minor, returned)
    SELECT store_id, new.paid_at, product_id, units, revenue_minor, 0
    FROM order_product_sales WHERE store_id = new.store_id AND order_id = new.id;
    INSERT INTO sold_products (store_id, product_id, title)
    SELECT store_id, product_id, title FROM order_product_sales WHERE store_id = new.store_id AND order_id = new.id
    ON CONFLICT (store_id, product_id) DO UPDATE SET title = excluded.title;
END;
CREATE TRIGGER order_is_unsold AFTER UPDATE OF state, paid_at ON orders
WHEN old.paid_at IS NOT NULL AND old.state <> 'cancelled' AND (new.paid_at IS NULL OR new.state = 'cancelled')
BEGIN
    INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
    SELECT old.store_id, old.paid_at, -1, -coalesce(sum(quantity), 0), -old.total_minor, 0, 0
    FROM order_lines WHERE store_id = old.store_id AND order_id = old.id;
    INSERT INTO counted_product_sales (store_id, at, product_id, units, revenue_minor, returned)
    SELECT store_id, old.paid_at, product_id, -units, -revenue_minor, 0
    FROM order_product_sales WHERE store_id = old.store_id AND order_id = old.id;
END;
CREATE TRIGGER order_is_refunded AFTER UPDATE OF refunded_minor ON orders WHEN old.refunded_minor <> new.refunded_minor
BEGIN
    INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
    VALUES (new.store_id, new.updated_at, 0, 0, 0, new.refunded_minor - old.refunded_minor, 0);
END;
CREATE TRIGGER order_line_comes_back AFTER UPDATE OF returned ON order_lines WHEN old.returned <> new.returned
BEGIN
    INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
    SELECT store_id, updated_at, 0, 0, 0, 0, new.returned - old.returned
    FROM orders WHERE store_id = new.store_id AND id = new.order_id;
    INSERT INTO counted_product_sales (store_id, at, product_id, units, revenue_minor, returned)
    SELECT store_id, updated_at, new.product_id, 0, 0, new.returned - old.returned
    FROM orders WHERE store_id = new.store_id AND id = new.order_id;
END;

CREATE TRIGGER order_enters_its_state AFTER INSERT ON orders
BEGIN
    INSERT INTO order_counts (store_id, state, orders) VALUES (new.store_id, new.state, 1)
    ON CONFLICT (store_id, state) DO UPDATE SET orders = orders + 1;
END;
CREATE TRIGGER order_changes_its_state AFTER UPDATE OF state ON orders WHEN old.state <> new.state
BEGIN
    UPDATE order_counts SET orders = orders - 1 WHERE store_id = old.store_id AND state = old.state;
    INSERT INTO order_counts (store_id, state, orders) VALUES (new.store_id, new.state, 1)
    ON CONFLICT (store_id, state) DO UPDATE SET orders = orders + 1;
END;

-- Orders from before these tables count as if they had been kept all along: refunds and returns by the timelines.
INSERT INTO order_counts (store_id, state, orders) SELECT store_id, state, count(*) FROM orders GROUP BY store_id, state;
INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
SELECT o.store_id, o.paid_at, 1, sum(l.quantity), o.total_minor, 0, 0
FROM orders o JOIN order_lines l ON l.store_id = o.store_id AND l.order_id = o.id
WHERE o.paid_at IS NOT NULL AND o.state <> 'cancelled' GROUP BY o.store_id, o.id;
INSERT INTO counted_product_sales (store_id, at, product_id, units, revenue_minor, returned)
SELECT o.store_id, o.paid_at, s.product_id, s.units, s.revenue_minor, 0
FROM orders o JOIN order_product_sales s ON s.store_id = o.store_id AND s.order_id = o.id
WHERE o.paid_at IS NOT NULL AND o.state <> 'cancelled';
INSERT INTO sold_products (store_id, product_id, title)
SELECT s.store_id, s.product_id, s.title
FROM orders o JOIN order_product_sales s ON s.store_id = o.store_id AND s.order_id = o.id
WHERE o.paid_at IS NOT NULL ORDER BY o.paid_at
ON CONFLICT (store_id, product_id) DO UPDATE SET title = excluded.title;
INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
SELECT o.store_id, unixepoch(entry.value ->> 'at') * 1000, 0, 0, 0, entry.value ->> '$.amount.amount', 0
FROM orders o JOIN json_each(o.timeline) AS entry WHERE entry.value ->> 'type' = 'order.refunded';
INSERT INTO counted_sales (store_id, at, orders, units, revenue_minor, refunded_minor, returned)
SELECT o.store_id, unixepoch(entry.value ->> 'at') * 1000, 0, 0, 0, 0, back.value ->> 'quantity'
FROM orders o JOIN json_each(o.timeline) AS entry JOIN json_each(entry.value, '$.lines') AS back
WHERE entry.value ->> 'type' = 'order.returned';
INSERT INTO counted_product_sales (store_id, at, product_id, units, revenue_minor, returned)
SELECT o.store_id, unixepoch(entry.value ->> 'at') * 1000, l.product_id, 0, 0, back.value ->> 'quantity'
FROM orders o JOIN json_each(o.timeline) AS entry JOIN json_each(entry.value, '$.lines') AS back
    JOIN order_lines l ON l.store_id = o.store_id AND l.order_id = o.id
        AND l.variant_id = back.value ->> 'variant_id' AND l.location_id = back.value ->> 'location_id'
WHERE entry.value ->> 'type' = 'order.returned';
DELETE FROM sales_changes;
