//! The courier of a webhook endpoint: the shell of a Durable Object around `gateway::due::serve`.
//!
//! Guarantees: an endpoint's attempts run in an invocation of their own, so that no other endpoint and no request waits
//! for them; a call that comes while it is at work is not forgotten.
//! Relies on: the lease in the database for there being one at a time, whatever happens to this object: memory holds
//! nothing that counts.

use crate::couriers::ObjectCouriers;
use crate::{isolate, log};
use serde::{Deserialize, Serialize};
use std::cell::Cell;
use std::rc::Rc;
use storeroom_ports::{Couriers, Level};
use worker::{
    DurableObject, Env, Error, Request, Response, Result, State, WebSocket, WebSocketIncomingMessage,
    durable_object,
};

/// Which endpoint it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Round {
    /// Its store.
    pub store: String,
    /// Its id.
    pub endpoint: String,
}

/// The Durable Object.
#[durable_object]
pub struct Courier {
    inner: Rc<Inner>,
}

struct Inner {
    state: State,
    env: Env,
    is_running: Cell<bool>,
    was_called: Cell<bool>,
}

impl DurableObject for Courier {
    fn new(state: State, env: Env) -> Self {
        let inner = Inner { state, env, is_running: Cell::new(false), was_called: Cell::new(false) };
        Self { inner: Rc::new(inner) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        if request.path() != "/run" {
            return Response::error("no such call", 404);
        }
        let round: Round = serde_json::from_slice(&request.bytes().await?)?;
        match self.inner.is_running.replace(true) {
            true => self.inner.was_called.set(true),
            false => self.inner.state.wait_until(self.inner.clone().run(round)),
        }
        Response::empty()
    }

    async fn websocket_message(&self, _: WebSocket, _: WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: Error) -> Result<()> {
        Ok(())
    }
}

impl Inner {
    async fn run(self: Rc<Self>, round: Round) {
        if let Err(detail) = self.deliver(&round).await {
            log::line(Level::Error, "delivering failed", &detail);
        }
        self.is_running.set(false);
        if self.was_called.replace(false) {
            // An invocation may call others only so often; the next one begins anew.
            ObjectCouriers(self.env.clone()).wake(&round.store, &round.endpoint).await;
        }
    }

    async fn deliver(&self, Round { store, endpoint }: &Round) -> std::result::Result<(), String> {
        let isolate = isolate::get(&self.env)?;
        let (ports, master) = (isolate.ports(&self.env), &isolate.settings.secrets.master);
        let served = storeroom_gateway::due::serve(&ports, master, store, endpoint).await;
        served.map(|_| ()).map_err(|error| format!("{error:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_format_unchanged() {
        let round = Round { store: "str_1".into(), endpoint: "whk_1".into() };
        let text = r#"{"store":"str_1","endpoint":"whk_1"}"#;
        assert_eq!(serde_json::to_string(&round).unwrap(), text);
        assert_eq!(serde_json::from_str::<Round>(text).unwrap(), round);
    }
}
