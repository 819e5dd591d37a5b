//! Due work: sealing the audit log, and telling of keys that expire soon.
//!
//! Guarantees: idempotent, and safe to run from many places at once; never needed for what a read shows.

use crate::{audit, keys};
use storeroom_ports::{DatabaseError, Ports};
use storeroom_web::master::MasterKey;

/// Does what is due; returns how many stores and keys it touched.
pub async fn run(ports: &Ports, master: &MasterKey) -> Result<usize, DatabaseError> {
    let warned = keys::due::warn(ports).await?;
    let sealed = audit::due::seal_all(ports, master).await?;
    Ok(warned.saturating_add(sealed))
}
