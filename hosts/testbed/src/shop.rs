//! A store with members, and requests to it.

use crate::counted::Counted;
use crate::embedded::Embedded;
use crate::http::NativeHttp;
use crate::plans;
use crate::ports::{Afterwards, ManualClock, Recorded, SeededRandom};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value as Json;
use std::rc::Rc;
use storeroom_domain::role::ROLES;
use storeroom_domain::{Role, StoreId};
use storeroom_gateway::settings::Texts;
use storeroom_gateway::{All, Settings};
use storeroom_operations::route::{Match, find};
use storeroom_operations::{Capability, Idempotency};
use storeroom_ports::random::new_id;
use storeroom_ports::{Clock, Database, MemoryCache, Ports};
use storeroom_sql::{Args, Rows, Statement, Value};
use storeroom_web::answer::hex;
use storeroom_web::request::Whole;
use storeroom_web::secrets::Secrets;
use storeroom_web::tokens::{Identity, Signer};
use storeroom_web::{Body, Outgoing, Request, Response};

/// When a test bed's clock begins: 2026-11-20T09:30:00.000Z.
const BEGIN_MS: i64 = 1_795_167_000_000;

/// How much sooner than in earnest a test bed gives up waiting for another server.
const HURRY: u32 = 20;

/// How long the members are signed in, in seconds: 400 days, so that a test may let months pass.
pub const SESSION_S: u32 = 400 * 86_400;

/// The origin that may read answers in a browser.
pub const ORIGIN: &str = "https://app.example";

/// Somebody who may sign in.
#[derive(Debug, Clone)]
pub struct Member {
    /// Who it is.
    pub identity: Identity,
    /// An access token that is good as long as its session.
    pub token: String,
}

/// A service in process with two stores.
pub struct Testbed {
    /// The ports, for what runs without a request.
    pub ports: Ports,
    /// What the functions told rooms and log.
    pub recorded: Rc<Recorded>,
    /// The clock.
    pub clock: Rc<ManualClock>,
    /// The store that requests are about unless they say otherwise.
    pub store: StoreId,
    /// Another store, with its own owner.
    pub other_store: StoreId,
    /// A member of the store for each role.
    pub members: Vec<(Role, Member)>,
    /// The other store's owner.
    pub stranger: Member,
    /// Signs the members' tokens.
    pub signer: Signer,
    /// The database itself.
    pub database: Rc<Counted>,
    pub(crate) settings: Settings,
    later: Rc<Afterwards>,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The response.
    pub response: Response,
    /// Round trips to the database that it took.
    pub round_trips: u32,
}

impl Reply {
    /// The status.
    pub fn status(&self) -> u16 {
        self.response.status
    }

    /// The body's text.
    pub fn text(&self) -> String {
        match &self.response.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        }
    }

    /// The body's bytes; none where it is made while it is sent.
    pub fn bytes(&self) -> &[u8] {
        match &self.response.body {
            Body::Bytes(bytes) => bytes,
            _ => &[],
        }
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.text()).unwrap_or_default()
    }

    /// The body that is made while it is sent.
    pub fn stream(self) -> Option<Box<dyn Outgoing>> {
        match self.response.body {
            Body::Stream(stream) => Some(stream.0),
            _ => None,
        }
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.response.header(name)
    }

    /// The problem's code; empty when it is no problem.
    pub fn code(&self) -> String {
        self.json().get("code").and_then(Json::as_str).unwrap_or_default().to_owned()
    }
}

