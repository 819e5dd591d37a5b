//! The words that an order is found by.
//!
//! Guarantees: what is looked for is folded as what is kept.

use storeroom_operations::shapes::order::Customer;

/// Most words that are kept of a customer.
const MAX_KEPT: usize = 20;
/// Most words of a search that count.
pub const MAX_SOUGHT: usize = 5;
/// Longest word in characters; the rest of a longer one does not count.
const MAX_LENGTH: usize = 60;

/// The words of an order: those of its customer (the address, its parts, and the names), and of its id in a shop system.
pub fn of(customer: &Customer, external_id: Option<&str>) -> Vec<String> {
    let mut words = of_customer(customer);
    words.extend(external_id.into_iter().flat_map(sought));
    words
}

/// The words of a customer, each once.
fn of_customer(customer: &Customer) -> Vec<String> {
    let name = customer.name.as_deref().unwrap_or_default();
    let parts = customer.email.split(|letter: char| !letter.is_alphanumeric());
    let mut words: Vec<String> = [customer.email.as_str()]
        .into_iter()
        .chain(parts)
        .chain(name.split_whitespace())
        .map(folded)
        .collect();
    words.sort();
    words.dedup();
    words.retain(|word| !word.is_empty());
    words.truncate(MAX_KEPT);
    words
}

/// The words of a search; a number may be written as people write it, `#1001`.
pub fn sought(text: &str) -> Vec<String> {
    let words = text.split_whitespace().map(|word| folded(word.trim_start_matches('#')));
    words.filter(|word| !word.is_empty()).take(MAX_SOUGHT).collect()
}

fn folded(word: &str) -> String {
    word.to_lowercase().chars().take(MAX_LENGTH).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_found_by_address_and_name() {
        let customer = Customer { email: "Ann.B@example.org".into(), name: Some("Änn  van B".into()) };
        assert_eq!(of(&customer, None), ["ann", "ann.b@example.org", "b", "example", "org", "van", "änn"]);
        let customer = Customer { email: "a@b.cd".into(), name: None };
        assert_eq!(of(&customer, Some("#WEB-7 Été")), ["a", "a@b.cd", "b", "cd", "web-7", "été"]);
        assert_eq!(sought(" #1001 ÄNN # "), ["1001", "änn"]);
        assert_eq!(sought("a b c d e f").len(), MAX_SOUGHT);
    }
}
