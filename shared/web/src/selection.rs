//! Which rows a list shows, and in which order: filters, sort and place, as SQL.
//!
//! Guarantees: keyset paging without a depth limit, over an index for every sort; what is due stands where it will
//! stand once it is settled. That is little, so it is gathered apart from the sort's index and put in order with it.
//!
//! A search goes through an index of texts, whose numbers sort by creation: so the newest of what matches comes straight out
//! of it, however much matches. In another order, few that match are all looked up and put in order; of many, those at
//! the top are found by walking the sort's index and looking which are among them.

use crate::paging::{self, DEFAULT_LIMIT, Place};
use crate::query::Query;
use crate::{Answer, Call};
use std::borrow::Cow;
use storeroom_operations::Problem;
use storeroom_sql::documents::{MAX_PAGE_BYTES, bounded};
use storeroom_sql::{Args, Rows, Value};

/// What a list is a list of. Its rows `t` have `store_id` and `id`, which sorts by creation.
#[derive(Debug)]
pub struct Listing {
    /// The table.
    pub table: &'static str,
    /// Names the index by which what is due is found, because a filter must not walk all rows for it.
    pub due_index: &'static str,
    /// Whether a row is due, over the table's columns.
    pub is_due: &'static str,
    /// What it may be sorted by besides `created_at`. A sort whose name begins with `-` is how the one without goes down.
    pub sorts: &'static [Sort],
    /// What `?q=` looks through, if full text is kept of the rows.
    pub texts: Option<Texts>,
}

/// A full-text index of a list's rows.
#[derive(Debug)]
pub struct Texts {
    /// The table, whose `rowid` is the row's number.
    pub table: &'static str,
    /// How rows sort by creation: by their number.
    pub by_creation: Sort,
}

/// Matches up to which a search looks all of them up.
const FEW: u32 = 1_000;

/// What a list may be sorted by.
#[derive(Debug)]
pub struct Sort {
    /// Its name in `?sort=`.
    pub name: &'static str,
    /// The column, and what it will be for a row that is due.
    pub key: &'static str,
    /// The key of a row that is due, once it is settled.
    pub due_key: &'static str,
    /// What the key is.
    pub kind: Kind,
}

/// What a sort's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The id itself.
    Id,
    /// A whole number.
    Integer,
    /// A text, whatever its case.
    Text,
}

/// Ids sort by creation.
const BY_CREATION: Sort = Sort { name: "created_at", key: "t.id", due_key: "t.id", kind: Kind::Id };

/// A list's filters, sort and place.
#[derive(Debug)]
pub struct Selection {
    listing: &'static Listing,
    /// The list's name and its filters: what a cursor belongs to.
    name: String,
    filters: Vec<Cow<'static, str>>,
    due_filters: Vec<Cow<'static, str>>,
    texts: Option<&'static Texts>,
    sort: &'static Sort,
    descending: bool,
    after: bool,
    limit: i64,
    args: Args,
}

impl Selection {
    /// The selection that a query string asks for, in the list of that name, still without filters.
    pub fn of(listing: &'static Listing, list: &str, query: &Query) -> Result<Self, Problem> {
        let wanted = query.get("sort").map_or("-created_at", String::as_str);
        let mut selection = Self {
            listing,
            name: name(list, query),
            filters: Vec::new(),
            due_filters: Vec::new(),
            texts: None,
            sort: sort(listing, wanted, query.contains_key("q")),
            descending: wanted.starts_with('-'),
            after: false,
            limit: Call::number(query, "limit", DEFAULT_LIMIT),
            args: Args::new(),
        };
        if let Some(cursor) = query.get("cursor") {
            selection.begin_after(paging::parse(&selection.name, cursor)?);
        }
        Ok(selection)
    }

    /// Shows only rows for which the condition holds, and of those that are due only those for which `due` does.
    pub fn narrow(&mut self, condition: impl Into<Cow<'static, str>>, due: impl Into<Cow<'static, str>>) {
        self.filters.push(condition.into());
        self.due_filters.push(due.into());
    }

    /// Shows only rows whose text matches; none when there is nothing to match.
    pub fn search(&mut self, matching: Option<String>) {
        self.texts = self.listing.texts.as_ref().filter(|_| matching.is_some());
        match matching {
            Some(matching) => self.args.set("match", matching),
            None => self.narrow("FALSE", "FALSE"),
        }
    }

