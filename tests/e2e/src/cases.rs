//! Every case, by what it is about.

mod access;
mod bad_input;
mod database;
mod images;
mod import;
mod incoming;
mod orders;
mod products;
mod race;
mod room;
mod storm;
mod stream;
mod system;
mod webhooks;
mod wire;
mod writes;
mod writing;

use crate::shop::{Facts, Place, Shop};
use futures::future::{Either, LocalBoxFuture, select};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

/// A case.
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What it does in a shop of its own.
    pub run: fn(Rc<Shop>) -> LocalBoxFuture<'static, ()>,
}

/// Makes a case of an `async fn(Rc<Shop>)`.
macro_rules! cases {
    ($($module:ident::$name:ident),* $(,)?) => {
        vec![$(Case {
            name: concat!(stringify!($module), "::", stringify!($name)),
            run: |shop| Box::pin($module::$name(shop)),
        }),*]
    };
}

/// The cases for a host, those that stop its database last.
pub fn all(facts: &Facts) -> Vec<Case> {
    let mut list = cases![
        system::health_and_readiness,
        system::reference,
        products::a_life,
        products::conditional_requests,
        products::lists_page,
        products::a_schedule_counts_from_its_moment,
        products::found_gone_back_to_and_kept,
        products::a_thousand_in_one_call,
        access::roles_and_strangers,
        access::a_membership_that_is_removed_by_hand,
        access::forged_and_expired_tokens,
        access::sign_in_and_out,
        access::a_refresh_token_works_once,
        access::replayed_nonces,
        access::altered_signed_requests,
        access::a_key_that_is_revoked,
        bad_input::every_line_on_every_route,
        bad_input::random_bytes,
        images::are_taken_and_served,
        images::of_twelve_megapixels_and_twenty_megabytes,
        images::that_are_none_are_refused,
        images::are_served_in_parts_and_as_what_they_are,
        import::a_file_goes_in_and_comes_out_again,
        import::a_bad_file_leaves_nothing,
        import::a_signed_file_says_its_hash_ahead,
        incoming::an_event_from_many_connections_is_applied_once,
        incoming::a_rejected_event_is_applied_after_a_fix,
        orders::a_life,
        orders::of_a_hold,
        orders::one_that_expires,
        orders::due_work_by_a_scheduler,
        race::sells_exactly_the_stock,
        race::sells_it_once_when_all_is_sent_twice,
        writes::many_at_once,
        writes::a_refused_write_harms_no_neighbour,
        writes::a_repeated_write_is_done_once,
        stream::every_event_comes_soon_and_in_order,
        stream::reconnects_lose_and_double_nothing,
        stream::types_and_roles_narrow_what_is_sent,
        stream::ends_for_whoever_is_removed,
        stream::ends_with_its_session,
        stream::is_compressed_event_by_event,
        stream::the_feed_is_compressed,
        stream::an_idle_stream_sends_a_comment,
        stream::a_long_poll_returns_when_something_happens,
        stream::a_long_poll_is_empty_at_its_end,
        stream::a_long_poll_of_whoever_is_removed_is_refused,
        stream::what_cannot_be_followed_is_a_problem,
    ];
    list.extend(match facts.websockets {
        true => cases![
            room::a_member_sees_every_event_in_order,
            room::a_cursor_brings_what_was_missed,
            room::topics_narrow_what_is_sent,
            room::a_ticket_works_once,
            room::bad_frames_close_with_their_code,
            room::a_hello_that_never_comes,
            room::members_see_where_the_others_are,
            room::members_share_values,
            room::the_101st_connection_replaces_the_oldest,
            room::a_reader_that_never_acknowledges_is_closed,
            room::due_work_runs_by_itself,
            room::a_second_schedule_is_not_forgotten,
            room::a_swallowed_nudge_is_made_good,
            room::a_removed_member_is_closed_with_4403,
            room::a_logout_closes_its_sockets,
            room::a_swallowed_logout_is_made_good,
            room::an_idle_room_sleeps_and_wakes,
            stream::a_client_that_leaves_leaves_the_room,
            wire::frames_are_deflated_for_whoever_offers_it,
            webhooks::an_event_is_delivered_at_once,
            webhooks::bad_endpoints_hold_up_nothing,
        ],
        false => cases![
            room::is_not_offered,
            webhooks::a_scheduler_has_events_delivered,
            wire::a_refusal_reaches_who_is_still_sending,
            wire::a_refusal_in_the_middle_reaches_who_is_still_sending,
            wire::who_asks_before_sending_is_refused_before_sending,
        ],
    });
    if let Place::Server { pids, .. } = &facts.database {
        PIDS.set(pids.clone()).expect("set once");
        list.extend(cases![
            database::that_does_not_answer,
            database::that_stands_still_fills_the_queue,
            race::with_a_host_that_is_killed,
            race::with_a_database_that_is_killed,
        ]);
        if facts.websockets {
            list.extend(cases![
                storm::every_client_ends_with_every_event,
                webhooks::every_event_arrives_whatever_dies,
                import::a_job_goes_on_whatever_dies,
            ]);
        }
    }
    list
}

/// Where workerd takes a cron job's turn from.
const CRON: &str = "/cdn-cgi/handler/scheduled?cron=*+*+*+*+*";
/// How long it takes at most until what was killed runs again.
const MENDED_WITHIN: Duration = Duration::from_secs(180);

/// The file with the processes of the database server and the host.
static PIDS: std::sync::OnceLock<std::path::PathBuf> = std::sync::OnceLock::new();

/// A process that a case may stop or kill.
#[derive(Clone, Copy)]
enum Process {
    Database,
    Host,
}

/// Its id, which is also its group's.
fn pid(process: Process) -> nix::unistd::Pid {
    let pids =
        std::fs::read_to_string(PIDS.get().expect("a database server")).expect("the file of processes");
    let line = match process {
        Process::Database => pids.lines().next(),
        Process::Host => pids.lines().nth(1),
    };
    nix::unistd::Pid::from_raw(line.and_then(|line| line.parse().ok()).expect("a process id"))
}

/// Kills the process and waits until it was started again and answers.
async fn kill(process: Process) {
    let victim = pid(process);
    nix::sys::signal::killpg(victim, nix::sys::signal::Signal::SIGKILL).unwrap();
    // Another id stands there once it was started again and answers.
    let mended = async {
        while pid(process) == victim {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(MENDED_WITHIN, mended).await.expect("started again");
}

/// Runs the cron job now: on this machine nobody else does.
async fn run_cron(shop: &Shop) {
    let cron = shop.send("GET", CRON, None, &[]).await;
    assert_eq!(cron.status, 200, "{}", cron.text);
}

/// Does the work, and has due work run once a second beside it: a kill may have swallowed the alarm.
async fn beside_cron<T>(shop: &Shop, work: impl Future<Output = T>) -> T {
    let cron = async {
        loop {
            // The host may be killed meanwhile.
            let _ = shop.try_send("GET", CRON, None, &[]).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    };
    match select(pin!(work), pin!(cron)).await {
        Either::Left((done, _)) => done,
        Either::Right((never, _)) => never,
    }
}

/// Adds one.
fn count(counter: &std::cell::Cell<usize>) {
    counter.set(counter.get() + 1);
}
