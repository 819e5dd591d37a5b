//! Events of a store's log and the ticket into its room.

use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// An event of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its id.
    pub id: String,
    /// Its place in the store's log, from 1, without holes.
    pub seq: i64,
    /// What happened.
    #[serde(rename = "type")]
    pub event_type: String,
    /// The id of what it happened to.
    pub subject: String,
    /// The subject's version since.
    pub version: i64,
    /// When it counts from.
    pub at: String,
    /// Who did it: a user's id, or `system`.
    pub actor: String,
    /// The request that did it.
    pub request_id: String,
    /// The whole document of a thing that was made, else the members that differ from the version before.
    pub data: serde_json::Map<String, serde_json::Value>,
}

/// `Event` as data.
pub const EVENT: Object = Object {
    name: "Event",
    about: "Something that happened in a store, written in the transaction of the change.",
    fields: &[
        Field::required("id", Schema::id("evt_"), "Its id."),
        Field::required(
            "seq",
            Schema::Integer { min: 1, max: i64::MAX },
            "Its place in the log, without holes.",
        ),
        Field::required("type", Schema::line(3, 60), "What happened, such as `product.created`."),
        Field::required("subject", Schema::line(1, 100), "The id of what it happened to."),
        Field::required("version", Schema::Integer { min: 1, max: i64::MAX }, "The subject's version since."),
        Field::required("at", Schema::TIME, "When it counts from."),
        Field::required("actor", Schema::line(1, 100), "Who did it: a user's id, or `system`."),
        Field::required("request_id", Schema::line(1, 100), "The request that did it."),
        Field::required(
            "data",
            Schema::Map { values: &Schema::Anything, max: 1000, max_name: 100 },
            "The whole document on `*.created`, else the members that differ from the version before.",
        ),
    ],
};

/// A page of the feed.
pub const EVENT_FEED: Object = Object {
    name: "EventFeed",
    about: "The events after a cursor.",
    fields: &[
        Field::required(
            "events",
            Schema::List { items: &Schema::Object(&EVENT), max: 1000, unique: false },
            "The events, oldest first.",
        ),
        Field::required("cursor", Schema::line(3, 50), "Where to go on: send it as `after`."),
        Field::required("more", Schema::Boolean, "Whether there are events after the cursor now."),
    ],
};

/// A ticket into the room.
pub const TICKET: Object = Object {
    name: "RoomTicket",
    about: "Lets one WebSocket into the store's room.",
    fields: &[
        Field::required("ticket", Schema::line(20, 200), "To be sent once, within 30 s."),
        Field::required("expires_at", Schema::TIME, "Until when it is good."),
        Field::required("url", Schema::line(10, 1000), "The whole address to connect to."),
    ],
};
