-- Changes to many products at once (`POST /products/bulk`, imports).

-- Where such a change is laid out for the statements of its own transaction, which leaves it empty.
CREATE TABLE staged_products (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- The order in which the changes were asked for.
    number INTEGER NOT NULL,
    id TEXT NOT NULL,
    is_deleted INTEGER NOT NULL CONSTRAINT staged_is_deleted_is_boolean CHECK (is_deleted IN (0, 1)),
    -- The version that the product is to have.
    version INTEGER NOT NULL CONSTRAINT staged_version_counts CHECK (version >= 1),
    event_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    -- Its columns and variants; `gone` and `respelt` are the ids of variants that it loses and that get another SKU.
    product TEXT NOT NULL CONSTRAINT staged_product_is_json CHECK (json_valid(product)),
    PRIMARY KEY (store_id, number)
) STRICT, WITHOUT ROWID;
