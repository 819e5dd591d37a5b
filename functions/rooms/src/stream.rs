//! `GET /events/stream`: the log as Server-Sent Events.
//!
//! Guarantees: every event after the client's cursor in order, each once; something is sent every 15 s, so that a client
//! and whoever is in between see that the connection lives.

use crate::asked;
use crate::log::Log;
use crate::room::{self, Room};
use crate::sse;
use async_trait::async_trait;
use futures::future::{Either, select};
use std::pin::pin;
use std::rc::Rc;
use storeroom_operations::Problem;
use storeroom_ports::{Clock, Level};
use storeroom_sql::{Args, access};
use storeroom_web::call::unavailable;
use storeroom_web::{Answer, Call, Outgoing};

/// How long a stream is silent at most.
const HEARTBEAT_MS: i64 = 15_000;

/// Answers with a stream that begins after the client's cursor, or now.
pub async fn follow(call: &Call<'_>) -> Result<Answer, Problem> {
    let (after, types) = (asked::resumed(call)?, asked::types(call)?);
    let found = call.read(access::NOTHING, Args::new()).await?;
    asked::check(after, found.cursor)?;
    let from = after.unwrap_or(found.cursor);
    let clock = call.ports.clock.clone();
    let connected = room::connect(call, &found, from, &types).await.map_err(|down| {
        call.log(Level::Error, "room unavailable", &down.0);
        unavailable("The store's room does not answer right now.")
    })?;
    let source = match connected {
        Some(socket) => Source::Room(Room::begin(socket, clock.as_ref(), call.credential(), from).await?),
        None => Source::Log(Box::new(Log::new(call, from, &types))),
    };
    let following = Following { source, clock, beginning: Some(sse::beginning(from)) };
    Ok(Answer::stream("text/event-stream", following).compressible())
}

/// Where the events come from.
enum Source {
    Room(Room),
    Log(Box<Log>),
}

/// The body of the answer.
struct Following {
    source: Source,
    clock: Rc<dyn Clock>,
    /// Until it is sent.
    beginning: Option<String>,
}

#[async_trait(?Send)]
impl Outgoing for Following {
    async fn next(&mut self) -> Option<Vec<u8>> {
        if let Some(beginning) = self.beginning.take() {
            return Some(beginning.into_bytes());
        }
        let (news, silence) = (pin!(self.source.next()), pin!(self.clock.sleep(HEARTBEAT_MS)));
        match select(news, silence).await {
            Either::Left((news, _)) => news.map(String::into_bytes),
            Either::Right(_) => Some(sse::COMMENT.into()),
        }
    }
}

impl Source {
    async fn next(&mut self) -> Option<String> {
        match self {
            Self::Room(room) => room.next().await,
            Self::Log(log) => log.next().await,
        }
    }
}
