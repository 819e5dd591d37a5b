-- Stock: the ledger, holds, alerts; and the answers of requests that carried an idempotency key.

-- What was done under an idempotency key, and its answer, for 72 h. `store_id` is empty for what is about no store.
CREATE TABLE idempotency_keys (
    store_id TEXT NOT NULL,
    actor TEXT NOT NULL,
    key TEXT NOT NULL,
    -- SHA-256 of method, path, query and body, in hex.
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    etag TEXT,
    location TEXT,
    body TEXT,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, actor, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_keys_by_expiry ON idempotency_keys (expires_at);

-- Every movement of what is on hand. The sum of a level's deltas is its `on_hand`.
CREATE TABLE ledger (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT ledger_kind_known
        CHECK (kind IN ('adjusted', 'set', 'transferred', 'hold_committed', 'fulfilled', 'returned', 'reconciled')),
    delta INTEGER NOT NULL,
    before INTEGER NOT NULL,
    after INTEGER NOT NULL,
    reason TEXT,
    -- What it belongs to: the client's own reference, a hold or an order.
    reference TEXT,
    PRIMARY KEY (store_id, seq),
    CONSTRAINT ledger_adds_up CHECK (before + delta = after)
) STRICT, WITHOUT ROWID;
CREATE INDEX ledger_by_variant ON ledger (store_id, variant_id, seq);
CREATE INDEX ledger_by_location ON ledger (store_id, location_id, seq);
CREATE TRIGGER ledger_is_append_only_for_deletes BEFORE DELETE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
CREATE TRIGGER ledger_is_append_only_for_updates BEFORE UPDATE ON ledger
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;
-- Levels from before the ledger begin with what they had.
INSERT INTO ledger (store_id, seq, at, actor, request_id, variant_id, location_id, kind, delta, before, after, reason)
SELECT store_id, row_number() OVER (PARTITION BY store_id ORDER BY variant_id, location_id), 0, 'system', 'migration',
    variant_id, location_id, 'set', on_hand, 0, on_hand, 'opening'
FROM levels WHERE on_hand <> 0;

-- Stock set aside for a while. A hold resolves once.
CREATE TABLE holds (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT hold_state_known CHECK (state IN ('open', 'committed', 'released', 'expired')),
    expires_at INTEGER NOT NULL,
    reference TEXT,
    version INTEGER NOT NULL DEFAULT 1 CONSTRAINT hold_version_counts CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    resolved_at INTEGER,
    PRIMARY KEY (store_id, id),
    CONSTRAINT hold_open_is_unresolved CHECK ((state = 'open') = (resolved_at IS NULL))
) STRICT, WITHOUT ROWID;
CREATE INDEX holds_open_by_store ON holds (store_id, expires_at, id) WHERE state = 'open';
CREATE INDEX holds_open ON holds (expires_at, store_id) WHERE state = 'open';

CREATE TABLE hold_lines (
    store_id TEXT NOT NULL,
    hold_id TEXT NOT NULL,
    -- Its place in the hold, from 0.
    line INTEGER NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    quantity INTEGER NOT NULL CONSTRAINT hold_quantity_positive CHECK (quantity > 0),
    -- How many were committed when the hold was.
    committed INTEGER NOT NULL DEFAULT 0 CONSTRAINT hold_committed_fits CHECK (committed BETWEEN 0 AND quantity),
    -- The hold's `expires_at` while it is open, so that a read of a level finds what has expired by an index.
    open_until INTEGER,
    PRIMARY KEY (store_id, hold_id, variant_id, location_id),
    FOREIGN KEY (store_id, hold_id) REFERENCES holds (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_lines_open ON hold_lines (store_id, variant_id, location_id, open_until, quantity)
    WHERE open_until IS NOT NULL;

-- What a level has `held` is the sum of the hold lines that are open, whatever opens and closes them. What is committed
-- of a line leaves `on_hand` in the same step, so that `available` shows nothing in between.
CREATE TRIGGER hold_line_opens AFTER INSERT ON hold_lines WHEN new.open_until IS NOT NULL
BEGIN
    UPDATE levels SET held = held + new.quantity
    WHERE store_id = new.store_id AND variant_id = new.variant_id AND location_id = new.location_id;
END;
CREATE TRIGGER hold_line_closes AFTER UPDATE OF open_until ON hold_lines
WHEN old.open_until IS NOT NULL AND new.open_until IS NULL
BEGIN
    UPDATE levels SET held = held - old.quantity, on_hand = on_hand - (new.committed - old.committed)
    WHERE store_id = new.store_id AND variant_id = new.variant_id AND location_id = new.location_id;
END;
CREATE TRIGGER hold_resolves AFTER UPDATE OF state ON holds WHEN old.state = 'open' AND new.state <> 'open'
BEGIN
    UPDATE hold_lines SET open_until = NULL
    WHERE store_id = new.store_id AND hold_id = new.id AND open_until IS NOT NULL;
END;

-- The document of a hold, from what is stored: `documents::HOLD` shows it as of a moment.
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
    'version', h.version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', h.created_at / 1000.0, 'unixepoch')
)
FROM holds h;

-- Levels that are low: one alert a crossing.
CREATE TABLE alerts (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    -- At the crossing.
    available INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    opened_at INTEGER NOT NULL,
    acknowledged_at INTEGER,
    acknowledged_by TEXT,
    closed_at INTEGER,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX alerts_open ON alerts (store_id, variant_id, location_id) WHERE closed_at IS NULL;

-- Open ones, newest first.
CREATE INDEX alerts_open_by_id ON alerts (store_id, id) WHERE closed_at IS NULL;

-- Crossings of this transaction that no event tells of yet: a trigger writes them, whatever moves the stock, and the
-- last step of the batch empties the table.
CREATE TABLE crossings (
    store_id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT crossing_kind_known CHECK (kind IN ('low', 'replenished')),
    PRIMARY KEY (store_id, variant_id, location_id)
) STRICT, WITHOUT ROWID;

-- Whether a level is low, has enough again, or is in between, where an alert stays as it is.
CREATE VIEW level_states (store_id, variant_id, location_id, available, threshold, state) AS
SELECT store_id, variant_id, location_id, available, threshold, CASE
    WHEN threshold = 0 THEN 'replenished'
    WHEN available <= threshold THEN 'low'
    WHEN available >= max(threshold + 1, (6 * threshold + 4) / 5) THEN 'replenished'
    ELSE 'between' END
FROM (
    SELECT l.store_id, l.variant_id, l.location_id, l.on_hand - l.held - l.committed AS available,
        coalesce(l.threshold, s.low_stock_default) AS threshold
    FROM levels l JOIN stores s ON s.id = l.store_id
);
-- What counts is where a level stood before its transaction and where it stands after it.
CREATE TRIGGER level_crosses AFTER UPDATE OF on_hand, held, committed, threshold ON levels
BEGIN
    DELETE FROM crossings
    WHERE store_id = new.store_id AND variant_id = new.variant_id AND location_id = new.location_id
        AND kind <> (
            SELECT l.state FROM level_states l
            WHERE l.store_id = new.store_id AND l.variant_id = new.variant_id AND l.location_id = new.location_id
        );
    INSERT INTO crossings (store_id, variant_id, location_id, kind)
    SELECT l.store_id, l.variant_id, l.location_id, l.state FROM level_states l JOIN stores s ON s.id = l.store_id
    WHERE l.store_id = new.store_id AND l.variant_id = new.variant_id AND l.location_id = new.location_id
        AND l.state <> 'between'
        AND (l.state = 'replenished') = EXISTS (
            SELECT 1 FROM alerts a
            WHERE a.store_id = l.store_id AND a.variant_id = l.variant_id AND a.location_id = l.location_id
                AND a.closed_at IS NULL
        )
        AND (l.state = 'replenished'
            OR old.on_hand - old.held - old.committed > coalesce(old.threshold, s.low_stock_default)
            OR coalesce(old.threshold, s.low_stock_default) = 0)
    ON CONFLICT DO NOTHING;
END;
-- What is gone is not low.
CREATE TRIGGER level_goes AFTER DELETE ON levels
BEGIN
    DELETE FROM crossings
    WHERE store_id = old.store_id AND variant_id = old.variant_id AND location_id = old.location_id;
    DELETE FROM alerts
    WHERE store_id = old.store_id AND variant_id = old.variant_id AND location_id = old.location_id
        AND closed_at IS NULL;
END;

-- Every variant has a level at the default location, from the start.
CREATE TRIGGER variant_has_level AFTER INSERT ON variants
BEGIN
    INSERT INTO levels (store_id, variant_id, location_id)
    SELECT new.store_id, new.id, id FROM locations WHERE store_id = new.store_id AND is_default = 1;
END;
INSERT INTO levels (store_id, variant_id, location_id)
SELECT v.store_id, v.id, o.id FROM variants v JOIN locations o ON o.store_id = v.store_id AND o.is_default = 1
WHERE TRUE
ON CONFLICT DO NOTHING;

-- What is left of a variant depends on the moment, because an expired hold keeps nothing: `documents` has the catalogue.
DROP VIEW catalog_documents;
DROP VIEW variant_availability;

-- The next moment at which something becomes due, over all stores.
DROP VIEW next_due;
CREATE VIEW next_due (at) AS
SELECT min(at) FROM (
    SELECT min(publish_at) AS at FROM products WHERE status = 'scheduled'
    UNION ALL SELECT min(expires_at) FROM holds WHERE state = 'open'
    UNION ALL SELECT min(warn_at) FROM api_keys WHERE warn_at IS NOT NULL
    UNION ALL SELECT min(at) + 20000 FROM audit WHERE seal IS NULL
);
