//! `GET /inventory/history`: the ledger, newest first.

use super::csv;
use storeroom_operations::Problem;
use storeroom_sql::{Args, Rows};
use storeroom_web::negotiate::wants_csv;
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Most rows of a CSV file.
const MAX_ROWS: i64 = 5_000;

const AT: &str = "strftime('%Y-%m-%dT%H:%M:%fZ', g.at / 1000.0, 'unixepoch')";

/// Answers with a page of movements, or with a file of them.
pub async fn history(call: &Call<'_>) -> Result<Answer, Problem> {
    let as_csv = match call.query.get("format") {
        Some(format) => format == "csv",
        None => wants_csv(&call.headers),
    };
    if as_csv { file(call).await } else { page(call).await }
}

async fn page(call: &Call<'_>) -> Result<Answer, Problem> {
    let filter = |name| call.query.get(name).map_or("", String::as_str);
    let name = format!("history/{}/{}/{}", filter("variant_id"), filter("location_id"), filter("before"));
    let page = Page::of(name, &call.query)?;
    let document = format!(
        "json_object('seq', g.seq, 'at', {AT}, 'variant_id', g.variant_id, 'sku', v.sku, 'location_id', g.location_id, \
         'kind', g.kind, 'delta', g.delta, 'before', g.before, 'after', g.after, 'reason', g.reason, \
         'reference', g.reference, 'actor', g.actor, 'request_id', g.request_id) AS document, \
         CAST(g.seq AS TEXT) AS key"
    );
    let found = movements(call, &document, page.args()).await?;
    Ok(page.answer(&found))
}

async fn file(call: &Call<'_>) -> Result<Answer, Problem> {
    let columns = format!(
        "g.seq AS seq, {AT} AS at, g.variant_id AS variant_id, v.sku AS sku, g.location_id AS location_id, \
         g.kind AS kind, g.delta AS delta, g.before AS before, g.after AS after, g.reason AS reason, \
         g.reference AS reference, g.actor AS actor, g.request_id AS request_id"
    );
    let args = Args::new().with("after", None::<String>).with("limit", MAX_ROWS);
    let found = movements(call, &columns, args).await?;
    Ok(Answer::bytes(200, "text/csv; charset=utf-8", csv::print(&found).into_bytes().into()))
}

async fn movements(call: &Call<'_>, columns: &str, args: Args) -> Result<Rows, Problem> {
    let mut args = args.with("before", Call::number(&call.query, "before", i64::MAX));
    let mut filters = String::new();
    for (name, filter) in [
        ("variant_id", " AND g.variant_id = :variant_id"),
        ("location_id", " AND g.location_id = :location_id"),
    ] {
        if let Some(id) = call.query.get(name) {
            args.set(name, id.as_str());
            filters.push_str(filter);
        }
    }
    let sql = format!(
        "SELECT {columns} FROM ledger g LEFT JOIN variants v ON v.store_id = g.store_id AND v.id = g.variant_id \
         WHERE g.store_id = :store AND g.seq < min(:before, coalesce(CAST(:after AS INTEGER), :before)){filters} \
         ORDER BY g.seq DESC LIMIT :limit"
    );
    Ok(call.read(&sql, args).await?.rows)
}
