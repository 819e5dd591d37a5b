//! What the load is told to do.

use crate::credentials::{Bearer, Credential};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// A prime, so that numbers in a row pick from all over a list.
const STRIDE: u64 = 7_919;

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    /// Turns of each run.
    pub rounds: usize,
    /// Milliseconds of a turn.
    pub turn_ms: u64,
    /// Ids of the processes whose CPU time is told, by name.
    #[serde(default)]
    pub processes: BTreeMap<String, i32>,
    /// Whose the tokens are, for runs with a new one each request.
    #[serde(default)]
    pub bearer: Option<Bearer>,
    /// Where the database is, for runs that go straight to it.
    #[serde(default)]
    pub straight: Option<Straight>,
    /// The runs, in the order of their turns.
    pub runs: Vec<Run>,
}

/// A database, and what the service in front of it would be told.
#[derive(Deserialize)]
pub struct Straight {
    /// The address of the libSQL server.
    pub database: String,
    /// The file of the token keys, with the private half of one.
    pub keys: PathBuf,
    /// The file of the master key.
    pub master_key: PathBuf,
    /// Requests whose batches go into one call.
    pub gathered: usize,
    /// Calls of a turn.
    pub calls: usize,
}

/// One kind of load. In its address, headers, body and what is expected, `{n}` is another number each time, `{pick}`
/// another of the picks, and `{address}` another network address.
#[derive(Clone, Deserialize)]
pub struct Run {
    /// What the figures call it.
    pub name: String,
    /// `GET` or `POST`.
    pub method: String,
    /// The address.
    pub url: String,
    /// The headers.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// What is another for each request.
    #[serde(default)]
    pub credential: Option<Credential>,
    /// The body.
    #[serde(default)]
    pub body: String,
    /// What `{pick}` may be.
    #[serde(default)]
    pub picks: Vec<String>,
    /// Whether the batches of the requests go straight to the database, without a Worker.
    #[serde(default)]
    pub straight: bool,
    /// Requests at once.
    pub clients: usize,
    /// The status of every answer.
    pub status: u16,
    /// What stands in every answer.
    #[serde(default)]
    pub contains: String,
}

impl Run {
    /// A text of the request with that number. Network addresses are of those set aside for benchmarks (RFC 2544).
    pub fn filled(&self, text: &str, number: u64) -> String {
        if !text.contains('{') {
            return text.to_owned();
        }
        let address = format!("198.18.{}.{}", number / 256 % 256, number % 256);
        let text = text.replace("{n}", &number.to_string()).replace("{address}", &address);
        if self.picks.is_empty() {
            return text;
        }
        let count = u64::try_from(self.picks.len()).unwrap();
        let place = usize::try_from(number.wrapping_mul(STRIDE) % count).unwrap();
        text.replace("{pick}", &self.picks[place])
    }
}
