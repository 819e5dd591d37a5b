//! Values, rows, and statements with their arguments.
//!
//! Guarantees: SQL is written with names (`:store`) and travels with numbers (`?1`), in the order of first
//! occurrence, so every database binds it alike (sqld gives `:store` no value by position); a name without a value is
//! an error, never a silent NULL.

use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// A value of SQLite.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Value {
    /// NULL.
    #[serde(rename = "n")]
    Null,
    /// A 64-bit integer.
    #[serde(rename = "i")]
    Integer(i64),
    /// A float; the schema has none, results of expressions may be.
    #[serde(rename = "r")]
    Real(f64),
    /// UTF-8 text.
    #[serde(rename = "t")]
    Text(String),
    /// Bytes.
    #[serde(rename = "b", with = "blob")]
    Blob(Vec<u8>),
}

mod blob {
    //! Blobs travel as base64.
    use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD_NO_PAD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD_NO_PAD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(number)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// The rows of a statement.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows(pub Vec<Vec<Value>>);

impl Rows {
    /// The second column's texts by the first one's, each in its order; rows without both are left out.
    pub fn by_first(&self) -> BTreeMap<String, Vec<String>> {
        let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for row in 0..self.0.len() {
            if let Some((first, second)) = self.text(row, 0).zip(self.text(row, 1)) {
                groups.entry(first.to_owned()).or_default().push(second.to_owned());
            }
        }
        groups
    }

    /// The value at a row and a column.
    pub fn get(&self, row: usize, column: usize) -> Option<&Value> {
        self.0.get(row)?.get(column)
    }

    /// The text at a row and a column; `None` also when it is no text.
    pub fn text(&self, row: usize, column: usize) -> Option<&str> {
        match self.get(row, column)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The integer at a row and a column; `None` also when it is no integer.
    pub fn integer(&self, row: usize, column: usize) -> Option<i64> {
        match self.get(row, column)? {
            Value::Integer(number) => Some(*number),
            _ => None,
        }
    }
}

/// Arguments by name.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Args(BTreeMap<&'static str, Value>);

impl Args {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same arguments and one more.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        self.set(name, value);
        self
    }

    /// Sets an argument.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.insert(name, value.into());
    }

    /// Takes over the other's arguments.
    pub fn merge(&mut self, other: Args) {
        self.0.extend(other.0);
    }
}

/// A statement of the code's has a name that nobody gave a value: a fault in the program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingArgument(pub String);

/// SQL with its arguments by number: what travels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    /// The SQL, with `?1`, `?2`, … in it.
    #[serde(rename = "s")]
    pub sql: Cow<'static, str>,
    /// One value a number.
    #[serde(rename = "a", default, skip_serializing_if = "Vec::is_empty")]
    pub args: Vec<Value>,
}

impl Statement {
    /// A statement without arguments.
    pub const fn plain(sql: &'static str) -> Self {
        Self { sql: Cow::Borrowed(sql), args: Vec::new() }
    }

    /// Picks what the SQL names out of the arguments.
    pub fn bind(sql: impl Into<Cow<'static, str>>, args: &Args) -> Result<Self, MissingArgument> {
        let sql = sql.into();
        let names = names(&sql);
        let value =
            |name: &&str| args.0.get(*name).cloned().ok_or_else(|| MissingArgument((*name).to_owned()));
        let values = names.iter().map(value).collect::<Result<_, _>>()?;
        let numbered = (!names.is_empty()).then(|| numbered(&sql, &names));
        Ok(Self { sql: numbered.map_or(sql, Cow::Owned), args: values })
    }
}

/// The distinct `:names` of the SQL outside string literals, in the order of first occurrence.
fn names(sql: &str) -> Vec<&str> {
    let mut found: Vec<&str> = Vec::new();
    let outside_literals = sql.split('\'').step_by(2);
    for part in outside_literals.flat_map(|text| text.split(':').skip(1)) {
        let (name, _) = split_name(part);
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
    }
    found
}

/// The SQL with the number of each name in its place.
fn numbered(sql: &str, names: &[&str]) -> String {
    let mut text = String::with_capacity(sql.len());
    for (index, part) in sql.split('\'').enumerate() {
        text.push_str(if index == 0 { "" } else { "'" });
        if index % 2 == 0 { number_names(&mut text, part, names) } else { text.push_str(part) }
    }
    text
}

/// Appends SQL without literals.
fn number_names(text: &mut String, sql: &str, names: &[&str]) {
    let mut parts = sql.split(':');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = split_name(part);
        match names.iter().position(|known| *known == name) {
            Some(index) => text.push_str(&format!("?{}{rest}", index + 1)),
            None => text.push_str(&format!(":{part}")),
        }
    }
}

/// What follows a colon: the name, and the rest.
fn split_name(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_travel_as_numbers_in_order_of_first_occurrence() {
        let args = Args::new().with("b", 2).with("a", "x").with("c", Option::<i64>::None);
        let sql = "SELECT ':no', :a, strftime('%H:%M', :b), :a, 'it''s :no' WHERE :c";
        let bound = Statement::bind(sql, &args).unwrap();
        assert_eq!(bound.args, [Value::from("x"), Value::from(2), Value::Null]);
        assert_eq!(bound.sql, "SELECT ':no', ?1, strftime('%H:%M', ?2), ?1, 'it''s :no' WHERE ?3");
        assert_eq!(Statement::bind("SELECT :d", &args), Err(MissingArgument("d".to_owned())));
    }

    #[test]
    fn statement_format_unchanged() {
        let args = Args::new().with("i", i64::MIN).with("t", "ü");
        let mut statement = Statement::bind("SELECT :i, :t", &args).unwrap();
        statement.args.extend([Value::Null, Value::Blob(vec![0, 255]), Value::Real(0.5)]);
        let text =
            r#"{"s":"SELECT ?1, ?2","a":[{"i":-9223372036854775808},{"t":"ü"},"n",{"b":"AP8"},{"r":0.5}]}"#;
        assert_eq!(serde_json::to_string(&statement).unwrap(), text);
        assert_eq!(serde_json::from_str::<Statement>(text).unwrap(), statement);
    }

    #[test]
    fn rows_answer_by_type() {
        let rows = Rows(vec![vec![Value::from("a"), Value::from(1)]]);
        assert_eq!((rows.text(0, 0), rows.integer(0, 1)), (Some("a"), Some(1)));
        assert_eq!((rows.text(0, 1), rows.integer(0, 0), rows.text(1, 0)), (None, None, None));
    }
}
