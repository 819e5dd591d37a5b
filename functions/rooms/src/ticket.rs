//! `POST /room/ticket`: a ticket for one WebSocket.
//!
//! A browser cannot set headers on a WebSocket, so the credential is exchanged for a ticket that may stand in an
//! address: it works once, for 30 seconds, for one store. It carries the place in the log that the role was read at, so
//! that the room can apply what has happened since.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_ports::{Admission, Level};
use storeroom_sql::{Args, access};
use storeroom_web::answer::hex;
use storeroom_web::call::unavailable;
use storeroom_web::caller::Caller;
use storeroom_web::{Answer, Call, Found};

/// How long a ticket is good.
const LIFETIME_MS: i64 = 30_000;

/// Gives out a ticket.
pub async fn take(call: &Call<'_>) -> Result<Answer, Problem> {
    let found = call.read(access::NOTHING, Args::new()).await?;
    let ticket = new(call);
    let admission = admission(call, &found, &ticket);
    let expires_at = Timestamp::from_ms(admission.expires_at);
    call.ports.rooms.admit(&call.store, admission).await.map_err(|down| {
        call.log(Level::Error, "room unavailable", &down.0);
        unavailable("The store's room does not answer right now.")
    })?;
    let url = format!("{}/api/pms/room?store={}&ticket={ticket}", socket_origin(&call.origin), call.store);
    let json = serde_json::json!({"ticket": ticket, "expires_at": expires_at.to_string(), "url": url});
    Ok(Answer::json(201, json.to_string()))
}

/// A ticket that nobody can guess.
pub fn new(call: &Call<'_>) -> String {
    let mut bytes = [0_u8; 32];
    call.ports.random.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// What the room is told of a ticket of the caller, whose access was read just now.
pub fn admission(call: &Call<'_>, found: &Found, ticket: &str) -> Admission {
    Admission {
        ticket_hash: hash(ticket),
        user: call.caller.as_ref().map(Caller::actor).unwrap_or_default(),
        role: found.role.as_str().to_owned(),
        session: call.caller.as_ref().map(Caller::session).unwrap_or_default(),
        as_of: found.cursor.to_string(),
        expires_at: call.now.plus_ms(LIFETIME_MS).ms(),
    }
}

/// What is kept of a ticket.
pub fn hash(ticket: &str) -> String {
    hex(&Sha256::digest(ticket))
}

fn socket_origin(origin: &str) -> String {
    match origin.strip_prefix("https") {
        Some(rest) => format!("wss{rest}"),
        None => origin.replacen("http", "ws", 1),
    }
}
