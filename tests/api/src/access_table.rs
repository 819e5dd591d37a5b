//! The table of who may do what: every operation × every credential, with the status that rows and roles say.
//!
//! Guarantees: the expectation is computed from `Access`, `Permission` and the roles' table alone, and every cell is a
//! real request; a refused request leaves both stores' logs as they were; each operation succeeds for somebody, so that
//! no request of the table is refused for its own faults, and what it succeeds with fits its shape.

use crate::access_jobs::Jobs;
use crate::access_stock::Stock;
use crate::access_webhooks::Webhooks;
use crate::picture::Pictures;
use crate::product::{create, mug, publish, simple};
use serde_json::json;
use storeroom_bad_input::{Line, Subject};
use storeroom_domain::Role;
use storeroom_domain::role::ROLES;
use storeroom_operations::operation::{Access, Answer, Row};
use storeroom_operations::schema::Schema;
use storeroom_operations::table::operations;
use storeroom_operations::validate::validate;
use storeroom_sql::Args;
use storeroom_testbed::{ApiKey, Reply, Testbed, content_digest, request};

/// Who sends a request to the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Somebody without a credential.
    Nobody,
    /// The store's owner, with a token that has expired.
    Expired,
    /// The store's owner, in a session that has ended.
    SignedOut,
    /// An owner's key of the store that was revoked.
    RevokedKey,
    /// The owner of another store.
    Stranger,
    /// An owner's key of another store.
    StrangersKey,
    /// A member of the store.
    Member(Role),
    /// A key of the store.
    Key(Role),
}

impl Holder {
    /// Who has that role and a credential that the row takes.
    pub fn of(row: &Row, role: Role) -> Self {
        match row.access {
            Access::Signed(_) => Self::Key(role),
            _ => Self::Member(role),
        }
    }
}

/// What the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    /// Refused with this status.
    Refused(u16),
    /// Let in; what becomes of the request is its own business.
    Passed,
}

/// Every holder, those who are refused most often first.
fn holders() -> Vec<Holder> {
    use Holder::{Expired, Key, Member, Nobody, RevokedKey, SignedOut, Stranger, StrangersKey};
    let mut all = vec![Nobody, Expired, SignedOut, RevokedKey, StrangersKey, Stranger];
    all.extend(ROLES.into_iter().flat_map(|role| [Key(role), Member(role)]));
    all
}

/// What the rows and the roles say.
pub fn expected(row: &Row, holder: Holder) -> Expected {
    use Expected::{Passed, Refused};
    match (row.access, holder) {
        (Access::Open | Access::Public | Access::Ticket, _) => Passed,
        (_, Holder::Nobody | Holder::Expired | Holder::SignedOut) => Refused(401),
        (Access::Account, Holder::RevokedKey | Holder::StrangersKey | Holder::Key(_)) => Refused(403),
        (Access::Account, Holder::Stranger | Holder::Member(_)) => Passed,
        (Access::Signed(_), Holder::Stranger | Holder::Member(_)) => Refused(401),
        (Access::Member(_) | Access::Signed(_), Holder::RevokedKey) => Refused(401),
        (Access::Member(_), Holder::Stranger) => Refused(404),
        (Access::Member(_) | Access::Signed(_), Holder::StrangersKey) => Refused(404),
        (Access::Member(permission), Holder::Member(role))
        | (Access::Member(permission) | Access::Signed(permission), Holder::Key(role)) => {
            match role.may(permission) {
                true => Passed,
                false => Refused(403),
            }
        }
    }
}

/// Whether the answer is what is expected.
pub fn is_as(expected: Expected, status: u16) -> bool {
    match expected {
        Expected::Refused(refusal) => status == refusal,
        Expected::Passed => !matches!(status, 401 | 403) && status < 500,
    }
}

/// A test bed with something for every operation to be about, and its credentials.
pub struct Ground {
    /// The test bed.
    pub bed: Testbed,
    product: String,
    key: String,
    refresh_token: String,
    keys: Vec<(Role, ApiKey)>,
    strangers_key: ApiKey,
    revoked_key: ApiKey,
    stock: Stock,
    webhooks: Webhooks,
    pictures: Pictures,
    jobs: Jobs,
}