impl Testbed {
    /// A new service with its own database file.
    pub async fn new() -> Self {
        let clock = Rc::new(ManualClock::at(BEGIN_MS));
        let random = Rc::new(SeededRandom::new(1));
        let recorded = Rc::new(Recorded::default());
        let database = Rc::new(Counted::new(Embedded::migrated().await));
        let later = Rc::new(Afterwards::default());
        let signer = Signer::generate("dev-testbed");
        let settings = settings(&signer, "off");
        let ports = Ports {
            database: database.clone(),
            rooms: recorded.clone(),
            blobs: recorded.clone(),
            http: Rc::new(NativeHttp::hurried(HURRY)),
            targets: settings.targets,
            clock: clock.clone(),
            random: random.clone(),
            log: recorded.clone(),
            couriers: None,
            limiter: None,
            cache: Some(Rc::new(MemoryCache::default())),
            later: Some(later.clone()),
        };
        let mut bed = Self {
            store: new_id(random.as_ref(), clock.now()),
            other_store: new_id(random.as_ref(), clock.now()),
            stranger: member(&signer, random.as_ref(), clock.as_ref()),
            members: Vec::new(),
            ports,
            recorded,
            clock,
            signer,
            settings,
            database,
            later,
        };
        bed.open_stores(random.as_ref()).await;
        bed
    }

    /// The same service with rate limits on.
    #[must_use]
    pub fn limited(mut self) -> Self {
        self.settings = settings(&self.signer, "on");
        self
    }

    /// The same service on a host without WebSockets.
    #[must_use]
    pub fn without_sockets(mut self) -> Self {
        self.settings.capabilities = &[];
        self
    }

    async fn open_stores(&mut self, random: &SeededRandom) {
        for store in [self.store, self.other_store] {
            let args = Args::new().with("store", store.to_string()).with("now", BEGIN_MS);
            self.sql(
                "INSERT INTO stores (id, name, currency, timezone, created_at) \
                 VALUES (:store, 'Hearth', 'EUR', 'Europe/Berlin', :now)",
                args.clone(),
            )
            .await;
            let location: storeroom_domain::LocationId = new_id(random, self.clock.now());
            self.sql(
                "INSERT INTO locations (store_id, id, name, is_default, created_at) \
                 VALUES (:store, :location, 'Shop', 1, :now)",
                args.with("location", location.to_string()),
            )
            .await;
        }
        for role in ROLES {
            let member = member(&self.signer, random, self.clock.as_ref());
            self.sign_in(&member).await;
            self.join(&member, self.store, role).await;
            self.members.push((role, member));
        }
        let stranger = self.stranger.clone();
        self.sign_in(&stranger).await;
        self.join(&stranger, self.other_store, Role::Owner).await;
    }

    async fn sign_in(&self, member: &Member) {
        let user = member.identity.user.to_string();
        let args = Args::new()
            .with("user", user.as_str())
            .with("email", format!("{user}@example.com"))
            .with("session", member.identity.session.to_string())
            .with("now", BEGIN_MS)
            .with("expires", BEGIN_MS + i64::from(SESSION_S) * 1_000);
        self.sql(
            "INSERT INTO users (id, email, name, created_at) VALUES (:user, :email, 'Somebody', :now)",
            args.clone(),
        )
        .await;
        self.sql(
            "INSERT INTO sessions (id, user_id, created_at, expires_at) VALUES (:session, :user, :now, :expires)",
            args,
        )
        .await;
    }

    /// Makes somebody a member of a store.
    pub async fn join(&self, member: &Member, store: StoreId, role: Role) {
        let args = Args::new()
            .with("store", store.to_string())
            .with("user", member.identity.user.to_string())
            .with("role", role.as_str())
            .with("now", BEGIN_MS);
        self.sql(
            "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :user, :role, :now)",
            args,
        )
        .await;
    }

    /// What signs, derives and hashes.
    pub fn secrets(&self) -> &Secrets {
        &self.settings.secrets
    }

    /// The member of the store with that role.
    pub fn member(&self, role: Role) -> Member {
        let found = self.members.iter().find(|(known, _)| *known == role);
        found.map_or_else(|| self.stranger.clone(), |(_, member)| member.clone())
    }

