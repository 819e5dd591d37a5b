//! Bad input for every operation, as data.
//!
//! Guarantees: every line of the contract about bad input stands here once and is made for every row of the table it
//! applies to; the tests in process and the black-box suite send the same lines; each line is refused before anything is
//! written and before a password is hashed.
//! Relies on: `storeroom_operations::example` for bodies that fit.

mod bodies;
mod credentials;
mod noise;

pub use noise::{NOISY_HEADERS, Noise, noise};

use serde_json::Value;
use std::sync::atomic::{AtomicU64, Ordering};
use storeroom_operations::example::{Extent, object};
use storeroom_operations::operation::{Access, Answer, Body, Idempotency, IfMatch, Param, Row};
use storeroom_operations::route::{Match, find};
use storeroom_operations::schema::{Object, Schema};

/// The e-mail address in bodies that fit.
pub const EMAIL: &str = "ann@example.org";
/// Every password in bodies that fit, old and new.
pub const PASSWORD: &str = "correct horse battery";
/// The address of a webhook endpoint in bodies that fit.
const URL: &str = "https://hooks.shop.org/storeroom";
/// The beginning of the log.
const CURSOR: &str = "1.0";
/// A picture of one pixel.
pub const GIF: &[u8] = b"GIF89a\x01\0\x01\0\x80\0\0\xff\0\0\0\0\0,\0\0\0\0\x01\0\x01\0\0\x02\x02D\x01\0;";
/// The header that some rows need.
const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// An image that is not there.
pub const IMAGE: &str = "img_00000000000000000000000000";
/// A store that is not there.
const OTHER_STORE: &str = "str_00000000000000000000000000";

/// A request that fits its row, or one made worse.
#[derive(Debug, Clone)]
pub struct Line {
    /// What is bad about it.
    pub name: String,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Every header, one a value; a content type stands here when it is not JSON.
    pub headers: Vec<(&'static str, String)>,
    /// The status that it must be answered with.
    pub status: u16,
    /// The problem's code.
    pub code: &'static str,
}

/// What the requests are about and who sends them.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// A store.
    pub store: &'a str,
    /// An access token of its owner.
    pub token: &'a str,
    /// A product of it.
    pub product: &'a str,
    /// An API key of it.
    pub key: &'a str,
    /// A member of it besides the owner.
    pub user: &'a str,
    /// The host's time, Unix seconds.
    pub now_s: i64,
}

impl<'a> Subject<'a> {
    /// The same store, with a text instead of every other id.
    fn with_ids(self, text: &'a str) -> Self {
        Self { product: text, key: text, user: text, ..self }
    }

    fn path(&self, template: &str) -> String {
        let id = if template.starts_with("/api/pms/keys/") { self.key } else { self.product };
        let named = template.replace("{store}", self.store).replace("{id}", id).replace("{user}", self.user);
        let named = named.replace("{store_id}", self.store).replace("{image}", IMAGE);
        let named = named.replace("{sha256}", &"0".repeat(64)).replace("{file}", "thumb.jpg");
        named.replace("{handle}", "h").replace("{code}", "not-found").replace("{version}", "1")
    }
}

impl Line {
    /// A request that fits the row, by the store's owner.
    pub fn fitting(row: &'static Row, subject: Subject<'_>) -> Self {
        let path = subject.path(row.path);
        let path = match row.access {
            Access::Member(_) | Access::Signed(_) | Access::Account | Access::Open => path,
            Access::Public | Access::Ticket => format!("{path}?store={}", subject.store),
        };
        let body = row.body.as_ref().map(|rule| match rule.shapes().next() {
            Some(shape) => fitting_body(shape).to_string().into_bytes(),
            None => fitting_bytes(row),
        });
        let mut headers = vec![
            ("authorization", format!("Bearer {}", subject.token)),
            ("x-store-id", subject.store.to_owned()),
            ("if-match", "*".to_owned()),
        ];
        if let Some(rule) = row.body.as_ref().filter(|rule| !rule.is_json()) {
            headers.extend(rule.media.first().map(|media| ("content-type", (*media).to_owned())));
        }
        if row.idempotency() == Idempotency::Required {
            headers.push((IDEMPOTENCY_KEY, new_key()));
        }
        let name = "fitting".to_owned();
        Self { name, method: row.method, path, body, headers, status: row.success, code: "" }
    }

    fn expecting(mut self, name: impl Into<String>, status: u16, code: &'static str) -> Self {
        (self.name, self.status, self.code) = (name.into(), status, code);
        self
    }

    /// The same with this value for the header and no other.
    #[must_use]
    pub fn header(self, name: &'static str, value: impl Into<String>) -> Self {
        self.without_header(name).one_more(name, value)
    }

    /// The same with one more header, even if there is one of that name.
    fn one_more(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The same without the header.
    #[must_use]
    pub fn without_header(mut self, name: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self
    }

    /// The same with one more query parameter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        let separator = if self.path.contains('?') { '&' } else { '?' };
        self.path.push_str(&format!("{separator}{name}={value}"));
        self
    }

