//! The event feed, its stream, and the way into a store's room.
//!
//! Guarantees: feed, stream and room read one log with one cursor; a member is shown only what its role may read.
//! Relies on: the `Rooms` port for the rooms themselves; where there are none, the log is asked again and again.

mod asked;
mod events;
mod frame;
mod join;
mod log;
mod page;
mod room;
mod sse;
mod stream;
mod ticket;
mod wait;

use storeroom_operations::{Problem, Rooms};
use storeroom_web::{Answer, Call};

/// Runs an operation.
pub async fn handle(operation: Rooms, call: &Call<'_>) -> Result<Answer, Problem> {
    match operation {
        Rooms::Events => events::read(call).await,
        Rooms::Stream => stream::follow(call).await,
        Rooms::Ticket => ticket::take(call).await,
        Rooms::Join => join::join(call),
    }
}
