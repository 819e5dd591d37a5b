//! The event feed and the way into a store's room.
//!
//! Guarantees: feed and room read one log with one cursor; a member is shown only what its role may read.
//! Relies on: the `Rooms` port for the rooms themselves.

mod events;
mod join;
mod ticket;

use storeroom_operations::{Problem, Rooms};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Rooms, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Rooms::Events => events::read(call).await,
        Rooms::Ticket => ticket::take(call).await,
        Rooms::Join => join::join(call),
    }
}
