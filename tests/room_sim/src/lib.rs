//! The room of `storeroom-room` among clients, a network, a host and a database that fail in every way that they can,
//! against a model of all of them, by seeds.
//!
//! Guarantees: with nudges lost, doubled, reordered and delayed, sockets cut anywhere, sleep at any moment, a clock that
//! jumps, looks that fail or bring little, a log that is pruned or restored, members removed, and clients that read
//! slowly or never, each client's view is the log's at its cursor, always; nobody is sent anything after its removal;
//! what is on its way is bounded; every close has its reason; and in the end whoever reads has all events, members and
//! values. The rules' ids of SPEC.md stand in the messages. Relies on: the public API of `storeroom-room`, and the
//! JSON of what it has kept.

#![cfg(test)]

mod cases;
mod chance;
mod client;
mod database;
mod flight;
mod host;
mod judge;
mod line;
mod moves;
mod news;
mod play;
mod runner;
mod world;

#[test]
fn kept_runs_are_as_the_model_says() {
    for (about, list) in cases::CASES {
        if let Err(why) = runner::play(list) {
            panic!("{about}: {why}");
        }
    }
}

#[test]
fn a1_to_a7_b_c_e_g_h_k_l_n_p_s_v_hold_for_every_seed_first_shard() {
    runner::run(0);
}

#[test]
fn a1_to_a7_b_c_e_g_h_k_l_n_p_s_v_hold_for_every_seed_second_shard() {
    runner::run(1);
}
