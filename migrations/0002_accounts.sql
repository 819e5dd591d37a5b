-- Accounts, store settings, invitations, API keys, signed requests, and the audit log.

-- An e-mail address is one account's, however its letters are cased.
DROP INDEX users_by_email;
CREATE UNIQUE INDEX users_by_email ON users (email COLLATE NOCASE);
-- Argon2id in the PHC format; NULL for an account that cannot sign in by password.
ALTER TABLE users ADD COLUMN password_hash TEXT;

-- What ended lately is told to the rooms again, in case the first telling was lost.
CREATE INDEX sessions_ended ON sessions (ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- A session's refresh tokens, as hashes. Each works once; used ones stay until they would have expired, because using
-- one twice ends the session.
CREATE TABLE refresh_tokens (
    hash TEXT NOT NULL PRIMARY KEY,
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (session_id, expires_at);

-- Sign-ins that failed, by a pseudonym of the e-mail address or of the client's address.
CREATE TABLE sign_in_failures (
    subject TEXT NOT NULL PRIMARY KEY,
    failures INTEGER NOT NULL CONSTRAINT failures_not_negative CHECK (failures >= 0),
    last_at INTEGER NOT NULL,
    blocked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_in_failures_by_time ON sign_in_failures (last_at);

ALTER TABLE stores ADD COLUMN tax_rate_basis_points INTEGER NOT NULL DEFAULT 0
    CONSTRAINT tax_rate_in_range CHECK (tax_rate_basis_points BETWEEN 0 AND 10000);
ALTER TABLE stores ADD COLUMN prices_include_tax INTEGER NOT NULL DEFAULT 1
    CONSTRAINT prices_include_tax_is_boolean CHECK (prices_include_tax IN (0, 1));
ALTER TABLE stores ADD COLUMN order_expiry_s INTEGER NOT NULL DEFAULT 1800
    CONSTRAINT order_expiry_positive CHECK (order_expiry_s > 0);
ALTER TABLE stores ADD COLUMN hold_expiry_s INTEGER NOT NULL DEFAULT 900
    CONSTRAINT hold_expiry_positive CHECK (hold_expiry_s > 0);
-- Counts up by one an order, without holes; the currency is fixed once it is over 0.
ALTER TABLE stores ADD COLUMN last_order_number INTEGER NOT NULL DEFAULT 0
    CONSTRAINT last_order_number_not_negative CHECK (last_order_number >= 0);
ALTER TABLE stores ADD COLUMN version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT store_version_counts CHECK (version >= 1);
ALTER TABLE stores ADD COLUMN updated_at INTEGER NOT NULL DEFAULT 0;
-- How many rows the audit log has; counts up by one.
ALTER TABLE stores ADD COLUMN audit_count INTEGER NOT NULL DEFAULT 0
    CONSTRAINT audit_count_not_negative CHECK (audit_count >= 0);
UPDATE stores SET updated_at = created_at;

-- The document of a store as its members see it.
CREATE VIEW store_documents (id, version, document) AS
SELECT id, version, json_object(
    'id', id,
    'name', name,
    'currency', currency,
    'timezone', timezone,
    'tax_rate_basis_points', tax_rate_basis_points,
    'prices_include_tax', json(iif(prices_include_tax, 'true', 'false')),
    'order_expiry_seconds', order_expiry_s,
    'hold_expiry_seconds', hold_expiry_s,
    'low_stock_default', low_stock_default,
    'version', version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1000.0, 'unixepoch')
)
FROM stores;
INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document)
SELECT id, id, version, updated_at, 'system', 'migration', document
FROM stores JOIN store_documents USING (id, version);

ALTER TABLE memberships ADD COLUMN version INTEGER NOT NULL DEFAULT 1
    CONSTRAINT membership_version_counts CHECK (version >= 1);

-- Invitations that nobody has accepted yet; an address has one a store.
CREATE TABLE invites (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    email TEXT NOT NULL COLLATE NOCASE,
    role TEXT NOT NULL CONSTRAINT invite_role_known CHECK (role IN ('viewer', 'editor', 'fulfilment', 'admin', 'owner')),
    -- SHA-256 of the token, in hex.
    token_hash TEXT NOT NULL,
    -- The user or the API key that invites.
    invited_by TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, email)
) STRICT, WITHOUT ROWID;
CREATE INDEX invites_by_token ON invites (token_hash);

