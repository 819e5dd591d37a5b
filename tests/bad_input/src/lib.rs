//! Bad input for every operation, as data.
//!
//! Guarantees: every line of the contract about bad input stands here once and is made for every row of the table it
//! applies to; the tests in process and the black-box suite send the same lines.

use proptest::prelude::{Just, Strategy, any, prop_oneof};
use storeroom_operations::operation::{Access, Answer, Body, IfMatch, Row};
use storeroom_operations::table::MIB;

/// A request that fits its row, or one made worse.
#[derive(Debug, Clone)]
pub struct Line {
    /// What is bad about it.
    pub name: &'static str,
    /// The method.
    pub method: &'static str,
    /// Path and query.
    pub path: String,
    /// The body.
    pub body: Option<Vec<u8>>,
    /// Headers besides the credential and the store; a content type stands here when it is not JSON.
    pub headers: Vec<(&'static str, &'static str)>,
    /// The status that it must be answered with.
    pub status: u16,
    /// The problem's code.
    pub code: &'static str,
}

/// What the requests are about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// A product that is there.
    pub product: &'a str,
    /// Its store.
    pub store: &'a str,
}

impl Line {
    /// A request that fits the row.
    pub fn fitting(row: &'static Row, subject: Subject<'_>) -> Self {
        let path =
            row.path.replace("{id}", subject.product).replace("{handle}", "h").replace("{code}", "not-found");
        let path = match row.access {
            Access::Member(_) | Access::Open => path,
            Access::Public | Access::Ticket => format!("{path}?store={}", subject.store),
        };
        let body = |rule: &Body| if rule.optional { "{}" } else { "{\"title\":\"T\"}" };
        let body = row.body.as_ref().map(|rule| body(rule).into());
        let headers = vec![("if-match", "*")];
        Self { name: "fitting", method: row.method, path, body, headers, status: row.success, code: "" }
    }

    fn expecting(mut self, name: &'static str, status: u16, code: &'static str) -> Self {
        (self.name, self.status, self.code) = (name, status, code);
        self
    }

    fn header(self, name: &'static str, value: &'static str) -> Self {
        let mut line = self.without_header(name);
        line.headers.push((name, value));
        line
    }

