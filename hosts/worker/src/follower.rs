//! A WebSocket from a request to a store's room.
//!
//! Guarantees: no frame is lost when waiting for one is given up; the connection ends with its request.
//! Relies on: the room, which may hibernate while the connection is open, and which closes it when the ticket's owner has no
//! access any more.

use crate::js::Follower;
use crate::objects::{self, ROOMS};
use async_trait::async_trait;
use storeroom_ports::RoomSocket;
use wasm_bindgen::JsValue;
use worker::wasm_bindgen_futures::JsFuture;
use worker::web_sys::Headers;
use worker::{Env, Result};

/// What is told of a connection that ended without a code.
const ABNORMAL: u16 = 1006;

/// The connection.
pub struct Socket {
    follower: Follower,
    /// What is being waited for; it is kept when somebody gives up, because it may bring a frame.
    coming: Option<JsFuture>,
}

/// Connects with a ticket that the room knows.
pub async fn open(env: &Env, store: &str, ticket_hash: &str) -> Result<Socket> {
    let headers = Headers::new()?;
    headers.set("upgrade", "websocket")?;
    let answer = objects::connect(env, ROOMS, store, &format!("/connect?{ticket_hash}"), &headers).await?;
    Ok(Socket { follower: Follower::new(&answer)?, coming: None })
}

#[async_trait(?Send)]
impl RoomSocket for Socket {
    fn send(&mut self, frame: &str) {
        self.follower.send(frame);
    }

    async fn receive(&mut self) -> std::result::Result<String, u16> {
        let coming = self.coming.get_or_insert_with(|| JsFuture::from(self.follower.next()));
        let came = coming.await.unwrap_or(JsValue::UNDEFINED);
        self.coming = None;
        came.as_string().ok_or_else(|| code(&came))
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.follower.close();
    }
}

fn code(closed: &JsValue) -> u16 {
    // Close codes are whole numbers below 5,000.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    closed.as_f64().map_or(ABNORMAL, |code| code as u16)
}