impl Ground {
    /// A ground for the row. Hashing is slow, so passwords are there only for rows that need them.
    pub async fn of(row: &Row) -> Self {
        let bed = Testbed::new().await;
        let mut public = simple("Public", "PUBLIC");
        public["handle"] = json!("h");
        let public = publish(&bed, public).await;
        let draft = create(&bed, mug()).await;
        let webhooks = Webhooks::of(&bed).await;
        let jobs = Jobs::of(&bed).await;
        let stock = Stock::of(&bed, &public, row.name).await;
        let product = if row.name == "products.unpublish" { public } else { draft };
        let pictures = Pictures::of(&bed, &product, row.name).await;
        let mut keys = Vec::new();
        for role in ROLES {
            keys.push((role, bed.api_key(bed.store, role).await));
        }
        let revoked_key = bed.api_key(bed.store, Role::Owner).await;
        let args = Args::new().with("key", revoked_key.id.to_string()).with("store", bed.store.to_string());
        bed.sql("UPDATE api_keys SET revoked_at = 1 WHERE store_id = :store AND id = :key", args).await;
        Self {
            refresh_token: if needs_account(row) { account(&bed).await } else { String::new() },
            key: bed.api_key(bed.store, Role::Viewer).await.id.to_string(),
            strangers_key: bed.api_key(bed.other_store, Role::Owner).await,
            product: product["id"].as_str().unwrap().to_owned(),
            keys,
            revoked_key,
            stock,
            webhooks,
            pictures,
            jobs,
            bed,
        }
    }

    /// A request that fits the row, without a credential.
    pub fn line(&self, row: &'static Row) -> Line {
        let store = self.bed.store.to_string();
        let user = self.bed.member(Role::Viewer).identity.user.to_string();
        let (product, key) = (self.product.as_str(), self.key.as_str());
        let subject = Subject { store: &store, token: "", product, key, user: &user, now_s: 0 };
        let line = Line::fitting(row, subject).without_header("authorization");
        match row.name {
            "accounts.refresh" => line.body(json!({"refresh_token": self.refresh_token}).to_string()),
            name if name.starts_with("images.") => self.pictures.fill(line),
            _ => self.jobs.fill(row, self.webhooks.fill(row, self.stock.fill(row, line))),
        }
    }

    /// Sends the request as that holder.
    pub async fn send(&mut self, line: Line, holder: Holder) -> Reply {
        let reply = match self.token_of(holder).await {
            Some(token) => {
                let line = if token.is_empty() {
                    line
                } else {
                    line.header("authorization", format!("Bearer {token}"))
                };
                self.bed.send(request(line.method, &line.path, line.body.clone(), &headers(&line))).await
            }
            None => self.signed(line, holder).await,
        };
        if let Some(next) = reply.json()["refresh_token"].as_str() {
            next.clone_into(&mut self.refresh_token);
        }
        reply
    }

    async fn signed(&self, line: Line, holder: Holder) -> Reply {
        let key = match holder {
            Holder::RevokedKey => &self.revoked_key,
            Holder::Key(role) => {
                self.keys.iter().find(|(known, _)| *known == role).map(|(_, key)| key).unwrap()
            }
            _ => &self.strangers_key,
        };
        let body = line.body.clone();
        // The signature brings the store.
        let (name, digest) = content_digest(body.as_deref().unwrap_or_default());
        let line = line.without_header("x-store-id").header(name, digest);
        self.bed.signed_bytes(key, line.method, &line.path, body, &headers(&line)).await
    }

    /// The holder's access token, empty for nobody's; `None` for who signs instead.
    async fn token_of(&self, holder: Holder) -> Option<String> {
        let owner = self.bed.member(Role::Owner);
        Some(match holder {
            Holder::Nobody => String::new(),
            Holder::Expired => {
                let long_ago = self.bed.ports.clock.now().plus_ms(-3_600_000);
                self.bed.signer.sign(&owner.identity, long_ago, 900).unwrap()
            }
            Holder::SignedOut => self.signed_out().await,
            Holder::Stranger => self.bed.stranger.token.clone(),
            Holder::Member(role) => self.bed.member(role).token,
            Holder::RevokedKey | Holder::StrangersKey | Holder::Key(_) => return None,
        })
    }

