//! Which rows a list shows, and in which order: filters, sort and place, as SQL.
//!
//! Guarantees: keyset paging without a depth limit, over an index for every sort; what is due stands where it will
//! stand once it is settled. That is little, so it is gathered apart from the sort's index and put in order with it.

use crate::paging::{self, DEFAULT_LIMIT, Place};
use crate::query::Query;
use crate::{Answer, Call};
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
    /// What it may be sorted by besides `created_at`.
    pub sorts: &'static [Sort],
}

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
    filters: Vec<&'static str>,
    due_filters: Vec<&'static str>,
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
        let by = wanted.trim_start_matches('-');
        let mut selection = Self {
            listing,
            name: name(list, query),
            filters: Vec::new(),
            due_filters: Vec::new(),
            sort: listing.sorts.iter().find(|sort| sort.name == by).unwrap_or(&BY_CREATION),
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
    pub fn narrow(&mut self, condition: &'static str, due: &'static str) {
        self.filters.push(condition);
        self.due_filters.push(due);
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
        let Listing { due_index, is_due, .. } = self.listing;
        let order = self.order("picked.sort_key", "picked.id");
        let page = format!(
            "SELECT {document} AS document, picked.id AS id, picked.sort_key AS sort_key \
             FROM (SELECT * FROM ({stored}) UNION ALL SELECT * FROM ({due})) AS picked \
             CROSS JOIN {view} d ON d.store_id = :store AND d.id = picked.id {order} LIMIT :limit",
            stored = self.arm("", &format!("NOT {is_due}"), &self.filters, self.sort.key),
            due = self.arm(due_index, is_due, &self.due_filters, self.sort.due_key),
        );
        bounded(&page, &self.order("sort_key", "id"))
    }

    fn arm(&self, index: &str, condition: &str, filters: &[&str], key: &str) -> String {
        let mut conditions = vec!["t.store_id = :store", condition];
        conditions.extend(filters);
        let after = self.after.then(|| self.beyond(key));
        conditions.extend(after.as_deref());
        let key = if self.sort.kind == Kind::Text { format!("{key} COLLATE NOCASE") } else { key.to_owned() };
        format!(
            "SELECT t.id AS id, {key} AS sort_key FROM {} t {index} WHERE {} {} LIMIT :limit",
            self.listing.table,
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

fn name(list: &str, query: &Query) -> String {
    let mut name = list.to_owned();
    for (parameter, value) in
        query.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "cursor" | "store"))
    {
        name.push_str(&format!("\n{parameter}={value}"));
    }
    name
}
