//! The audit log: a row a change, in the transaction of the change.
//!
//! Guarantees: `seq` counts up by one a store, and `stores.audit_count` says how far, so a row that is dropped leaves
//! a hole or falls short of the count. Relies on: the sealer for the chain, and on whoever knows the key for hashes.

use crate::batch::Batch;

/// Appends a row. Needs `:store :now :actor :audit_action :audit_subject :audit_address :request_id :audit_hash`.
pub fn append(batch: &mut Batch) {
    append_to(batch, "SELECT :store");
}

/// Appends a row to the log of each store that the query gives, all with the same content. Needs what `append` needs
/// and what the query needs.
pub fn append_to(batch: &mut Batch, stores: &str) {
    batch.run(format!("UPDATE stores SET audit_count = audit_count + 1 WHERE id IN ({stores})"));
    batch.run(format!(
        "INSERT INTO audit (store_id, seq, at, actor, action, subject, address, request_id, hash) \
         SELECT id, audit_count, :now, :actor, :audit_action, :audit_subject, :audit_address, :request_id, :audit_hash \
         FROM stores WHERE id IN ({stores})"
    ));
}

/// What the sealer needs of a store: `count`, `seal`, `at`, `mac` of the anchor (NULL without one) and, of each row
/// after it, at most `:limit` and in order, `seq`, `hash`, `written_at`, `row_seal`, which is NULL unless somebody
/// touched the anchor or the row. Needs `:store`.
pub const UNSEALED: &str = "SELECT a.count, a.seal, a.at, a.mac, r.seq, r.hash, r.at AS written_at, \
    r.seal AS row_seal FROM (SELECT 1) LEFT JOIN audit_anchors a ON a.store_id = :store \
    LEFT JOIN (SELECT seq, hash, at, seal FROM audit WHERE store_id = :store \
        AND seq > coalesce((SELECT count FROM audit_anchors WHERE store_id = :store), 0) \
        ORDER BY seq LIMIT :limit) AS r ON TRUE";

/// The stores with rows that were written by `:now` less 20 s and are not sealed, at most 100.
pub const STORES_TO_SEAL: &str = "SELECT DISTINCT store_id FROM (SELECT store_id FROM audit INDEXED BY audit_unsealed \
    WHERE seal IS NULL AND at <= :now - 20000 LIMIT 5000) LIMIT 100";
