//! `GET /dashboard/sales`.
//!
//! Two trips: see `home`.

use super::figures::buckets;
use super::home::Home;
use super::range::{self, Range};
use super::spans;
use std::collections::BTreeMap;
use storeroom_operations::Problem;
use storeroom_operations::shapes::dashboard::{SalesOfDay, SalesReport};
use storeroom_operations::shapes::product::Money;
use storeroom_sql::{Args, Rows};
use storeroom_web::{Answer, Call};

/// Answers with every day or week of the range, also those in which nothing was sold.
pub async fn sales(call: &Call<'_>) -> Result<Answer, Problem> {
    Range::check(&call.query)?;
    let home = Home::read(call).await?;
    let range = Range::of(&call.query, home.today(call))?;
    let by = call.query.get("by").map_or("day", String::as_str);
    let parts = range.parts(by == "week");
    let spans =
        parts.iter().enumerate().flat_map(|(n, (first, end))| spans::of_days(n, &home.zone, *first, *end));
    let spans = range::print(call, &spans.collect::<Vec<_>>())?;
    let sold = sold(&call.read(&by_span(), Args::new().with("spans", spans)).await?.rows);
    let dates = parts.iter().enumerate().map(|(n, (first, _))| (n, first.to_string()));
    let report = SalesReport {
        from: range.from.to_string(),
        to: range.to.to_string(),
        by: by.to_owned(),
        items: dates.map(|(n, date)| item(date, sold.get(&n), &home.currency)).collect(),
        timezone: home.timezone,
    };
    let json = serde_json::to_string(&report).map_err(|error| call.fault(&error.to_string()))?;
    Ok(Answer::json(200, json))
}

/// What was sold in each span with sales: its number, and the figures.
fn by_span() -> String {
    format!(
        "SELECT p.value ->> 'n' AS n, sum(x.orders), sum(x.units), sum(x.revenue_minor), sum(x.refunded_minor), \
         sum(x.returned) FROM {} GROUP BY 1",
        buckets("spans", "sales")
    )
}

fn sold(rows: &Rows) -> BTreeMap<usize, [i64; 5]> {
    let figures = |row: usize| {
        let n = rows.integer(row, 0).and_then(|n| usize::try_from(n).ok())?;
        Some((n, [1, 2, 3, 4, 5].map(|column| rows.integer(row, column).unwrap_or(0))))
    };
    (0..rows.0.len()).filter_map(figures).collect()
}

fn item(date: String, sold: Option<&[i64; 5]>, currency: &str) -> SalesOfDay {
    let [orders, units, revenue, refunded, returns] = sold.copied().unwrap_or_default();
    let money = |amount| Money { amount, currency: currency.to_owned() };
    SalesOfDay { date, orders, units, revenue: money(revenue), refunded: money(refunded), returns }
}
