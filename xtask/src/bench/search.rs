//! Searches and filtered lists of products, with 1,000 and with 100,000 products.
//!
//! Guarantees: each size has its own database and its own workerd, filled as those of `growth`; the turns of the two
//! alternate; every answer has the items that it must have.
//! Relies on: the texts of `tests/bench/fill.mjs`: every product has `kitchen`, every second `steel`, one in 200 has the tag
//! `tag-17`, and one has the number 777.

use super::growth::{Measured, Side, Size, alternating};
use super::traffic::{Run, Traffic};
use super::{Bench, TURN_MS};
use anyhow::Result;
use serde_json::json;

/// The sizes that are measured.
const SIZES: [Size; 2] = [
    Size { name: "1000", variants: 4_000, orders: 0, page: 25 },
    Size { name: "100000", variants: 400_000, orders: 0, page: 25 },
];
/// One at a time: how long a request takes, not how long it waits for others.
const CLIENTS: usize = 1;

/// What is asked for, by what it is.
const LISTS: [(&str, &str); 17] = [
    ("no filter", "products"),
    ("a word that one product has", "products?q=777"),
    ("a word that one in 200 has", "products?q=tag-17"),
    ("a word that half have", "products?q=steel"),
    ("a word that all have", "products?q=kitchen"),
    ("one letter", "products?q=s"),
    ("two words that half have", "products?q=steel+kitchen"),
    ("a word that half have and one of one", "products?q=steel+777"),
    ("a SKU", "products?q=SKU-777"),
    ("a word that half have, and a status", "products?q=steel&status=published"),
    ("a word that half have, and a category of one in 40", "products?q=steel&category=category-7"),
    ("a word that half have, by title", "products?q=steel&sort=title"),
    ("a word that half have, by price", "products?q=steel&sort=-price"),
    ("a word that one in 200 has, by price", "products?q=tag-17&sort=price"),
    ("by price", "products?sort=price"),
    ("prices from 1,000 to 2,000", "products?price_min=1000&price_max=2000"),
    ("prices from 1,000 to 2,000, by price", "products?price_min=1000&price_max=2000&sort=price"),
];

/// Fills, measures, deletes.
pub fn measure(bench: &Bench) -> Result<Measured> {
    let sides = SIZES.iter().map(|size| Side::start(bench, size)).collect::<Result<Vec<_>>>()?;
    let runs = alternating(sides.iter().map(|side| runs(bench, side)).collect());
    let runs = bench.load("search", &json!({ "rounds": bench.rounds, "turn_ms": TURN_MS, "runs": runs }))?;
    Ok(Measured { runs, fillings: sides.into_iter().map(Side::delete).collect::<Result<_>>()? })
}

fn runs(bench: &Bench, side: &Side) -> Vec<Run> {
    let host = format!("{}: ", side.filling.name);
    let traffic = Traffic { bench, url: &side.workerd.url, host: &host };
    LISTS.iter().map(|(name, path)| traffic.list_by(CLIENTS, name, path)).collect()
}
