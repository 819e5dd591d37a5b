//! What a product is to be by what a file says of it: that, over what it is.

use crate::content::Content;
use crate::patch::writable;
use serde_json::{Map, Value};
use storeroom_operations::Problem;
use storeroom_operations::shapes::product::PRODUCT_INPUT;

/// The content of a product: members that are said replace those of `document`, `{}` for a product that is to be made, as
/// they are. A variant that has the SKU of one that is there keeps what is not said of it.
pub fn over(document: Value, said: &Value) -> Result<Content, Problem> {
    let mut product = match writable(document) {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    let known = product.get("variants").cloned().unwrap_or_default();
    for (name, value) in said.as_object().into_iter().flatten() {
        let value = if name == "variants" { variants(&known, value) } else { value.clone() };
        product.insert(name.clone(), value);
    }
    Content::of(storeroom_web::body::read(&PRODUCT_INPUT, Value::Object(product))?)
}

fn variants(known: &Value, said: &Value) -> Value {
    let said = said.as_array().map(Vec::as_slice).unwrap_or_default();
    said.iter().map(|variant| variant_over(known, variant)).collect()
}

fn variant_over(known: &Value, said: &Value) -> Value {
    let is_it = |variant: &&Value| variant.get("sku") == said.get("sku");
    let before = known.as_array().and_then(|variants| variants.iter().find(is_it)).and_then(Value::as_object);
    let mut members = before.cloned().unwrap_or_default();
    members.extend(said.as_object().cloned().unwrap_or_default());
    Value::Object(members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_not_said_stays() {
        let document = json!({"title": "A", "handle": "a", "attributes": {"k": "v"}, "tags": ["t"], "version": 7,
            "variants": [{"id": "var_00000000000000000000000000", "sku": "S", "barcode": "1", "position": 0}, {"sku": "T"}]});
        let said =
            json!({"title": "B", "attributes": {"l": "w"}, "variants": [{"sku": "S", "weight_grams": 5}]});
        let input = over(document, &said).unwrap().into_input();
        assert_eq!((input.title.as_str(), input.handle.as_deref(), input.tags.len()), ("B", Some("a"), 1));
        assert_eq!(input.attributes.keys().collect::<Vec<_>>(), ["l"], "a member is replaced, not merged");
        let [only] = input.variants.as_slice() else { panic!("{:?}", input.variants) };
        assert_eq!(
            (only.barcode.as_deref(), only.weight_grams, only.id.is_some()),
            (Some("1"), Some(5), true)
        );
    }
}
