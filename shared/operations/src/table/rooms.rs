//! Rows of the event feed and of the room.
//!
//! Guarantees: every operation of [`Rooms`] has its row here.

use super::{open, read, write};
use crate::operation::{Access, Answer, Capability, Param, RateClass, Row};
use crate::problem::Code;
use crate::schema::Schema;
use crate::shapes::event;
use storeroom_domain::Permission;

family! { Rooms "The event feed and the room."
    Events READ_EVENTS;
    Stream STREAM_EVENTS;
    Ticket TAKE_TICKET;
    Join JOIN_ROOM;
}

const TYPES: Param = Param {
    name: "types",
    schema: Schema::line(1, 500),
    about: "Types or their beginnings, separated by commas, such as `product,order.paid`; at most 32.",
};

static READ_EVENTS: Row = Row {
    query: &[
        Param {
            name: "after",
            schema: Schema::line(3, 50),
            about: "A cursor: only events after it. Without it, from the beginning of what is kept.",
        },
        Param {
            name: "limit",
            schema: Schema::Integer { min: 1, max: 1000 },
            about: "Most events, 100 by default.",
        },
        TYPES,
        Param {
            name: "wait",
            schema: Schema::Integer { min: 1, max: 25 },
            about: "When there is nothing, wait for it, so many seconds at most.",
        },
    ],
    answer: Answer::Json(&event::EVENT_FEED),
    problems: &[Code::CursorInvalid],
    ..read("events.read", "/api/pms/events", "Read the store's event log", Permission::EventsRead)
};

static STREAM_EVENTS: Row = Row {
    query: &[
        Param {
            name: "after",
            schema: Schema::line(3, 50),
            about: "A cursor: only events after it. Without it, those that come from now on.",
        },
        TYPES,
    ],
    answer: Answer::Events,
    problems: &[Code::CursorInvalid],
    ..read("events.stream", "/api/pms/events/stream", "Follow the store's event log", Permission::EventsRead)
};

static TAKE_TICKET: Row = Row {
    answer: Answer::Json(&event::TICKET),
    success: 201,
    needs: &[Capability::WebSocket],
    ..write(
        "room.ticket",
        "POST",
        "/api/pms/room/ticket",
        "Take a ticket into the room",
        Permission::EventsRead,
    )
};

static JOIN_ROOM: Row = Row {
    access: Access::Ticket,
    rate: RateClass::Read,
    query: &[Param {
        name: "ticket",
        schema: Schema::line(1, 200),
        about: "The ticket; a bad one is answered by closing the socket with 4401.",
    }],
    success: 101,
    answer: Answer::Socket,
    needs: &[Capability::WebSocket],
    ..open("room.join", "/api/pms/room", "Join the store's room by WebSocket")
};
