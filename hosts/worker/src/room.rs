//! The room of a store: the shell of a Durable Object around `storeroom_room::Room`.
//!
//! Guarantees: what the machine wants kept is kept before what it sends leaves; a ticket is spent once.
//! Relies on: hibernation, which keeps sockets, tags and attachments while it drops memory, and answers pings by
//! itself (<https://developers.cloudflare.com/durable-objects/best-practices/websockets/>); output gates, which hold
//! messages back until the object's SQLite is on disk; the object's name, which is the store's id.

use crate::database::libsql;
use crate::platform::now_ms;
use crate::room_storage::RoomStorage;
use crate::sockets::{self, Sockets};
use crate::{log, log_page};
use serde::Deserialize;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;
use storeroom_ports::{Connection, Level};
use storeroom_room::protocol::{PING, PONG};
use storeroom_room::{Effect, Input, LogEvent, Message, Room as Machine};
use worker::{
    Delay, DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    WebSocketPair, WebSocketRequestResponsePair, durable_object,
};

/// The Durable Object.
#[durable_object]
pub struct Room {
    inner: Rc<Inner>,
}

struct Inner {
    state: State,
    storage: RoomStorage,
    connection: std::result::Result<Rc<dyn Connection>, String>,
    machine: RefCell<Machine>,
    sockets: Sockets,
}

/// A nudge; the store that it also names is the room's.
#[derive(Deserialize)]
struct Nudge {
    epoch: i64,
    events: Vec<LogEvent>,
}

impl DurableObject for Room {
    fn new(state: State, env: Env) -> Self {
        if let Ok(pair) = WebSocketRequestResponsePair::new(PING, PONG) {
            state.set_websocket_auto_response(&pair);
        }
        let storage = RoomStorage::open(&state);
        let sockets = Sockets::open(&state);
        let machine = RefCell::new(Machine::restore(&storage.kept(), sockets.kept()));
        let inner = Inner { connection: libsql(&env), state, storage, machine, sockets };
        Self { inner: Rc::new(inner) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        match request.path().as_str() {
            "/connect" => return self.inner.connect(&request),
            "/admit" => {
                let admission = serde_json::from_slice(&request.bytes().await?)?;
                self.inner.storage.admit(&admission, now_ms())?;
            }
            "/expel" => {
                let sessions: Vec<String> = serde_json::from_slice(&request.bytes().await?)?;
                self.inner.storage.expel(&sessions)?;
                self.inner.step(Input::Expel { sessions });
            }
            "/nudge" => {
                let Nudge { epoch, events } = serde_json::from_slice(&request.bytes().await?)?;
                self.inner.step(Input::Nudge { epoch, events });
            }
            "/head" => {
                let (epoch, head) = serde_json::from_slice(&request.bytes().await?)?;
                self.inner.step(Input::Head { epoch, head });
            }
            "/check" => {}
            _ => return Response::error("no such call", 404),
        }
        Response::empty()
    }

    async fn alarm(&self) -> Result<Response> {
        self.inner.step(Input::Alarm);
        Response::empty()
    }

    async fn websocket_message(&self, socket: WebSocket, message: WebSocketIncomingMessage) -> Result<()> {
        let message = match message {
            WebSocketIncomingMessage::String(text) => Message::Text(text),
            WebSocketIncomingMessage::Binary(bytes) => Message::Binary(bytes.len()),
        };
        if let Some(connection) = sockets::name(&self.inner.state, &socket) {
            self.inner.step(Input::Received { connection, message });
        }
        Ok(())
    }

    async fn websocket_close(&self, socket: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        self.inner.gone(&socket);
        Ok(())
    }

    async fn websocket_error(&self, socket: WebSocket, _: Error) -> Result<()> {
        self.inner.gone(&socket);
        Ok(())
    }
}

impl Inner {
    fn connect(self: &Rc<Self>, request: &Request) -> Result<Response> {
        let url = request.url()?;
        let member = self.storage.spend(url.query().unwrap_or_default(), now_ms())?;
        let connection = sockets::new_name()?;
        let WebSocketPair { client, server } = WebSocketPair::new()?;
        let effects = self.machine.borrow_mut().step(Input::Connected { connection, member }, now_ms());
        let refusal = effects.iter().find_map(|effect| match effect {
            Effect::Close { connection: closed, code } if *closed == connection => Some(*code),
            _ => None,
        });
        match refusal {
            Some(code) => sockets::refuse(&server, code)?,
            None => self.sockets.accept(&self.state, connection, server),
        }
        self.run_all(effects);
        sockets::upgrade(client, request)
    }

    fn gone(self: &Rc<Self>, socket: &WebSocket) {
        if let Some(connection) = sockets::name(&self.state, socket) {
            self.sockets.forget(connection);
            self.step(Input::Disconnected { connection });
        }
    }

    fn step(self: &Rc<Self>, input: Input) {
        let effects = self.machine.borrow_mut().step(input, now_ms());
        self.run_all(effects);
    }

    fn run_all(self: &Rc<Self>, effects: Vec<Effect>) {
        for effect in effects {
            if let Err(error) = self.run(effect) {
                log::line(Level::Warn, "room", &error.to_string());
            }
        }
    }

    fn run(self: &Rc<Self>, effect: Effect) -> Result<()> {
        match effect {
            Effect::Keep { name, text } => self.storage.keep(name, text)?,
            Effect::Save { connection, state } => self.sockets.save(connection, &state)?,
            Effect::Send { to, frame } => self.sockets.send(&to, &frame),
            Effect::Close { connection, code } => self.sockets.close(connection, code)?,
            Effect::Fetch { number, after, limit } => {
                self.state.wait_until(self.clone().backfill(number, after, limit));
            }
            Effect::Tick { in_ms } => self.state.wait_until(self.clone().tick(in_ms)),
            Effect::Alarm { at_ms } => {
                let storage = self.state.storage();
                let in_ms = at_ms.saturating_sub(now_ms()).max(0);
                self.state.wait_until(async move { drop(storage.set_alarm(in_ms).await) });
            }
        }
        Ok(())
    }

    async fn tick(self: Rc<Self>, in_ms: i64) {
        Delay::from(Duration::from_millis(in_ms.unsigned_abs())).await;
        self.step(Input::Tick);
    }

    async fn backfill(self: Rc<Self>, number: u64, after: i64, limit: u32) {
        let page = match (&self.connection, self.state.id().name()) {
            (Ok(connection), Some(store)) => log_page::read(connection.as_ref(), &store, after, limit).await,
            (Err(sentence), _) => Err(sentence.clone()),
            (_, None) => Err("the room has no name".to_owned()),
        };
        let input = match page {
            Ok(page) => Input::Backfill { number, page },
            Err(detail) => {
                log::line(Level::Warn, "backfill failed", &detail);
                Input::BackfillFailed { number }
            }
        };
        self.step(input);
    }
}
