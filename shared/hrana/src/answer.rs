//! The JSON of a pipeline's answer, as far as it is read.
//!
//! Guarantees: each text is copied once, from the body to its `Value`; columns and counters are skipped.
//! Relies on: the field names of `libsql_hrana::proto`, against whose types the tests hold these.

use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use serde::de::{Deserializer, Error as _, Visitor};
use serde::{Deserialize, de};
use std::borrow::Cow;
use std::fmt;
use storeroom_sql::{Rows, Value};

#[derive(Deserialize)]
pub(crate) struct Pipeline {
    pub(crate) results: Vec<StreamResult>,
}

/// The result of a request: `response` when its type is `ok`, `error` when it is `error`.
#[derive(Deserialize)]
pub(crate) struct StreamResult {
    #[serde(default)]
    pub(crate) response: Option<StreamResponse>,
    #[serde(default)]
    pub(crate) error: Option<libsql_hrana::proto::Error>,
}

/// `result` is there for a batch.
#[derive(Deserialize)]
pub(crate) struct StreamResponse {
    #[serde(default)]
    pub(crate) result: Option<BatchResult>,
}

#[derive(Deserialize)]
pub(crate) struct BatchResult {
    pub(crate) step_results: Vec<Option<StatementResult>>,
    pub(crate) step_errors: Vec<Option<libsql_hrana::proto::Error>>,
}

#[derive(Deserialize)]
pub(crate) struct StatementResult {
    rows: Vec<Vec<Cell>>,
}

impl StatementResult {
    pub(crate) fn into_rows(self) -> Rows {
        let rows = self.rows.into_iter();
        Rows(rows.map(|row| row.into_iter().map(|Cell(value)| value).collect()).collect())
    }
}

struct Cell(Value);

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Null,
    Integer,
    Float,
    Text,
    Blob,
}

#[derive(Deserialize)]
struct Tagged<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow, default, alias = "base64")]
    value: Content<'a>,
}

#[derive(Default)]
enum Content<'a> {
    #[default]
    Nothing,
    Text(Cow<'a, str>),
    Number(f64),
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let tagged = Tagged::deserialize(deserializer)?;
        tagged.into_value().map(Cell).ok_or_else(|| D::Error::custom("no value of its type"))
    }
}

impl Tagged<'_> {
    fn into_value(self) -> Option<Value> {
        match (self.kind, self.value) {
            (Kind::Null, _) => Some(Value::Null),
            (Kind::Integer, Content::Text(digits)) => digits.parse().ok().map(Value::Integer),
            (Kind::Float, Content::Number(float)) => Some(Value::Real(float)),
            (Kind::Text, Content::Text(text)) => Some(Value::Text(text.into_owned())),
            (Kind::Blob, Content::Text(base64)) => {
                STANDARD_NO_PAD.decode(base64.trim_end_matches('=')).ok().map(Value::Blob)
            }
            _ => None,
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ContentVisitor)
    }
}

struct ContentVisitor;

impl<'de> Visitor<'de> for ContentVisitor {
    type Value = Content<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number or null")
    }

    fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Content::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Self::Value, E> {
        Ok(Content::Number(number))
    }

    // A float without a fraction may come without a point.
    #[allow(clippy::cast_precision_loss)]
    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Self::Value, E> {
        Ok(Content::Number(number as f64))
    }

    #[allow(clippy::cast_precision_loss)]
    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Content::Number(number as f64))
    }

    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(Content::Nothing)
    }
}
