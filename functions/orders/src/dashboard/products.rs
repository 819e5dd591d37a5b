//! `GET /dashboard/products`.
//!
//! Guarantees: a cursor keeps the days of its first page, so a table that is read over midnight stays one table.
//! Two trips: see `home`.

use super::figures::{TITLE, by_product};
use super::home::Home;
use super::range::Range;
use storeroom_domain::LocalDate;
use storeroom_operations::{Code, Problem};
use storeroom_sql::documents::{COMMITTED, HELD};
use storeroom_sql::{Args, Rows, Value};
use storeroom_web::paging::{self, DEFAULT_LIMIT, Place};
use storeroom_web::query::Query;
use storeroom_web::{Answer, Call};

/// What the table may be sorted by, each with its column.
const SORTS: [(&str, &str); 3] = [("revenue", "revenue_minor"), ("units", "units"), ("returns", "returned")];

/// Which page of which table.
struct Table {
    /// The table's name and its filters: what a cursor belongs to.
    name: String,
    column: &'static str,
    descending: bool,
    limit: i64,
    after: Option<After>,
}

/// The place after which a page begins.
struct After {
    range: Range,
    key: i64,
    product: String,
}

/// Answers with a page of the products that were sold or came back in the range.
pub async fn products(call: &Call<'_>) -> Result<Answer, Problem> {
    Range::check(&call.query)?;
    let table = Table::of(&call.query)?;
    let home = Home::read(call).await?;
    let range = match &table.after {
        Some(after) => after.range,
        None => Range::of(&call.query, home.today(call))?,
    };
    let args = table.args().with("spans", range.span(call, &home)?);
    let found = call.read(&table.sql(), args).await?;
    Ok(table.page(range, &found.rows))
}

impl Table {
    fn of(query: &Query) -> Result<Self, Problem> {
        let sort = query.get("sort").map_or("-revenue", String::as_str);
        let by = sort.trim_start_matches('-');
        let filter = |name| query.get(name).map_or("", String::as_str);
        let name = format!("dashboard/products\n{}\n{}\n{sort}", filter("from"), filter("to"));
        let cursor = query.get("cursor").map(|cursor| paging::parse(&name, cursor)).transpose()?;
        Ok(Self {
            column: SORTS
                .into_iter()
                .find(|(name, _)| *name == by)
                .map_or("revenue_minor", |(_, column)| column),
            descending: sort.starts_with('-'),
            limit: Call::number(query, "limit", DEFAULT_LIMIT),
            after: cursor.map(After::of).transpose()?,
            name,
        })
    }

    fn args(&self) -> Args {
        Args::new()
            .with("limit", self.limit.saturating_add(1))
            .with("after_key", self.after.as_ref().map(|after| after.key))
            .with("after_product", self.after.as_ref().map(|after| after.product.clone()))
    }

    /// `document`, `key`, `product_id`, one row more than the page has.
    fn sql(&self) -> String {
        let Self { column, .. } = self;
        let (beyond, direction) = if self.descending { ("<", "DESC") } else { (">", "ASC") };
        let after = match self.after {
            Some(_) => format!("AND (t.{column}, t.product_id) {beyond} (:after_key, :after_product)"),
            None => String::new(),
        };
        format!(
            "SELECT json_object('product_id', t.product_id, 'title', {TITLE}, 'units', t.units, \
             'revenue', json_object('amount', t.revenue_minor, 'currency', s.currency), 'returns', t.returned, \
             'available', coalesce((SELECT sum(l.on_hand - {HELD} - {COMMITTED}) FROM variants v \
                CROSS JOIN levels l ON l.store_id = v.store_id AND l.variant_id = v.id \
                WHERE v.store_id = :store AND v.product_id = t.product_id), 0)) AS document, \
             t.{column} AS key, t.product_id AS product_id FROM {sold} AS t CROSS JOIN stores s ON s.id = :store \
             WHERE (t.units <> 0 OR t.revenue_minor <> 0 OR t.returned <> 0) {after} \
             ORDER BY t.{column} {direction}, t.product_id {direction} LIMIT :limit",
            sold = by_product("spans")
        )
    }

    fn page(&self, range: Range, rows: &Rows) -> Answer {
        let count = usize::try_from(self.limit).unwrap_or(0);
        let documents: Vec<&str> = (0..rows.0.len().min(count)).filter_map(|row| rows.text(row, 0)).collect();
        let last = count.checked_sub(1).filter(|_| rows.0.len() > count);
        let place = last.and_then(|row| After::at(range, rows, row));
        paging::answer(&self.name, &documents, place.as_ref())
    }
}

impl After {
    /// The place of a row: the range and the key together are the key of the cursor.
    fn at(range: Range, rows: &Rows, row: usize) -> Option<Place> {
        let Value::Integer(key) = rows.get(row, 1)? else { return None };
        let key = format!("{}/{}/{key}", range.from, range.to);
        Some(Place { key, id: rows.text(row, 2)?.to_owned() })
    }

    fn of(place: Place) -> Result<Self, Problem> {
        let mut parts = place.key.split('/');
        let mut part = || parts.next().unwrap_or_default();
        match (LocalDate::parse(part()), LocalDate::parse(part()), part().parse()) {
            (Some(from), Some(to), Ok(key)) => Ok(Self { range: Range { from, to }, key, product: place.id }),
            _ => Err(Problem::new(Code::CursorInvalid, "The cursor names no place of this table.")),
        }
    }
}
