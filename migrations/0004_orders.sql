-- Orders: what was sold at which price, and what it keeps of the stock until it is shipped.

CREATE TABLE orders (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Sorts by creation, so a list by `created_at` is a list by id.
    id TEXT NOT NULL,
    -- Counts up a store without holes, because it is counted in the transaction of the order.
    number INTEGER NOT NULL CONSTRAINT order_number_positive CHECK (number >= 1),
    external_id TEXT,
    state TEXT NOT NULL CONSTRAINT order_state_known
        CHECK (state IN ('pending', 'paid', 'fulfilled', 'delivered', 'cancelled', 'expired', 'returned')),
    currency TEXT NOT NULL,
    -- As the store's settings were when it was placed.
    tax_rate_basis_points INTEGER NOT NULL,
    prices_include_tax INTEGER NOT NULL,
    shipping_minor INTEGER NOT NULL CONSTRAINT order_shipping_not_negative CHECK (shipping_minor >= 0),
    -- What `order_totals` says, once its lines are there: they do not change any more.
    total_minor INTEGER NOT NULL DEFAULT 0,
    refunded_minor INTEGER NOT NULL DEFAULT 0,
    customer_email TEXT NOT NULL,
    customer_name TEXT,
    shipping_address TEXT CONSTRAINT order_address_is_json CHECK (shipping_address IS NULL OR json_valid(shipping_address)),
    hold_id TEXT,
    note TEXT,
    payment_reference TEXT,
    tracking TEXT,
    timeline TEXT NOT NULL CONSTRAINT order_timeline_is_json CHECK (json_valid(timeline)),
    version INTEGER NOT NULL DEFAULT 1 CONSTRAINT order_version_counts CHECK (version >= 1),
    -- From when on it keeps nothing, unless it is paid before; NULL once it was paid or cancelled.
    expires_at INTEGER,
    paid_at INTEGER,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT order_refund_fits CHECK (refunded_minor BETWEEN 0 AND total_minor),
    CONSTRAINT order_pending_expires CHECK ((state IN ('pending', 'expired')) = (expires_at IS NOT NULL)),
    CONSTRAINT order_paid_has_time CHECK (state NOT IN ('paid', 'fulfilled', 'delivered', 'returned') OR paid_at IS NOT NULL)
) STRICT;
CREATE UNIQUE INDEX orders_by_number ON orders (store_id, number);
CREATE UNIQUE INDEX orders_by_external_id ON orders (store_id, external_id) WHERE external_id IS NOT NULL;
CREATE INDEX orders_by_state ON orders (store_id, state, id);
CREATE INDEX orders_by_customer ON orders (store_id, customer_email COLLATE NOCASE, id);
CREATE INDEX orders_by_updated_at ON orders (store_id, updated_at, id);
CREATE INDEX orders_by_total ON orders (store_id, total_minor, id);
-- What is due: by store for its reads and writes, over all stores for due work.
CREATE INDEX orders_pending_by_store ON orders (store_id, expires_at, id) WHERE state = 'pending';
CREATE INDEX orders_pending ON orders (expires_at, store_id) WHERE state = 'pending';

