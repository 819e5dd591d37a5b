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
    /// The user or the API key that took it.
    pub user: String,
    /// The role in the store.
    pub role: String,
    /// The id of the session or of the API key that took it: when that ends, so does what the ticket opened.
    pub session: String,
    /// The log's cursor in the snapshot that the role was read in: what later events say of it counts.
    pub as_of: String,
    /// Until when it is good, Unix milliseconds.
    pub expires_at: i64,
}

/// A connection to a store's room, as a client of `storeroom.v1` has one. Dropping it closes it.
#[async_trait(?Send)]
pub trait RoomSocket {
    /// Sends a frame; into a closed connection it is lost.
    fn send(&mut self, frame: &str);
    /// The next frame, or the code that the room closed with. May be given up at any moment: no frame is lost.
    async fn receive(&mut self) -> Result<String, u16>;
}

/// A way to the room of every store.
#[async_trait(?Send)]
pub trait Rooms {
    /// Tells the store's room of a ticket.
    async fn admit(&self, store: &str, admission: Admission) -> Result<(), Down>;
    /// Connects to the store's room as whoever the admission lets in; `None` on a host without rooms.
    async fn follow(&self, store: &str, admission: Admission) -> Result<Option<Box<dyn RoomSocket>>, Down>;
    /// Tells a room of events that were just committed. A nudge may get lost: the room asks the log when it sees a hole.
    async fn nudge(&self, announcement: Announcement);
    /// Shuts sessions out of a store's room: their connections are closed when this returns, and their tickets are
    /// good no more. A call may get lost, which is logged: whoever follows what ended makes it good.
    async fn expel(&self, store: &str, sessions: &[String]);
    /// Whether rooms answer.
    async fn check(&self) -> Result<(), Down>;
}