CREATE TABLE api_keys (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL CONSTRAINT key_role_known CHECK (role IN ('viewer', 'editor', 'fulfilment', 'admin', 'owner')),
    -- The newest of its secrets.
    generation INTEGER NOT NULL CONSTRAINT key_generation_counts CHECK (generation >= 1),
    expires_at INTEGER,
    -- When the next `key.expiring` is due.
    warn_at INTEGER,
    revoked_at INTEGER,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    version INTEGER NOT NULL CONSTRAINT key_version_counts CHECK (version >= 1),
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX api_keys_by_id ON api_keys (id);
CREATE INDEX api_keys_by_expiry ON api_keys (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX api_keys_expiring ON api_keys (warn_at, store_id) WHERE warn_at IS NOT NULL;

-- The secrets of a key that are good, by number: a secret is derived from its number and kept nowhere.
CREATE TABLE key_generations (
    key_id TEXT NOT NULL,
    generation INTEGER NOT NULL,
    -- Until when; NULL as long as the key.
    ends_at INTEGER,
    PRIMARY KEY (key_id, generation)
) STRICT, WITHOUT ROWID;

-- Signed requests a day of UTC, counted from 1970-01-01.
CREATE TABLE key_usage (
    store_id TEXT NOT NULL,
    key_id TEXT NOT NULL,
    day INTEGER NOT NULL,
    requests INTEGER NOT NULL,
    PRIMARY KEY (store_id, key_id, day),
    FOREIGN KEY (store_id, key_id) REFERENCES api_keys (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

-- Nonces of signed requests, until no request that has one could be taken any more.
CREATE TABLE nonces (
    key_id TEXT NOT NULL,
    nonce TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (key_id, nonce)
) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_expiry ON nonces (expires_at);

-- Who did what. A row is written in its change's transaction with the hash of its content; the sealer links the rows
-- into a chain. Both hashes are keyed, so that nobody with the database alone can make them.
CREATE TABLE audit (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Counts up by one a store, without holes.
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT,
    address TEXT,
    request_id TEXT NOT NULL,
    hash TEXT NOT NULL,
    seal TEXT,
    PRIMARY KEY (store_id, seq)
) STRICT, WITHOUT ROWID;
-- A request writes one row into a store's log, so a copy of a row is refused, or found when somebody drops this.
CREATE UNIQUE INDEX audit_by_request ON audit (store_id, request_id);
CREATE INDEX audit_by_actor ON audit (store_id, actor, seq);
CREATE INDEX audit_unsealed ON audit (at, store_id) WHERE seal IS NULL;
CREATE TRIGGER audit_is_append_only BEFORE DELETE ON audit
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;
CREATE TRIGGER audit_is_sealed_once BEFORE UPDATE ON audit
WHEN old.seal IS NOT NULL OR new.store_id IS NOT old.store_id OR new.seq IS NOT old.seq OR new.at IS NOT old.at
    OR new.actor IS NOT old.actor OR new.action IS NOT old.action OR new.subject IS NOT old.subject
    OR new.address IS NOT old.address OR new.request_id IS NOT old.request_id OR new.hash IS NOT old.hash
BEGIN
    SELECT RAISE(ABORT, 'audit is append-only');
END;

-- How far the chain goes: the number of rows sealed, the last seal, and a keyed hash of both.
CREATE TABLE audit_anchors (
    store_id TEXT NOT NULL PRIMARY KEY REFERENCES stores (id) ON DELETE CASCADE,
    count INTEGER NOT NULL,
    seal TEXT NOT NULL,
    -- When the last sealed row was written.
    at INTEGER NOT NULL,
    mac TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The next moment at which something becomes due, over all stores. A row of the audit log is sealed 20 s after it was
-- written, so that a sealing covers many.
DROP VIEW next_due;
CREATE VIEW next_due (at) AS
SELECT min(at) FROM (
    SELECT min(publish_at) AS at FROM products WHERE status = 'scheduled'
    UNION ALL SELECT min(warn_at) FROM api_keys WHERE warn_at IS NOT NULL
    UNION ALL SELECT min(at) + 20000 FROM audit WHERE seal IS NULL
);
