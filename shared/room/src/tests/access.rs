//! Removal, changed roles, revoked keys and ended sessions.

use super::bench::*;
use crate::*;
use serde_json::{Value, json};
use storeroom_domain::{LogCursor, Role};

/// The event of an access that ends or changes.
fn told(seq: i64, event_type: &str, subject: &str, data: Value) -> LogEvent {
    let document = json!({"seq": seq, "type": event_type, "subject": subject, "data": data}).to_string();
    LogEvent { seq, event_type: event_type.to_owned(), document }
}

fn hello() -> Value {
    json!({"t": "hello"})
}

impl Bench {
    /// Commits an event about somebody's access and returns the nudge.
    fn tell(&mut self, event_type: &str, subject: &str, data: Value) -> Input {
        let event = told(self.head() + 1, event_type, subject, data);
        self.log.push(event.clone());
        Input::Nudge { epoch: self.epoch, events: vec![event] }
    }

    fn remove(&mut self, user: &str) -> Input {
        self.tell("member.removed", user, json!({}))
    }

    fn make(&mut self, user: &str, role: Role) -> Input {
        self.tell("member.changed", user, json!({"role": role.as_str()}))
    }

    fn product(&mut self) {
        let nudge = self.commit(&["product.created"]);
        self.run(nudge);
    }
}

#[test]
fn a1_a2_a_removed_member_is_closed_before_the_event() {
    let mut bench = Bench::with_log(3);
    for (number, user) in [(1, "usr_a"), (2, "usr_a"), (3, "usr_b")] {
        bench.connect(number, user, Role::Owner);
        bench.say(number, hello());
    }
    bench.sent.clear();
    let nudge = bench.remove("usr_a");
    bench.run(nudge);
    assert_eq!(bench.closed, [(id(1), CloseCode::Forbidden), (id(2), CloseCode::Forbidden)]);
    bench.product();
    assert_eq!((bench.take(1), bench.take(2)), (vec![], vec![]));
    assert_eq!(bench.events(3), (vec![4, 5], "1.5".to_owned()), "whoever stays loses nothing");
}

#[test]
fn a1_a_removal_before_the_ticket_counts_for_nothing() {
    let mut bench = Bench::with_log(3);
    let first = bench.remove("usr_a");
    bench.tell("member.added", "usr_a", json!({"role": "viewer"}));
    bench.connect(1, "usr_a", Role::Viewer);
    bench.say(1, json!({"t": "hello", "cursor": "1.2"}));
    assert_eq!(
        (bench.events(1).1, bench.closed.len()),
        ("1.5".to_owned(), 0),
        "replayed as the past that it is"
    );
    bench.run(first);
    assert_eq!(bench.closed, [], "nor does a nudge that comes late");
    let again = bench.remove("usr_a");
    bench.run(again);
    assert_eq!(bench.closed, [(id(1), CloseCode::Forbidden)]);
}

#[test]
fn a1_only_the_connection_from_before_is_closed() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_a", Role::Viewer);
    bench.say(1, hello());
    let removal = bench.remove("usr_a");
    bench.tell("member.added", "usr_a", json!({"role": "viewer"}));
    bench.connect(2, "usr_a", Role::Viewer);
    bench.say(2, hello());
    bench.run(removal);
    assert_eq!(bench.closed, [(id(1), CloseCode::Forbidden)]);
    bench.run(Input::Head { epoch: 1, head: 5 });
    bench.product();
    assert_eq!((bench.events(2).1, bench.closed.len()), ("1.6".to_owned(), 1));
}

#[test]
fn a1_a2_a_lost_nudge_is_made_good_also_after_sleep() {
    let mut bench = Bench::with_log(3);
    bench.join(1, hello());
    bench.join(2, hello());
    bench.sent.clear();
    bench.remove("usr_1");
    bench.commit(&["product.created"]);
    bench.sleep();
    bench.run(Input::Head { epoch: 1, head: 5 });
    assert_eq!(
        (bench.take(1), bench.closed.as_slice()),
        (vec![], [(id(1), CloseCode::Forbidden)].as_slice())
    );
    assert_eq!(bench.events(2), (vec![5], "1.5".to_owned()));
}

#[test]
fn a2_a_revoked_key_closes_what_it_opened() {
    let mut bench = Bench::with_log(3);
    let member = Member { session: "key_a".to_owned(), ..bench.member(1, "key_a", Role::Editor) };
    bench.run(Input::Connected { connection: id(1), member: Some(member) });
    bench.say(1, hello());
    bench.join(2, hello());
    let nudge = bench.tell("key.revoked", "key_b", json!({}));
    bench.run(nudge);
    assert_eq!(bench.closed, []);
    let nudge = bench.tell("key.revoked", "key_a", json!({}));
    bench.run(nudge);
    assert_eq!(bench.closed, [(id(1), CloseCode::SignedOut)]);
}

