//! Random bytes for bodies, headers, paths and queries.

use crate::{Line, Subject};
use proptest::prelude::{Just, Strategy, any, prop_oneof};
use storeroom_operations::operation::Row;

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
pub const NOISY_HEADERS: [&str; 12] = [
    "authorization",
    "x-store-id",
    "if-match",
    "if-none-match",
    "accept",
    "content-type",
    "api-version",
    "origin",
    "x-api-key",
    "x-request-signature",
    "idempotency-key",
    "x-noise",
];

/// The query parameters that noise is put into.
const NOISY_PARAMETERS: [&str; 7] = ["cursor", "store", "limit", "after", "q", "actor", "days"];

/// Operations that end what the noise after them stands on: the sender's session and its place in the store. They are
/// sent without a token that is good.
const LAST_WORDS: [&str; 2] = ["accounts.logout", "accounts.close_me"];

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
        "\\{\"(title|variants|tags|x|name|role|token)\":(\"[a-z]{0,9}\"|[0-9e.-]{1,9}|\\[\\]|null|true)\\}"
            .prop_map(String::into_bytes),
        "\\{\"email\":\"[a-z@.\\\\]{0,20}\",\"(role|refresh_token)\":\"[a-z]{0,9}\"\\}"
            .prop_map(String::into_bytes),
    ];
    let bytes = proptest::collection::vec(33_u8..=126, 0..60);
    let headers = proptest::collection::vec((0..NOISY_HEADERS.len(), bytes), 0..4);
    (0_usize..1_000, piece, body, headers).prop_map(|(row, piece, body, headers)| Noise {
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
        let subject = if self.row.is_multiple_of(2) { subject } else { subject.with_ids(&self.piece) };
        let mut line = Line::fitting(row, subject);
        if LAST_WORDS.contains(&row.name) {
            line = line.header("authorization", "Bearer a.b.c");
        }
        if self.row.is_multiple_of(3) {
            let parameter = NOISY_PARAMETERS.get(self.row % NOISY_PARAMETERS.len())?;
            line = line.parameter(parameter, &self.piece);
        }
        line.body = Some(self.body.clone());
        Some(line)
    }
}
