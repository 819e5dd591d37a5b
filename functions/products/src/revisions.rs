//! `GET /products/{id}/revisions` and `GET /products/{id}/revisions/{version}`: what a product was, who made it so, and when.
//!
//! Guarantees: every version is there, of a product that was deleted, too; a publication that is due is there from its
//! moment on, as every other read shows it. Which request writes it down is not known before that.

use storeroom_domain::ProductId;
use storeroom_operations::{Code, Problem};
use storeroom_sql::Args;
use storeroom_sql::documents::{IS_DUE, SETTLED_PRODUCT, bounded};
use storeroom_web::page::Page;
use storeroom_web::{Answer, Call};

/// Answers with a page of the product's versions, newest first.
pub async fn list(call: &Call<'_>) -> Result<Answer, Problem> {
    let named = call.path.get("id").map(String::as_str).unwrap_or_default();
    let page = Page::of(format!("revisions/{named}"), &call.query)?;
    let product: ProductId = call.path_id("id", "product")?;
    let found = call.read(&page_sql(), page.args().with("product", product.to_string())).await?;
    if found.rows.0.is_empty() {
        return Err(Problem::not_found("product"));
    }
    Ok(page.answer(&found.rows))
}

/// Answers with one version, whole.
pub async fn read(call: &Call<'_>) -> Result<Answer, Problem> {
    let product: ProductId = call.path_id("id", "product")?;
    let version = version(call)?;
    let sql = format!(
        "SELECT json_insert({ENTRY}, '$.document', json(r.document)) AS document FROM ({}) AS r {BEFORE}",
        one_sql()
    );
    let args = Args::new().with("product", product.to_string()).with("version", version);
    let found = call.read(&sql, args).await?;
    found.rows.text(0, 0).map(|document| Answer::json(200, document)).ok_or_else(unknown)
}

/// The version in the path; what is not spelt like one is simply not there.
pub fn version(call: &Call<'_>) -> Result<i64, Problem> {
    let text = call.path.get("version").map(String::as_str).unwrap_or_default();
    let number = text.parse::<i64>().ok().filter(|number| *number >= 1 && number.to_string() == text);
    number.ok_or_else(unknown)
}

/// The refusal of a version that is not there.
pub fn unknown() -> Problem {
    let detail = "There is no such version of this product. GET /api/pms/products/{id}/revisions lists those there are.";
    Problem::new(Code::NotFound, detail)
}

/// An entry of the list, over `r`, a version, and `before`, the one before it. Its version and its time differ anyway.
const ENTRY: &str = "json_object('version', r.version, 'at', strftime('%Y-%m-%dT%H:%M:%fZ', r.at / 1000.0, 'unixepoch'), \
    'actor', r.actor, 'request_id', r.request_id, 'changed', json(coalesce((\
        SELECT json_group_array(member.key) FROM json_each(r.document) AS member WHERE member.key NOT IN ('version', 'updated_at') \
        AND (r.document -> member.key) IS NOT (before.document -> member.key)), '[]')), \
    'deleted', json(iif(r.document IS NULL, 'true', 'false')))";

const BEFORE: &str = "LEFT JOIN revisions before ON before.store_id = :store AND before.subject = :product \
    AND before.version = r.version - 1";

/// The versions of `:product` for which the condition over `version` holds, as of `:now`: `version`, `at`, `actor`,
/// `request_id` (NULL while it is not written down), `document` (NULL where it was deleted). `end` follows those that
/// are written down.
fn versions(condition: &str, end: &str) -> String {
    format!(
        "SELECT * FROM (SELECT version, at, actor, request_id, document FROM revisions \
            WHERE store_id = :store AND subject = :product AND {condition} {end}) \
         UNION ALL SELECT * FROM (SELECT version + 1 AS version, publish_at AS at, 'system' AS actor, NULL AS request_id, \
            {SETTLED_PRODUCT} AS document FROM product_documents \
            WHERE store_id = :store AND id = :product AND {IS_DUE}) WHERE {condition}"
    )
}

/// The version `:version` of the product `:product`.
pub fn one_sql() -> String {
    versions("version = :version", "")
}

fn page_sql() -> String {
    let versions = versions(
        "version < coalesce(CAST(:after AS INTEGER), 9223372036854775807)",
        "ORDER BY version DESC LIMIT :limit",
    );
    let page = format!(
        "SELECT {ENTRY} AS document, CAST(r.version AS TEXT) AS key, r.version AS version FROM ({versions}) AS r {BEFORE} \
         ORDER BY r.version DESC LIMIT :limit"
    );
    bounded(&page, "ORDER BY version DESC")
}
