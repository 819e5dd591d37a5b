//! Rooms, which Spin cannot have: a client follows a store by its event log.
//!
//! Relies on: `CAPABILITIES`, by which the gateway refuses the room's operations before they get here.

use async_trait::async_trait;
use storeroom_ports::{Admission, Down, RoomSocket, Rooms};
use storeroom_sql::events::Announcement;

/// No room at all.
pub struct NoRooms;

#[async_trait(?Send)]
impl Rooms for NoRooms {
    async fn admit(&self, _: &str, _: Admission) -> Result<(), Down> {
        Err(Down("Spin has no inbound WebSocket".to_owned()))
    }

    async fn follow(&self, _: &str, _: Admission) -> Result<Option<Box<dyn RoomSocket>>, Down> {
        Ok(None)
    }

    async fn nudge(&self, _: Announcement) {}

    async fn expel(&self, _: &str, _: &[String]) {}

    async fn check(&self) -> Result<(), Down> {
        Ok(())
    }
}
