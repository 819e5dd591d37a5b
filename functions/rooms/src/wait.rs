//! Waiting for something to happen in a store.
//!
//! Guarantees: whoever waits is woken by the room, where there is one, and asks the database only then and at the end.
//! Relies on: the room going on from the cursor of `hello`, so that nothing falls between the read and the connection.

use crate::asked::Types;
use crate::frame::Frame;
use crate::room;
use futures::future::{Either, select};
use std::pin::pin;
use storeroom_ports::{Clock, Level, RoomSocket};
use storeroom_web::{Call, Found};

/// How often the log is asked where no room tells of it.
pub const POLL_MS: i64 = 1_000;

/// What wakes whoever waits.
pub enum Wake {
    /// The room.
    Room(Box<dyn RoomSocket>),
    /// The clock, again and again: there are no rooms here.
    Often,
    /// The end alone: there is a room, but it does not take this one.
    Late,
}

impl Wake {
    /// Whatever this host has, from the log's place in that read on.
    pub async fn of(call: &Call<'_>, found: &Found, types: &Types) -> Self {
        match room::connect(call, found, found.cursor, types).await {
            Ok(Some(socket)) => Self::Room(socket),
            Ok(None) => Self::Often,
            Err(down) => {
                call.log(Level::Warn, "room unavailable", &down.0);
                Self::Late
            }
        }
    }

    /// Returns when something may have happened, or when the time is over.
    pub async fn wait(&mut self, clock: &dyn Clock, left_ms: i64) {
        match self {
            Self::Often => clock.sleep(left_ms.min(POLL_MS)).await,
            Self::Late => clock.sleep(left_ms).await,
            Self::Room(socket) => {
                if is_closed_within(left_ms, clock, socket.as_mut()).await {
                    *self = Self::Late;
                }
            }
        }
    }
}

/// Returns when the room has news, when it closes, or when the time is over.
async fn is_closed_within(left_ms: i64, clock: &dyn Clock, socket: &mut dyn RoomSocket) -> bool {
    let (news, end) = (pin!(news(socket)), pin!(clock.sleep(left_ms)));
    matches!(select(news, end).await, Either::Left((Err(_), _)))
}

/// Returns when the room tells of events, or of a log that cannot be followed.
async fn news(socket: &mut dyn RoomSocket) -> Result<(), u16> {
    loop {
        let text = socket.receive().await?;
        match Frame::parse(&text) {
            Some(Frame::Events { events, .. }) if events.is_empty() => {}
            Some(Frame::Events { .. } | Frame::Reset { .. }) => return Ok(()),
            None => {}
        }
    }
}