    /// The same with that body.
    #[must_use]
    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }
}

/// A key that no other request of this process has.
pub fn new_key() -> String {
    static KEYS: AtomicU64 = AtomicU64::new(0);
    format!("fitting-{}", KEYS.fetch_add(1, Ordering::Relaxed))
}

fn takes_json(row: &Row) -> bool {
    row.body.as_ref().is_some_and(Body::is_json)
}

/// The least body of an operation that takes no JSON.
fn fitting_bytes(row: &Row) -> Vec<u8> {
    match row.name {
        "images.add" | "images.replace" => GIF.to_vec(),
        "products.import" => b"title,sku\r\nA,A\r\n".to_vec(),
        name => unreachable!("{name} has no fitting body yet"),
    }
}

/// The least body that fits the shape and that the service would take: no password that is guessed easily.
pub fn fitting_body(shape: &'static Object) -> Value {
    let mut body = object(shape, Extent::Least);
    for (name, value) in body.as_object_mut().into_iter().flatten() {
        match name.as_str() {
            "password" | "current_password" | "new_password" => *value = PASSWORD.into(),
            "email" => *value = EMAIL.into(),
            "url" => *value = URL.into(),
            "after" => *value = CURSOR.into(),
            _ => {}
        }
    }
    body
}

/// Every bad line for a row. Of a row whose requests are signed, only what is refused before the signature was found good:
/// see `signed_lines`.
pub fn lines(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let mut lines = all_lines(row, subject);
    if matches!(row.access, Access::Signed(_)) {
        lines.extend(credentials::lines(row, subject));
        lines.retain(is_before_the_store);
    }
    lines
}

/// Every bad line that is refused once the signature was found good: whoever sends it signs it, with the store.
pub fn signed_lines(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let mut lines = all_lines(row, subject);
    lines.retain(|line| !is_before_the_store(line));
    lines
}

/// Whether the line is refused by what comes before the store in the order of checks.
fn is_before_the_store(line: &Line) -> bool {
    let is_nowhere = line.name == "route" || line.code == "api-version-unknown";
    is_nowhere || matches!(line.status, 401 | 405 | 406 | 413 | 415)
}

fn all_lines(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let nowhere = Line { path: format!("/nowhere{}", row.path.replace(['{', '}'], "")), ..fitting() };
    let mut lines = vec![
        nowhere.expecting("route", 404, "not-found"),
        fitting().header("api-version", "1999-01-01").expecting("version", 400, "api-version-unknown"),
    ];
    lines.extend(other_method(fitting()));
    if !matches!(row.answer, Answer::Socket | Answer::Image) {
        lines.push(fitting().header("accept", "image/png").expecting("accept", 406, "not-acceptable"));
    }
    if row.access != Access::Open {
        lines.push(fitting().parameter("colour", "red").expecting("parameter", 400, "malformed-request"));
        lines.extend(row.query.iter().flat_map(|param| parameters(param, &fitting)));
    }
    if !matches!(row.access, Access::Signed(_)) {
        lines.extend(stores(row, subject));
        lines.extend(credentials::lines(row, subject));
    }
    if let Some(rule) = &row.body {
        lines.extend(bodies::lines(rule, &fitting));
    }
    lines.extend(keys(row, subject));
    lines.extend(preconditions(row, subject));
    lines
}

/// The idempotency key, which comes before everything that the request says of its own. One that is sent twice is no line:
/// some hosts join the two, and what they join is printable.
fn keys(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let rule = row.idempotency();
    if rule == Idempotency::None {
        return Vec::new();
    }
    let fitting = || Line::fitting(row, subject);
    let lost = || Line::fitting(row, subject.with_ids("nonsense"));
    let malformed = |line: Line, key: &str, name: &str| {
        let name = format!("idempotency key: {name}");
        line.header(IDEMPOTENCY_KEY, key).expecting(name, 400, "malformed-request")
    };
    let missing = |line: Line, name: &str| {
        let name = format!("no idempotency key: {name}");
        line.without_header(IDEMPOTENCY_KEY).expecting(name, 400, "idempotency-key-required")
    };
    let mut lines = vec![
        malformed(fitting(), "", "empty"),
        malformed(fitting(), "a\tb", "a tab"),
        malformed(fitting(), &"k".repeat(256), "too long"),
        malformed(fitting(), &"k".repeat(6_000), "huge"),
        malformed(fitting().body("{"), "", "before the body"),
        malformed(fitting().header("if-match", "3"), "", "before the version"),
        malformed(lost(), "", "before no such thing"),
    ];
    if rule == Idempotency::Required {
        lines.push(missing(fitting(), "fitting"));
        lines.push(missing(fitting().body("{"), "before the body"));
        lines.push(missing(lost(), "before no such thing"));
    }
    lines
}

