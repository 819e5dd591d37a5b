//! `POST /webhook/product`: another system tells what became of a product.
//!
//! Guarantees: an event leads to the same steps as `create`, `patch` and `delete`; which product it is about is found
//! without doubt, or the event is rejected.

use crate::{create, delete, patch, replace};
use serde_json::{Value as Json, json};
use storeroom_domain::ProductId;
use storeroom_operations::shapes::incoming::ProductEvent;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::batch::Sql;
use storeroom_sql::documents::{IS_DUE, PRODUCT_AS_OF_NOW};
use storeroom_sql::{Args, Batch};
use storeroom_web::inbox::{self, Command, Effect, Event};
use storeroom_web::{Answer, Call, Precondition};

const VERSION: &str = "SELECT version FROM products WHERE store_id = :store AND id = :product";
/// Of a product that is gone.
const LAST_VERSION: &str =
    "SELECT max(version) FROM revisions WHERE store_id = :store AND subject = :product";

/// Takes an event about a product.
pub async fn ingest(call: &Call<'_>) -> Result<Answer, Problem> {
    let (event, said): (Event, ProductEvent) = inbox::read(call, one_name)?;
    inbox::receive(call, &event, &Told(said)).await
}

/// Tries an event again that was rejected.
pub async fn try_again(call: &Call<'_>, event: &Event) -> Result<Answer, Problem> {
    inbox::try_again(call, event, &Told(event.says()?)).await
}

/// A product that is deleted has exactly one name.
fn one_name(event: &Json) -> Vec<Fault> {
    if event.get("type").and_then(Json::as_str) != Some("product.deleted") {
        return Vec::new();
    }
    let fault = |code, detail: &str| {
        vec![Fault { pointer: "/external_id".to_owned(), code, detail: detail.to_owned() }]
    };
    match (event.get("external_id"), event.get("sku")) {
        (None, None) => fault("required", "is required unless there is a `sku`."),
        (Some(_), Some(_)) => fault("unknown_field", "must not be there beside a `sku`."),
        _ => Vec::new(),
    }
}

struct Told(ProductEvent);

/// The products that the event may be about: `by_external_id` (an id or null), `by_sku` (a list of ids), and `current`,
/// the document and version of the first of them.
fn look_up() -> String {
    format!(
        "SELECT json_object('by_external_id', named.by_external_id, 'by_sku', json(named.by_sku), 'current', \
            (SELECT json_object('document', json({PRODUCT_AS_OF_NOW}), 'version', version + {IS_DUE}) \
             FROM product_documents WHERE store_id = :store \
                AND id = coalesce(named.by_external_id, named.by_sku ->> '$[0]'))) \
         FROM (SELECT (SELECT id FROM products WHERE store_id = :store AND external_id = :inbox_external_id) \
            AS by_external_id, \
            (SELECT json_group_array(product_id) FROM (SELECT DISTINCT v.product_id FROM json_each(:inbox_skus) AS j \
             CROSS JOIN variants v ON v.store_id = :store AND v.sku = j.value LIMIT 2)) AS by_sku) AS named"
    )
}

impl Command for Told {
    fn look_up(&self) -> (Sql, Args) {
        let (external_id, skus): (Option<&str>, Vec<&str>) = match &self.0 {
            ProductEvent::Upserted { product, .. } => (text(product, "external_id"), skus(product)),
            ProductEvent::Deleted { external_id, sku, .. } => {
                (external_id.as_deref(), sku.as_deref().into_iter().collect())
            }
        };
        let args = Args::new()
            .with("inbox_external_id", external_id.map(str::to_owned))
            .with("inbox_skus", json!(skus).to_string());
        (look_up().into(), args)
    }

    fn add_steps(&self, call: &Call<'_>, batch: &mut Batch, found: &Json) -> Result<Effect, Problem> {
        let product = only(found)?;
        match (&self.0, product) {
            (ProductEvent::Upserted { product: patch, .. }, Some(product)) => {
                update(call, batch, product, found, patch)
            }
            (ProductEvent::Upserted { product: patch, .. }, None) => make(call, batch, patch),
            (ProductEvent::Deleted { .. }, Some(product)) => {
                delete::add_steps(batch, call, product, Precondition::Whatever);
                Ok(Effect { subject: product.to_string(), action: "deleted", version: LAST_VERSION })
            }
            (ProductEvent::Deleted { .. }, None) => Err(Problem::not_found("product")),
        }
    }

    fn respelt(&self, problem: Problem) -> Problem {
        match self.0 {
            ProductEvent::Upserted { .. } => inbox::respelt(problem, "/product", &[]),
            ProductEvent::Deleted { .. } => problem,
        }
    }
}

fn make(call: &Call<'_>, batch: &mut Batch, patch: &Json) -> Result<Effect, Problem> {
    let content = patch::merged(json!({}), patch)?;
    let product: ProductId = call.new_id();
    create::add_steps(batch, call, product, &content);
    Ok(Effect { subject: product.to_string(), action: "created", version: VERSION })
}

fn update(
    call: &Call<'_>,
    batch: &mut Batch,
    product: ProductId,
    found: &Json,
    patch: &Json,
) -> Result<Effect, Problem> {
    let document = found.pointer("/current/document").cloned().unwrap_or_default();
    let version = found.pointer("/current/version").and_then(Json::as_i64).unwrap_or_default();
    let content = patch::merged(document, patch)?;
    replace::add_steps(batch, call, product, Precondition::Version(version), &content);
    Ok(Effect { subject: product.to_string(), action: "updated", version: VERSION })
}

/// The product that was found; refuses when the names lead to several.
fn only(found: &Json) -> Result<Option<ProductId>, Problem> {
    let named = text(found, "by_external_id");
    let stocked = found.get("by_sku").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut ids: Vec<&str> = named.into_iter().chain(stocked.iter().filter_map(Json::as_str)).collect();
    ids.dedup();
    match ids.as_slice() {
        [] => Ok(None),
        [only] => Ok(ProductId::parse(only)),
        _ => Err(several(named.is_some())),
    }
}

fn several(is_named: bool) -> Problem {
    let (pointer, detail) = match is_named {
        true => ("/external_id", "belongs to another product than a SKU of the variants does."),
        false => ("/variants", "has SKUs that belong to different products."),
    };
    let fault = Fault { pointer: pointer.to_owned(), code: "ambiguous", detail: detail.to_owned() };
    Problem::with_faults(Code::ValidationFailed, vec![fault])
}

fn text<'a>(value: &'a Json, name: &str) -> Option<&'a str> {
    value.get(name).and_then(Json::as_str)
}

fn skus(product: &Json) -> Vec<&str> {
    let variants = product.get("variants").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    variants.iter().filter_map(|variant| text(variant, "sku")).collect()
}
