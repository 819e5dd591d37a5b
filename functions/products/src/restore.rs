//! `POST /products/{id}/revisions/{version}/restore`: a new version with the content of an old one.
//!
//! Guarantees: status, pictures and stock stay as they are; a variant that is still there keeps its id, and with it its
//! stock; what has come to stand in the way since (a SKU of another product, a hold) refuses it as it would refuse a
//! replacement. Two round trips, as a patch has; one more for a request that has an idempotency key.

use crate::content::Content;
use crate::rewrite::{Decided, check_meant, rewrite};
use crate::{patch, revisions};
use serde_json::Value;
use std::collections::BTreeSet;
use storeroom_domain::ProductId;
use storeroom_operations::shapes::product::PRODUCT_INPUT;
use storeroom_operations::{Code, Problem};
use storeroom_sql::{Args, documents};
use storeroom_web::{Answer, Call, Precondition};

/// Writes the old content as a new version.
pub async fn restore(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    if let Some(answer) = call.kept().await? {
        return Ok(answer);
    }
    let product: ProductId = call.path_id("id", "product")?;
    let wanted = revisions::version(call)?;
    rewrite(call, product, meant, async || decide(call, product, wanted, meant).await).await
}

async fn decide(
    call: &Call<'_>,
    product: ProductId,
    wanted: i64,
    meant: Precondition,
) -> Result<Decided, Problem> {
    let sql = format!(
        "SELECT wanted.version, wanted.document, current.version, current.document FROM ({}) AS wanted \
         LEFT JOIN ({}) AS current ON TRUE",
        revisions::one_sql(),
        documents::PRODUCT
    );
    let args = Args::new().with("product", product.to_string()).with("version", wanted);
    let rows = call.read(&sql, args).await?.rows;
    rows.integer(0, 0).ok_or_else(revisions::unknown)?;
    let (Some(version), Some(current)) = (rows.integer(0, 2), rows.text(0, 3)) else { return Err(gone()) };
    let old = rows.text(0, 1).ok_or_else(gone)?;
    check_meant(meant, version, current)?;
    let read = |text: &str| serde_json::from_str(text).map_err(|error| call.fault(&error.to_string()));
    let content =
        Content::of(storeroom_web::body::read(&PRODUCT_INPUT, restored(read(old)?, &read(current)?))?)?;
    Ok(Decided { content, version })
}

fn gone() -> Problem {
    let detail = "The product was deleted: its versions can be read, but not restored. Create it anew from the `document` of one.";
    Problem::new(Code::NotFound, detail)
}

/// The old content; a variant that is not there any more goes without its id, so that its SKU says which it is.
fn restored(old: Value, current: &Value) -> Value {
    let here: BTreeSet<&str> =
        variants(current).iter().filter_map(|variant| variant.get("id")?.as_str()).collect();
    let mut content = patch::writable(old);
    let wanted = content.get_mut("variants").and_then(Value::as_array_mut);
    for variant in wanted.into_iter().flatten().filter_map(Value::as_object_mut) {
        if !variant.get("id").and_then(Value::as_str).is_some_and(|id| here.contains(id)) {
            variant.remove("id");
        }
    }
    content
}

fn variants(product: &Value) -> &[Value] {
    product.get("variants").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}
