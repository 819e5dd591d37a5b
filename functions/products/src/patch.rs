//! `PATCH /products/{id}`: a merge patch, RFC 7396.
//!
//! Two round trips: the patch is merged into what is there and checked as a whole in Rust, and committed under the
//! version that was read.

use crate::content::Content;
use crate::read;
use crate::rewrite::{Decided, check_meant, rewrite};
use serde_json::{Map, Value};
use storeroom_domain::ProductId;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::product::{PRODUCT_INPUT, PRODUCT_PATCH, VARIANT_INPUT};
use storeroom_operations::validate::validate;
use storeroom_operations::{Code, Problem};
use storeroom_web::{Answer, Call};

/// Merges the patch into the product.
pub async fn patch(call: &Call<'_>) -> Result<Answer, Problem> {
    let meant = call.precondition()?;
    let patch = call.json()?.unwrap_or_default();
    let faults = validate(&Schema::Object(&PRODUCT_PATCH), &patch);
    if !faults.is_empty() {
        return Err(Problem::with_faults(Code::ValidationFailed, faults));
    }
    let product: ProductId = call.path_id("id", "product")?;
    rewrite(call, product, meant, async || {
        let (document, version) = read::current(call, product).await?;
        check_meant(meant, version, &document)?;
        let now = serde_json::from_str(&document).map_err(|error| call.fault(&error.to_string()))?;
        Ok(Decided { content: merged(now, &patch)?, version })
    })
    .await
}

/// What the product is to be: the patch merged into the document of what it is, `{}` for one that is not there.
pub fn merged(document: Value, patch: &Value) -> Result<Content, Problem> {
    let mut merged = writable(document);
    merge(&mut merged, patch);
    Content::of(storeroom_web::body::read(&PRODUCT_INPUT, merged)?)
}

/// What of a document a client may send back.
pub fn writable(document: Value) -> Value {
    let mut product = only(document, &PRODUCT_INPUT);
    if let Some(variants) = product.get_mut("variants").and_then(Value::as_array_mut) {
        for variant in variants {
            *variant = only(variant.take(), &VARIANT_INPUT);
        }
    }
    product
}

fn only(value: Value, shape: &storeroom_operations::schema::Object) -> Value {
    let Value::Object(members) = value else { return value };
    let known = |name: &String| shape.fields.iter().any(|field| field.name == name);
    Value::Object(members.into_iter().filter(|(name, _)| known(name)).collect())
}

/// RFC 7396, section 2.
fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(changes) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(members) = target.as_object_mut() else { return };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// The cases of RFC 7396, appendix A.
    #[test]
    fn merges_as_the_rfc_says() {
        for (original, patch, result) in [
            (json!({"a":"b"}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"b"}), json!({"b":"c"}), json!({"a":"b","b":"c"})),
            (json!({"a":"b"}), json!({"a":null}), json!({})),
            (json!({"a":"b","b":"c"}), json!({"a":null}), json!({"b":"c"})),
            (json!({"a":["b"]}), json!({"a":"c"}), json!({"a":"c"})),
            (json!({"a":"c"}), json!({"a":["b"]}), json!({"a":["b"]})),
            (json!({"a":{"b":"c"}}), json!({"a":{"b":"d","c":null}}), json!({"a":{"b":"d"}})),
            (json!({"a":[{"b":"c"}]}), json!({"a":[1]}), json!({"a":[1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a":"b"}), json!(["c"]), json!(["c"])),
            (json!({"a":"foo"}), json!(null), json!(null)),
            (json!({"a":"foo"}), json!("bar"), json!("bar")),
            (json!({"e":null}), json!({"a":1}), json!({"e":null,"a":1})),
            (json!([1, 2]), json!({"a":"b","c":null}), json!({"a":"b"})),
            (json!({}), json!({"a":{"bb":{"ccc":null}}}), json!({"a":{"bb":{}}})),
        ] {
            let mut target = original.clone();
            merge(&mut target, &patch);
            assert_eq!(target, result, "{original} + {patch}");
        }
    }
}
