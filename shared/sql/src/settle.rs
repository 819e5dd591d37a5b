//! Settling: writing down what has become due, so that a write finds the rows as every read already shows them.
//!
//! Guarantees: set-based and idempotent; what is settled gets the version, the document and the event that
//! `documents` showed for it; run twice it does nothing the second time. `at` of the event is the moment it was due.

mod expiry;
mod products;

pub use expiry::{STORES_WITH_EXPIRED, settle_expired, settle_hold, settle_lines, settle_order};
pub use products::{STORES_WITH_DUE, settle_product, settle_products, settle_store};

/// Most things of a kind that one batch settles. Of products, as many event ids must be given in `:settle_ids`.
pub const MAX_SETTLED: usize = 100;

/// The next moment at which something is due, over all stores; NULL when nothing is.
pub const NEXT_DUE: &str = "SELECT at FROM next_due";

/// The next moment after `:now` at which something of the store becomes due that the public sees; NULL when nothing
/// does.
pub const NEXT_CHANGE: &str = "SELECT min(at) FROM (\
    SELECT min(publish_at) AS at FROM products WHERE store_id = :store AND status = 'scheduled' AND publish_at > :now \
    UNION ALL SELECT min(expires_at) FROM holds WHERE store_id = :store AND state = 'open' AND expires_at > :now \
    UNION ALL SELECT min(expires_at) FROM orders WHERE store_id = :store AND state = 'pending' AND expires_at > :now)";