    /// A token of a session of the owner that has ended.
    async fn signed_out(&self) -> String {
        let mut identity = self.bed.member(Role::Owner).identity;
        identity.session = storeroom_domain::SessionId::new(1, [7; 10]);
        let args = Args::new()
            .with("user", identity.user.to_string())
            .with("session", identity.session.to_string())
            .with("now", self.bed.ports.clock.now().ms());
        self.bed
            .sql(
                "INSERT OR IGNORE INTO sessions (id, user_id, created_at, expires_at, ended_at) \
                 VALUES (:session, :user, :now, :now + 1000000, :now)",
                args,
            )
            .await;
        self.bed.signer.sign(&identity, self.bed.ports.clock.now(), 900).unwrap()
    }

    /// Where the logs of the stores stand.
    pub async fn logs(&self) -> Vec<Vec<storeroom_sql::Value>> {
        let heads = "SELECT id, seq, version, audit_count FROM stores ORDER BY id";
        self.bed.sql(heads, Args::new()).await
    }
}

fn headers(line: &Line) -> Vec<(&str, &str)> {
    line.headers.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

fn needs_account(row: &Row) -> bool {
    ["accounts.login", "accounts.refresh", "accounts.password"].contains(&row.name)
}

/// Opens the account of the bodies that fit and gives every member its password; returns its refresh token.
async fn account(bed: &Testbed) -> String {
    let row = operations().map(|operation| operation.row()).find(|row| row.name == "accounts.register");
    let body =
        storeroom_bad_input::fitting_body(row.unwrap().body.as_ref().unwrap().shapes().next().unwrap());
    let body = Some(body.to_string().into_bytes());
    let reply = bed.send(request("POST", "/api/pms/auth/register", body, &[])).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    let hash = "UPDATE users SET password_hash = (SELECT max(password_hash) FROM users)";
    bed.sql(hash, Args::new()).await;
    reply.json()["refresh_token"].as_str().unwrap().to_owned()
}

/// Operations that need more than a fitting request, each with the status that its request is answered with instead:
/// no WebSocket is asked for, nobody was invited.
const OF_THEIR_OWN: [(&str, u16); 2] = [("room.join", 400), ("accounts.accept_invite", 404)];

async fn check(row: &'static Row) {
    let mut ground = Ground::of(row).await;
    let (refused, passed): (Vec<_>, Vec<_>) =
        holders().into_iter().partition(|holder| expected(row, *holder) != Expected::Passed);
    let before = ground.logs().await;
    for holder in refused {
        let reply = ground.send(ground.line(row), holder).await;
        let expected = expected(row, holder);
        assert!(
            is_as(expected, reply.status()),
            "{} as {holder:?}: not {expected:?} but {}",
            row.name,
            reply.text()
        );
        assert_eq!(reply.header("store-cursor"), None, "{} tells {holder:?} where the log stands", row.name);
    }
    assert_eq!(ground.logs().await, before, "{} wrote for somebody who was refused", row.name);
    let mut statuses = Vec::new();
    for holder in passed {
        let reply = ground.send(ground.line(row), holder).await;
        assert!(is_as(Expected::Passed, reply.status()), "{} as {holder:?}: {}", row.name, reply.text());
        statuses.push(reply.status());
        if let (Answer::Json(shape) | Answer::Table(shape), true) =
            (row.answer, reply.status() == row.success)
        {
            let faults = validate(&Schema::Object(shape), &reply.json());
            assert_eq!(faults, [], "{} answers with {}", row.name, reply.text());
        }
    }
    let own = OF_THEIR_OWN.iter().find(|(name, _)| *name == row.name).map(|(_, status)| *status);
    let success = own.unwrap_or(row.success);
    assert!(statuses.contains(&success), "{} never answers {success}: {statuses:?}", row.name);
}

#[tokio::test]
async fn every_operation_with_every_credential() {
    for operation in operations() {
        check(operation.row()).await;
    }
}

#[tokio::test]
async fn a_refusal_names_the_permission() {
    for row in operations().map(|operation| operation.row()) {
        let Some(permission) = row.permission() else { continue };
        let Some(role) = ROLES.into_iter().find(|role| !role.may(permission)) else { continue };
        let mut ground = Ground::of(row).await;
        let reply = ground.send(ground.line(row), Holder::of(row, role)).await;
        assert_eq!(reply.code(), "forbidden", "{} as {role:?}", row.name);
        assert!(reply.json()["detail"].as_str().unwrap().contains(permission.as_str()), "{}", row.name);
    }
}
