//! What a client says a product is: checked as a whole and turned into arguments.
//!
//! Guarantees: a `Content` contradicts itself nowhere; what needs the database to tell (taken SKUs, the store's
//! currency) is left to the guards in `steps`.

use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use storeroom_domain::{VariantId, handle};
use storeroom_operations::shapes::product::{Money, ProductInput, ProductOption, VariantInput};
use storeroom_operations::validate::MAX_FAULTS;
use storeroom_operations::{Code, Fault, Problem};
use storeroom_sql::Batch;
use storeroom_web::Call;

/// A product's content without contradictions.
#[derive(Debug)]
pub struct Content(ProductInput);

impl Content {
    /// Checks what the shape cannot say: duplicates, and options against option values.
    pub fn of(input: ProductInput) -> Result<Self, Problem> {
        let mut faults = Vec::new();
        options_are_distinct(&input.options, &mut faults);
        distinct(&input.variants, "sku", |variant| Some(variant.sku.clone()), &mut faults);
        distinct(&input.variants, "id", |variant| variant.id.clone(), &mut faults);
        for (index, variant) in input.variants.iter().enumerate() {
            option_values_fit(&input.options, index, variant, &mut faults);
        }
        if faults.is_empty() && !input.options.is_empty() {
            let combination = |variant: &VariantInput| Some(format!("{:?}", variant.option_values));
            distinct(&input.variants, "option_values", combination, &mut faults);
        }
        faults.truncate(MAX_FAULTS);
        if faults.is_empty() {
            Ok(Self(input))
        } else {
            Err(Problem::with_faults(Code::ValidationFailed, faults))
        }
    }

    /// Sets the arguments that the content steps name.
    pub fn bind(&self, batch: &mut Batch, call: &Call<'_>) {
        let Self(input) = self;
        batch.set("title", input.title.as_str());
        batch.set("handle", input.handle.clone());
        batch.set("external_id", input.external_id.clone());
        batch.set("description", input.description.as_str());
        batch.set("category", input.category.clone());
        batch.set("tags", json!(input.tags).to_string());
        batch.set("attributes", json!(input.attributes).to_string());
        batch.set("options", json!(input.options).to_string());
        batch.set("variants", self.variants(call).to_string());
        batch.set("prices", self.prices().to_string());
    }

    /// What it says.
    pub fn into_input(self) -> ProductInput {
        self.0
    }

    /// The product's name.
    pub fn title(&self) -> &str {
        &self.0.title
    }

    /// A handle made of a title; of the suffix where the title has nothing to make one of.
    pub fn made_handle(title: &str, suffix: &str) -> String {
        match handle::from_title(title) {
            empty if empty.is_empty() => format!("product-{suffix}"),
            made => made,
        }
    }

    fn variants(&self, call: &Call<'_>) -> Value {
        let one = |variant: &VariantInput| {
            let new_id: VariantId = call.new_id();
            json!({
                "id": variant.id,
                "new_id": new_id.to_string(),
                "sku": variant.sku,
                "barcode": variant.barcode,
                "option_values": variant.option_values,
                "price": amount(&variant.price),
                "compare_at_price": amount(&variant.compare_at_price),
                "weight_grams": variant.weight_grams,
            })
        };
        self.0.variants.iter().map(one).collect()
    }

    /// Every price's currency with the pointer to it.
    fn prices(&self) -> Value {
        let indexed = self.0.variants.iter().enumerate();
        let prices = indexed.flat_map(|(index, variant)| {
            let fields = [("price", &variant.price), ("compare_at_price", &variant.compare_at_price)];
            fields.into_iter().filter_map(move |(field, money)| {
                let currency = &money.as_ref()?.currency;
                Some(json!({"pointer": format!("/variants/{index}/{field}/currency"), "currency": currency}))
            })
        });
        prices.collect()
    }
}

/// The minor units of a price, if there is one.
pub fn amount(money: &Option<Money>) -> Option<i64> {
    money.as_ref().map(|money| money.amount)
}

fn options_are_distinct(options: &[ProductOption], faults: &mut Vec<Fault>) {
    let mut seen = BTreeSet::new();
    for (index, option) in options.iter().enumerate() {
        if !seen.insert(&option.name) {
            faults.push(duplicate(format!("/options/{index}/name"), "names an option a second time."));
        }
    }
}

fn distinct(
    variants: &[VariantInput],
    field: &str,
    key: impl Fn(&VariantInput) -> Option<String>,
    faults: &mut Vec<Fault>,
) {
    let mut seen = BTreeMap::new();
    for (index, variant) in variants.iter().enumerate() {
        let Some(key) = key(variant) else { continue };
        if let Some(first) = seen.get(&key) {
            let detail = format!("is the same as that of variant {first}.");
            faults.push(duplicate(format!("/variants/{index}/{field}"), &detail));
        } else {
            seen.insert(key, index);
        }
    }
}

fn duplicate(pointer: String, detail: &str) -> Fault {
    Fault { pointer, code: "duplicate", detail: detail.to_owned() }
}

fn option_values_fit(
    options: &[ProductOption],
    index: usize,
    variant: &VariantInput,
    faults: &mut Vec<Fault>,
) {
    let pointer = format!("/variants/{index}/option_values");
    for option in options {
        match variant.option_values.get(&option.name) {
            None => faults.push(Fault {
                pointer: pointer.clone(),
                code: "required",
                detail: format!("has no value for the option `{}`.", option.name),
            }),
            Some(value) if !option.values.contains(value) => faults.push(Fault {
                pointer: format!("{pointer}/{}", option.name.replace('~', "~0").replace('/', "~1")),
                code: "unknown_value",
                detail: "is not among the option's values.".to_owned(),
            }),
            Some(_) => {}
        }
    }
    for name in variant.option_values.keys().filter(|name| options.iter().all(|option| option.name != **name))
    {
        faults.push(Fault {
            pointer: format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1")),
            code: "unknown_field",
            detail: "is not an option of this product.".to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(input: Value) -> Vec<String> {
        let input = serde_json::from_value(input).unwrap();
        match Content::of(input) {
            Ok(_) => Vec::new(),
            Err(problem) => problem.faults.iter().map(|f| format!("{} {}", f.pointer, f.code)).collect(),
        }
    }

    #[test]
    fn contradictions_are_found() {
        let input = json!({"title": "T", "options": [{"name": "Size", "values": ["S"]}, {"name": "Size", "values": []}],
        "variants": [
            {"sku": "A", "option_values": {"Size": "S"}},
            {"sku": "A", "option_values": {"Size": "XL", "Colour": "red"}},
            {"sku": "B"},
        ]});
        assert_eq!(
            faults(input),
            [
                "/options/1/name duplicate",
                "/variants/1/sku duplicate",
                "/variants/0/option_values/Size unknown_value",
                "/variants/1/option_values/Size unknown_value",
                "/variants/1/option_values/Size unknown_value",
                "/variants/1/option_values/Colour unknown_field",
                "/variants/2/option_values required",
                "/variants/2/option_values required",
            ]
        );
    }

    #[test]
    fn two_variants_must_differ() {
        let options = json!([{"name": "Size", "values": ["S", "M"]}]);
        let variant = |sku: &str| json!({"sku": sku, "option_values": {"Size": "S"}});
        let input = json!({"title": "T", "options": options, "variants": [variant("A"), variant("B")]});
        assert_eq!(faults(input), ["/variants/1/option_values duplicate"]);
        assert_eq!(faults(json!({"title": "T", "variants": [{"sku": "A"}, {"sku": "B"}]})), [""; 0]);
    }
}
