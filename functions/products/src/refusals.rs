//! Why a product cannot be written as a client wants it: the sentences that single and many writes share.

use serde_json::json;
use storeroom_domain::ProductStatus;
use storeroom_operations::shapes::product::ProductInput;
use storeroom_operations::{Code, Fault, Problem};

/// Another product has the handle.
pub fn handle_taken() -> Problem {
    let detail =
        "Another product of the store has this handle. Choose another, or leave it out to have one made.";
    Problem::new(Code::HandleTaken, detail)
}

/// Other products have some of the SKUs.
pub fn sku_taken() -> Problem {
    let detail = "SKUs are unique in the store: `errors` points to those that other products have.";
    Problem::new(Code::SkuTaken, detail)
}

/// What stands beside a SKU that another product has.
pub const SKU_OF_ANOTHER: &str = "belongs to another product.";

/// Other products have the SKUs at these places.
pub fn skus_taken(places: &[usize]) -> Problem {
    let faults = places.iter().map(|place| fault(format!("/variants/{place}/sku"), "taken", SKU_OF_ANOTHER));
    Problem { faults: faults.collect(), ..sku_taken() }
}

/// Units of what is about to go are needed.
pub fn in_use() -> Problem {
    let detail = "Units are held or belong to orders that are not shipped. Release or ship them, or archive the product.";
    Problem::new(Code::ProductInUse, detail)
}

/// The status does not lead there.
pub fn no_way_to(target: ProductStatus) -> Problem {
    let target = target.as_str();
    let detail = format!("The product's status does not lead to `{target}`: `allowed` lists where it leads.");
    Problem::new(Code::IllegalTransition, detail)
}

/// The same, with where it is and where it leads.
pub fn illegal_transition(from: ProductStatus, target: ProductStatus) -> Problem {
    let allowed: Vec<&str> = from.allowed().into_iter().map(ProductStatus::as_str).collect();
    no_way_to(target)
        .member("state", json!(from.as_str()).to_string())
        .member("allowed", json!(allowed).to_string())
}

/// A schedule without its moment.
pub fn no_publish_at() -> Problem {
    let detail = "is required for the status `scheduled`.";
    Problem::with_faults(Code::ValidationFailed, vec![fault("/publish_at".to_owned(), "required", detail)])
}

/// An earlier change of the same call is about the product.
pub fn named_twice() -> Problem {
    let detail = "An earlier change of the same call is about this product, too. Make one change of the two, or send this one in another call.";
    Problem::new(Code::ValidationFailed, detail)
}

/// The SKUs of one product belong to several.
pub fn several_products() -> Problem {
    let detail = "has SKUs that belong to different products.";
    Problem::with_faults(Code::ValidationFailed, vec![fault("/variants".to_owned(), "ambiguous", detail)])
}

/// What is said of an external id that another product has.
pub fn external_id_taken() -> Fault {
    fault("/external_id".to_owned(), "taken", "belongs to another product.")
}

/// The variants that name one which the product does not have.
pub fn foreign_variants(content: &ProductInput, before: Option<&ProductInput>) -> Vec<Fault> {
    let known = |id: &String| {
        before.is_some_and(|before| before.variants.iter().any(|old| old.id.as_ref() == Some(id)))
    };
    let named = content
        .variants
        .iter()
        .enumerate()
        .filter(|(_, variant)| variant.id.as_ref().is_some_and(|id| !known(id)));
    let detail = "is not a variant of this product.";
    named.map(|(place, _)| fault(format!("/variants/{place}/id"), "unknown_value", detail)).collect()
}

/// The prices in another currency than the store's.
pub fn foreign_prices(content: &ProductInput, currency: &str) -> Vec<Fault> {
    let prices = content.variants.iter().enumerate().flat_map(|(place, variant)| {
        [("price", &variant.price), ("compare_at_price", &variant.compare_at_price)]
            .map(|(name, price)| (place, name, price))
    });
    let foreign = prices.filter(|(.., price)| price.as_ref().is_some_and(|price| price.currency != currency));
    let detail = format!("must be the currency of the store, {currency}.");
    let pointer = |place, name| format!("/variants/{place}/{name}/currency");
    foreign.map(|(place, name, _)| fault(pointer(place, name), "wrong_currency", &detail)).collect()
}

/// What keeps a product from being public.
pub fn unsellable(content: &ProductInput) -> Vec<Fault> {
    if content.variants.is_empty() {
        return vec![fault(
            "/variants".to_owned(),
            "required",
            "must not be empty while the product is public.",
        )];
    }
    let priceless = content.variants.iter().enumerate().filter(|(_, variant)| variant.price.is_none());
    let detail = "is needed while the product is public.";
    priceless.map(|(place, _)| fault(format!("/variants/{place}/price"), "required", detail)).collect()
}

fn fault(pointer: String, code: &'static str, detail: &str) -> Fault {
    Fault { pointer, code, detail: detail.to_owned() }
}
