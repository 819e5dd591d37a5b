//! Which products a list shows, and in which order: filters, sort and place, as SQL.
//!
//! Guarantees: keyset paging without a depth limit, over an index for every sort; products whose schedule is due
//! stand where they will stand once they are settled. They are few, so they are gathered apart from the index and
//! put in order with it.

use storeroom_domain::Timestamp;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_sql::documents::{IS_DUE, MAX_PAGE_BYTES, bounded};
use storeroom_sql::{Rows, Value};
use storeroom_web::paging::{self, DEFAULT_LIMIT, Place};
use storeroom_web::query::Query;
use storeroom_web::{Answer, Call};

/// What is due is found by its moment, never by walking a category or a status.
const DUE_INDEX: &str = "INDEXED BY products_scheduled_by_store";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sort {
    /// Ids sort by creation, so they are the key.
    CreatedAt,
    UpdatedAt,
    Title,
}

/// A list's filters, sort and place.
#[derive(Debug)]
pub struct Selection {
    /// The list's name and its filters: what a cursor belongs to.
    name: String,
    filters: Vec<&'static str>,
    due_filters: Vec<&'static str>,
    sort: Sort,
    descending: bool,
    after: bool,
    limit: i64,
    args: Args,
}

impl Selection {
    /// The selection that a query string asks for, in the list of that name.
    pub fn of(list: &str, query: &Query) -> Result<Self, Problem> {
        let sort = query.get("sort").map_or("-created_at", String::as_str);
        let mut selection = Self {
            name: name(list, query),
            filters: Vec::new(),
            due_filters: Vec::new(),
            sort: match sort.trim_start_matches('-') {
                "updated_at" => Sort::UpdatedAt,
                "title" => Sort::Title,
                _ => Sort::CreatedAt,
            },
            descending: sort.starts_with('-'),
            after: false,
            limit: Call::number(query, "limit", DEFAULT_LIMIT),
            args: Args::new(),
        };
        selection.filter(query);
        if let Some(cursor) = query.get("cursor") {
            selection.begin_after(paging::parse(&selection.name, cursor)?);
        }
        Ok(selection)
    }

    fn filter(&mut self, query: &Query) {
        self.narrow(query, "category", "p.category = :category");
        self.narrow(
            query,
            "tag",
            "p.id IN (SELECT product_id FROM product_tags WHERE store_id = :store AND tag = :tag)",
        );
        self.narrow(
            query,
            "sku",
            "p.id IN (SELECT product_id FROM variants WHERE store_id = :store AND sku = :sku)",
        );
        if let Some(status) = query.get("status") {
            self.args.set("status", status.as_str());
            self.filters.push("p.status = :status");
            self.due_filters.push("'published' = :status");
        }
        if let Some(after) = query.get("updated_after").and_then(|text| Timestamp::parse(text)) {
            self.args.set("updated_after", after.ms());
            self.filters.push("p.updated_at > :updated_after");
            self.due_filters.push("p.publish_at > :updated_after");
        }
    }

    fn narrow(&mut self, query: &Query, name: &'static str, condition: &'static str) {
        if let Some(value) = query.get(name) {
            self.args.set(name, value.as_str());
            self.filters.push(condition);
            self.due_filters.push(condition);
        }
    }

    fn begin_after(&mut self, place: Place) {
        self.after = true;
        self.args.set("after_id", place.id);
        match self.sort {
            Sort::CreatedAt => {}
            Sort::UpdatedAt => self.args.set("after_key", place.key.parse::<i64>().unwrap_or(0)),
            Sort::Title => self.args.set("after_key", place.key),
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
        let page = format!(
            "SELECT {document} AS document, picked.id AS id, picked.sort_key AS sort_key \
             FROM (SELECT * FROM ({stored}) UNION ALL SELECT * FROM ({due})) AS picked \
             CROSS JOIN {view} d ON d.store_id = :store AND d.id = picked.id {order} LIMIT :limit",
            stored = self.arm("", &format!("NOT {IS_DUE}"), &self.filters, self.key("p.updated_at")),
            due = self.arm(DUE_INDEX, IS_DUE, &self.due_filters, self.key("p.publish_at")),
        );
        bounded(&page, &self.order("sort_key", "id"))
    }

    fn key(&self, updated_at: &'static str) -> &'static str {
        match self.sort {
            Sort::CreatedAt => "p.id",
            Sort::UpdatedAt => updated_at,
            Sort::Title => "p.title COLLATE NOCASE",
        }
    }

    fn arm(&self, index: &str, condition: &str, filters: &[&str], key: &str) -> String {
        let mut conditions = vec!["p.store_id = :store".to_owned(), condition.to_owned()];
        conditions.extend(filters.iter().map(|filter| (*filter).to_owned()));
        if self.after {
            let beyond = if self.descending { "<" } else { ">" };
            conditions.push(match self.sort {
                Sort::CreatedAt => format!("p.id {beyond} :after_id"),
                // The first comparison is what SQLite can begin the index at; the second settles ties.
                _ => format!("{key} {beyond}= :after_key AND ({key}, p.id) {beyond} (:after_key, :after_id)"),
            });
        }
        format!(
            "SELECT p.id AS id, {key} AS sort_key FROM products p {index} WHERE {} {} LIMIT :limit",
            conditions.join(" AND "),
            self.order(key, "p.id")
        )
    }

    fn order(&self, key: &str, id: &str) -> String {
        let direction = if self.descending { "DESC" } else { "ASC" };
        match self.sort {
            Sort::CreatedAt => format!("ORDER BY {id} {direction}"),
            Sort::UpdatedAt => format!("ORDER BY {key} {direction}, {id} {direction}"),
            Sort::Title => format!("ORDER BY {key} COLLATE NOCASE {direction}, {id} {direction}"),
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
        let next =
            next.map_or("null".to_owned(), |place| format!("\"{}\"", paging::print(&self.name, &place)));
        Answer::json(200, format!("{{\"items\":[{}],\"next_cursor\":{next}}}", documents.join(",")))
    }

    fn place(&self, rows: &Rows, row: usize) -> Option<Place> {
        let key = match rows.get(row, 2)? {
            Value::Integer(number) => number.to_string(),
            Value::Text(text) => text.clone(),
            _ => return None,
        };
        let key = if self.sort == Sort::CreatedAt { String::new() } else { key };
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
