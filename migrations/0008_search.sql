-- Search: what lists of products find and sort them by, beside their own columns.

-- `search_id` is the product's number in the index of texts. Numbers sort by creation, so the newest of what matches comes
-- straight out of the index: the moment in milliseconds, times 2^21, and a count of those of the same millisecond.
ALTER TABLE products ADD COLUMN search_id INTEGER;
-- The lowest price of its variants; NULL while none has a price.
ALTER TABLE products ADD COLUMN lowest_price_minor INTEGER;

-- The text that `?q=` looks in. The tokenizer lowers letters and takes accents away; letters that it leaves are written out
-- here, and for what is looked for in `functions/products/src/words.rs`: half of them in each step, because an expression
-- must not be deeper. A private letter stands between the parts, so that no phrase runs from one into the next.
CREATE VIEW product_texts (store_id, product_id, text) AS
SELECT store_id, product_id,
    replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
    text, 'Ł', 'l'), 'đ', 'd'), 'Đ', 'd'), 'ð', 'd'), 'Ð', 'd'), 'þ', 'th'), 'Þ', 'th'), 'ħ', 'h'), 'Ħ', 'h')
    , 'ŧ', 't'), 'Ŧ', 't'), 'ŋ', 'n'), 'Ŋ', 'n'), 'ı', 'i')
FROM (
    SELECT store_id, product_id,
        replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(replace(
        text, 'ß', 'ss'), 'ẞ', 'ss'), 'æ', 'ae'), 'Æ', 'ae'), 'ǽ', 'ae'), 'Ǽ', 'ae'), 'œ', 'oe'), 'Œ', 'oe')
        , 'ø', 'o'), 'Ø', 'o'), 'ǿ', 'o'), 'Ǿ', 'o'), 'ł', 'l') AS text
    FROM (
        SELECT p.store_id, p.id AS product_id, p.title || parts.mark || p.description || parts.mark
            || coalesce((SELECT group_concat(value, parts.mark) FROM json_each(p.tags)), '') || parts.mark
            || coalesce((
                SELECT group_concat(sku, parts.mark) FROM variants v
                WHERE v.store_id = p.store_id AND v.product_id = p.id
            ), '') AS text
        FROM products p CROSS JOIN (SELECT ' ' || char(57344) || ' ' AS mark) AS parts
    )
);

-- `store` is the store's id without its prefix: one word, which every MATCH asks for.
CREATE VIRTUAL TABLE product_search USING fts5 (
    store, text, tokenize = 'unicode61 remove_diacritics 2', prefix = '1 2 3', columnsize = 0
);

UPDATE products SET search_id = numbered.search_id, lowest_price_minor = (
    SELECT min(price_minor) FROM variants v WHERE v.store_id = products.store_id AND v.product_id = products.id
)
FROM (
    SELECT store_id, id, created_at * 2097152 + row_number() OVER (PARTITION BY created_at ORDER BY id) - 1 AS search_id
    FROM products
) AS numbered
WHERE numbered.store_id = products.store_id AND numbered.id = products.id;
INSERT INTO product_search (rowid, store, text)
SELECT p.search_id, substr(p.store_id, 5), t.text
FROM products p CROSS JOIN product_texts t ON t.store_id = p.store_id AND t.product_id = p.id;

CREATE INDEX products_by_search_id ON products (store_id, search_id);
-- A product without a price comes last, whichever way prices go.
CREATE INDEX products_by_price ON products (store_id, coalesce(lowest_price_minor, 9223372036854775807), id);
CREATE INDEX products_by_price_descending ON products (store_id, coalesce(lowest_price_minor, -1), id);

-- What is at most so many pieces by what is stored, for who looks for what is low: as of now there can only be more.
CREATE INDEX levels_by_available ON levels (store_id, on_hand - held - committed, variant_id);
CREATE INDEX levels_by_threshold ON levels (store_id, threshold) WHERE threshold > 0;

-- Every version of a product is written down as a revision once its row, its variants and its tags are as they will be, by
-- whatever path it came; so that is the moment at which what it is found by is brought up to date, once a version, and only
-- where it differs.
CREATE TRIGGER product_version_is_found AFTER INSERT ON revisions
WHEN new.subject GLOB 'prd_*' AND new.document IS NOT NULL
BEGIN
    UPDATE products SET
        search_id = coalesce(search_id, (
            SELECT rowid + 1 FROM product_search
            WHERE rowid >= created_at * 2097152 AND rowid < (created_at + 1) * 2097152 ORDER BY rowid DESC LIMIT 1
        ), created_at * 2097152),
        lowest_price_minor = (
            SELECT min(price_minor) FROM variants v WHERE v.store_id = products.store_id AND v.product_id = products.id
        )
    WHERE store_id = new.store_id AND id = new.subject AND (search_id IS NULL OR lowest_price_minor IS NOT (
        SELECT min(price_minor) FROM variants v WHERE v.store_id = products.store_id AND v.product_id = products.id
    ));
    INSERT OR REPLACE INTO product_search (rowid, store, text)
    SELECT p.search_id, substr(p.store_id, 5), t.text
    FROM products p CROSS JOIN product_texts t ON t.store_id = p.store_id AND t.product_id = p.id
    WHERE p.store_id = new.store_id AND p.id = new.subject
        AND t.text IS NOT (SELECT text FROM product_search WHERE rowid = p.search_id);
END;
CREATE TRIGGER product_is_found_no_more AFTER DELETE ON products WHEN old.search_id IS NOT NULL
BEGIN
    DELETE FROM product_search WHERE rowid = old.search_id;
END;
