-- Events that other systems send: which were applied, each once and for good, and which wait to be tried again.
CREATE TABLE webhook_inbox (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- The sender's.
    event_id TEXT NOT NULL,
    type TEXT NOT NULL,
    state TEXT NOT NULL CONSTRAINT inbox_state_known CHECK (state IN ('applied', 'rejected')),
    -- SHA-256 of the event's canonical JSON, in hex: another content under the same id is no repetition.
    hash TEXT NOT NULL,
    -- The event and why it was rejected the last time; gone once it was applied.
    body TEXT CONSTRAINT inbox_body_is_json CHECK (body IS NULL OR json_valid(body)),
    problem TEXT CONSTRAINT inbox_problem_is_json CHECK (problem IS NULL OR json_valid(problem)),
    -- What it was answered when it was applied, and is each time that it comes again.
    result TEXT CONSTRAINT inbox_result_is_json CHECK (result IS NULL OR json_valid(result)),
    received_at INTEGER NOT NULL,
    applied_at INTEGER,
    attempts INTEGER NOT NULL CONSTRAINT inbox_attempts_count CHECK (attempts >= 1),
    -- Of the request that brought it first. Sorts by time.
    request_id TEXT NOT NULL,
    received_by TEXT NOT NULL,
    PRIMARY KEY (store_id, event_id),
    CONSTRAINT inbox_applied_has_result CHECK ((state = 'applied') = (result IS NOT NULL AND applied_at IS NOT NULL)),
    CONSTRAINT inbox_rejected_has_problem CHECK ((state = 'rejected') = (body IS NOT NULL AND problem IS NOT NULL))
) STRICT;
CREATE INDEX webhook_inbox_rejected ON webhook_inbox (store_id, request_id) WHERE state = 'rejected';
