//! What an isolate keeps between requests: its settings, parsed once, with the caches in them.
//!
//! Guarantees: it may vanish at any moment and is made anew from the bindings; it holds nothing that belongs to one
//! request. Relies on: bindings not changing while an isolate lives.

use crate::afterwards::Afterwards;
use crate::blobs::R2Blobs;
use crate::couriers::ObjectCouriers;
use crate::database::{WorkerDatabase, libsql};
use crate::edge_cache::{self, EdgeCache};
use crate::http_client::FetchHttp;
use crate::limiter::PlatformLimiter;
use crate::log::{self, ConsoleLog};
use crate::platform::{WorkerClock, WorkerRandom};
use crate::rooms::ObjectRooms;
use std::cell::OnceCell;
use std::rc::Rc;
use storeroom_gateway::settings::{Mode, Settings, Texts};
use storeroom_operations::{Capability, Code, Problem};
use storeroom_ports::{Connection, Database, Level, Ports};
use storeroom_web::{Body, Response};
use worker::{Context, Env, Result, web_sys};

/// What this host offers.
const CAPABILITIES: &[Capability] = &[Capability::WebSocket];

/// An isolate's settings and its way to the database.
pub struct Isolate {
    /// The gateway's settings.
    pub settings: Settings,
    connection: Rc<dyn Connection>,
    cache: Rc<edge_cache::Kept>,
}

thread_local! {
    static ISOLATE: OnceCell<std::result::Result<Rc<Isolate>, String>> = const { OnceCell::new() };
}

/// The isolate's settings; a sentence when they cannot be used.
pub fn get(env: &Env) -> std::result::Result<Rc<Isolate>, String> {
    ISOLATE.with(|isolate| isolate.get_or_init(|| parse(env).map(Rc::new)).clone())
}

fn parse(env: &Env) -> std::result::Result<Isolate, String> {
    let text = |name| variable(env, name).unwrap_or_default();
    let (environment, token_keys, master_key) = (text("ENVIRONMENT"), text("TOKEN_KEYS"), text("MASTER_KEY"));
    let (rate_limits, cors_origins) = (text("RATE_LIMITS"), text("CORS_ORIGINS"));
    let webhook_targets = text("WEBHOOK_TARGETS");
    let texts = Texts {
        environment: &environment,
        token_keys: &token_keys,
        master_key: &master_key,
        rate_limits: &rate_limits,
        cors_origins: &cors_origins,
        webhook_targets: &webhook_targets,
    };
    let settings = Settings::parse(&texts, CAPABILITIES).map_err(|error| error.0)?;
    let mode = Mode::parse(&environment).map_err(|error| error.0)?;
    mode.database_token(&text("DATABASE_TOKEN")).map_err(|error| error.0)?;
    Ok(Isolate { settings, connection: libsql(env)?, cache: Rc::default() })
}

/// The text of a variable or secret.
pub fn variable(env: &Env, name: &str) -> Option<String> {
    env.var(name).ok().map(|value| value.to_string()).filter(|value| !value.is_empty())
}

impl Isolate {
    /// The ports of a request.
    pub fn ports_of(&self, env: &Env, context: Context) -> Ports {
        Ports { later: Some(Rc::new(Afterwards(context))), ..self.ports(env) }
    }

    /// The ports of what is no request.
    pub fn ports(&self, env: &Env) -> Ports {
        let database = WorkerDatabase { env: env.clone(), connection: self.connection.clone() };
        self.ports_around(env, Rc::new(database))
    }

    /// The ports around a database.
    pub fn ports_around(&self, env: &Env, database: Rc<dyn Database>) -> Ports {
        Ports {
            database,
            rooms: Rc::new(ObjectRooms(env.clone())),
            blobs: Rc::new(R2Blobs(env.clone())),
            http: Rc::new(FetchHttp),
            targets: self.settings.targets,
            clock: Rc::new(WorkerClock),
            random: Rc::new(WorkerRandom),
            log: Rc::new(ConsoleLog),
            couriers: Some(Rc::new(ObjectCouriers(env.clone()))),
            limiter: Some(Rc::new(PlatformLimiter(env.clone()))),
            cache: Some(Rc::new(EdgeCache(self.cache.clone()))),
            later: None,
        }
    }
}

/// The answer to everything while the settings cannot be used.
pub fn refusal(sentence: &str) -> Result<web_sys::Response> {
    log::line(Level::Error, "settings cannot be used", sentence);
    let problem =
        Problem::new(Code::Unavailable, "The service is not set up right; its log says what is missing.");
    let body = Body::Bytes(problem.to_json("").into_bytes().into());
    let headers = vec![("Content-Type", "application/problem+json".to_owned())];
    crate::exchange::response(Response { status: problem.code.status(), headers, body })
}
