-- Images of products, and the files that they show.

-- What lies in the image store, or is about to: a picture, its original and its sizes under one hash.
CREATE TABLE image_files (
    store_id TEXT NOT NULL REFERENCES stores (id) ON DELETE CASCADE,
    -- Of the original, in hex.
    sha256 TEXT NOT NULL CONSTRAINT image_file_hash_is_hex CHECK (length(sha256) = 64),
    -- What the original's name ends with.
    extension TEXT NOT NULL CONSTRAINT image_file_extension_known CHECK (extension IN ('jpg', 'png', 'webp', 'gif')),
    -- When somebody last began to send it.
    touched_at INTEGER NOT NULL,
    -- From when on it may be removed: an hour after it was touched; NULL while an image shows it.
    due_at INTEGER,
    -- Until when nobody may send it, because it is being removed.
    lease_until INTEGER NOT NULL,
    PRIMARY KEY (store_id, sha256)
) STRICT, WITHOUT ROWID;
CREATE INDEX image_files_due ON image_files (due_at) WHERE due_at IS NOT NULL;

CREATE TABLE images (
    store_id TEXT NOT NULL,
    id TEXT NOT NULL,
    product_id TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    width INTEGER NOT NULL CONSTRAINT image_width_counts CHECK (width >= 1),
    height INTEGER NOT NULL CONSTRAINT image_height_counts CHECK (height >= 1),
    size_bytes INTEGER NOT NULL CONSTRAINT image_size_counts CHECK (size_bytes >= 1),
    -- Of the original.
    extension TEXT NOT NULL CONSTRAINT image_extension_known CHECK (extension IN ('jpg', 'png', 'webp', 'gif')),
    -- Of the other sizes.
    rendition TEXT NOT NULL CONSTRAINT image_rendition_known CHECK (rendition IN ('jpg', 'png')),
    alt TEXT NOT NULL,
    -- Counts from 0 without holes.
    position INTEGER NOT NULL CONSTRAINT image_position_not_negative CHECK (position >= 0),
    placeholder TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    PRIMARY KEY (store_id, id),
    FOREIGN KEY (store_id, product_id) REFERENCES products (store_id, id) ON DELETE CASCADE,
    -- No file goes while an image shows it.
    FOREIGN KEY (store_id, sha256) REFERENCES image_files (store_id, sha256)
) STRICT;
CREATE INDEX images_by_product ON images (store_id, product_id, position);
CREATE INDEX images_by_file ON images (store_id, sha256);

CREATE TRIGGER image_shows_file AFTER INSERT ON images BEGIN
    UPDATE image_files SET due_at = NULL WHERE store_id = new.store_id AND sha256 = new.sha256;
END;

CREATE TRIGGER image_shows_other_file AFTER UPDATE OF sha256 ON images WHEN new.sha256 <> old.sha256 BEGIN
    UPDATE image_files SET due_at = NULL WHERE store_id = new.store_id AND sha256 = new.sha256;
    UPDATE image_files SET due_at = touched_at + 3600000 WHERE store_id = old.store_id AND sha256 = old.sha256
        AND NOT EXISTS (SELECT 1 FROM images WHERE store_id = old.store_id AND sha256 = old.sha256);
END;

CREATE TRIGGER image_shows_file_no_more AFTER DELETE ON images BEGIN
    UPDATE image_files SET due_at = touched_at + 3600000 WHERE store_id = old.store_id AND sha256 = old.sha256
        AND NOT EXISTS (SELECT 1 FROM images WHERE store_id = old.store_id AND sha256 = old.sha256);
END;

CREATE VIEW image_documents (store_id, id, product_id, position, document) AS
SELECT i.store_id, i.id, i.product_id, i.position, json_object(
    'id', i.id,
    'sha256', i.sha256,
    'width', i.width,
    'height', i.height,
    'size_bytes', i.size_bytes,
    'content_type', CASE i.extension WHEN 'jpg' THEN 'image/jpeg' ELSE 'image/' || i.extension END,
    'alt', i.alt,
    'position', i.position,
    'placeholder', i.placeholder,
    'urls', json_object(
        'thumb', '/images/' || i.store_id || '/' || i.sha256 || '/thumb.' || i.rendition,
        'card', '/images/' || i.store_id || '/' || i.sha256 || '/card.' || i.rendition,
        'page', '/images/' || i.store_id || '/' || i.sha256 || '/page.' || i.rendition,
        'original', '/images/' || i.store_id || '/' || i.sha256 || '/original.' || i.extension
    )
)
FROM images i;

-- The same as before, with the images.
DROP VIEW product_documents;
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
    'images', (
        SELECT json_group_array(json(document)) FROM (
            SELECT i.document FROM image_documents i
            WHERE i.store_id = p.store_id AND i.product_id = p.id ORDER BY i.position
        )
    ),
    'publish_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.publish_at / 1000.0, 'unixepoch'),
    'published_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.published_at / 1000.0, 'unixepoch'),
    'version', p.version,
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.created_at / 1000.0, 'unixepoch'),
    'updated_at', strftime('%Y-%m-%dT%H:%M:%fZ', p.updated_at / 1000.0, 'unixepoch')
)
FROM products p JOIN stores s ON s.id = p.store_id;
