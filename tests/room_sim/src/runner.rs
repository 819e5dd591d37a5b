//! Runs seeds; a failing one is made smaller by leaving moves out, and printed as `cases` takes it.
//!
//! `ROOM_SEEDS` says how many seeds (10,000 when it does not), `ROOM_SEED` the first. A failing seed fails alone, too:
//! `ROOM_SEED=<seed> ROOM_SEEDS=1`.
#![allow(clippy::disallowed_methods, reason = "the first seed of a run is this machine's clock")]

use crate::moves::{Move, moves};
use crate::world::{Seen, World};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::SystemTime;

/// Tests that share the seeds, each a thread.
pub const SHARDS: u64 = 2;
const SEEDS: u64 = 10_000;
/// From how many seeds of a shard on everything of `OUTCOMES` must have come up.
const ENOUGH: u64 = 2_000;

/// Most plays to make a failing run smaller.
const MOST_PLAYS: usize = 400;

/// What chance must have found, else the runs test less than they say.
const OUTCOMES: &[&str] = &[
    "a user is back",
    "a user may return",
    "closed: 4400",
    "closed: 4401, a new ticket",
    "closed: 4401, signed out",
    "closed: 4403",
    "closed: 4408, no hello",
    "closed: 4408, nothing acknowledged",
    "closed: 4408, the whole room is slow",
    "closed: 4408, too much",
    "closed: 4409",
    "closed: 4413",
    "closed: 4429",
    "cut",
    "empty events",
    "error",
    "events",
    "gathered",
    "late answer",
    "presence",
    "reset: epoch",
    "reset: too old",
    "reset: unknown",
    "shared",
    "sleep with a look",
    "sleep with a tick",
    "tick",
];

/// Ends the run when a rule is broken; `why` begins with the rule's id.
pub fn hold(is_so: bool, why: impl FnOnce() -> String) {
    if !is_so {
        resume_unwind(Box::new(why()));
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|text| text.parse().ok())
}

fn first_seed() -> u64 {
    number("ROOM_SEED").unwrap_or_else(|| {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        u64::from(since.subsec_nanos())
    })
}

fn why(failure: Box<dyn Any + Send>) -> String {
    let text = failure.downcast_ref::<String>().cloned();
    text.or_else(|| failure.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default()
}

/// Plays a run to its end, in a world of its own; the rule that it broke otherwise.
pub fn play(list: &[Move]) -> Result<Seen, String> {
    let run = || {
        let mut world = World::new();
        list.iter().for_each(|each| world.make(*each));
        world.come_to_rest();
        world.seen
    };
    catch_unwind(AssertUnwindSafe(run)).map_err(why)
}

/// Leaves out what is not needed to fail: halves first, single moves in the end.
fn shrink(mut list: Vec<Move>) -> Vec<Move> {
    let (mut length, mut plays) = (list.len().div_ceil(2), 0);
    while length > 0 {
        let mut start = 0;
        while start < list.len() && plays < MOST_PLAYS {
            plays += 1;
            let mut fewer = list.clone();
            fewer.drain(start..list.len().min(start + length));
            if play(&fewer).is_err() {
                list = fewer;
            } else {
                start += length;
            }
        }
        length /= 2;
    }
    list
}

/// Plays a shard of the seeds.
pub fn run(shard: u64) {
    let (first, count) = (first_seed(), number("ROOM_SEEDS").unwrap_or(SEEDS));
    println!("shard {shard}: ROOM_SEED={first} ROOM_SEEDS={count}");
    let mut seen = Seen::new();
    let mine = (0..count).filter(|number| number % SHARDS == shard);
    for seed in mine.clone().map(|number| first.wrapping_add(number)) {
        match play(&moves(seed)) {
            Ok(more) => more.into_iter().for_each(|(what, times)| *seen.entry(what).or_default() += times),
            Err(first_why) => fail(seed, &first_why),
        }
    }
    println!("{seen:#?}");
    let unseen: Vec<_> = OUTCOMES.iter().filter(|what| !seen.contains_key(**what)).collect();
    let is_enough = u64::try_from(mine.count()).unwrap() >= ENOUGH;
    assert!(!is_enough || unseen.is_empty(), "never came up: {unseen:?}");
}

fn fail(seed: u64, first_why: &str) {
    let list = shrink(moves(seed));
    let last_why = play(&list).err().unwrap_or_default();
    panic!(
        "{first_why}\nROOM_SEED={seed} ROOM_SEEDS=1: {} moves.\nWithout what is not needed: {last_why}\n\
         For cases.rs:\n&{list:?}",
        moves(seed).len()
    );
}
