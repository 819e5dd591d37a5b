//! Stock: locations, levels, the ledger, holds and alerts: a folder a noun, a file a verb.
//!
//! Guarantees: every movement of what is on hand is a row of the ledger and part of an event, in its own transaction;
//! no write makes what is available negative.
//! Relies on: `storeroom_sql::stock` for the steps that every change of stock shares.

mod alerts;
pub mod due;
mod holds;
pub mod ingest;
mod levels;
mod locations;
mod movements;
mod steps;

use storeroom_operations::{Inventory, Problem};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Inventory, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Inventory::CreateHold => holds::create::create(call).await,
        Inventory::ReadHold => holds::read::read(call).await,
        Inventory::CommitHold => holds::commit::commit(call).await,
        Inventory::ReleaseHold => holds::release::release(call).await,
        Inventory::ExtendHold => holds::extend::extend(call).await,
        Inventory::ListLocations => locations::list::list(call).await,
        Inventory::CreateLocation => locations::create::create(call).await,
        Inventory::Adjust => movements::adjust::adjust(call).await,
        Inventory::Set => movements::set::set(call).await,
        Inventory::Ingest => ingest::ingest(call).await,
        Inventory::Transfer => movements::transfer::transfer(call).await,
        Inventory::History => movements::history::history(call).await,
        Inventory::Status => levels::status::status(call).await,
        Inventory::Thresholds => levels::thresholds::set(call).await,
        Inventory::Reconcile => levels::reconcile::reconcile(call).await,
        Inventory::ListAlerts => alerts::list::list(call).await,
        Inventory::AckAlert => alerts::ack::ack(call).await,
    }
}