    fn without_header(mut self, name: &str) -> Self {
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

    fn body(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }
}

/// Every bad line for a row.
pub fn lines(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let nowhere = Line { path: format!("/nowhere{}", row.path.replace(['{', '}'], "")), ..fitting() };
    let other_method = Line { method: "OPTIONS", body: None, ..fitting() };
    let mut lines = vec![
        other_method.expecting("method", 405, "method-not-allowed"),
        nowhere.expecting("route", 404, "not-found"),
        fitting().header("api-version", "1999-01-01").expecting("version", 400, "api-version-unknown"),
    ];
    if !matches!(row.answer, Answer::Socket) {
        lines.push(fitting().header("accept", "image/png").expecting("accept", 406, "not-acceptable"));
    }
    if row.has_store() {
        let misspelt = match row.access {
            Access::Member(_) => fitting().parameter("store", "nonsense"),
            _ => Line::fitting(row, Subject { store: "nonsense", ..subject }),
        };
        lines.push(misspelt.expecting("store", 400, "malformed-request"));
        lines.push(fitting().parameter("colour", "red").expecting("parameter", 400, "malformed-request"));
    }
    lines.extend(row.query.iter().flat_map(|param| parameters(param.name, &fitting)));
    if row.body.is_some() {
        lines.extend(bodies(&fitting));
    }
    lines.extend(preconditions(row, subject));
    lines
}

fn parameters(name: &str, fitting: &dyn Fn() -> Line) -> Vec<Line> {
    match name {
        "limit" => vec![
            fitting().parameter(name, "1").parameter(name, "2").expecting("twice", 400, "malformed-request"),
            fitting().parameter(name, "%ff").expecting("percent-encoding", 400, "malformed-request"),
            fitting().parameter(name, "0").expecting("too small", 400, "malformed-request"),
        ],
        "cursor" | "after" => {
            vec![fitting().parameter(name, "AAAA").expecting("cursor", 400, "cursor-invalid")]
        }
        _ => Vec::new(),
    }
}

fn preconditions(row: &'static Row, subject: Subject<'_>) -> Vec<Line> {
    let fitting = || Line::fitting(row, subject);
    let nobody = || Line::fitting(row, Subject { product: "nonsense", ..subject });
    let mut lines = Vec::new();
    if row.if_match != IfMatch::Ignored {
        lines.push(fitting().header("if-match", "3").expecting("version's quotes", 400, "malformed-request"));
    }
    if row.if_match == IfMatch::Required {
        let required =
            |line: Line, name| line.without_header("if-match").expecting(name, 428, "precondition-required");
        lines.push(required(fitting(), "no version"));
        lines.push(required(nobody(), "no version comes before no product"));
        if row.body.is_some() {
            let broken = fitting().body(b"{".to_vec());
            lines.push(required(broken, "no version comes before the body"));
        }
    }
    if row.path.contains("{id}") {
        lines.push(nobody().expecting("no product", 404, "not-found"));
        if row.body.is_some() {
            let broken = nobody().body(b"{".to_vec());
            lines.push(broken.expecting("the body comes before no product", 400, "malformed-json"));
        }
    }
    lines
}

fn bodies(fitting: &dyn Fn() -> Line) -> Vec<Line> {
    let body = |bytes: Vec<u8>| fitting().body(bytes);
    vec![
        body(b"{\"title\":".to_vec()).expecting("json", 400, "malformed-json"),
        body(b"{\"title\":\"\xff\"}".to_vec()).expecting("utf-8", 400, "malformed-json"),
        body([vec![b'['; 10_000], vec![b']'; 10_000]].concat()).expecting("depth", 400, "malformed-json"),
        body(b"[]".to_vec()).expecting("shape", 422, "validation-failed"),
        body(b"{\"colour\":1}".to_vec()).expecting("unknown field", 422, "validation-failed"),
        body(vec![b' '; MIB + 1]).expecting("size", 413, "body-too-large"),
        fitting().header("content-type", "text/plain").expecting("media", 415, "unsupported-media-type"),
        fitting().header("content-encoding", "gzip").expecting("encoding", 415, "unsupported-media-type"),
    ]
}

/// Random bytes for a body, a header, a path and a cursor.
#[derive(Debug, Clone)]
pub struct Noise {
    /// Picks the row.
    pub row: usize,
    /// A piece of a path or of a query.
    pub piece: String,
    /// The body.
    pub body: Vec<u8>,
    /// Headers by their place in `NOISY_HEADERS`.
    pub headers: Vec<(usize, Vec<u8>)>,
}

/// The headers that noise is put into.
pub const NOISY_HEADERS: [&str; 8] = [
    "authorization",
    "x-store-id",
    "if-match",
    "if-none-match",
    "accept",
    "content-type",
    "api-version",
    "x-noise",
];

/// The query parameters that noise is put into.
const NOISY_PARAMETERS: [&str; 5] = ["cursor", "store", "limit", "after", "q"];

/// Pieces that lead somewhere and random ones.
pub fn noise() -> impl Strategy<Value = Noise> {
    let piece = prop_oneof![
        "[ -~]{0,40}",
        Just("prd_01hf7yat00fentqaxbnentqaxb".to_owned()),
        Just("%ff%00".to_owned()),
        "[^\\x00-\\x20]{0,20}",
    ];
    let body = prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..200),
        "\\{\"(title|variants|tags|x)\":(\"[a-z]{0,9}\"|[0-9e.-]{1,9}|\\[\\]|null|true)\\}"
            .prop_map(String::into_bytes),
    ];
    let bytes = proptest::collection::vec(33_u8..=126, 0..60);
    let headers = proptest::collection::vec((0..NOISY_HEADERS.len(), bytes), 0..4);
    (0_usize..200, piece, body, headers).prop_map(|(row, piece, body, headers)| Noise {
        row,
        piece,
        body,
        headers,
    })
}

impl Noise {
    /// A request to one of the rows, with noise in it.
    pub fn line(&self, rows: &[&'static Row], subject: Subject<'_>) -> Option<Line> {
        let row = rows.get(self.row.checked_rem(rows.len())?)?;
        let product = if self.row.is_multiple_of(2) { subject.product } else { &self.piece };
        let mut line = Line::fitting(row, Subject { product, ..subject });
        if self.row.is_multiple_of(3) {
            let parameter = NOISY_PARAMETERS.get(self.row % NOISY_PARAMETERS.len())?;
            line = line.parameter(parameter, &self.piece);
        }
        line.body = Some(self.body.clone());
        Some(line)
    }
}