#[test]
fn a3_a_changed_role_is_what_they_see_by() {
    let mut bench = Bench::with_log(0);
    for (number, user) in [(1, "usr_a"), (2, "usr_b")] {
        bench.connect(number, user, Role::Viewer);
        bench.say(number, hello());
    }
    bench.sent.clear();
    let order = |bench: &mut Bench| {
        let nudge = bench.commit(&["order.created"]);
        bench.run(nudge);
        bench.events(1).0
    };
    assert_eq!(order(&mut bench), [0; 0]);
    let nudge = bench.make("usr_a", Role::Owner);
    let effects = bench.step(nudge);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Keep { .. }, Effect::Save { .. }, Effect::Send { .. }, ..]
    ));
    assert_eq!(bench.events(1).0, [2], "the event that says so is one that the new role may read");
    bench.sleep();
    assert_eq!(order(&mut bench), [3], "and the role is kept");
    let nudge = bench.make("usr_a", Role::Viewer);
    bench.run(nudge);
    assert_eq!(order(&mut bench), [0; 0]);
    assert_eq!((bench.events(2), bench.closed.len()), ((vec![], "1.5".to_owned()), 0));
}

#[test]
fn a3_what_is_replayed_goes_by_the_role_of_now() {
    let mut bench = Bench::with_log(0);
    let nudge = bench.commit(&["order.created", "product.created"]);
    bench.join(9, hello());
    bench.run(nudge);
    bench.connect(1, "usr_a", Role::Owner);
    bench.make("usr_a", Role::Viewer);
    bench.say(1, json!({"t": "hello", "cursor": "1.0"}));
    assert_eq!(bench.events(1).0, [2], "the look that brings the past brings the change");
    let old_ticket =
        Member { as_of: LogCursor { epoch: 1, seq: 2 }, ..bench.member(2, "usr_a", Role::Owner) };
    bench.run(Input::Connected { connection: id(2), member: Some(old_ticket) });
    bench.say(2, json!({"t": "hello", "cursor": "1.0"}));
    let frames = bench.take(2);
    assert_eq!((&frames[0]["t"], &frames[0]["member"]["role"]), (&json!("welcome"), &json!("viewer")));
    assert_eq!((seqs(&frames[1]), frames.len()), (vec![2], 2));
}

#[test]
fn a4_a_removal_while_greeting_is_found_by_a_look() {
    let mut bench = Bench::with_log(3);
    bench.connect(1, "usr_a", Role::Viewer);
    let nudge = bench.remove("usr_a");
    bench.run(nudge);
    assert_eq!((bench.closed.len(), bench.looks), (0, 0), "nobody watches: the room follows nothing");
    bench.commit(&["product.created"]);
    bench.say(1, hello());
    assert_eq!(
        (bench.take(1), bench.closed.as_slice()),
        (vec![], [(id(1), CloseCode::Forbidden)].as_slice())
    );
}

#[test]
fn a4_a_removal_while_greeting_in_a_watched_room() {
    let mut bench = Bench::with_log(3);
    bench.join(9, hello());
    bench.connect(1, "usr_a", Role::Viewer);
    bench.connect(2, "usr_b", Role::Viewer);
    let nudge = bench.remove("usr_a");
    bench.run(nudge);
    assert_eq!(bench.closed, [(id(1), CloseCode::Forbidden)]);
    bench.say(2, hello());
    assert_eq!((bench.take(2).len(), bench.looks), (1, 1), "the other one costs no look");
}

#[test]
fn a4_a_removal_between_ticket_and_connection() {
    let mut bench = Bench::with_log(3);
    bench.join(9, hello());
    let tickets = [(1, "usr_a"), (2, "usr_b")].map(|(number, user)| bench.member(number, user, Role::Owner));
    let nudge = bench.remove("usr_a");
    bench.run(nudge);
    for (number, member) in (1..).zip(tickets) {
        bench.run(Input::Connected { connection: id(number), member: Some(member) });
        bench.say(number, json!({"t": "hello", "cursor": "1.1"}));
    }
    assert_eq!(
        (bench.take(1), bench.closed.as_slice()),
        (vec![], [(id(1), CloseCode::Forbidden)].as_slice())
    );
    assert_eq!(bench.events(2), (vec![2, 3, 4], "1.4".to_owned()));
}

