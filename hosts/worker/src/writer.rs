//! The writer of a database: gathers the frames that wait into one call.
//!
//! Guarantees: never two calls in flight; a group whose outcome is unknown is not sent again; rooms are nudged
//! after the commit and nobody waits for them; couriers are woken for events that were queued for webhook endpoints; what
//! becomes due is settled within a second or so of its moment.
//! Relies on: one instance a name; alarms being kept and repeated until they succeed
//! (<https://developers.cloudflare.com/durable-objects/api/alarms/>); requests of one object being able to wait for
//! each other. Due work needs none of it to be right: cron runs it too.

use crate::database::{Committed, libsql};
use crate::isolate::{self, variable};
use crate::log;
use crate::platform::now_ms;
use crate::queue::{Outcome, Queue, Waiting};
use crate::rooms::ObjectRooms;
use async_trait::async_trait;
use serde::Serialize;
use std::cell::Cell;
use std::rc::Rc;
use storeroom_ports::database::commit_group;
use storeroom_ports::{Connection, Database, DatabaseError, Level, Rooms};
use storeroom_sql::events::{Announcement, announcements};
use storeroom_sql::settle::NEXT_DUE;
use storeroom_sql::{Frame, FrameResult, Rows, Statement, group};
use worker::{
    DurableObject, Env, Error, Request, Response, ResponseBody, Result, State, WebSocket, durable_object,
};

/// The earliest that an alarm is set for, so that due work does not run after every write.
const ALARM_AFTER_MS: i64 = 1_000;

/// The Durable Object.
#[durable_object]
pub struct Writer {
    inner: Rc<Inner>,
}

struct Inner {
    state: State,
    env: Env,
    connection: std::result::Result<Rc<dyn Connection>, String>,
    /// Most frames in a call, as configured.
    most: usize,
    /// Most frames in the next call: fewer for a while after an answer was lost, because a group's answer can be too
    /// large where each frame's own is not.
    group_limit: Cell<usize>,
    queue: Queue,
    is_running: Cell<bool>,
    alarm_ms: Cell<Option<i64>>,
    /// Whether couriers are being woken, and whether that is to be done once more.
    is_waking: Cell<bool>,
    wake_again: Cell<bool>,
}

impl DurableObject for Writer {
    fn new(state: State, env: Env) -> Self {
        let group_limit = variable(&env, "WRITER_GROUP_LIMIT").and_then(|limit| limit.parse().ok());
        let connection = libsql(&env);
        let inner = Inner {
            state,
            env,
            connection,
            most: group_limit.unwrap_or(group::MAX_FRAMES),
            group_limit: Cell::new(group_limit.unwrap_or(group::MAX_FRAMES)),
            queue: Queue::default(),
            is_running: Cell::new(false),
            alarm_ms: Cell::new(None),
            is_waking: Cell::new(false),
            wake_again: Cell::new(false),
        };
        Self { inner: Rc::new(inner) }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        match request.path().as_str() {
            "/commit" => {
                let frame = serde_json::from_slice(&request.bytes().await?)?;
                answer(&Committed::from(self.inner.clone().commit(frame).await))
            }
            "/due" => answer(&self.inner.clone().run_due().await?),
            _ => Response::error("no such call", 404),
        }
    }

    async fn alarm(&self) -> Result<Response> {
        self.inner.alarm_ms.set(None);
        answer(&self.inner.clone().run_due().await?)
    }

    async fn websocket_message(&self, _: WebSocket, _: worker::WebSocketIncomingMessage) -> Result<()> {
        Ok(())
    }

    async fn websocket_close(&self, _: WebSocket, _: usize, _: String, _: bool) -> Result<()> {
        Ok(())
    }

    async fn websocket_error(&self, _: WebSocket, _: Error) -> Result<()> {
        Ok(())
    }
}

fn answer(value: &impl Serialize) -> Result<Response> {
    Response::from_body(ResponseBody::Body(serde_json::to_vec(value)?))
}

impl Inner {
    async fn commit(self: Rc<Self>, frame: Frame) -> Outcome {
        let outcome = self.queue.push(frame, now_ms())?;
        if !self.is_running.replace(true) {
            self.state.wait_until(self.clone().run());
        }
        outcome
            .await
            .unwrap_or_else(|_| Err(DatabaseError::OutcomeUnknown("the writer lost the frame".to_owned())))
    }

    /// Sends group after group until nobody waits.
    async fn run(self: Rc<Self>) {
        loop {
            let group = self.queue.take(self.group_limit.get(), now_ms());
            if group.is_empty() {
                break;
            }
            self.send(group).await;
        }
        self.is_running.set(false);
    }

