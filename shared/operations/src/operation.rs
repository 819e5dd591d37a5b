//! What a row of the operation table says.

use crate::problem::{Code, Fault};
use crate::schema::{Object, Schema};
use crate::validate::{validate, validate_kind};
use storeroom_domain::Permission;

/// Everything that the gateway and the reference need to know of an operation.
#[derive(Debug)]
pub struct Row {
    /// The stable name, `<family>.<verb>`: OpenAPI's `operationId` and the log's `route`.
    pub name: &'static str,
    /// `GET`, `POST`, `PUT`, `PATCH` or `DELETE`.
    pub method: &'static str,
    /// The whole path with `{name}` for each parameter.
    pub path: &'static str,
    /// One line for the reference.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Which rate limit counts it.
    pub rate: RateClass,
    /// Whether it changes anything.
    pub effect: Effect,
    /// What it does with `If-Match`.
    pub if_match: IfMatch,
    /// The query parameters, besides `store`.
    pub query: &'static [Param],
    /// The body it takes.
    pub body: Option<Body>,
    /// The status of success.
    pub success: u16,
    /// What success answers with.
    pub answer: Answer,
    /// Whether a 503 is answered with the same shape: readiness says what is down.
    pub tells_when_down: bool,
    /// The refusals that are its own, besides those that every operation of its kind has.
    pub problems: &'static [Code],
    /// What a host must offer for it.
    pub needs: &'static [Capability],
}

/// Who may call an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody; it is about no store.
    Open,
    /// Whoever is signed in: a bearer token whose session is alive. It is about no store.
    Account,
    /// Anybody; `?store=` says whose catalogue it is. Caches may share the answer.
    Public,
    /// Whoever holds a ticket of the store's room.
    Ticket,
    /// A member of the store whose role has the permission.
    Member(Permission),
    /// The same by an API key only: a server that signs its requests.
    Signed(Permission),
}

/// The classes of the rate limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum RateClass {
    /// Not counted: health checks and pages.
    Free,
    /// Reads.
    Read,
    /// Writes.
    Write,
    /// What takes or gives out a password or a token.
    Auth,
    /// Images and imports.
    Upload,
}

impl RateClass {
    /// The name in `RateLimit` and in the settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Read => "read",
            Self::Write => "write",
            Self::Auth => "auth",
            Self::Upload => "upload",
        }
    }
}

/// Whether an operation changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It only looks.
    Read,
    /// It writes.
    Write,
}

/// What an operation does with `If-Match`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IfMatch {
    /// Nothing.
    Ignored,
    /// It honours it when it is sent.
    Honoured,
    /// It answers 428 without it.
    Required,
}

/// What an operation does with `Idempotency-Key`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Idempotency {
    /// Nothing: to repeat it is harmless, or it gives out tokens.
    None,
    /// It takes it when it is sent.
    Taken,
    /// It answers 400 without it.
    Required,
}

/// What a host may or may not offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Capability {
    /// Inbound WebSockets.
    WebSocket,
}

/// A query parameter.
#[derive(Debug)]
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// What it may be; a comma-separated list is a text.
    pub schema: Schema,
    /// What it means.
    pub about: &'static str,
}

/// A body.
#[derive(Debug)]
pub struct Body {
    /// What it is made of.
    pub form: Form,
    /// Whether it may be left out.
    pub optional: bool,
    /// The content types it is taken in, the usual one first.
    pub media: &'static [&'static str],
    /// Most bytes.
    pub limit: usize,
}

/// What a body is made of.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// JSON of this shape.
    Json(&'static Object),
    /// JSON of the one of these shapes that its member `type` names.
    Kinds(&'static [&'static Object]),
    /// Bytes that the function reads by itself.
    Bytes,
    /// Bytes that may be too many for the memory: the function takes them as they come.
    Flow,
}

