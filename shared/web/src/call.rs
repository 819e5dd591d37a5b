//! A call: one request on its way through a function, with everything the gateway found out about it.
//!
//! Guarantees: access is checked in the same trip as the work (`read`, `commit`), and a function has no other way to
//! a store's data; round trips are counted; the log's cursor comes from the snapshot of the answer.
//! Relies on: the gateway for matching, authentication and limits before a function runs.

use crate::answer::Answer;
use crate::caller::Caller;
use crate::chain::{Content, content_hash};
use crate::flow::{BodyHash, Flow};
use crate::idempotency::{fingerprint_of_flow, replay};
use crate::memory::Memory;
use crate::precondition::{Precondition, if_match};
use crate::published::{self, CacheUse, Published};
use crate::query::Query;
use crate::secrets::Secrets;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use std::cell::{Cell, RefCell};
use std::str::FromStr;
use storeroom_domain::id::{Id, Kind};
use storeroom_domain::role::ROLES;
use storeroom_domain::{LogCursor, Permission, Role, Timestamp};
use storeroom_operations::operation::{Access, Effect, Row};
use storeroom_operations::route::PathParams;
use storeroom_operations::{Code, Problem};
use storeroom_ports::random::new_id;
use storeroom_ports::{DatabaseError, Level, Ports};
use storeroom_sql::access::Credential;
use storeroom_sql::batch::Sql;
use storeroom_sql::idempotency::{self, Kept};
use storeroom_sql::{Args, Batch, Outcome, Refused, Rows, Statement, Value, access, audit, settle};

/// The name of the query of the answer's body.
const SHOWN: &str = "shown";

/// A request and its context.
pub struct Call<'a> {
    /// The host.
    pub ports: &'a Ports,
    /// What signs, derives and hashes.
    pub secrets: &'a Secrets,
    /// What large requests take of the process's memory.
    pub memory: &'a Memory,
    /// The operation's row.
    pub row: &'static Row,
    /// The parameters of the path, decoded.
    pub path: PathParams,
    /// The query as it was sent.
    pub raw_query: String,
    /// The query parameters, checked; empty for operations about no store.
    pub query: Query,
    /// The headers.
    pub headers: HeaderMap,
    /// The body's bytes.
    pub body: Vec<u8>,
    /// Scheme and host under which the client reached the service.
    pub origin: String,
    /// The network address of the client; empty where the host does not tell it.
    pub client: String,
    /// Who calls; `None` where nobody needs to be.
    pub caller: Option<Caller>,
    /// The store that it is about; empty where it is about none.
    pub store: String,
    /// The request's id.
    pub request_id: String,
    /// The key under which the answer is kept, if one was sent and counts.
    pub idempotency_key: Option<String>,
    /// What makes another request the same: see `idempotency::fingerprint`; empty without a key.
    pub fingerprint: String,
    /// The body of an operation that takes it as it comes.
    pub flow: RefCell<Option<Flow>>,
    /// The moment of the request: one for everything that it does.
    pub now: Timestamp,
    /// What the call found out on its way.
    pub trace: Trace,
}

/// What a call found out on its way, for the answer's headers and the log.
#[derive(Debug, Default)]
pub struct Trace {
    /// Round trips to the database.
    pub round_trips: Cell<u32>,
    /// Whether access was looked up.
    pub access_checked: Cell<bool>,
    /// Where the log stood in the snapshot of the answer.
    pub cursor: Cell<Option<LogCursor>>,
    /// How the cache of the catalogue stood to the answer, if it was asked.
    pub cache: Cell<Option<CacheUse>>,
    /// Whether the nonce of a signed request has gone to the database.
    nonce_sent: Cell<bool>,
    /// Whether the database was asked for the answer under the request's idempotency key.
    key_sent: Cell<bool>,
    /// The hash of a body that came while the function ran.
    flow_hash: Cell<Option<BodyHash>>,
    /// That answer.
    replay: RefCell<Option<Answer>>,
    /// What the request is about, for the audit log.
    subject: RefCell<Option<String>>,
    /// Who acts, where no credential says so.
    actor: RefCell<Option<String>>,
}

/// What a read found.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    /// The query's rows.
    pub rows: Rows,
    /// Where the log stood.
    pub cursor: LogCursor,
    /// The caller's role.
    pub role: Role,
}

