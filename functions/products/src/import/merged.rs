//! What a product is to be: what a file says of it, over what it is.

use crate::content::Content;
use crate::patch::writable;
use serde_json::{Map, Value};
use storeroom_operations::Problem;
use storeroom_operations::shapes::product::PRODUCT_INPUT;

/// The members that are not content.
const OF_STATUS: [&str; 2] = ["status", "publish_at"];

/// The content of a product: members that the file has replace those of `document`, `{}` for a product that is to be made.
/// A variant of the file that has the SKU of one that is there keeps what the file does not say of it.
pub fn merged(document: Value, said: &Map<String, Value>) -> Result<Content, Problem> {
    let mut product = match writable(document) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let known = product.get("variants").cloned().unwrap_or_default();
    let content = said.iter().filter(|(name, _)| !OF_STATUS.contains(&name.as_str()));
    for (name, value) in content {
        let value = if name == "variants" { variants(&known, value) } else { value.clone() };
        product.insert(name.clone(), value);
    }
    Content::of(storeroom_web::body::read(&PRODUCT_INPUT, Value::Object(product))?)
}

fn variants(known: &Value, said: &Value) -> Value {
    let said = said.as_array().map(Vec::as_slice).unwrap_or_default();
    said.iter().map(|variant| over(known, variant)).collect()
}

fn over(known: &Value, said: &Value) -> Value {
    let is_it = |variant: &&Value| variant.get("sku") == said.get("sku");
    let before = known.as_array().and_then(|variants| variants.iter().find(is_it)).and_then(Value::as_object);
    let mut members = before.cloned().unwrap_or_default();
    members.extend(said.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}