/// What success answers with.
#[derive(Debug, Clone, Copy)]
pub enum Answer {
    /// No body.
    Empty,
    /// JSON of that shape.
    Json(&'static Object),
    /// JSON of that shape, or CSV (RFC 4180) when the query or `Accept` asks for it.
    Table(&'static Object),
    /// An image's bytes, or a part of them.
    Image,
    /// CSV or NDJSON, as the query or `Accept` asks for it.
    Lines,
    /// A page of HTML.
    Html,
    /// A JSON document of its own kind, such as OpenAPI.
    Document,
    /// Server-Sent Events, each with an event of the log as its data.
    Events,
    /// A WebSocket.
    Socket,
}

impl Body {
    /// Every shape that it may have; none where it is not JSON.
    pub fn shapes(&self) -> impl Iterator<Item = &'static Object> {
        let (only, kinds) = match self.form {
            Form::Json(shape) => (Some(shape), [].as_slice()),
            Form::Kinds(kinds) => (None, kinds),
            Form::Bytes | Form::Flow => (None, [].as_slice()),
        };
        only.into_iter().chain(kinds.iter().copied())
    }

    /// The faults of a JSON value that is to be one.
    pub fn faults(&self, value: &serde_json::Value) -> Vec<Fault> {
        match self.form {
            Form::Json(shape) => validate(&Schema::Object(shape), value),
            Form::Kinds(kinds) => validate_kind(kinds, value),
            Form::Bytes | Form::Flow => Vec::new(),
        }
    }

    /// Whether it is JSON.
    pub fn is_json(&self) -> bool {
        matches!(self.form, Form::Json(_) | Form::Kinds(_))
    }
}

impl Row {
    /// The permission that a member of the store needs; none where nobody needs to be one.
    pub fn permission(&self) -> Option<Permission> {
        match self.access {
            Access::Member(permission) | Access::Signed(permission) => Some(permission),
            Access::Open | Access::Account | Access::Public | Access::Ticket => None,
        }
    }

    /// Whether a credential is needed.
    pub fn needs_caller(&self) -> bool {
        self.access == Access::Account || self.permission().is_some()
    }

    /// Whether the operation is about one store, so that the request must name it.
    pub fn has_store(&self) -> bool {
        !matches!(self.access, Access::Open | Access::Account)
    }

    /// What it does with `Idempotency-Key`: every `POST` takes it but sign-in and the room's tickets, and what moves
    /// stock or money needs it.
    pub fn idempotency(&self) -> Idempotency {
        let is_under = |root: &str| {
            self.path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if self.method != "POST" || is_under("/api/pms/auth") || is_under("/api/pms/room/ticket") {
            Idempotency::None
        } else if is_under("/api/pms/orders") || is_under("/api/pms/inventory") {
            Idempotency::Required
        } else {
            Idempotency::Taken
        }
    }

    /// Whether the body comes while the function runs.
    pub fn takes_flow(&self) -> bool {
        self.body.as_ref().is_some_and(|body| matches!(body.form, Form::Flow))
    }

    /// Whether the path names the store, so that neither header nor parameter need to.
    pub fn store_in_path(&self) -> bool {
        self.path.contains("{store}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::operations;

    /// Section 1 of the contract.
    #[test]
    fn a_key_is_taken_by_posts_and_needed_where_stock_moves() {
        let some = operations().next().unwrap().row();
        for (method, path, expected) in [
            ("POST", "/api/pms/orders", Idempotency::Required),
            ("POST", "/api/pms/orders/{id}/pay", Idempotency::Required),
            ("POST", "/api/pms/inventory/adjust", Idempotency::Required),
            ("POST", "/api/pms/inventoryless", Idempotency::Taken),
            ("POST", "/api/pms/webhook/order", Idempotency::Taken),
            ("PUT", "/api/pms/inventory/thresholds", Idempotency::None),
            ("GET", "/api/pms/orders", Idempotency::None),
            ("POST", "/api/pms/auth/invites/accept", Idempotency::None),
            ("POST", "/api/pms/room/ticket", Idempotency::None),
        ] {
            let row = Row { method, path, query: &[], body: None, problems: &[], needs: &[], ..*some };
            assert_eq!(row.idempotency(), expected, "{method} {path}");
        }
    }

    /// A key is somebody's, so whoever sends one is known.
    #[test]
    fn a_key_is_taken_from_callers_only() {
        for row in operations().map(|operation| operation.row()) {
            assert!(row.needs_caller() || row.idempotency() == Idempotency::None, "{}", row.name);
        }
    }
}