/// What a write answers with.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// The status of success.
    pub status: u16,
    /// The query of the answer once all is done: one row, the JSON of the body (NULL for none) and the version that
    /// becomes the entity tag (NULL for none). Kept under the request's idempotency key, so it has no secret.
    pub document: Sql,
    /// The path of what was made.
    pub location: Option<String>,
}

impl Found {
    /// What `access::read` answered, if the credential is good and its role has the permission.
    pub(crate) fn admitted(
        rows: Rows,
        credential: Credential,
        permission: Option<Permission>,
    ) -> Result<Self, Problem> {
        if rows.integer(0, 0) != Some(1) {
            return Err(credential.ended());
        }
        let role = rows.text(0, 1).and_then(Role::parse).ok_or_else(access::no_such_store)?;
        if let Some(permission) = permission.filter(|permission| !role.may(*permission)) {
            return Err(access::role_lacks(permission.as_str()));
        }
        let cursor = cursor(&rows, 2).ok_or_else(access::no_such_store)?;
        Ok(Self { rows: own_rows(rows, access::COLUMNS), cursor, role })
    }
}

impl Call<'_> {
    /// A new id for this moment.
    pub fn new_id<K: Kind>(&self) -> Id<K> {
        new_id(self.ports.random.as_ref(), self.now)
    }

    /// The id in the path; what is not spelt like one is simply not there.
    pub fn path_id<K: Kind>(&self, name: &str, what: &str) -> Result<Id<K>, Problem> {
        self.path.get(name).and_then(|text| Id::parse(text)).ok_or_else(|| Problem::not_found(what))
    }

    /// A number of the query, or the default.
    pub fn number<T: FromStr>(query: &Query, name: &str, default: T) -> T {
        query.get(name).and_then(|text| text.parse().ok()).unwrap_or(default)
    }

    /// Which version a write means.
    pub fn precondition(&self) -> Result<Precondition, Problem> {
        if_match(self.row.if_match, &self.headers)
    }

    /// The body as its shape's type; the type's default when it may be left out and was.
    pub fn input<T: DeserializeOwned + Default>(&self) -> Result<T, Problem> {
        match (&self.row.body, self.json()?) {
            (Some(rule), Some(value)) => crate::body::read_as(rule, value),
            _ => Ok(T::default()),
        }
    }

    /// The body as a JSON value, not checked against a shape yet; `None` when it may be left out and was.
    pub fn json(&self) -> Result<Option<serde_json::Value>, Problem> {
        match &self.row.body {
            Some(rule) => crate::body::value(rule, &self.body),
            None => Ok(None),
        }
    }

    /// The body of an operation that takes it as it comes; once.
    pub fn take_flow(&self) -> Result<Flow, Problem> {
        self.flow.take().ok_or_else(|| self.fault("a body was taken twice"))
    }

    /// Says that the whole body came, which is part of what makes another request the same.
    pub fn flow_ended(&self, flow: &Flow) {
        self.trace.flow_hash.set(Some(flow.hash()));
    }

    /// Whether it can be told that the request was done before: not while a body is still to come, which may be another one
    /// than before. Then what was kept is looked up with the work.
    fn is_comparable(&self) -> bool {
        let has_come = !self.row.takes_flow() || self.trace.flow_hash.get().is_some();
        self.idempotency_key.is_some() && has_come
    }

    fn fingerprint(&self) -> String {
        match self.trace.flow_hash.get() {
            Some(hash) => fingerprint_of_flow(&self.fingerprint, &hash),
            None => self.fingerprint.clone(),
        }
    }

    /// The arguments that every statement of a request may name.
    pub fn args(&self) -> Args {
        let mut args = Args::new()
            .with("store", self.store.as_str())
            .with("now", self.now.ms())
            .with("roles", roles_that_may(self.permission()))
            .with("request_id", self.request_id.as_str());
        args.merge(match &self.caller {
            Some(caller) => caller.args(self.now.ms()),
            None => Args::new().with("user", Value::Null),
        });
        if let Some(key) = &self.idempotency_key {
            args.merge(idempotency::args(&self.store, &self.actor(), key));
        }
        args.with("actor", self.actor())
    }

    /// Who acts: a user's id or a key's.
    pub fn actor(&self) -> String {
        let named = self.trace.actor.borrow().clone();
        named.or_else(|| self.caller.as_ref().map(Caller::actor)).unwrap_or_else(|| "anonymous".to_owned())
    }

    /// Says who acts in a request without a credential, such as the account that it makes.
    pub fn acts_as(&self, user: impl ToString) {
        self.trace.actor.replace(Some(user.to_string()));
    }

    /// Says what the request is about, for the audit log; the id in the path unless a function says otherwise.
    pub fn about(&self, subject: impl ToString) {
        self.trace.subject.replace(Some(subject.to_string()));
    }

    pub(crate) fn permission(&self) -> Option<Permission> {
        self.row.permission()
    }

    /// How the caller's access is looked up.
    pub fn credential(&self) -> Credential {
        self.caller.as_ref().map_or(Credential::Session, Caller::credential)
    }

    /// A batch that begins with the access step of the operation's row, and the look for the answer under the request's
    /// idempotency key.
    pub fn write(&self) -> Batch {
        let mut batch = Batch::new(self.args());
        match self.row.access {
            Access::Member(permission) | Access::Signed(permission) => {
                access::guard(&mut batch, self.credential(), permission.as_str());
            }
            Access::Account => access::guard_alive(&mut batch, self.credential()),
            Access::Open | Access::Public | Access::Ticket => {}
        }
        if self.is_comparable() {
            idempotency::look_up(&mut batch);
        }
        batch
    }

    /// Runs a query as a member's read: one statement, one snapshot, one round trip. Rows whose first column is
    /// NULL are no rows.
    pub async fn read(&self, query: &str, args: Args) -> Result<Found, Problem> {
        let mut all = self.args();
        all.merge(args);
        let rows = self.statement(access::read(self.credential(), query), all).await?;
        self.trace.access_checked.set(true);
        self.admit(rows)
    }

    /// Runs a query about the caller's account as `read` does about a store.
    pub async fn read_account(&self, query: &str, args: Args) -> Result<Rows, Problem> {
        let mut all = self.args();
        all.merge(args);
        let rows = self.statement(access::read_alive(self.credential(), query), all).await?;
        if rows.integer(0, 0) != Some(1) {
            return Err(self.credential().ended());
        }
        // Of an account nothing more is to be found out; of a store, access is still open.
        self.trace.access_checked.set(self.row.access == Access::Account);
        Ok(own_rows(rows, 1))
    }

    fn admit(&self, rows: Rows) -> Result<Found, Problem> {
        let found = Found::admitted(rows, self.credential(), self.permission())?;
        self.trace.cursor.set(Some(found.cursor));
        Ok(found)
    }

    /// Runs a query about the store's public catalogue. Rows whose first column is NULL are no rows.
    pub async fn read_public(&self, query: &str, args: Args) -> Result<Published, Problem> {
        let mut all = self.args();
        all.merge(args);
        Published::of(self.statement(published::sql(query), all).await?)
    }

    /// The answer of the same request before, when that is why the work was refused.
    pub fn take_replay(&self) -> Option<Answer> {
        self.trace.replay.take()
    }

    /// Whether the work was refused because the same request was done before.
    pub fn is_replayed(&self) -> bool {
        self.trace.replay.borrow().is_some()
    }

    /// Whether a refusal may be told as it is: access was looked up, and the answer under the idempotency key.
    pub fn may_refuse(&self) -> bool {
        self.trace.access_checked.get() && (self.idempotency_key.is_none() || self.trace.key_sent.get())
    }

    /// Looks up what comes before everything else, in one trip: access, so that a refusal tells a stranger nothing, and the
    /// answer of the same request before, if there is one.
    pub async fn look_first(&self) -> Result<Option<Answer>, Problem> {
        let query = if self.is_comparable() { idempotency::KEPT } else { access::NOTHING };
        self.trace.key_sent.set(true);
        let rows = match self.row.access {
            Access::Account => self.read_account(query, Args::new()).await?,
            _ => self.read(query, Args::new()).await?.rows,
        };
        Kept::of(&rows).map(|kept| replay(kept, &self.fingerprint())).transpose()
    }

    /// The answer of the same request before, looked up only if there may be one: for what begins with something else than
    /// its batch.
    pub async fn kept(&self) -> Result<Option<Answer>, Problem> {
        match &self.idempotency_key {
            Some(_) => self.look_first().await,
            None => Ok(None),
        }
    }

    /// Whether the database answers.
    pub async fn ping_database(&self) -> Result<(), Problem> {
        self.statement("SELECT 1".to_owned(), Args::new()).await.map(|_| ())
    }

    /// The only store that the caller reaches, if it is one.
    pub async fn only_store(&self) -> Result<Option<String>, Problem> {
        let rows = self.read_account(access::ONLY_STORE, Args::new()).await?;
        Ok(rows.text(0, 0).map(str::to_owned))
    }

    async fn statement(&self, sql: String, args: Args) -> Result<Rows, Problem> {
        if self.owes_nonce() {
            // A read that spends a nonce is a write.
            let mut batch = Batch::new(args);
            batch.query("rows", sql);
            let outcome = self.transact(batch).await?;
            // Whether the caller may know where the log stands is for `admit` to say.
            self.trace.cursor.set(None);
            return Ok(outcome.rows("rows"));
        }
        let statement = Statement::bind(sql, &args)
            .map_err(|missing| self.fault(&format!("no value for :{}", missing.0)))?;
        self.count_round_trip();
        self.ports.database.read(statement).await.map_err(|error| self.database_problem(error))
    }

    fn owes_nonce(&self) -> bool {
        matches!(self.caller, Some(Caller::Key(_))) && !self.trace.nonce_sent.get()
    }

    /// Commits a batch in one round trip, with a row of the audit log when a member changes something. The log's
    /// cursor and the next due time come with it.
    pub async fn commit(&self, mut batch: Batch) -> Result<Outcome, Problem> {
        if self.row.permission().is_some() && self.row.effect == Effect::Write {
            self.audit(&mut batch, &self.store);
        }
        batch.due(settle::NEXT_DUE);
        self.transact(batch).await
    }

    /// Commits what goes ahead of the work and changes nothing that a member sees, so it is no row of the audit log.
    pub async fn commit_ahead(&self, mut batch: Batch) -> Result<Outcome, Problem> {
        batch.due(settle::NEXT_DUE);
        self.transact(batch).await
    }

    /// Commits a batch and answers with what is shown, which is kept under the request's idempotency key.
    pub async fn commit_and_show(&self, batch: Batch, shown: Shown) -> Result<Answer, Problem> {
        self.commit_and_tell(batch, shown).await.map(|(answer, _)| answer)
    }

    /// Commits and shows as `commit_and_show` does; the rows of the batch's queries come along, for what is added to the
    /// answer and not kept, such as a secret.
    pub async fn commit_and_tell(
        &self,
        mut batch: Batch,
        shown: Shown,
    ) -> Result<(Answer, Outcome), Problem> {
        let Shown { status, document, location } = shown;
        if batch.asks_for_kept() {
            batch.set("fingerprint", self.fingerprint());
            batch.set("kept_status", i64::from(status));
            batch.set("kept_location", location.clone());
            idempotency::keep(&mut batch, SHOWN, &document);
        } else {
            batch.query(SHOWN, idempotency::shown(&document));
        }
        let outcome = self.commit(batch).await?;
        let rows = outcome.rows(SHOWN);
        if rows.0.len() != 1 {
            return Err(self.fault("a write left no document"));
        }
        let answer = rows.text(0, 0).map_or_else(|| Answer::empty(status), |json| Answer::json(status, json));
        Ok((Answer { etag: rows.text(0, 1).map(str::to_owned), location, ..answer }, outcome))
    }

    /// Appends the row of the audit log that tells of this request to the log of the store, which is `:store`.
    pub fn audit(&self, batch: &mut Batch, store: &str) {
        self.bind_audit(batch, Some(store));
        audit::append(batch);
    }

    /// Appends the same row to the logs of the stores that the query gives, for an operation that
    /// `chain::is_of_several_stores`.
    pub fn audit_several(&self, batch: &mut Batch, stores: &str) {
        self.bind_audit(batch, None);
        audit::append_to(batch, stores);
    }

    fn bind_audit(&self, batch: &mut Batch, store: Option<&str>) {
        let subject = self.trace.subject.borrow().clone().or_else(|| self.path.get("id").cloned());
        let address = Some(self.client.clone()).filter(|address| !address.is_empty());
        let actor = self.actor();
        let content = Content {
            store,
            at: self.now.ms(),
            actor: &actor,
            action: self.row.name,
            subject: subject.as_deref(),
            address: address.as_deref(),
            request_id: &self.request_id,
        };
        batch.set("audit_hash", content_hash(&self.secrets.master, &content));
        batch.set("audit_action", self.row.name);
        batch.set("audit_subject", subject);
        batch.set("audit_address", address);
    }

    async fn transact(&self, mut batch: Batch) -> Result<Outcome, Problem> {
        if self.owes_nonce() {
            access::spend_nonce(&mut batch);
            self.trace.nonce_sent.set(true);
        }
        if !self.store.is_empty() {
            batch.query_always("cursor", "SELECT epoch, seq FROM stores WHERE id = :store");
        }
        let frame = batch.frame().map_err(|missing| self.fault(&format!("no value for :{}", missing.0)))?;
        self.count_round_trip();
        self.trace.access_checked.set(true);
        self.trace.key_sent.set(self.trace.key_sent.get() || batch.asks_for_kept());
        self.trace.cursor.set(None);
        let result = self.ports.database.commit(frame).await.map_err(|error| self.database_problem(error))?;
        let outcome = batch.interpret(result).map_err(|refused| self.refusal(refused))?;
        self.trace.cursor.set(cursor(&outcome.rows("cursor"), 0));
        Ok(outcome)
    }

    fn refusal(&self, refused: Refused) -> Problem {
        let Refused { problem, unforeseen, aside, kept } = refused;
        if let Some(message) = &unforeseen {
            self.log(Level::Error, "statement failed", message);
        }
        if access::is_passed(&problem) {
            self.trace.cursor.set(cursor(&aside, 0));
        }
        let Some(kept) = kept else { return problem };
        match Kept::of(&kept).map(|kept| replay(kept, &self.fingerprint())) {
            Some(Err(reused)) => reused,
            Some(Ok(answer)) => {
                self.trace.replay.replace(Some(answer));
                problem
            }
            None => self.fault("an answer that was kept cannot be read"),
        }
    }

    fn count_round_trip(&self) {
        self.trace.round_trips.set(self.trace.round_trips.get().saturating_add(1));
    }

    /// What a client is told of the database's failure; the log is told all of it.
    pub fn database_problem(&self, error: DatabaseError) -> Problem {
        match error {
            DatabaseError::Unavailable(detail) => {
                self.log(Level::Warn, "database unavailable", &detail);
                unavailable("The database does not answer right now; nothing was done.")
            }
            DatabaseError::OutcomeUnknown(detail) => {
                self.log(Level::Error, "outcome unknown", &detail);
                let next = match self.idempotency_key {
                    Some(_) => {
                        "Send the same request again with the same `Idempotency-Key`: it is done once."
                    }
                    None => "Read the thing again before you repeat the change.",
                };
                let detail = format!("The database did not say whether it was done. {next}");
                Problem::new(Code::OutcomeUnknown, detail).header("Retry-After", "1")
            }
            DatabaseError::Failed(detail) => self.fault(&detail),
        }
    }

    /// A fault of the program: the client learns no details, the log does.
    pub fn fault(&self, detail: &str) -> Problem {
        self.log(Level::Error, "fault", detail);
        Problem::new(Code::Internal, "Something went wrong here. The request id finds it in the logs.")
    }

    /// Writes a line that names the request.
    pub fn log(&self, level: Level, message: &str, detail: &str) {
        let line = serde_json::json!({
            "time": self.now.to_string(), "level": level.as_str(), "message": message, "detail": detail,
            "request_id": self.request_id, "route": self.row.name,
        });
        self.ports.log.line(level, &line.to_string());
    }
}

/// `unavailable`, to be tried again in a second.
pub fn unavailable(detail: &str) -> Problem {
    Problem::new(Code::Unavailable, detail).header("Retry-After", "1")
}

fn cursor(rows: &Rows, column: usize) -> Option<LogCursor> {
    Some(LogCursor { epoch: rows.integer(0, column)?, seq: rows.integer(0, column + 1)? })
}

/// The rows without the columns that the frame around the query added; none where the query found none.
fn own_rows(rows: Rows, added: usize) -> Rows {
    let own = rows.0.into_iter().map(|row| row.into_iter().skip(added).collect::<Vec<_>>());
    Rows(own.filter(|row| row.first().is_some_and(|value| *value != storeroom_sql::Value::Null)).collect())
}

/// The roles that have the permission, as a JSON list; none for none.
fn roles_that_may(permission: Option<Permission>) -> String {
    let roles = ROLES.into_iter().filter(|role| permission.is_some_and(|permission| role.may(permission)));
    let quoted: Vec<String> = roles.map(|role| format!("\"{}\"", role.as_str())).collect();
    format!("[{}]", quoted.join(","))
}
