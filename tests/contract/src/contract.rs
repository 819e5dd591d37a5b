//! What every database must do for Storeroom: one suite of cases, run on each of them.
//!
//! Guarantees: a case is written once, over the `Connection` and `Database` ports, and runs on embedded libSQL and on
//! a real libSQL server over Hrana; the cases in `faults` run over a connection that fails before or after any step.
//! Relies on: sqld for its half, which `cargo xtask test` installs; without it that half fails.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "all of it is tests"
)]
#![allow(missing_docs, reason = "the name of a case is its sentence")]

mod access;
mod atomicity;
mod audit;
mod bench;
mod faults;
mod faulty;
mod groups;
mod guards;
mod holds;
mod idempotency;
mod log;
mod plans;
mod schema;
mod server;
mod settling;
mod shop;
mod sqld;
mod stock;
mod stub;
mod values;

use bench::{Bench, SCRATCH};
use std::rc::Rc;
use storeroom_testbed::embedded::Embedded;

/// Runs a test's future on a runtime of its own.
pub fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

fn on_embedded(scope: &'static str, case: impl AsyncFnOnce(&Bench)) {
    block_on(async {
        let embedded = Embedded::migrated().await;
        embedded.execute_script(SCRATCH).await.unwrap();
        case(&Bench { connection: Rc::new(embedded), scope }).await;
    });
}

fn on_sqld(scope: &'static str, case: impl AsyncFnOnce(&Bench)) {
    block_on(async {
        let (hrana, _permit) = sqld::connect().await;
        case(&Bench { connection: Rc::new(hrana), scope }).await;
    });
}

macro_rules! suite {
    ($($subject:ident { $($case:ident)+ })+) => {
        mod on_embedded_libsql {
            $(mod $subject { $(#[test] fn $case() {
                crate::on_embedded(concat!(stringify!($subject), "_", stringify!($case)), crate::$subject::$case);
            })+ })+
        }
        mod on_sqld {
            $(mod $subject { $(#[test] fn $case() {
                crate::on_sqld(concat!(stringify!($subject), "_", stringify!($case)), crate::$subject::$case);
            })+ })+
        }
    };
}

suite! {
    atomicity {
        a_done_frame_is_kept_whole
        a_refused_frame_leaves_only_its_prelude
        a_refused_prelude_leaves_nothing
        a_statement_that_cannot_run_refuses_its_frame
        a_failing_commit_keeps_nothing
        an_open_transaction_is_rolled_back
        conditions_decide_what_runs
        writes_of_several_connections_follow_each_other
    }
    guards {
        only_what_is_true_passes
        run_expecting_counts_the_rows
        a_guard_resets_the_count_of_changes
        returning_gives_the_rows_that_changed
        a_refusal_is_explained
        constraints_are_told_apart
        messages_are_sqlites_own
    }
    values {
        nulls
        integers_of_64_bits
        floats
        a_nan_is_null
        blobs
        texts
        texts_compare_as_bytes
        a_thousand_rows
        a_thousand_rows_into_a_table
        no_rows
        a_number_used_twice_is_one_argument
        a_read_that_is_wrong_is_no_outage
    }
    groups {
        a_refused_frame_harms_no_neighbour
        a_frame_sees_what_those_before_it_did
        a_full_group
        random_groups_do_what_the_model_does
    }
    faults {
        a_line_cut_before_any_step_leaves_nothing
        a_line_cut_after_the_last_step_leaves_everything
        any_step_may_be_refused
        the_first_and_the_last_step_carry_the_whole_group
        a_read_does_not_care_whether_it_was_heard
    }
    access {
        a_write_is_refused_at_once
        a_read_is_one_row_with_access_and_cursor
        a_refused_read_gives_no_row_away
        a_credential_may_reach_one_store_or_more
        a_key_is_refused_at_once
        a_nonce_counts_once_whatever_becomes_of_its_request
        a_nonce_is_any_keys_own
        nonces_that_have_expired_are_swept
    }
    audit {
        counts_up_in_each_store
        has_one_row_a_request
        only_grows_and_is_sealed_once
        unsealed_rows_are_found
    }
    holds {
        what_is_shown_is_what_settling_writes
        whole_holds_settle_by_one_of_their_lines
        an_expiry_is_told_with_its_moment
        a_committed_line_leaves_in_one_step
        what_is_due_is_found
    }
    idempotency {
        an_answer_is_kept_with_its_work
        an_answer_may_be_empty
        refused_work_keeps_nothing
        a_key_is_its_actors_in_its_store
        what_has_expired_is_not_found_and_replaced
        what_has_expired_is_swept
        a_group_does_it_once
    }
    stock {
        movements_are_written_and_told
        what_is_not_there_names_its_lines
    }
    log {
        the_first_event_tells_everything
        a_change_tells_what_differs
        the_end_tells_nothing_but_itself
        a_refused_change_leaves_no_hole
        announcements_are_the_events
        the_log_is_read_on_from_any_place
        stores_whose_log_has_grown_are_found
    }
    settling {
        settling_writes_what_was_shown
        settled_things_are_told_in_order_without_holes
        settling_twice_does_nothing
        a_product_settles_alone
        a_backlog_settles_in_bounded_steps
        what_is_due_is_found
    }
    plans {
        no_statement_scans_a_table_that_grows
        a_scan_is_noticed
    }
}

/// sqld lets nobody lower the limit that makes the disk full.
#[test]
fn what_ends_the_transaction_ends_the_group() {
    on_embedded("full", groups::what_ends_the_transaction_ends_the_group);
}