#[test]
fn a4_the_events_since_the_ticket_may_fill_many_pages() {
    let mut bench = Bench::with_log(3);
    let tickets = [(1, "usr_a"), (2, "usr_b")].map(|(number, user)| bench.member(number, user, Role::Viewer));
    bench.commit(&["product.updated"; 2_500]);
    bench.remove("usr_a");
    for (number, member) in (1..).zip(tickets) {
        bench.run(Input::Connected { connection: id(number), member: Some(member) });
        bench.say(number, json!({"t": "hello", "cursor": "1.0"}));
    }
    assert_eq!(
        (bench.take(1), bench.closed.as_slice()),
        (vec![], [(id(1), CloseCode::Forbidden)].as_slice())
    );
    assert_eq!(bench.events(2).0, (1..=2_503).collect::<Vec<_>>(), "but for the last, which it may not read");
}

#[test]
fn a5_a_ticket_that_cannot_be_judged_is_too_old() {
    let mut bench = Bench { first: 6, ..Bench::with_log(7) };
    for (number, epoch, seq) in [(1, 1, 4), (2, 9, 7), (3, 1, 5)] {
        let as_of = LogCursor { epoch, seq };
        let member = Member { as_of, ..bench.member(number, "usr_a", Role::Viewer) };
        bench.run(Input::Connected { connection: id(number), member: Some(member) });
        bench.say(number, hello());
    }
    assert_eq!(bench.closed, [(id(1), CloseCode::Unauthenticated), (id(2), CloseCode::Unauthenticated)]);
    assert_eq!(bench.take(3)[0]["cursor"], "1.7");
}

#[test]
fn a5_a_look_from_before_the_ticket_does_not_decide() {
    let mut bench = Bench::with_log(7);
    bench.connect(1, "usr_a", Role::Viewer);
    let (number, after, limit) = fetch(&bench.step(text(1, r#"{"t":"hello"}"#))).unwrap();
    let old = bench.page(after, limit);
    bench.epoch = 2;
    bench.connect(2, "usr_b", Role::Viewer);
    bench.step(text(2, r#"{"t":"hello"}"#));
    bench.run(Input::Backfill { number, page: old });
    assert_eq!(
        bench.closed,
        [(id(1), CloseCode::Unauthenticated)],
        "which the restored database does not know"
    );
    assert_eq!(bench.take(2)[0]["cursor"], "2.7");
}

#[test]
fn a5_whom_a_sleeping_room_cannot_judge_it_closes() {
    let mut bench = Bench::with_log(3);
    bench.join(1, hello());
    bench.commit(&["product.updated"; 10]);
    bench.first = 9;
    bench.run(Input::Head { epoch: 1, head: 13 });
    assert_eq!(bench.closed, [(id(1), CloseCode::Unauthenticated)]);
}

#[test]
fn a5_a_newer_ticket_can_be_judged_and_is_to_the_end() {
    let mut bench = Bench::with_log(3);
    bench.join(1, hello());
    bench.commit(&["product.updated"; 1_100]);
    bench.join(2, hello());
    bench.sent.clear();
    bench.commit(&["product.updated"; 1_200]);
    bench.remove("usr_2");
    bench.first = 1_000;
    bench.run(Input::Head { epoch: 1, head: bench.head() });
    assert_eq!(bench.closed, [(id(1), CloseCode::Unauthenticated), (id(2), CloseCode::Forbidden)]);
    assert_eq!(bench.take(2)[0], json!({"t": "reset", "cursor": "1.999", "reason": "too_old"}));
}

#[test]
fn a6_ended_sessions_are_shut_out() {
    let mut bench = Bench::with_log(3);
    bench.join(1, hello());
    bench.join(2, hello());
    bench.connect(3, "usr_3", Role::Viewer);
    bench.run(Input::Expel { sessions: vec!["ses_0".to_owned(), "ses_1".to_owned(), "ses_3".to_owned()] });
    assert_eq!(bench.closed, [(id(1), CloseCode::SignedOut), (id(3), CloseCode::SignedOut)]);
    bench.say(1, hello());
    bench.sent.clear();
    bench.product();
    assert_eq!((bench.take(1), bench.events(2).0), (vec![], vec![4]));
}

#[test]
fn a7_what_cannot_be_read_changes_nothing() {
    let mut bench = Bench::with_log(0);
    bench.join(1, hello());
    for (event_type, data) in [("member.changed", json!({})), ("member.changed", json!({"role": "king"}))] {
        let nudge = bench.tell(event_type, "usr_1", data);
        bench.run(nudge);
    }
    let nudge = bench.tell("product.deleted", "usr_1", json!({"role": "owner"}));
    bench.run(nudge);
    assert_eq!((bench.closed.len(), bench.events(1).1), (0, "1.3".to_owned()));
}
