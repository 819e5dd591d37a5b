//! The open WebSockets of a room, by the names that the machine knows them by.
//!
//! Guarantees: a text that goes to many crosses into JavaScript once. Relies on: tags and attachments being kept with
//! a hibernating socket; an attachment taking 16,384 bytes, of which a connection's state needs 12 KiB at most.

use crate::js;
use std::cell::RefCell;
use std::collections::BTreeMap;
use storeroom_room::protocol::PROTOCOL;
use storeroom_room::{CloseCode, ConnectionId, ConnectionState};
use wasm_bindgen::JsCast;
use worker::js_sys::JsString;
use worker::{Error, Request, Response, Result, State, WebSocket};

/// The sockets that the object has accepted.
pub struct Sockets(RefCell<BTreeMap<ConnectionId, WebSocket>>);

impl Sockets {
    /// Those that are open now; hibernation may have passed.
    pub fn open(state: &State) -> Self {
        let sockets = state.get_websockets().into_iter();
        Self(RefCell::new(sockets.filter_map(|socket| Some((name(state, &socket)?, socket))).collect()))
    }

    /// What was kept with each; nothing is kept with one that is closing.
    pub fn kept(&self) -> Vec<(ConnectionId, ConnectionState)> {
        let kept = |(id, socket): (&ConnectionId, &WebSocket)| {
            let text: String = socket.deserialize_attachment().ok().flatten()?;
            Some((*id, serde_json::from_str(&text).ok()?))
        };
        self.0.borrow().iter().filter_map(kept).collect()
    }

    /// Accepts a socket, so that it can hibernate.
    pub fn accept(&self, state: &State, connection: ConnectionId, socket: WebSocket) {
        state.accept_websocket_with_tags(&socket, &[&connection.0.to_string()]);
        self.0.borrow_mut().insert(connection, socket);
    }

    /// Keeps a state with its socket.
    pub fn save(&self, connection: ConnectionId, state: &ConnectionState) -> Result<()> {
        match self.0.borrow().get(&connection) {
            Some(socket) => socket.serialize_attachment(serde_json::to_string(state)?),
            None => Ok(()),
        }
    }

    /// Sends one text to all of them.
    pub fn send(&self, to: &[ConnectionId], frame: &str) {
        let (sockets, text) = (self.0.borrow(), JsString::from(frame));
        for socket in to.iter().filter_map(|connection| sockets.get(connection)) {
            // A socket that is closing throws; its close event comes by itself.
            let _ = socket.as_ref().unchecked_ref::<js::Outlet>().send(&text);
        }
    }

    /// Closes a socket and forgets what was kept with it.
    pub fn close(&self, connection: ConnectionId, code: CloseCode) -> Result<()> {
        let Some(socket) = self.forget(connection) else { return Ok(()) };
        socket.serialize_attachment(())?;
        socket.close(Some(code.number()), Some(code.reason()))
    }

    /// Forgets a socket.
    pub fn forget(&self, connection: ConnectionId) -> Option<WebSocket> {
        self.0.borrow_mut().remove(&connection)
    }
}

/// The name of a socket: its tag.
pub fn name(state: &State, socket: &WebSocket) -> Option<ConnectionId> {
    state.get_tags(socket).first()?.parse().ok().map(ConnectionId)
}

/// A name that no other connection has.
pub fn new_name() -> Result<ConnectionId> {
    let mut number = [0; 8];
    getrandom::getrandom(&mut number).map_err(|error| Error::RustError(error.to_string()))?;
    Ok(ConnectionId(u64::from_le_bytes(number)))
}

/// Turns a socket away. It is accepted as one that does not hibernate: workerd ends the TCP connection of one that
/// does only when a message of its has woken the object before.
pub fn refuse(socket: &WebSocket, code: CloseCode) -> Result<()> {
    socket.accept()?;
    socket.close(Some(code.number()), Some(code.reason()))
}

/// The answer that carries the client's end, with the subprotocol if the client offered it.
pub fn upgrade(client: WebSocket, request: &Request) -> Result<Response> {
    let response = Response::from_websocket(client)?;
    let offered = request.headers().get("sec-websocket-protocol")?.unwrap_or_default();
    if offered.split(',').any(|protocol| protocol.trim() == PROTOCOL) {
        response.headers().set("sec-websocket-protocol", PROTOCOL)?;
    }
    Ok(response)
}
