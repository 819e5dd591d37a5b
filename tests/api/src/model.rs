//! Random sequences of everything that moves stock, holds and orders, against a model in memory: with requests at once,
//! retries, expiry at the exact moment, and a database that fails before, within and after a transaction.
//!
//! Guarantees: after every step, what the service answers and keeps is what the model says, and what `check` lists holds.
//! `MODEL_SEQUENCES` says how many sequences (10,000 when it does not), `MODEL_SEED` repeats a run. A sequence that fails
//! is printed as `model/cases.rs` takes it, where it is kept and runs first from then on.
#![allow(clippy::disallowed_methods, reason = "the seed of a run is this machine's clock")]

mod cases;
mod check;
mod judge;
mod judge_orders;
mod request;
mod shop;
mod stage;
mod steps;
mod trial;

use proptest::test_runner::{Config, RngSeed, TestError, TestRunner};
use stage::Stage;
use std::cell::RefCell;
use std::time::SystemTime;
use steps::{Sequence, sequences};

/// Tests that share the sequences, each a thread.
const SHARDS: u32 = 2;
/// Sequences of all shards together.
const SEQUENCES: u32 = 10_000;
/// From how many sequences of a shard on every outcome of `OUTCOMES` must have come up.
const ENOUGH: u32 = 2_000;

/// What chance must have found, else the sequences test less than they say: the operation and the code.
const OUTCOMES: &[(&str, &[&str])] = &[
    ("adjust", &["", "insufficient-stock", "validation-failed"]),
    ("set", &["", "insufficient-stock", "stock-changed"]),
    ("transfer", &["", "insufficient-stock", "validation-failed"]),
    ("threshold", &[""]),
    ("reconcile", &[""]),
    ("hold", &["", "insufficient-stock", "validation-failed"]),
    ("commit", &["", "hold-already-committed", "hold-already-released", "hold-expired", "validation-failed"]),
    ("release", &["", "hold-already-committed", "hold-already-released", "hold-expired"]),
    ("extend", &["", "hold-already-committed", "hold-already-released", "hold-expired"]),
    ("place", &["", "insufficient-stock", "price-changed", "product-not-available", "validation-failed"]),
    (
        "place from a hold",
        &["", "insufficient-stock", "price-changed", "product-not-available", "hold-expired"],
    ),
    ("place from a hold", &["hold-already-committed", "hold-already-released"]),
    ("pay", &["", "illegal-transition"]),
    ("fulfil", &["", "illegal-transition"]),
    ("deliver", &["", "illegal-transition"]),
    ("cancel", &["", "illegal-transition"]),
    ("return", &["", "illegal-transition", "validation-failed"]),
    ("refund", &["", "illegal-transition", "validation-failed"]),
    ("failure", &["unavailable", "outcome-unknown", "internal"]),
    ("cut", &["done", "undone"]),
    ("twins", &["done once"]),
    ("retry", &["replayed", "idempotency-key-reused"]),
    ("race", &["[0, 1, 2]", "[2, 1, 0]"]),
    ("due work", &["", "failed"]),
];

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn seed() -> u64 {
    number("MODEL_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    })
}

fn run(shard: u32) {
    let count =
        number("MODEL_SEQUENCES").map_or(SEQUENCES, |given| u32::try_from(given).unwrap()).div_ceil(SHARDS);
    let seed = seed();
    println!("shard {shard}: MODEL_SEED={seed} MODEL_SEQUENCES={}", count * SHARDS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let stage = RefCell::new(Stage::default());
    let config = Config {
        cases: count,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed.wrapping_add(u64::from(shard))),
        ..Config::default()
    };
    let result = TestRunner::new(config).run(&sequences(), |sequence| {
        runtime.block_on(stage.borrow_mut().play(&sequence));
        Ok(())
    });
    match result {
        Ok(()) => tell_seen(&stage.borrow(), count),
        Err(TestError::Fail(why, sequence)) => {
            panic!("{why}\nMODEL_SEED={seed}, shard {shard}. For model/cases.rs:\n{}", printed(&sequence))
        }
        Err(aborted) => panic!("{aborted}"),
    }
}

fn tell_seen(stage: &Stage, count: u32) {
    println!("{:#?}", stage.seen);
    let outcomes =
        OUTCOMES.iter().flat_map(|(what, codes)| codes.iter().map(move |code| (*what, (*code).to_owned())));
    let unseen: Vec<_> = outcomes.filter(|outcome| !stage.seen.contains_key(outcome)).collect();
    assert!(count < ENOUGH || unseen.is_empty(), "never came up: {unseen:?}");
}

/// The sequence as `cases` takes it.
fn printed(sequence: &Sequence) -> String {
    let Sequence { rate, included, shipping, order_expiry_s, steps } = sequence;
    format!(
        "Sequence {{ rate: {rate}, included: {included}, shipping: {shipping}, order_expiry_s: {order_expiry_s}, \
         steps: vec!{steps:?} }}"
    )
}

#[tokio::test]
async fn kept_sequences_are_as_the_model_says() {
    let mut stage = Stage::default();
    for (about, sequence) in cases::cases() {
        println!("{about}");
        stage.play(&sequence).await;
    }
}

#[test]
fn every_sequence_is_as_the_model_says_first_shard() {
    run(0);
}

#[test]
fn every_sequence_is_as_the_model_says_second_shard() {
    run(1);
}
