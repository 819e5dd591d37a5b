//! `GET /room`: lets a WebSocket into the room. The room itself checks the ticket, because only there can it be
//! spent once, and because a browser cannot read an HTTP status there.

use crate::ticket::hash;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_web::response::Join;
use storeroom_web::{Answer, Body, Call};

/// Hands the socket over to the room.
pub fn join(call: &Call<'_>) -> Result<Answer, Problem> {
    let upgrade = call.headers.get("upgrade").and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !upgrade.eq_ignore_ascii_case("websocket") {
        let detail = "must be `websocket`: the room is joined with a WebSocket.".to_owned();
        let fault = Fault { pointer: "Upgrade".to_owned(), code: "required", detail };
        return Err(Problem::with_faults(Code::MalformedRequest, vec![fault]));
    }
    let ticket_hash = hash(call.query.get("ticket").map_or("", String::as_str));
    let body = Body::Room(Join { store: call.store.clone(), ticket_hash });
    Ok(Answer { body, ..Answer::empty(101) })
}
