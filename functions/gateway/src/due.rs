//! The due work of every function, for hosts that run it by timers.
//!
//! Guarantees: one family's failure does not keep another's work from being done; safe to run from many places at
//! once.

use storeroom_ports::{DatabaseError, Ports};
use storeroom_web::secrets::Secrets;

/// Does what is due; returns how many things it touched, or the first failure.
pub async fn run(ports: &Ports, secrets: &Secrets) -> Result<usize, DatabaseError> {
    let products = storeroom_products::due::run(ports).await;
    let inventory = storeroom_inventory::due::run(ports).await;
    let accounts = storeroom_accounts::due::run(ports, &secrets.master).await;
    Ok(products?.saturating_add(inventory?).saturating_add(accounts?))
}
