//! A store of a case's own on a running host, with members and requests.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::Value as Json;
use std::rc::Rc;
use std::time::{SystemTime, UNIX_EPOCH};
use storeroom_domain::id::{Id, Kind};
use storeroom_domain::{LocationId, Role, SessionId, StoreId, Timestamp, UserId};
use storeroom_hrana::Hrana;
use storeroom_ports::{Database, Direct};
use storeroom_sql::{Args, Frame, FrameResult, Statement};
use storeroom_testbed::Signing;
use storeroom_testbed::embedded::Embedded;
use storeroom_testbed::http::NativeHttp;
use storeroom_web::answer::hex;
use storeroom_web::tokens::{Identity, Signer};

/// What `cargo xtask test` says of the host.
#[derive(Debug, Deserialize)]
pub struct Facts {
    /// `workerd` or `spin`.
    pub host: String,
    /// Where it answers.
    pub url: String,
    /// The key pair that signs its tokens.
    pub key: Key,
    /// Its database, to be looked at and changed by hand.
    pub database: Place,
    /// Whether the host has WebSockets.
    pub websockets: bool,
}

/// A key pair.
#[derive(Debug, Deserialize)]
pub struct Key {
    kid: String,
    /// Its 64 bytes, base64url.
    pair: String,
}

/// Where a database is.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// A libSQL server and its process.
    Server {
        /// Its address.
        url: String,
        /// The file with the ids of the processes that run: the database's, then the host's. Whoever is killed is started
        /// again under another id.
        pids: std::path::PathBuf,
    },
    /// A file.
    File(String),
}

impl Facts {
    /// The facts of a file.
    pub fn read(path: &str) -> Self {
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    async fn database(&self) -> Rc<dyn Database> {
        match &self.database {
            Place::Server { url, .. } => {
                let http = Rc::new(NativeHttp::new());
                Rc::new(Direct(Hrana::new(http, url, None, 10_000).unwrap()))
            }
            Place::File(path) => Rc::new(Direct(Embedded::open(path).await.unwrap())),
        }
    }
}

/// A store with an owner and a viewer, and somebody from another store.
pub struct Shop {
    /// The host's address.
    pub url: String,
    /// The store.
    pub store: StoreId,
    /// Whoever may do everything.
    pub owner: Member,
    /// Whoever may look.
    pub viewer: Member,
    /// The owner of another store.
    pub stranger: Member,
    /// The host's database.
    pub database: Rc<dyn Database>,
    /// Whether the host has WebSockets.
    pub websockets: bool,
    client: reqwest::Client,
    signer: Signer,
}

/// Somebody with a token.
#[derive(Clone)]
pub struct Member {
    /// Who it is.
    pub identity: Identity,
    /// The token.
    pub token: String,
}

/// An API key with its secret.
pub struct ApiKey {
    /// What is sent as `X-Api-Key`.
    pub name: String,
    /// The secret.
    pub secret: String,
}

/// What came back.
#[derive(Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub bytes: Vec<u8>,
    /// The body as text.
    pub text: String,
}

impl Reply {
    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Json {
        serde_json::from_str(&self.text).unwrap_or_default()
    }

    /// The problem's code.
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// An e-mail address that nobody has yet.
pub fn new_email() -> String {
    format!("{}@example.org", new_id::<storeroom_domain::id::User>())
}

/// Now, by this machine's clock.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Timestamp::from_ms(i64::try_from(since.as_millis()).unwrap())
}

/// A new id.
pub fn new_id<K: Kind>() -> Id<K> {
    let bytes = distinct_bytes();
    Id::new(now().ms(), bytes)
}

/// Ten bytes that differ between cases: the clock in nanoseconds and a counter.
fn distinct_bytes() -> [u8; 10] {
    use std::sync::atomic::{AtomicU16, Ordering};
    static COUNTER: AtomicU16 = AtomicU16::new(0);
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64;
    let mut bytes = [0; 10];
    bytes[..8].copy_from_slice(&nanos.to_le_bytes());
    bytes[8..].copy_from_slice(&COUNTER.fetch_add(1, Ordering::Relaxed).to_le_bytes());
    bytes
}

impl Shop {
    /// Opens two new stores in the host's database.
    pub async fn open(facts: &Facts) -> Self {
        let pair = URL_SAFE_NO_PAD.decode(&facts.key.pair).unwrap();
        let signer = Signer::from_bytes(&facts.key.kid, &pair).unwrap();
        let shop = Self {
            url: facts.url.clone(),
            store: new_id(),
            owner: member(&signer),
            viewer: member(&signer),
            stranger: member(&signer),
            database: facts.database().await,
            websockets: facts.websockets,
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            signer,
        };
        let other = new_id();
        shop.insert_store(shop.store).await;
        shop.insert_store(other).await;
        for (member, store, role) in [
            (&shop.owner, shop.store, Role::Owner),
            (&shop.viewer, shop.store, Role::Viewer),
            (&shop.stranger, other, Role::Owner),
        ] {
            shop.insert_member(member, store, role).await;
        }
        shop
    }

    async fn insert_store(&self, store: StoreId) {
        let location: LocationId = new_id();
        let args = Args::new()
            .with("store", store.to_string())
            .with("location", location.to_string())
            .with("now", now().ms());
        self.sql(
            &[
                "INSERT INTO stores (id, name, currency, timezone, created_at) \
                 VALUES (:store, 'Hearth', 'EUR', 'Europe/Berlin', :now)",
                "INSERT INTO locations (store_id, id, name, is_default, created_at) \
                 VALUES (:store, :location, 'Shop', 1, :now)",
            ],
            &args,
        )
        .await;
    }