/// A method that every host knows and the address does not take.
fn other_method(line: Line) -> Option<Line> {
    let path = line.path.split('?').next().unwrap_or_default().to_owned();
    let mut methods = ["DELETE", "PATCH", "PUT", "POST"].into_iter();
    let method = methods.find(|method| matches!(find(method, &path), Match::OtherMethods(_)))?;
    Some(Line { method, body: None, ..line }.expecting("method", 405, "method-not-allowed"))
}

fn stores(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let malformed = |line: Line, name: &str| line.expecting(name, 400, "malformed-request");
    let mut lines = match row.access {
        Access::Open | Access::Account | Access::Signed(_) => return Vec::new(),
        Access::Public | Access::Ticket => {
            let nonsense = Line::fitting(row, Subject { store: "nonsense", ..subject });
            let nobodys = Line { path: subject.path(row.path), ..fitting() };
            return vec![
                malformed(nonsense, "store"),
                malformed(fitting().parameter("store", subject.store), "store twice"),
                nobodys.expecting("no store", 400, "store-required"),
            ];
        }
        Access::Member(_) => vec![
            malformed(fitting().parameter("store", "nonsense"), "store"),
            malformed(fitting().parameter("store", "%ff"), "store's percent-encoding"),
            malformed(fitting().parameter("store", OTHER_STORE), "two stores"),
            malformed(fitting().header("x-store-id", "nonsense"), "store's header"),
            malformed(fitting().header("x-store-id", "s".repeat(6_000)), "store's long header"),
            malformed(fitting().one_more("x-store-id", subject.store), "store's header twice"),
        ],
    };
    if row.store_in_path() {
        let lost = |store| Line { path: Subject { store, ..subject }.path(row.path), ..fitting() };
        lines.push(lost("nonsense").expecting("store's path", 404, "not-found"));
        lines.push(lost("%ff").expecting("the path's percent-encoding", 404, "not-found"));
        let elsewhere = lost(OTHER_STORE);
        lines.push(malformed(elsewhere.clone(), "the path names another store than the header"));
        lines.push(elsewhere.without_header("x-store-id").expecting("no such store", 404, "not-found"));
    }
    lines
}

fn parameters(param: &Param, fitting: &dyn Fn() -> Line) -> Vec<Line> {
    let with = |value: &str, name: &str| {
        let line = fitting().parameter(param.name, value);
        line.expecting(format!("{}: {name}", param.name), 400, "malformed-request")
    };
    let twice = fitting().parameter(param.name, "1").parameter(param.name, "1");
    let mut lines = vec![
        with("%ff", "percent-encoding"),
        twice.expecting(format!("{} twice", param.name), 400, "malformed-request"),
    ];
    match param.schema {
        Schema::Integer { min, max } => {
            let (below, above) = (min.saturating_sub(1).to_string(), max.saturating_add(1).to_string());
            lines.extend([with(&below, "too small"), with(&above, "too large"), with("x", "no number")]);
            lines.extend([with("1.5", "no whole number"), with(&"1".repeat(30), "huge"), with("", "empty")]);
        }
        Schema::OneOf(_) => lines.push(with("nonsense", "unknown")),
        Schema::Text { max, .. } => {
            lines.push(with(&"a".repeat(max.saturating_add(1)), "too long"));
            lines.push(with("a%00a", "NUL"));
        }
        _ => {}
    }
    if matches!(param.name, "cursor" | "after") {
        lines.retain(|line| line.name != "after: NUL" && line.name != "cursor: NUL");
        for junk in ["AAAA", "nonsense", "eyJhIjoxfQ", "1.0.0", "9999999999999999999999.1"] {
            let line = fitting().parameter(param.name, junk);
            lines.push(line.expecting(format!("{}: {junk}", param.name), 400, "cursor-invalid"));
        }
    }
    lines
}

fn preconditions(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let lost = || Line::fitting(row, subject.with_ids("nonsense"));
    let names_a_thing = row.path.contains("{id}") || row.path.contains("{user}");
    let mut lines = Vec::new();
    if row.if_match != IfMatch::Ignored {
        lines.push(fitting().header("if-match", "3").expecting("version's quotes", 400, "malformed-request"));
    }
    if row.if_match == IfMatch::Required {
        let required = |line: Line, name: &str| {
            line.without_header("if-match").expecting(name, 428, "precondition-required")
        };
        lines.push(required(fitting(), "no version"));
        if names_a_thing {
            lines.push(required(lost(), "no version comes before no thing"));
        }
        if takes_json(row) {
            lines.push(required(fitting().body("{"), "no version comes before the body"));
        }
    }
    if names_a_thing {
        lines.push(lost().expecting("no such thing", 404, "not-found"));
        if takes_json(row) {
            let broken = lost().body("{");
            lines.push(broken.expecting("the body comes before no such thing", 400, "malformed-json"));
        }
    }
    lines
}
