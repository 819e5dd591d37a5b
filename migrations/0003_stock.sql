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
    line INTEGER NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    quantity INTEGER NOT NULL CONSTRAINT hold_quantity_positive CHECK (quantity > 0),
    -- How many were committed when the hold was.
    committed INTEGER NOT NULL DEFAULT 0 CONSTRAINT hold_committed_fits CHECK (committed BETWEEN 0 AND quantity),
    -- The hold's `expires_at` while it is open, so that a read of a level finds what has expired by an index.
    open_until INTEGER,
    PRIMARY KEY (store_id, hold_id, line),
    FOREIGN KEY (store_id, hold_id) REFERENCES holds (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX hold_lines_open ON hold_lines (store_id, variant_id, location_id, open_until, quantity)
    WHERE open_until IS NOT NULL;

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

-- Crossings of this transaction that no event tells of yet: a trigger writes them, whatever moves the stock, and the
-- last step of the batch empties the table.
CREATE TABLE crossings (
    store_id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    kind TEXT NOT NULL CONSTRAINT crossing_kind_known CHECK (kind IN ('low', 'replenished')),
    available INTEGER NOT NULL,
    threshold INTEGER NOT NULL,
    PRIMARY KEY (store_id, variant_id, location_id)
) STRICT, WITHOUT ROWID;