    /// Shows only rows for which the condition holds when the query has that parameter, which it names.
    pub fn narrow_by(&mut self, query: &Query, name: &'static str, condition: &'static str) {
        if let Some(value) = query.get(name) {
            self.args.set(name, value.as_str());
            self.narrow(condition, condition);
        }
    }

    /// Sets an argument that a condition names.
    pub fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.args.set(name, value);
    }

    /// Begins before the first row. The same SQL goes on after a row whose id is the argument `:after_id`, where the sort is
    /// by creation, oldest first.
    pub fn begin_at_first(&mut self) {
        self.begin_after(Place { key: String::new(), id: String::new() });
    }

    fn begin_after(&mut self, place: Place) {
        self.after = true;
        self.args.set("after_id", place.id);
        match self.sort.kind {
            Kind::Id => {}
            Kind::Integer => self.args.set("after_key", place.key.parse::<i64>().unwrap_or(0)),
            Kind::Text => self.args.set("after_key", place.key),
        }
    }

    /// The arguments that the SQL names.
    pub fn args(&self) -> Args {
        self.args.clone().with("limit", self.limit.saturating_add(1))
    }

    /// The SQL: `document`, `id`, `sort_key`, one row more than a page to see whether there is a next one. `document`
    /// is an expression over the view's columns.
    pub fn sql(&self, view: &str, document: &str) -> String {
        let order = self.order("picked.sort_key", "picked.id");
        let (with, stored) = self.stored();
        let page = format!(
            "{with}SELECT {document} AS document, picked.id AS id, picked.sort_key AS sort_key \
             FROM ({stored} UNION ALL SELECT * FROM ({due})) AS picked \
             CROSS JOIN {view} d ON d.store_id = :store AND d.id = picked.id {order} LIMIT :limit",
            due = self.due(),
        );
        bounded(&page, &self.order("sort_key", "id"))
    }

    /// The rows that are not due, as queries joined by UNION ALL, and the WITH that they need.
    fn stored(&self) -> (String, String) {
        let Listing { table, .. } = self.listing;
        let Some(Texts { table: texts, by_creation }) = self.texts else {
            return (
                String::new(),
                format!("SELECT * FROM ({})", self.arm(&format!("{table} t"), None, ":limit")),
            );
        };
        let number = by_creation.key;
        let matches = format!("{texts} MATCH :match");
        let looked_up = format!("{texts} f CROSS JOIN {table} t ON {number} = f.rowid");
        if std::ptr::eq(self.sort, by_creation) {
            return (String::new(), format!("SELECT * FROM ({})", self.arm_by_number(&looked_up, &matches)));
        }
        let with = format!(
            "WITH amount AS MATERIALIZED (SELECT count(*) > {FEW} AS is_large FROM \
             (SELECT 1 FROM {texts} WHERE {matches} LIMIT {FEW} + 1)) "
        );
        let few = self.arm(&looked_up, Some(&matches), "iif((SELECT is_large FROM amount), 0, :limit)");
        // The plus keeps SQLite from finding the rows by their numbers, which would put all of them in order.
        let is_among = format!("+{number} IN (SELECT rowid FROM {texts} WHERE {matches})");
        let among =
            self.arm(&format!("{table} t"), Some(&is_among), "iif((SELECT is_large FROM amount), :limit, 0)");
        (with, format!("SELECT * FROM ({few}) UNION ALL SELECT * FROM ({among})"))
    }

    /// The rows that are due.
    fn due(&self) -> String {
        let Listing { table, due_index, is_due, .. } = self.listing;
        let matches = self.texts.map(|Texts { table, by_creation }| {
            format!("+{} IN (SELECT rowid FROM {table} WHERE {table} MATCH :match)", by_creation.key)
        });
        let mut conditions = vec!["t.store_id = :store", is_due];
        conditions.extend(self.due_filters.iter().map(Cow::as_ref));
        conditions.extend(matches.as_deref());
        self.query(&format!("{table} t {due_index}"), &conditions, self.sort.due_key, ":limit")
    }

    fn arm(&self, from: &str, matches: Option<&str>, limit: &str) -> String {
        let is_not_due = format!("NOT {}", self.listing.is_due);
        let mut conditions = vec!["t.store_id = :store", &is_not_due];
        conditions.extend(self.filters.iter().map(Cow::as_ref));
        conditions.extend(matches);
        self.query(from, &conditions, self.sort.key, limit)
    }

    /// The matches in the order of the index of texts, so that it stops once there are enough.
    fn arm_by_number(&self, from: &str, matches: &str) -> String {
        let is_not_due = format!("NOT {}", self.listing.is_due);
        let mut conditions = vec![matches, "t.store_id = :store", &is_not_due];
        conditions.extend(self.filters.iter().map(Cow::as_ref));
        let (beyond, direction) = if self.descending { ("<", "DESC") } else { (">", "ASC") };
        let after = format!("f.rowid {beyond} :after_key");
        conditions.extend(self.after.then_some(after.as_str()));
        format!(
            "SELECT t.id AS id, f.rowid AS sort_key FROM {from} WHERE {} ORDER BY f.rowid {direction} LIMIT :limit",
            conditions.join(" AND ")
        )
    }

    fn query(&self, from: &str, conditions: &[&str], key: &str, limit: &str) -> String {
        let mut conditions = conditions.to_vec();
        let after = self.after.then(|| self.beyond(key));
        conditions.extend(after.as_deref());
        let key = if self.sort.kind == Kind::Text { format!("{key} COLLATE NOCASE") } else { key.to_owned() };
        format!(
            "SELECT t.id AS id, {key} AS sort_key FROM {from} WHERE {} {} LIMIT {limit}",
            conditions.join(" AND "),
            self.order(&key, "t.id")
        )
    }

    /// What lies beyond the place after which the page begins.
    fn beyond(&self, key: &str) -> String {
        let beyond = if self.descending { "<" } else { ">" };
        let collated = if self.sort.kind == Kind::Text { " COLLATE NOCASE" } else { "" };
        match self.sort.kind {
            Kind::Id => format!("t.id {beyond} :after_id"),
            // The first comparison is what SQLite can begin the index at; the second settles ties.
            Kind::Integer | Kind::Text => format!(
                "{key}{collated} {beyond}= :after_key AND ({key}{collated}, t.id) {beyond} (:after_key, :after_id)"
            ),
        }
    }

    fn order(&self, key: &str, id: &str) -> String {
        let direction = if self.descending { "DESC" } else { "ASC" };
        match self.sort.kind {
            Kind::Id => format!("ORDER BY {id} {direction}"),
            Kind::Integer => format!("ORDER BY {key} {direction}, {id} {direction}"),
            Kind::Text => format!("ORDER BY {key} COLLATE NOCASE {direction}, {id} {direction}"),
        }
    }

    /// The page's JSON out of the rows.
    pub fn page(&self, rows: &Rows) -> Answer {
        let limit = usize::try_from(self.limit).unwrap_or(0);
        let shown = rows.0.len().min(limit);
        let documents: Vec<&str> = (0..shown).filter_map(|row| rows.text(row, 0)).collect();
        let bytes: usize = documents.iter().map(|document| document.len()).sum();
        let goes_on = rows.0.len() > limit || bytes >= MAX_PAGE_BYTES;
        let next = goes_on.then(|| self.place(rows, shown.saturating_sub(1))).flatten();
        paging::answer(&self.name, &documents, next.as_ref())
    }

    fn place(&self, rows: &Rows, row: usize) -> Option<Place> {
        let key = match rows.get(row, 2)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            _ => return None,
        };
        let key = if self.sort.kind == Kind::Id { String::new() } else { key };
        Some(Place { key, id: rows.text(row, 1)?.to_owned() })
    }
}

/// The sort of that name; by creation when the listing has none, which a search does by numbers.
fn sort(listing: &'static Listing, wanted: &str, is_search: bool) -> &'static Sort {
    let named = |name: &str| listing.sorts.iter().find(|sort| sort.name == name);
    let by_creation = || match &listing.texts {
        Some(texts) if is_search => &texts.by_creation,
        _ => &BY_CREATION,
    };
    named(wanted).or_else(|| named(wanted.trim_start_matches('-'))).unwrap_or_else(by_creation)
}

fn name(list: &str, query: &Query) -> String {
    let mut name = list.to_owned();
    for (parameter, value) in
        query.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "cursor" | "store"))
    {
        name.push_str(&format!("\n{parameter}={value}"));
    }
    name
}
