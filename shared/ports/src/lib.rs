//! What a host gives the functions.
//!
//! Guarantees: functions reach the world only through these traits, so the same code runs on Cloudflare, on Spin
//! and in the test bed. Futures are not `Send`: every host runs a request on one thread.
//! Relies on: `storeroom-sql` for the shapes that travel to a database.

pub mod blobs;
pub mod cache;
pub mod clock;
pub mod couriers;
pub mod database;
pub mod due;
pub mod http;
pub mod later;
pub mod limiter;
pub mod log;
pub mod random;
pub mod rooms;
pub mod targets;

use std::rc::Rc;

pub use blobs::{Blob, Blobs, Chunks, InMemory, Part};
pub use cache::{Cache, MemoryCache};
pub use clock::Clock;
pub use couriers::Couriers;
pub use database::{Connection, Database, DatabaseError, Direct};
pub use http::{Http, HttpError, HttpRequest, HttpResponse};
pub use later::Later;
pub use limiter::Limiter;
pub use log::{Level, Log};
pub use random::Random;
pub use rooms::{Admission, RoomSocket, Rooms};
pub use targets::Targets;

/// Something that a function needs does not answer; a sentence for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Down(pub String);

/// Everything a host provides.
#[derive(Clone)]
pub struct Ports {
    /// The stores' data.
    pub database: Rc<dyn Database>,
    /// The stores' rooms.
    pub rooms: Rc<dyn Rooms>,
    /// Images and other files.
    pub blobs: Rc<dyn Blobs>,
    /// The way out to other servers.
    pub http: Rc<dyn Http>,
    /// Which of them deliveries may go to.
    pub targets: Targets,
    /// The time.
    pub clock: Rc<dyn Clock>,
    /// Chance.
    pub random: Rc<dyn Random>,
    /// Where log lines go.
    pub log: Rc<dyn Log>,
    /// Who delivers webhooks apart from this invocation, where the platform has somebody.
    pub couriers: Option<Rc<dyn Couriers>>,
    /// The platform's rate limiter, where it has one.
    pub limiter: Option<Rc<dyn Limiter>>,
    /// Where answers for the public are kept, where the platform has a place for them.
    pub cache: Option<Rc<dyn Cache>>,
    /// Does work after the answer, where the platform lets a request live on.
    pub later: Option<Rc<dyn Later>>,
}