    /// Runs a statement by hand, past every rule but the schema's.
    ///
    /// # Panics
    /// When the statement fails.
    #[expect(clippy::panic, reason = "a test whose own SQL is wrong must stop")]
    pub async fn sql(&self, sql: &'static str, args: Args) -> Vec<Vec<Value>> {
        let statement = Statement::bind(sql, &args).unwrap_or_else(|missing| panic!("{missing:?}"));
        let rows = self.database.inner.read(statement).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error:?}")).0
    }

    /// How the database runs a statement that a request made; its arguments are NULL.
    ///
    /// # Panics
    /// When it is no statement.
    #[expect(clippy::panic, reason = "a test whose own SQL is wrong must stop")]
    pub async fn plan(&self, sql: &str) -> Rows {
        let statement = Statement { sql: sql.to_owned().into(), args: Vec::new() };
        let rows = self.database.inner.read(plans::explain(&statement)).await;
        rows.unwrap_or_else(|error| panic!("{sql}: {error:?}"))
    }

    /// Sends a request as it is.
    pub async fn send(&self, request: Request) -> Reply {
        let before = self.database.calls.get();
        let response = storeroom_gateway::handle(&All, &self.ports, &self.settings, request).await;
        let round_trips = self.database.calls.get() - before;
        self.later.finish().await;
        Reply { response, round_trips }
    }

    /// An idempotency key of its own for a request that needs one and has none.
    pub(crate) fn missing_key(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Option<String> {
        if method == "GET" || headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("idempotency-key")) {
            return None;
        }
        let path = path.split('?').next().unwrap_or_default();
        let Match::Found(operation, _) = find(method, path) else { return None };
        let needs_key = operation.row().idempotency() == Idempotency::Required;
        let mut key = [0; 12];
        needs_key.then(|| {
            self.ports.random.fill(&mut key);
            hex(&key)
        })
    }

    /// Sends a request of the member of that role to the store. Where an idempotency key is needed it has one of its own.
    pub async fn call(&self, role: Role, method: &str, path: &str, body: Option<Json>) -> Reply {
        self.call_with(role, method, path, body, &[]).await
    }

    /// The same with further headers.
    pub async fn call_with(
        &self,
        role: Role,
        method: &str,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.call_bytes(role, method, path, body.map(|json| json.to_string().into_bytes()), headers).await
    }

    /// The same with a body of any kind; its content type is JSON unless the headers say otherwise.
    pub async fn call_bytes(
        &self,
        role: Role,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let (token, store) = (format!("Bearer {}", self.member(role).token), self.store.to_string());
        let key = self.missing_key(method, path, headers);
        let mut all = vec![("authorization", token.as_str()), ("x-store-id", store.as_str())];
        all.extend(key.as_deref().map(|key| ("idempotency-key", key)));
        all.extend(headers);
        self.send(request(method, path, body, &all)).await
    }
}

fn settings(signer: &Signer, limits: &str) -> Settings {
    let texts = Texts {
        environment: "local",
        token_keys: &signer.secret_jwks(),
        master_key: "dev-testbed-master-key",
        rate_limits: limits,
        cors_origins: ORIGIN,
        webhook_targets: "local",
    };
    let parsed = Settings::parse(&texts, &[Capability::WebSocket]);
    parsed.unwrap_or_else(|error| unreachable!("{error:?}"))
}

fn member(signer: &Signer, random: &SeededRandom, clock: &ManualClock) -> Member {
    let identity: Identity = Identity {
        user: new_id::<storeroom_domain::id::User>(random, clock.now()),
        session: new_id::<storeroom_domain::id::Session>(random, clock.now()),
    };
    let token = signer.sign(&identity, clock.now(), SESSION_S.into()).unwrap_or_default();
    Member { identity, token }
}

/// A request with a JSON content type where it has a body. `path` may have a query.
pub fn request(method: &str, path: &str, body: Option<Vec<u8>>, headers: &[(&str, &str)]) -> Request {
    let (path, query) = path.split_once('?').unwrap_or((path, ""));
    let mut map = HeaderMap::new();
    if body.is_some() {
        map.insert("content-type", HeaderValue::from_static("application/json"));
    }
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value.as_bytes())) {
            if name == "content-type" {
                map.remove(&name);
            }
            map.append(name, value);
        }
    }
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: map,
        origin: "https://shop.example".to_owned(),
        client: "192.0.2.1".to_owned(),
        body: Box::new(Whole(body.unwrap_or_default())),
    }
}
