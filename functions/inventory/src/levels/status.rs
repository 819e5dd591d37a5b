//! `GET /inventory/status`.

use storeroom_operations::Problem;
use storeroom_sql::stock;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// The columns of a place in the list are two ids of 30 characters. A tilde comes after every character of an id.
const AFTER: &str = "(l.variant_id, l.location_id) < \
    (substr(coalesce(:after, '~'), 1, 30), substr(coalesce(:after, '~'), 31))";

/// What each filter of the query asks for.
const FILTERS: [(&str, &str); 3] = [
    ("variant_id", "l.variant_id = :variant_id"),
    ("sku", "l.variant_id = (SELECT id FROM variants WHERE store_id = :store AND sku = :sku)"),
    ("location_id", "l.location_id = :location_id"),
];

/// Answers with a page of levels as of now, those of the newest variant first.
pub async fn status(call: &Call<'_>) -> Result<Answer, Problem> {
    let filter = |name| call.query.get(name).map_or("", String::as_str);
    let names = ["variant_id", "sku", "location_id", "low_stock"].map(filter);
    let page = Page::of(format!("status\n{}", names.join("\n")), &call.query)?;
    let mut args = page.args();
    let mut conditions = vec!["l.store_id = :store".to_owned(), AFTER.to_owned()];
    for (name, condition) in FILTERS {
        if let Some(value) = call.query.get(name) {
            args.set(name, value.as_str());
            conditions.push(condition.to_owned());
        }
    }
    if let Some(wanted) = call.query.get("low_stock") {
        let is_low = stock::is_low();
        conditions.push(if wanted == "true" { is_low } else { format!("NOT {is_low}") });
    }
    let sql = format!(
        "SELECT {} AS document, l.variant_id || l.location_id AS key FROM levels l \
         CROSS JOIN variants v ON v.store_id = l.store_id AND v.id = l.variant_id \
         WHERE {} ORDER BY l.variant_id DESC, l.location_id DESC LIMIT :limit",
        stock::level(),
        conditions.join(" AND ")
    );
    let found = call.read(&sql, args).await?;
    Ok(page.answer(&found.rows))
}