    /// Another member of the store.
    pub async fn new_member(&self, role: Role) -> Member {
        let member = member(&self.signer);
        self.insert_member(&member, self.store, role).await;
        member
    }

    async fn insert_member(&self, member: &Member, store: StoreId, role: Role) {
        let user = member.identity.user.to_string();
        let args = Args::new()
            .with("user", user.as_str())
            .with("email", format!("{user}@example.com"))
            .with("session", member.identity.session.to_string())
            .with("store", store.to_string())
            .with("role", role.as_str())
            .with("now", now().ms())
            .with("expires", now().ms() + 3_600_000);
        self.sql(
            &[
                "INSERT INTO users (id, email, name, created_at) VALUES (:user, :email, 'Somebody', :now)",
                "INSERT INTO sessions (id, user_id, created_at, expires_at) \
                 VALUES (:session, :user, :now, :expires)",
                "INSERT INTO memberships (store_id, user_id, role, created_at) \
                 VALUES (:store, :user, :role, :now)",
            ],
            &args,
        )
        .await;
    }

    /// Runs statements in the host's database, past every rule but the schema's; the rows of the last one.
    pub async fn sql(&self, statements: &[&'static str], args: &Args) -> Vec<Vec<storeroom_sql::Value>> {
        let work = statements.iter().map(|sql| Statement::bind(*sql, args).unwrap()).collect();
        let result = self.database.commit(Frame { work, ..Frame::default() }).await.unwrap();
        let FrameResult::Done(mut rows) = result else { panic!("{result:?}") };
        rows.pop().unwrap().0
    }

    /// A token of the member that lives for so many seconds from `from`.
    pub fn token(&self, member: &Member, from: Timestamp, lifetime_s: u64) -> String {
        self.signer.sign(&member.identity, from, lifetime_s).unwrap()
    }

    /// Sends a request as it is.
    pub async fn send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Reply {
        self.try_send(method, path, body, headers).await.unwrap()
    }

    /// Sends a request to a host that may be gone.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Result<Reply, reqwest::Error> {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        let has_type = headers.iter().any(|(name, _)| *name == "content-type");
        if body.is_some() && !has_type {
            request = request.header("content-type", "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = request.body(body.unwrap_or_default()).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?.to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Ok(Reply { status, headers, bytes, text })
    }

    /// Sends a request of a member to the store.
    pub async fn call(&self, who: &Member, method: &str, path: &str, body: Option<Json>) -> Reply {
        self.call_with(who, method, path, body, &[]).await
    }

    /// The same with further headers.
    pub async fn call_with(
        &self,
        who: &Member,
        method: &str,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let (token, store) = (format!("Bearer {}", who.token), self.store.to_string());
        let mut all = vec![("authorization", token.as_str()), ("x-store-id", store.as_str())];
        all.extend(headers);
        self.send(method, path, body.map(|json| json.to_string().into_bytes()), &all).await
    }

    /// Sends a body to a route under `/api/pms/auth`, as whoever has the token; `""` is nobody's.
    pub async fn auth(&self, token: &str, method: &str, route: &str, body: Option<Json>) -> Reply {
        let authorization = format!("Bearer {token}");
        let headers = if token.is_empty() { vec![] } else { vec![("authorization", authorization.as_str())] };
        let body = body.map(|json| json.to_string().into_bytes());
        self.send(method, &format!("/api/pms/auth/{route}"), body, &headers).await
    }

    /// Makes an API key of the store.
    pub async fn create_key(&self, role: Role) -> ApiKey {
        let body = serde_json::json!({"name": "Till", "role": role.as_str()});
        let reply = self.call(&self.owner, "POST", "/api/pms/keys", Some(body)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        let text = |member: &str| reply.json()[member].as_str().unwrap().to_owned();
        ApiKey { name: text("key"), secret: text("secret") }
    }

    /// What a request to the store that is signed now says of itself, with a nonce of its own.
    pub fn signing(&self) -> Signing {
        let nonce = hex(&distinct_bytes());
        Signing { store: self.store.to_string(), timestamp_s: now().ms() / 1_000, nonce }
    }

    /// The headers that sign a request.
    pub fn signature(
        &self,
        key: &ApiKey,
        signing: &Signing,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        signing.headers((&key.name, &key.secret), method, path, body)
    }

    /// Sends a request with these headers, as `signature` gives them.
    pub async fn send_signed(
        &self,
        method: &str,
        path: &str,
        body: Option<&Json>,
        headers: &[(&'static str, String)],
    ) -> Reply {
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.send(method, path, body.map(|json| json.to_string().into_bytes()), &headers).await
    }

    /// Creates a product that can be published and returns its document.
    pub async fn create(&self, title: &str) -> Json {
        let sku = format!("{title}-{}", new_id::<storeroom_domain::id::Variant>());
        let variants = serde_json::json!([{"sku": sku, "price": {"amount": 100, "currency": "EUR"}}]);
        let body = serde_json::json!({"title": title, "variants": variants});
        let reply = self.call(&self.owner, "POST", "/api/pms/products", Some(body)).await;
        assert_eq!(reply.status, 201, "{}", reply.text);
        reply.json()
    }

    /// The store's log.
    pub async fn log(&self) -> Vec<Json> {
        let feed = self.call(&self.owner, "GET", "/api/pms/events?limit=1000", None).await.json();
        feed["events"].as_array().unwrap().clone()
    }
}

fn member(signer: &Signer) -> Member {
    let (user, session): (UserId, SessionId) = (new_id(), new_id());
    let identity = Identity { user, session };
    let token = signer.sign(&identity, now(), 3_600).unwrap();
    Member { identity, token }
}

/// A product's path.
pub fn path(product: &Json) -> String {
    format!("/api/pms/products/{}", product["id"].as_str().unwrap())
}
