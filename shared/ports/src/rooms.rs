//! The stores' rooms, as functions see them.

use crate::Down;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use storeroom_sql::events::Announcement;

/// Lets whoever shows the ticket into a store's room, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Admission {
    /// SHA-256 of the ticket, in hex: the ticket itself is not kept.
    pub ticket_hash: String,
    /// The user who took it.
    pub user: String,
    /// The user's role in the store.
    pub role: String,
    /// Until when it is good, Unix milliseconds.
    pub expires_at: i64,
}

/// A way to the room of every store.
#[async_trait(?Send)]
pub trait Rooms {
    /// Tells the store's room of a ticket.
    async fn admit(&self, store: &str, admission: Admission) -> Result<(), Down>;
    /// Tells a room of events that were just committed. A nudge may get lost: the room asks the log when it sees a hole.
    async fn nudge(&self, announcement: Announcement);
    /// Whether rooms answer.
    async fn check(&self) -> Result<(), Down>;
}
