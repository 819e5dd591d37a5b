//! A page of a list that is sorted by one key, newest first.
//!
//! Guarantees: the key never changes, so rows inserted meanwhile neither repeat nor skip one.

use crate::paging::{self, DEFAULT_LIMIT, Place, parse};
use crate::query::Query;
use crate::{Answer, Call};
use storeroom_operations::Problem;
use storeroom_sql::documents::MAX_PAGE_BYTES;
use storeroom_sql::{Args, Rows};

/// Which page of which list.
pub struct Page {
    list: String,
    limit: i64,
    after: Option<String>,
}

impl Page {
    /// The page that the query asks for. `list` names the list with its filters.
    pub fn of(list: impl Into<String>, query: &Query) -> Result<Self, Problem> {
        let list = list.into();
        let after =
            query.get("cursor").map(|cursor| parse(&list, cursor)).transpose()?.map(|place| place.key);
        Ok(Self { limit: Call::number(query, "limit", DEFAULT_LIMIT), after, list })
    }

    /// `:after`, the key of the last row of the page before or NULL, and `:limit`, one row more than the page has.
    pub fn args(&self) -> Args {
        Args::new().with("after", self.after.clone()).with("limit", self.limit.saturating_add(1))
    }

    /// The answer from rows of (document, key as text), which may be `bounded`.
    pub fn answer(&self, rows: &Rows) -> Answer {
        let count = usize::try_from(self.limit).unwrap_or(0);
        let shown = rows.0.len().min(count);
        let documents: Vec<&str> = (0..shown).filter_map(|row| rows.text(row, 0)).collect();
        let bytes: usize = documents.iter().map(|document| document.len()).sum();
        let goes_on = rows.0.len() > count || bytes >= MAX_PAGE_BYTES;
        let key = shown.checked_sub(1).filter(|_| goes_on).and_then(|row| rows.text(row, 1));
        let next = key.map(|key| Place { key: key.to_owned(), id: String::new() });
        paging::answer(&self.list, &documents, next.as_ref())
    }
}