-- The words that `?q=` finds an order by, in lower case: of its number, its customer and its external id.
CREATE TABLE order_words (
    store_id TEXT NOT NULL,
    word TEXT NOT NULL,
    order_id TEXT NOT NULL,
    PRIMARY KEY (store_id, word, order_id),
    FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX order_words_by_order ON order_words (store_id, order_id);

CREATE TABLE order_lines (
    store_id TEXT NOT NULL,
    order_id TEXT NOT NULL,
    -- Its place in the order, from 0.
    line INTEGER NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    -- As they were when the order was placed; the variant itself may change and go.
    product_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    title TEXT NOT NULL,
    quantity INTEGER NOT NULL CONSTRAINT order_quantity_positive CHECK (quantity > 0),
    unit_price_minor INTEGER NOT NULL CONSTRAINT order_price_not_negative CHECK (unit_price_minor >= 0),
    -- What it keeps of its level: all of it until the order is shipped or will not be.
    committed INTEGER NOT NULL CONSTRAINT order_committed_not_negative CHECK (committed >= 0),
    shipped INTEGER NOT NULL DEFAULT 0,
    returned INTEGER NOT NULL DEFAULT 0 CONSTRAINT order_returned_fits CHECK (returned BETWEEN 0 AND shipped),
    -- The order's `expires_at` while it is pending, so that a read of a level finds what has expired by an index.
    open_until INTEGER,
    PRIMARY KEY (store_id, order_id, line),
    FOREIGN KEY (store_id, order_id) REFERENCES orders (store_id, id) ON DELETE CASCADE,
    CONSTRAINT order_line_goes_once CHECK (committed + shipped <= quantity AND shipped >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX order_lines_committed ON order_lines (store_id, variant_id, location_id, open_until, committed)
    WHERE committed > 0;

-- What a level has `committed` is the sum of what order lines keep of it. What is shipped leaves `on_hand` in the same
-- step, so that `available` shows nothing in between.
CREATE TRIGGER order_line_keeps AFTER INSERT ON order_lines
BEGIN
    UPDATE levels SET committed = committed + new.committed
    WHERE store_id = new.store_id AND variant_id = new.variant_id AND location_id = new.location_id;
END;
CREATE TRIGGER order_line_moves AFTER UPDATE OF committed, shipped ON order_lines
WHEN old.committed <> new.committed OR old.shipped <> new.shipped
BEGIN
    UPDATE levels SET committed = committed + new.committed - old.committed, on_hand = on_hand - (new.shipped - old.shipped)
    WHERE store_id = new.store_id AND variant_id = new.variant_id AND location_id = new.location_id;
END;
-- A paid order keeps its stock for good, a fulfilled one has shipped it, any other gives back what it keeps.
CREATE TRIGGER order_moves_lines AFTER UPDATE OF state ON orders WHEN old.state <> new.state
BEGIN
    UPDATE order_lines SET
        open_until = NULL,
        shipped = CASE new.state WHEN 'fulfilled' THEN committed ELSE shipped END,
        committed = CASE new.state WHEN 'paid' THEN committed ELSE 0 END
    WHERE store_id = new.store_id AND order_id = new.id AND committed > 0;
END;

-- What each line comes to: `total_minor` as priced, and the tax in it or on top of it, rounded half to even. An amount
-- is at most 10^18 here, so the parts of the division stay below 2^63.
CREATE VIEW order_line_totals (store_id, order_id, line, total_minor, tax_minor) AS
SELECT store_id, order_id, line, total_minor,
    whole + (2 * rest > divisor OR (2 * rest = divisor AND whole % 2 = 1))
FROM (
    SELECT store_id, order_id, line, total_minor, divisor,
        total_minor / divisor * rate + total_minor % divisor * rate / divisor AS whole,
        total_minor % divisor * rate % divisor AS rest
    FROM (
        SELECT l.store_id, l.order_id, l.line, l.quantity * l.unit_price_minor AS total_minor,
            o.tax_rate_basis_points AS rate, 10000 + o.tax_rate_basis_points * o.prices_include_tax AS divisor
        FROM orders o CROSS JOIN order_lines l ON l.store_id = o.store_id AND l.order_id = o.id
    )
);
-- What an order comes to. The subtotal is the lines as priced, with the tax where prices include it.
CREATE VIEW order_totals (store_id, order_id, subtotal_minor, tax_minor, total_minor) AS
SELECT o.store_id, o.id, sum(l.total_minor), sum(l.tax_minor),
    sum(l.total_minor) + o.shipping_minor + iif(o.prices_include_tax, 0, sum(l.tax_minor))
FROM orders o CROSS JOIN order_line_totals l ON l.store_id = o.store_id AND l.order_id = o.id
GROUP BY o.store_id, o.id;

-- The document of an order, from what is stored: `documents::ORDER` shows it as of a moment. It adds up the lines itself,
-- because SQLite would work out `order_totals` for every order there is before it picked this one's row.
CREATE VIEW order_documents (store_id, id, state, expires_at, paid_at, timeline, version, document) AS
SELECT o.store_id, o.id, o.state, o.expires_at, o.paid_at, o.timeline, o.version, json_object(
    'id', o.id,
    'number', o.number,
    'external_id', o.external_id,
    'state', o.state,
    'lines', (
        SELECT json_group_array(json(line)) FROM (
            SELECT json_object(
                'variant_id', l.variant_id,
                'product_id', l.product_id,
                'location_id', l.location_id,
                'sku', l.sku,
                'title', l.title,
                'quantity', l.quantity,
                'unit_price', json_object('amount', l.unit_price_minor, 'currency', o.currency),
                'total', json_object('amount', t.total_minor, 'currency', o.currency),
                'tax', json_object('amount', t.tax_minor, 'currency', o.currency),
                'returned', l.returned
            ) AS line
            FROM order_lines l CROSS JOIN order_line_totals t
                ON t.store_id = l.store_id AND t.order_id = l.order_id AND t.line = l.line
            WHERE l.store_id = o.store_id AND l.order_id = o.id ORDER BY l.line
        )
    ),
    'customer', json_object('email', o.customer_email, 'name', o.customer_name),
    'shipping_address', json(o.shipping_address),
    'prices_include_tax', json(iif(o.prices_include_tax, 'true', 'false')),
    'tax_rate_basis_points', o.tax_rate_basis_points,
    'subtotal', (
        SELECT json_object('amount', sum(t.total_minor), 'currency', o.currency) FROM order_line_totals t
        WHERE t.store_id = o.store_id AND t.order_id = o.id
    ),
    'tax', (
        SELECT json_object('amount', sum(t.tax_minor), 'currency', o.currency) FROM order_line_totals t
        WHERE t.store_id = o.store_id AND t.order_id = o.id
    ),
    'shipping', json_object('amount', o.shipping_minor, 'currency', o.currency),
    'total', json_object('amount', o.total_minor, 'currency', o.currency),
    'refunded', json_object('amount', o.refunded_minor, 'currency', o.currency),
    'hold_id', o.hold_id,
    'note', o.note,
    'payment_reference', o.payment_reference,
    'tracking', o.tracking,
    'version', o.version,
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.expires_at / 1000.0, 'unixepoch'),
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.updated_at / 1000.0, 'unixepoch'),
    'timeline', json(o.timeline)
)
FROM orders o;

-- A hold that became an order says which.
ALTER TABLE holds ADD COLUMN order_id TEXT;
DROP VIEW hold_documents;
CREATE VIEW hold_documents (store_id, id, state, expires_at, version, document) AS
SELECT h.store_id, h.id, h.state, h.expires_at, h.version, json_object(
    'id', h.id,
    'state', h.state,
    'lines', (
        SELECT json_group_array(json(line)) FROM (
            SELECT json_object(
                'variant_id', l.variant_id,
                'location_id', l.location_id,
                'quantity', l.quantity,
                'committed', l.committed
            ) AS line
            FROM hold_lines l WHERE l.store_id = h.store_id AND l.hold_id = h.id ORDER BY l.line
        )
    ),
    'expires_at', strftime('%Y-%m-%dT%H:%M:%fZ', h.expires_at / 1000.0, 'unixepoch'),
    'reference', h.reference,
    'order_id', h.order_id,
    'version', h.version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', h.created_at / 1000.0, 'unixepoch')
)
FROM holds h;

-- The next moment at which something becomes due, over all stores.
DROP VIEW next_due;
CREATE VIEW next_due (at) AS
SELECT min(at) FROM (
    SELECT min(publish_at) AS at FROM products WHERE status = 'scheduled'
    UNION ALL SELECT min(expires_at) FROM holds WHERE state = 'open'
    UNION ALL SELECT min(expires_at) FROM orders WHERE state = 'pending'
    UNION ALL SELECT min(warn_at) FROM api_keys WHERE warn_at IS NOT NULL
    UNION ALL SELECT min(at) + 20000 FROM audit WHERE seal IS NULL
);
