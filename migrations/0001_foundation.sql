-- The foundation: stores, members, the log, products with variants, and stock levels.
-- Times are Unix milliseconds; money is minor units of the store's currency; ids are prefixed texts.
-- Every CHECK has a name, because a failed statement names the problem that the client sees.

-- A guard: `INSERT INTO guard SELECT coalesce((condition), 0)` fails unless the condition is true.
CREATE VIEW guard (holds) AS SELECT 1 WHERE 0;
CREATE TRIGGER guard_fails INSTEAD OF INSERT ON guard WHEN new.holds IS NOT 1
BEGIN
    SELECT RAISE(ABORT, 'guard');
END;

CREATE TABLE stores (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    currency TEXT NOT NULL,
    timezone TEXT NOT NULL,
    low_stock_default INTEGER NOT NULL DEFAULT 5 CONSTRAINT low_stock_default_not_negative CHECK (low_stock_default >= 0),
    -- The life of this database: another number after a restore, so that cursors of a lost future are noticed.
    epoch INTEGER NOT NULL DEFAULT 1,
    -- The last event of the store; counts up by one.
    seq INTEGER NOT NULL DEFAULT 0,
    -- When the last event was written.
    head_at INTEGER NOT NULL DEFAULT 0,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX stores_by_head ON stores (head_at);

CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    email TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX users_by_email ON users (email);

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE memberships (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role TEXT NOT NULL CONSTRAINT role_known CHECK (role IN ('viewer', 'editor', 'fulfilment', 'admin', 'owner')),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, user_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX memberships_by_user ON memberships (user_id, store_id);

-- The log. `seq` has no holes in a store, because it is counted in the transaction of the change.
CREATE TABLE events (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    id TEXT NOT NULL,
    type TEXT NOT NULL,
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    data TEXT NOT NULL CONSTRAINT event_data_is_json CHECK (json_valid(data)),
    PRIMARY KEY (store_id, seq)
) STRICT, WITHOUT ROWID;

-- Every version's document of every thing; NULL where the thing was deleted.
CREATE TABLE revisions (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    subject TEXT NOT NULL,
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    request_id TEXT NOT NULL,
    document TEXT CONSTRAINT revision_document_is_json CHECK (document IS NULL OR json_valid(document)),
    PRIMARY KEY (store_id, subject, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE products (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Sorts by creation, so a list by `created_at` is a list by id.
    id TEXT NOT NULL,
    handle TEXT NOT NULL,
    external_id TEXT,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    status TEXT NOT NULL CONSTRAINT product_status_known CHECK (status IN ('draft', 'scheduled', 'published', 'archived')),
    category TEXT,
    tags TEXT NOT NULL CONSTRAINT product_tags_are_json CHECK (json_valid(tags)),
    attributes TEXT NOT NULL CONSTRAINT product_attributes_are_json CHECK (json_valid(attributes)),
    options TEXT NOT NULL CONSTRAINT product_options_are_json CHECK (json_valid(options)),
    publish_at INTEGER,
    published_at INTEGER,
    version INTEGER NOT NULL CONSTRAINT product_version_counts CHECK (version >= 1),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    CONSTRAINT product_scheduled_has_time CHECK ((status = 'scheduled') = (publish_at IS NOT NULL)),
    CONSTRAINT product_published_has_time CHECK ((status = 'published') = (published_at IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX products_by_handle ON products (store_id, handle);
CREATE UNIQUE INDEX products_by_external_id ON products (store_id, external_id);
CREATE INDEX products_by_status ON products (store_id, status, id);
CREATE INDEX products_by_category ON products (store_id, category, id);
CREATE INDEX products_by_updated_at ON products (store_id, updated_at, id);
CREATE INDEX products_by_title ON products (store_id, title COLLATE NOCASE, id);
-- What is due: by store for its reads and writes, over all stores for due work.
CREATE INDEX products_scheduled_by_store ON products (store_id, publish_at, id) WHERE status = 'scheduled';
CREATE INDEX products_scheduled ON products (publish_at, store_id) WHERE status = 'scheduled';

CREATE TABLE product_tags (
    store_id TEXT NOT NULL,
    tag TEXT NOT NULL,
    product_id TEXT NOT NULL,
    PRIMARY KEY (store_id, tag, product_id),
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX product_tags_by_product ON product_tags (store_id, product_id);

CREATE TABLE variants (
    store_id TEXT NOT NULL,
    id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    sku TEXT NOT NULL,
    barcode TEXT,
    option_values TEXT NOT NULL CONSTRAINT variant_option_values_are_json CHECK (json_valid(option_values)),
    price_minor INTEGER CONSTRAINT price_not_negative CHECK (price_minor >= 0),
    compare_at_price_minor INTEGER CONSTRAINT compare_at_price_not_negative CHECK (compare_at_price_minor >= 0),
    weight_grams INTEGER CONSTRAINT weight_not_negative CHECK (weight_grams >= 0),
    position INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE
) STRICT;
CREATE UNIQUE INDEX variants_by_sku ON variants (store_id, sku);
CREATE INDEX variants_by_product ON variants (store_id, product_id, position);

CREATE TABLE locations (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    name TEXT NOT NULL,
    is_default INTEGER NOT NULL DEFAULT 0 CONSTRAINT location_default_is_boolean CHECK (is_default IN (0, 1)),
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX locations_default ON locations (store_id) WHERE is_default = 1;

CREATE TABLE levels (
    store_id TEXT NOT NULL,
    variant_id TEXT NOT NULL,
    location_id TEXT NOT NULL,
    on_hand INTEGER NOT NULL DEFAULT 0,
    held INTEGER NOT NULL DEFAULT 0 CONSTRAINT held_not_negative CHECK (held >= 0),
    committed INTEGER NOT NULL DEFAULT 0 CONSTRAINT committed_not_negative CHECK (committed >= 0),
    incoming INTEGER NOT NULL DEFAULT 0 CONSTRAINT incoming_not_negative CHECK (incoming >= 0),
    -- 0 is off, NULL the store's default.
    threshold INTEGER CONSTRAINT threshold_not_negative CHECK (threshold >= 0),
    PRIMARY KEY (store_id, variant_id, location_id),
    FOREIGN KEY (store_id, variant_id) REFERENCES variants (store_id, id) ON DELETE CASCADE,
    FOREIGN KEY (store_id, location_id) REFERENCES locations (store_id, id),
    CONSTRAINT stock_not_negative CHECK (on_hand - held - committed >= 0)
) STRICT, WITHOUT ROWID;
CREATE INDEX levels_by_location ON levels (store_id, location_id);

-- The document of a product as members see it, from what is stored: `documents::PRODUCT` shows it as of a moment.
CREATE VIEW product_documents (store_id, id, status, publish_at, version, document) AS
SELECT p.store_id, p.id, p.status, p.publish_at, p.version, json_object(
    'id', p.id,
    'handle', p.handle,
    'external_id', p.external_id,
    'title', p.title,
    'description', p.description,
    'status', p.status,
    'category', p.category,
    'tags', json(p.tags),
    'attributes', json(p.attributes),
    'options', json(p.options),
    'variants', (
        SELECT json_group_array(json(variant)) FROM (
            SELECT json_object(
                'id', v.id,
                'sku', v.sku,
                'barcode', v.barcode,
                'option_values', json(v.option_values),
                'price', CASE WHEN v.price_minor IS NOT NULL
                    THEN json_object('amount', v.price_minor, 'currency', s.currency) END,
                'compare_at_price', CASE WHEN v.compare_at_price_minor IS NOT NULL
                    THEN json_object('amount', v.compare_at_price_minor, 'currency', s.currency) END,
                'weight_grams', v.weight_grams,
                'position', v.position
            ) AS variant
            FROM variants v WHERE v.store_id = p.store_id AND v.product_id = p.id ORDER BY v.position
        )
    ),
    'images', json('[]'),
    'publish_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.publish_at / 1000.0, 'unixepoch'),
    'published_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.published_at / 1000.0, 'unixepoch'),
    'version', p.version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.updated_at / 1000.0, 'unixepoch')
)
FROM products p JOIN stores s ON s.id = p.store_id;

-- What is left of a variant over all locations, as a word.
CREATE VIEW variant_availability (store_id, variant_id, product_id, rank) AS
SELECT v.store_id, v.id, v.product_id, (
    SELECT CASE
        WHEN coalesce(sum(l.on_hand - l.held - l.committed), 0) <= 0 THEN 0
        WHEN sum(l.on_hand - l.held - l.committed) <= sum(coalesce(l.threshold, s.low_stock_default)) THEN 1
        ELSE 2 END
    FROM levels l WHERE l.store_id = v.store_id AND l.variant_id = v.id
)
FROM variants v JOIN stores s ON s.id = v.store_id;

-- The document of a product as the public sees it. A schedule that is due reads as published since its moment.
CREATE VIEW catalog_documents (store_id, id, document) AS
SELECT p.store_id, p.id, json_object(
    'id', p.id,
    'handle', p.handle,
    'title', p.title,
    'description', p.description,
    'category', p.category,
    'tags', json(p.tags),
    'attributes', json(p.attributes),
    'options', json(p.options),
    'variants', (
        SELECT json_group_array(json(variant)) FROM (
            SELECT json_object(
                'id', v.id,
                'sku', v.sku,
                'barcode', v.barcode,
                'option_values', json(v.option_values),
                'price', json_object('amount', v.price_minor, 'currency', s.currency),
                'compare_at_price', CASE WHEN v.compare_at_price_minor IS NOT NULL
                    THEN json_object('amount', v.compare_at_price_minor, 'currency', s.currency) END,
                'weight_grams', v.weight_grams,
                'position', v.position,
                'availability', json_extract('["out_of_stock","low_stock","in_stock"]', '$[' || a.rank || ']')
            ) AS variant
            FROM variants v JOIN variant_availability a ON a.store_id = v.store_id AND a.variant_id = v.id
            WHERE v.store_id = p.store_id AND v.product_id = p.id ORDER BY v.position
        )
    ),
    'images', json('[]'),
    'published_at', strftime('%Y-%m-%dT%H:%M:%fZ', coalesce(p.published_at, p.publish_at) / 1000.0, 'unixepoch'),
    'availability', json_extract('["out_of_stock","low_stock","in_stock"]', '$[' || coalesce((
        SELECT max(a.rank) FROM variant_availability a WHERE a.store_id = p.store_id AND a.product_id = p.id
    ), 0) || ']')
)
FROM products p JOIN stores s ON s.id = p.store_id;

-- The next moment at which something becomes due, over all stores.
CREATE VIEW next_due (at) AS
SELECT min(publish_at) FROM products WHERE status = 'scheduled';
