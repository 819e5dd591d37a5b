//! What a list of orders may be filtered and sorted by.

use crate::words::{self, MAX_SOUGHT};
use storeroom_domain::{OrderId, Timestamp};
use storeroom_operations::Problem;
use storeroom_sql::documents::ORDER_HAS_EXPIRED;
use storeroom_web::query::Query;
use storeroom_web::selection::{Kind, Listing, Selection, Sort};

static ORDERS: Listing = Listing {
    table: "orders",
    due_index: "INDEXED BY orders_pending_by_store",
    is_due: ORDER_HAS_EXPIRED,
    sorts: &[
        Sort { name: "updated_at", key: "t.updated_at", due_key: "t.expires_at", kind: Kind::Integer },
        Sort { name: "total", key: "t.total_minor", due_key: "t.total_minor", kind: Kind::Integer },
    ],
    // Names, addresses and numbers are words that need no language: they are kept apart, in `order_words`.
    texts: None,
};

macro_rules! with_word {
    ($number:literal) => {
        (
            concat!("word_", $number),
            concat!("word_", $number, "_end"),
            concat!(
                "t.id IN (SELECT order_id FROM order_words WHERE store_id = :store AND word >= :word_",
                $number,
                " AND word < :word_",
                $number,
                "_end)"
            ),
        )
    };
}

/// The names of a word's arguments, and the condition that an order has a word that begins with it.
const WITH_WORD: [(&str, &str, &str); MAX_SOUGHT] =
    [with_word!("0"), with_word!("1"), with_word!("2"), with_word!("3"), with_word!("4")];

/// The orders that a query string asks for.
pub fn of(query: &Query) -> Result<Selection, Problem> {
    let mut selection = Selection::of(&ORDERS, "orders", query)?;
    selection.narrow_by(query, "customer", "t.customer_email = :customer COLLATE NOCASE");
    if let Some(state) = query.get("state") {
        selection.set("state", state.as_str());
        selection.narrow("t.state = :state", "'expired' = :state");
    }
    let moment = |name| query.get(name).and_then(|text| Timestamp::parse(text));
    if let Some(after) = moment("created_after") {
        selection.set("created_after", first_id(after.plus_ms(1)));
        selection.narrow("t.id >= :created_after", "t.id >= :created_after");
    }
    if let Some(before) = moment("created_before") {
        selection.set("created_before", first_id(before));
        selection.narrow("t.id < :created_before", "t.id < :created_before");
    }
    let words = query.get("q").map(|text| words::sought(text));
    if words.as_ref().is_some_and(Vec::is_empty) {
        selection.narrow("FALSE", "FALSE");
    }
    for ((from, to, condition), word) in WITH_WORD.into_iter().zip(words.unwrap_or_default()) {
        selection.set(to, format!("{word}{}", char::MAX));
        selection.set(from, word);
        selection.narrow(condition, condition);
    }
    Ok(selection)
}

/// The first id that an order of this moment can have: ids sort by creation.
fn first_id(at: Timestamp) -> String {
    OrderId::new(at.ms(), [0; 10]).to_string()
}
