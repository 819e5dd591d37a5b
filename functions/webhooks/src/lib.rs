//! Webhook endpoints, the deliveries of events to them, and the log of every attempt.
//!
//! Guarantees: an event is queued for its endpoints in its own transaction, and is tried until it is delivered, its
//! schedule has run out or a member stops the endpoint; whatever process dies, it is tried again. One runner at a time
//! is at an endpoint, and what an endpoint does holds up no other where the host has couriers.
//! Relies on: the schema's trigger, which queues; `functions/gateway/src/due.rs` and the host for being run.
//!
//! endpoints/: what a member sets · deliveries/: the log and replays · run/: sending what is due · body.rs,
//! sign.rs, target.rs: what is sent and where to.

mod body;
mod deliveries;
pub mod due;
mod endpoints;
mod run;
mod sign;
mod target;

use storeroom_operations::{Problem, Webhooks};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Webhooks, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Webhooks::List => endpoints::list::list(call).await,
        Webhooks::Create => endpoints::create::create(call).await,
        Webhooks::Read => endpoints::read::read(call).await,
        Webhooks::Patch => endpoints::patch::patch(call).await,
        Webhooks::Delete => endpoints::delete::delete(call).await,
        Webhooks::Rotate => endpoints::rotate::rotate(call).await,
        Webhooks::Test => endpoints::test::test(call).await,
        Webhooks::Replay => deliveries::replay_since::replay_since(call).await,
        Webhooks::ListDeliveries => deliveries::list::list(call).await,
        Webhooks::ReadDelivery => deliveries::read::read(call).await,
        Webhooks::ReplayDelivery => deliveries::replay::replay(call).await,
    }
}
