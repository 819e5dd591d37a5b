//! What is kept of a page of the catalogue: the answer, the place of the log at which it was made, and when it was last known
//! to be good.
//!
//! Guarantees: an entry that is not spelt as this file spells it, or is another store's, is no entry.

use storeroom_domain::{LogCursor, Timestamp};
use storeroom_web::published::Published;
use storeroom_web::{Answer, Body};

/// How long an entry counts as good without a look at the log, in milliseconds.
pub const FRESH_MS: i64 = 2_000;

/// Longest that a client may keep an answer, in seconds: stock changes at any time.
const MAX_AGE_S: i64 = 60;

/// Of the first line: another one after a change of what follows.
const FORMAT: &str = "storeroom-catalog-1";

/// A page that is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Where the log stood when it was last known to be good.
    pub position: LogCursor,
    /// When that was.
    pub at: Timestamp,
    /// When the next thing of the store becomes due.
    pub next_change: Option<Timestamp>,
    /// Whether it is a list of nothing.
    pub is_empty: bool,
    etag: String,
    body: String,
}

impl Entry {
    /// The entry of an answer.
    pub fn of(answer: &Answer, found: &Published, at: Timestamp, is_empty: bool) -> Self {
        let body = match &answer.body {
            Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            _ => String::new(),
        };
        let etag = Answer::json(200, body.as_str()).hashed().etag.unwrap_or_default();
        Self { position: found.position, at, next_change: found.next_change, is_empty, etag, body }
    }

    /// Whether it may be shown without a look at the log. Clocks of two machines differ a little, either way.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        now.ms().abs_diff(self.at.ms()) < FRESH_MS.unsigned_abs()
    }

    /// Whether something has become due since.
    pub fn is_past(&self, now: Timestamp) -> bool {
        self.next_change.is_some_and(|at| at <= now)
    }

    /// The answer, and how long a client may keep it.
    pub fn answer(&self, now: Timestamp) -> Answer {
        let until_change = self.next_change.map_or(MAX_AGE_S, |at| (at.ms() - now.ms()).max(0) / 1000);
        let answer = Answer::json(200, self.body.as_str()).public(until_change.min(MAX_AGE_S));
        Answer { etag: Some(self.etag.clone()), ..answer }
    }

    /// The entry as a text.
    pub fn print(&self, store: &str) -> String {
        let next_change = self.next_change.map_or_else(|| "-".to_owned(), |at| at.ms().to_string());
        let Self { position, at, etag, body, .. } = self;
        format!("{FORMAT} {store} {position} {} {next_change} {etag}\n{body}", at.ms())
    }

    /// The entry of the store that the text spells.
    pub fn parse(store: &str, text: &str) -> Option<Self> {
        let (head, body) = text.split_once('\n')?;
        let words: Vec<&str> = head.split(' ').collect();
        let [FORMAT, named, position, at, next_change, etag] = words.as_slice() else { return None };
        let moment = |text: &str| text.parse().ok().map(Timestamp::from_ms);
        Some(Self {
            position: LogCursor::parse(position)?,
            at: moment(at)?,
            next_change: if *next_change == "-" { None } else { Some(moment(next_change)?) },
            is_empty: false,
            etag: (*etag).to_owned(),
            body: body.to_owned(),
        })
        .filter(|_| *named == store)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_sql::Rows;

    fn entry(next_change: Option<i64>) -> Entry {
        let found = Published {
            rows: Rows::default(),
            position: LogCursor { epoch: 1, seq: 42 },
            next_change: next_change.map(Timestamp::from_ms),
        };
        Entry::of(&Answer::json(200, "{\"title\":\"a\nb\"}"), &found, Timestamp::from_ms(10_000), false)
    }

    #[test]
    fn entry_format_unchanged() {
        let printed = entry(Some(99)).print("str_1");
        let etag = "76cd1ac24f75d10c3860fa5e9573491af851f80744b4c8ec761e8e0a900d328d";
        let head = format!("storeroom-catalog-1 str_1 1.42 10000 99 \"{etag}\"");
        assert_eq!(printed, format!("{head}\n{{\"title\":\"a\nb\"}}"));
        for kept in [entry(Some(99)), entry(None)] {
            assert_eq!(Entry::parse("str_1", &kept.print("str_1")), Some(kept));
        }
    }

    #[test]
    fn what_is_spelt_otherwise_is_no_entry() {
        let printed = entry(None).print("str_1");
        assert_eq!(Entry::parse("str_2", &printed), None);
        for text in [
            "",
            "\n",
            "storeroom-catalog-1 str_1\n{}",
            &printed.replace("-1 ", "-2 "),
            &printed.replace("1.42", "x"),
        ] {
            assert_eq!(Entry::parse("str_1", text), None, "{text}");
        }
    }

    #[test]
    fn is_fresh_for_a_while_and_never_past_what_is_due() {
        let entry = entry(Some(12_500));
        let at = Timestamp::from_ms;
        assert!(entry.is_fresh(at(11_999)) && entry.is_fresh(at(8_001)));
        assert!(!entry.is_fresh(at(12_000)) && !entry.is_fresh(at(8_000)));
        assert!(!entry.is_past(at(12_499)) && entry.is_past(at(12_500)));
        assert_eq!(entry.answer(at(11_000)).cache, storeroom_web::answer::Cache::Public { max_age_s: 1 });
    }
}
