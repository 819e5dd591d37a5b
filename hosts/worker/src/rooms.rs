//! The stores' rooms, as functions, cron and writer reach them.

use crate::objects::{self, ROOMS};
use crate::{follower, log, sockets};
use async_trait::async_trait;
use serde::Serialize;
use storeroom_ports::{Admission, Down, Level, RoomSocket, Rooms};
use storeroom_room::protocol::CloseCode;
use storeroom_sql::events::Announcement;
use storeroom_web::response::Join;
use worker::web_sys::{Headers, Request, Response};
use worker::{Env, Result, WebSocketPair};

/// The name of a room that is no store's, to see whether rooms answer.
const NO_STORE: &str = "readyz";

/// The rooms of the namespace.
pub struct ObjectRooms(pub Env);

#[async_trait(?Send)]
impl Rooms for ObjectRooms {
    async fn admit(&self, store: &str, admission: Admission) -> Result<(), Down> {
        post(&self.0, store, "/admit", &admission).await.map_err(|error| Down(error.to_string()))
    }

    async fn follow(
        &self,
        store: &str,
        admission: Admission,
    ) -> std::result::Result<Option<Box<dyn RoomSocket>>, Down> {
        self.admit(store, admission.clone()).await?;
        let opened = follower::open(&self.0, store, &admission.ticket_hash).await;
        opened
            .map(|socket| Some(Box::new(socket) as Box<dyn RoomSocket>))
            .map_err(|error| Down(error.to_string()))
    }

    async fn nudge(&self, announcement: Announcement) {
        if let Err(error) = post(&self.0, &announcement.store, "/nudge", &announcement).await {
            log::line(Level::Warn, "nudge lost", &error.to_string());
        }
    }

    async fn expel(&self, store: &str, sessions: &[String]) {
        if let Err(error) = post(&self.0, store, "/expel", &sessions).await {
            log::line(Level::Warn, "expulsion lost", &error.to_string());
        }
    }

    async fn check(&self) -> Result<(), Down> {
        post(&self.0, NO_STORE, "/check", &()).await.map_err(|error| Down(error.to_string()))
    }
}

/// Tells a room how far its log has come.
pub async fn tell_head(env: &Env, store: &str, epoch: i64, head: i64) {
    if let Err(error) = post(env, store, "/head", &(epoch, head)).await {
        log::line(Level::Warn, "head not told", &error.to_string());
    }
}

async fn post(env: &Env, store: &str, path: &str, body: &impl Serialize) -> Result<()> {
    let body = serde_json::to_vec(body)?;
    objects::post(env, ROOMS, store, path, &body).await.map(|_| ())
}

/// Accepts a WebSocket and closes it as a full room would, because a browser cannot read an HTTP status here.
fn turned_away(request: &Request) -> Result<Response> {
    let WebSocketPair { client, server } = WebSocketPair::new()?;
    sockets::refuse(&server, CloseCode::RoomFull)?;
    Ok(sockets::upgrade(client, &worker::Request::from(request.clone()?))?.into())
}

/// Hands a client's WebSocket over to its store's room, which checks the ticket. A room that cannot be reached turns
/// it away.
pub async fn join(env: &Env, join: &Join, request: &Request) -> Result<Response> {
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    if let Some(protocols) = request.headers().get("sec-websocket-protocol")? {
        headers.set("sec-websocket-protocol", &protocols)?;
    }
    let path = format!("/connect?{}", join.ticket_hash);
    match objects::connect(env, ROOMS, &join.store, &path, &headers).await {
        Ok(answer) => Ok(answer),
        Err(error) => {
            log::line(Level::Error, "room unavailable", &error.to_string());
            turned_away(request)
        }
    }
}