    async fn send(self: &Rc<Self>, group: Vec<Waiting>) {
        let mut frames = Vec::with_capacity(group.len());
        let mut callers = Vec::with_capacity(group.len());
        for waiting in group {
            callers.push((waiting.caller, waiting.frame.announces.clone(), waiting.frame.due));
            frames.push(waiting.frame);
        }
        let results = match self.call(frames).await {
            Ok(results) => {
                self.group_limit.set(self.group_limit.get().saturating_mul(2).min(self.most));
                results.into_iter().map(Ok).collect::<Vec<Outcome>>()
            }
            Err(error) => {
                self.group_limit.set((callers.len() / 2).max(1));
                vec![Err(error); callers.len()]
            }
        };
        let (mut news, mut due): (Vec<Announcement>, Option<i64>) = (Vec::new(), None);
        for ((caller, announces, due_step), result) in callers.into_iter().zip(results) {
            if let Ok(result) = &result {
                gather(&mut news, announcements(&announces, result));
                due = earliest(due, due_step.and_then(|step| due_at(step, result)));
            }
            let _ = caller.send(result);
        }
        self.follow_up(news, due);
    }

    async fn call(&self, frames: Vec<Frame>) -> std::result::Result<Vec<FrameResult>, DatabaseError> {
        match &self.connection {
            Ok(connection) => commit_group(connection.as_ref(), frames).await,
            Err(sentence) => Err(DatabaseError::Unavailable(sentence.clone())),
        }
    }

    fn follow_up(self: &Rc<Self>, news: Vec<Announcement>, due: Option<i64>) {
        let rooms = Rc::new(ObjectRooms(self.env.clone()));
        for announcement in news {
            let rooms = rooms.clone();
            self.state.wait_until(async move { rooms.nudge(announcement).await });
        }
        let Some(due) = due else { return };
        if due <= now_ms() {
            self.state.wait_until(self.clone().wake_couriers());
        }
        self.state.wait_until(self.clone().set_alarm(due));
    }

    /// Has events sent that were just queued: what is due now cannot wait for the alarm.
    async fn wake_couriers(self: Rc<Self>) {
        self.wake_again.set(true);
        if self.is_waking.replace(true) {
            return;
        }
        while self.wake_again.replace(false) {
            if let Err(detail) = self.clone().wake_once().await {
                log::line(Level::Warn, "couriers not woken", &detail);
            }
        }
        self.is_waking.set(false);
    }

    async fn wake_once(self: Rc<Self>) -> std::result::Result<(), String> {
        let ports = isolate::get(&self.env)?.ports_around(&self.env, Rc::new(OwnDatabase(self.clone())));
        storeroom_gateway::due::wake(&ports).await.map_err(|error| format!("{error:?}"))
    }

    async fn set_alarm(self: Rc<Self>, due_ms: i64) {
        let at_ms = due_ms.max(now_ms().saturating_add(ALARM_AFTER_MS));
        if self.alarm_ms.get().is_some_and(|set| set <= at_ms) {
            return;
        }
        self.alarm_ms.set(Some(at_ms));
        let in_ms = at_ms.saturating_sub(now_ms()).max(0);
        if let Err(error) = self.state.storage().set_alarm(in_ms).await {
            self.alarm_ms.set(None);
            log::line(Level::Error, "alarm not set", &error.to_string());
        }
    }

    async fn run_due(self: Rc<Self>) -> Result<usize> {
        let isolate = isolate::get(&self.env).map_err(Error::RustError)?;
        let ports = isolate.ports_around(&self.env, Rc::new(OwnDatabase(self.clone())));
        let done = storeroom_gateway::due::run(&ports, &isolate.settings.secrets).await;
        // Whatever the alarm was for may have been withdrawn; what comes next needs one of its own.
        let next = ports.database.read(Statement::plain(NEXT_DUE)).await;
        if let Some(due) = next.ok().and_then(|rows| rows.integer(0, 0)) {
            self.clone().set_alarm(due).await;
        }
        done.map_err(|error| Error::RustError(format!("due work: {error:?}")))
    }
}

/// Puts the events of one store into one nudge.
fn gather(news: &mut Vec<Announcement>, more: Vec<Announcement>) {
    for announcement in more {
        let same = |known: &&mut Announcement| {
            known.store == announcement.store && known.epoch == announcement.epoch
        };
        match news.iter_mut().find(same) {
            Some(known) => known.events.extend(announcement.events),
            None => news.push(announcement),
        }
    }
}

fn due_at(step: usize, result: &FrameResult) -> Option<i64> {
    match result {
        FrameResult::Done(rows) => rows.get(step)?.integer(0, 0),
        FrameResult::Refused { .. } => None,
    }
}

fn earliest(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    one.into_iter().chain(other).min()
}

/// The database as the writer itself uses it: through its own queue.
struct OwnDatabase(Rc<Inner>);

#[async_trait(?Send)]
impl Database for OwnDatabase {
    async fn read(&self, statement: Statement) -> std::result::Result<Rows, DatabaseError> {
        match &self.0.connection {
            Ok(connection) => storeroom_ports::database::read(connection.as_ref(), statement).await,
            Err(sentence) => Err(DatabaseError::Unavailable(sentence.clone())),
        }
    }

    async fn commit(&self, frame: Frame) -> Outcome {
        self.0.clone().commit(frame).await
    }
}
