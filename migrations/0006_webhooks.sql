-- Webhooks: where a store's events are sent, what is still to be sent, and the log of every attempt.

CREATE TABLE webhook_endpoints (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Sorts by creation.
    id TEXT NOT NULL,
    url TEXT NOT NULL,
    -- Types of events and topics; empty is all.
    types TEXT NOT NULL CONSTRAINT webhook_types_are_json CHECK (json_valid(types)),
    description TEXT NOT NULL,
    -- Why it gets nothing, since when, and where the log stood: `paused` by a member, `failing` for days, `gone` by its
    -- own word.
    stopped TEXT CONSTRAINT webhook_stopped_known CHECK (stopped IN ('paused', 'failing', 'gone')),
    stopped_at INTEGER,
    stopped_cursor TEXT,
    -- The first attempt that failed since the last that did not.
    failing_since INTEGER,
    -- The newest of its secrets.
    generation INTEGER NOT NULL CONSTRAINT webhook_generation_counts CHECK (generation >= 1),
    -- When somebody should look for what is to be sent: what is due first, or, while a runner is at it, the moment at
    -- which that runner counts as lost.
    due_at INTEGER,
    -- The runner that is at it.
    lease TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    version INTEGER NOT NULL CONSTRAINT webhook_version_counts CHECK (version >= 1),
    PRIMARY KEY (store_id, id),
    CONSTRAINT webhook_stopped_whole CHECK ((stopped IS NULL) = (stopped_at IS NULL)
        AND (stopped IS NULL) = (stopped_cursor IS NULL)),
    CONSTRAINT webhook_stopped_rests CHECK (stopped IS NULL OR (due_at IS NULL AND lease IS NULL)),
    CONSTRAINT webhook_lease_ends CHECK (lease IS NULL OR due_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_endpoints_due ON webhook_endpoints (due_at, store_id) WHERE due_at IS NOT NULL;

-- The secrets of an endpoint that sign, by number: a secret is derived from its number and kept nowhere.
CREATE TABLE webhook_generations (
    store_id TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    -- Until when; NULL as long as the endpoint.
    ends_at INTEGER,
    PRIMARY KEY (store_id, endpoint_id, generation),
    FOREIGN KEY (store_id, endpoint_id) REFERENCES webhook_endpoints (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Which endpoints get what: those that are not stopped, by topic or type, '' for all. No endpoint stands under a type
-- and its topic both.
CREATE TABLE webhook_subscriptions (
    store_id TEXT NOT NULL,
    topic TEXT NOT NULL,
    endpoint_id TEXT NOT NULL,
    PRIMARY KEY (store_id, topic, endpoint_id),
    FOREIGN KEY (store_id, endpoint_id) REFERENCES webhook_endpoints (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_subscriptions_by_endpoint ON webhook_subscriptions (store_id, endpoint_id);

-- An event on its way to an endpoint, once for each.
CREATE TABLE deliveries (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- It may be gone: see webhook_remains.
    endpoint_id TEXT NOT NULL,
    -- The event's.
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    -- What is pending is shown as held while its endpoint is stopped.
    state TEXT NOT NULL CONSTRAINT delivery_state_known CHECK (state IN ('pending', 'delivered', 'failed')),
    -- When it is sent next; 0 is as soon as it can be, in the order of the log, which moments are not: a request's clock
    -- may be behind that of the request before.
    due_at INTEGER,
    -- Attempts in all, and those that failed since it was queued or asked for anew.
    attempts INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0,
    queued_at INTEGER NOT NULL,
    finished_at INTEGER,
    PRIMARY KEY (store_id, endpoint_id, seq),
    CONSTRAINT delivery_pending_is_due CHECK ((state = 'pending') = (due_at IS NOT NULL)),
    CONSTRAINT delivery_finished_has_time CHECK ((state IN ('delivered', 'failed')) = (finished_at IS NOT NULL))
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX deliveries_by_id ON deliveries (store_id, id);
CREATE INDEX deliveries_due ON deliveries (store_id, endpoint_id, due_at, seq) WHERE due_at IS NOT NULL;
CREATE INDEX deliveries_failed ON deliveries (store_id, endpoint_id, seq) WHERE state = 'failed';
CREATE INDEX deliveries_finished ON deliveries (finished_at) WHERE finished_at IS NOT NULL;

-- Endpoints that were deleted, whose deliveries are not yet: they may be many, and go some at a time.
CREATE TABLE webhook_remains (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    endpoint_id TEXT NOT NULL,
    PRIMARY KEY (store_id, endpoint_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE delivery_attempts (
    store_id TEXT NOT NULL,
    delivery_id TEXT NOT NULL,
    -- Counts up by one from 1.
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    latency_ms INTEGER NOT NULL,
    -- NULL where there was no answer; then `error` says why.
    status INTEGER,
    error TEXT,
    -- The beginning of the answer's body.
    answer TEXT,
    PRIMARY KEY (store_id, delivery_id, number),
    FOREIGN KEY (store_id, delivery_id) REFERENCES deliveries (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- An event is queued in its own transaction, whatever statement writes it. A delivery's id begins as its event's, which is
-- the time, and ends by chance.
CREATE TRIGGER events_are_delivered AFTER INSERT ON events
WHEN EXISTS (SELECT 1 FROM webhook_subscriptions WHERE store_id = new.store_id)
BEGIN
    INSERT INTO deliveries (store_id, endpoint_id, seq, id, state, due_at, queued_at)
    SELECT store_id, endpoint_id, new.seq, 'dlv_' || substr(new.id, 5, 14) || lower(hex(randomblob(6))), 'pending',
        0, new.at
    FROM webhook_subscriptions
    WHERE store_id = new.store_id AND topic IN ('', substr(new.type, 1, instr(new.type, '.') - 1), new.type);
    UPDATE webhook_endpoints SET due_at = new.at
    WHERE store_id = new.store_id AND lease IS NULL AND coalesce(due_at > new.at, 1) AND id IN (
        SELECT endpoint_id FROM webhook_subscriptions
        WHERE store_id = new.store_id AND topic IN ('', substr(new.type, 1, instr(new.type, '.') - 1), new.type));
END;

-- The document of an endpoint, without its secret.
CREATE VIEW webhook_documents (store_id, id, version, document) AS
SELECT store_id, id, version, json_object(
    'id', id,
    'url', url,
    'types', json(types),
    'description', description,
    'active', json(iif(stopped IS NULL, 'true', 'false')),
    'stopped', CASE WHEN stopped IS NOT NULL THEN json_object(
        'reason', stopped,
        'at', strftime('%Y-%m-%dT%H:%M:%fZ', stopped_at / 1000.0, 'unixepoch'),
        'cursor', stopped_cursor) END,
    'failing_since', strftime('%Y-%m-%dT%H:%M:%fZ', failing_since / 1000.0, 'unixepoch'),
    'overlap_until', (SELECT strftime('%Y-%m-%dT%H:%M:%fZ', max(g.ends_at) / 1000.0, 'unixepoch')
        FROM webhook_generations g WHERE g.store_id = w.store_id AND g.endpoint_id = w.id),
    'version', version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch')
)
FROM webhook_endpoints w;

-- The document of a delivery with its newest attempts.
CREATE VIEW delivery_documents (store_id, endpoint_id, seq, id, document) AS
SELECT d.store_id, d.endpoint_id, d.seq, d.id, json_object(
    'id', d.id,
    'endpoint_id', d.endpoint_id,
    'event_id', e.id,
    'seq', d.seq,
    'type', e.type,
    'subject', e.subject,
    'state', iif(d.state = 'pending' AND w.stopped IS NOT NULL, 'held', d.state),
    'attempt_count', d.attempts,
    'attempts', (SELECT json_group_array(json(attempt)) FROM (
        SELECT json_object(
            'number', a.number,
            'at', strftime('%Y-%m-%dT%H:%M:%fZ', a.at / 1000.0, 'unixepoch'),
            'latency_ms', a.latency_ms,
            'status', a.status,
            'error', a.error,
            'answer', a.answer
        ) AS attempt
        FROM delivery_attempts a
        WHERE a.store_id = d.store_id AND a.delivery_id = d.id AND a.number > d.attempts - 12 ORDER BY a.number
    )),
    'next_attempt_at', CASE WHEN w.stopped IS NULL
        THEN strftime('%Y-%m-%dT%H:%M:%fZ', iif(d.due_at = 0, d.queued_at, d.due_at) / 1000.0, 'unixepoch') END,
    'queued_at', strftime('%Y-%m-%dT%H:%M:%fZ', d.queued_at / 1000.0, 'unixepoch'),
    'finished_at', strftime('%Y-%m-%dT%H:%M:%fZ', d.finished_at / 1000.0, 'unixepoch')
)
FROM deliveries d JOIN webhook_endpoints w ON w.store_id = d.store_id AND w.id = d.endpoint_id
    JOIN events e ON e.store_id = d.store_id AND e.seq = d.seq;

DROP VIEW next_due;
CREATE VIEW next_due (at) AS
SELECT min(at) FROM (
    SELECT min(publish_at) AS at FROM products WHERE status = 'scheduled'
    UNION ALL SELECT min(warn_at) FROM api_keys WHERE warn_at IS NOT NULL
    UNION ALL SELECT min(at) + 20000 FROM audit WHERE seal IS NULL
    UNION ALL SELECT min(expires_at) FROM holds WHERE state = 'open'
    UNION ALL SELECT min(expires_at) FROM orders WHERE state = 'pending'
    UNION ALL SELECT min(due_at) FROM webhook_endpoints WHERE due_at IS NOT NULL
);
