//! `POST /auth/login`, and how guessing is slowed down.

use crate::auth_register::{EMAIL, PASSWORD, login, post, register, text, value, with_token};
use futures::future::join_all;
use serde_json::{Value as Json, json};
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Reply, Testbed, request};
use storeroom_web::passwords::{Cost, Passwords};

const WRONG: &str = "incorrect horse";

async fn bed_with_account() -> Testbed {
    let bed = Testbed::new().await;
    register(&bed, EMAIL).await;
    bed
}

/// Signs in from an address.
async fn login_from(bed: &Testbed, client: &str, email: &str, password: &str) -> Reply {
    let body = json!({"email": email, "password": password}).to_string().into_bytes();
    let mut sent = request("POST", "/api/pms/auth/login", Some(body), &[]);
    sent.client = client.to_owned();
    bed.send(sent).await
}

fn refusal(reply: &Reply) -> (u16, String, Option<&str>) {
    (reply.status(), reply.code(), reply.header("retry-after"))
}

fn must_wait(seconds: &str) -> (u16, String, Option<&str>) {
    (429, "rate-limited".to_owned(), Some(seconds))
}

fn is_wrong() -> (u16, String, Option<&'static str>) {
    (401, "invalid-credentials".to_owned(), None)
}

async fn failures(bed: &Testbed) -> Vec<Vec<Value>> {
    bed.sql("SELECT failures FROM sign_in_failures ORDER BY failures", Args::new()).await
}

#[tokio::test]
async fn a_login_takes_two_round_trips_and_a_failure_one() {
    let bed = bed_with_account().await;
    let reply = login(&bed, EMAIL, PASSWORD).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 2), "{}", reply.text());
    let signed_in = reply.json();
    assert_eq!(signed_in.get("store"), None);
    let me = with_token(&bed, &text(&signed_in, "access_token"), "GET", "me", None).await;
    assert_eq!((me.status(), me.round_trips, &me.json()["user"]), (200, 1, &signed_in["user"]));

    let reply = login(&bed, EMAIL, WRONG).await;
    assert_eq!((refusal(&reply), reply.round_trips), (is_wrong(), 1));
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_address_look_alike() {
    let bed = bed_with_account().await;
    // An account that can sign in by no password, such as one that an operator put there.
    bed.sql(
        "INSERT INTO users (id, email, name, created_at) VALUES ('usr_x', 'x@shop.example', 'X', 0)",
        Args::new(),
    )
    .await;
    let mut bodies = Vec::new();
    for email in [EMAIL, "nobody@shop.example", "x@shop.example", "not an address", "' OR 1=1 --"] {
        let reply = login(&bed, email, WRONG).await;
        assert_eq!((refusal(&reply), reply.round_trips), (is_wrong(), 1), "{email}");
        let mut body = reply.json();
        assert!(body.as_object_mut().unwrap().remove("request_id").is_some());
        let names: Vec<&str> = reply.response.headers.iter().map(|(name, _)| *name).collect();
        bodies.push((body, names.join(",")));
    }
    assert!(bodies.iter().all(|body| *body == bodies[0]), "{bodies:?}");
}

#[tokio::test]
async fn a_password_is_taken_as_it_is_typed() {
    let bed = bed_with_account().await;
    for wrong in ["Correct horse", "correct horse ", " correct horse", "correct  horse"] {
        assert_eq!(refusal(&login(&bed, EMAIL, wrong).await), is_wrong(), "{wrong:?}");
    }
    let umlauts = "pässwört ’n";
    let body = json!({"email": "u@shop.example", "password": umlauts, "name": "U"});
    assert_eq!(post(&bed, "register", body).await.status(), 201);
    assert_eq!(login(&bed, "u@shop.example", umlauts).await.status(), 200);
}

#[tokio::test]
async fn after_five_failures_an_address_has_to_wait_longer_and_longer() {
    let bed = bed_with_account().await;
    for _ in 0..5 {
        assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), is_wrong());
    }
    for wait_s in [1_i64, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300] {
        let reply = login(&bed, &EMAIL.to_uppercase(), PASSWORD).await;
        assert_eq!(
            (refusal(&reply), reply.round_trips),
            (must_wait(&wait_s.to_string()), 1),
            "even the right one"
        );
        bed.clock.advance(wait_s * 1_000 - 1);
        assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), must_wait("1"), "counts down");
        bed.clock.advance(1);
        assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), is_wrong());
    }
}

#[tokio::test]
async fn waiting_tells_no_more_than_failing() {
    let bed = bed_with_account().await;
    for email in [EMAIL, "nobody@shop.example"] {
        for _ in 0..5 {
            login(&bed, email, WRONG).await;
        }
        let body = login(&bed, email, WRONG).await.json();
        let members: Vec<&String> = body.as_object().unwrap().keys().collect();
        assert_eq!(members, ["code", "detail", "request_id", "status", "title", "type"], "{email}");
    }
}

#[tokio::test]
async fn of_twenty_at_once_five_are_answered() {
    let bed = bed_with_account().await;
    let replies = join_all((0..20).map(|_| login(&bed, EMAIL, WRONG))).await;
    let mut answers: Vec<_> = replies.iter().map(refusal).collect();
    answers.sort();
    let expected: Vec<_> = (0..20).map(|n| if n < 5 { is_wrong() } else { must_wait("1") }).collect();
    assert_eq!(answers, expected);
    assert_eq!(failures(&bed).await, [[Value::from(5)], [Value::from(5)]], "who waits is not counted");
}

#[tokio::test]
async fn a_success_forgets_the_failures() {
    let bed = bed_with_account().await;
    for _ in 0..3 {
        for _ in 0..4 {
            assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), is_wrong());
        }
        assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
        bed.clock.advance(1);
    }
    assert_eq!(failures(&bed).await, [[Value::from(12)]], "the network address keeps its own");
}

#[tokio::test]
async fn a_quarter_of_an_hour_forgets_the_failures() {
    let bed = bed_with_account().await;
    for _ in 0..5 {
        login(&bed, EMAIL, WRONG).await;
    }
    bed.clock.advance(900_001);
    for _ in 0..5 {
        assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), is_wrong());
    }
    assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), must_wait("1"));
}

#[tokio::test]
async fn after_twenty_failures_a_network_address_has_to_wait() {
    let bed = bed_with_account().await;
    for n in 0..20 {
        let reply = login_from(&bed, "198.51.100.7", &format!("{n}@shop.example"), WRONG).await;
        assert_eq!(refusal(&reply), is_wrong(), "{n}");
    }
    assert_eq!(refusal(&login_from(&bed, "198.51.100.7", EMAIL, PASSWORD).await), must_wait("1"));
    assert_eq!(
        login_from(&bed, "198.51.100.8", EMAIL, PASSWORD).await.status(),
        200,
        "others are not held up"
    );
    bed.clock.advance(1_000);
    assert_eq!(login_from(&bed, "198.51.100.7", EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(
        login_from(&bed, "198.51.100.7", EMAIL, PASSWORD).await.status(),
        200,
        "a success holds nobody up"
    );
    assert_eq!(refusal(&login_from(&bed, "198.51.100.7", EMAIL, WRONG).await), is_wrong());
    assert_eq!(refusal(&login_from(&bed, "198.51.100.7", EMAIL, PASSWORD).await), must_wait("2"));
}

#[tokio::test]
async fn one_network_of_ipv6_is_one_address() {
    let bed = bed_with_account().await;
    for n in 0..20 {
        login_from(&bed, &format!("2001:db8:0:1::{n:x}"), &format!("{n}@shop.example"), WRONG).await;
    }
    assert_eq!(login_from(&bed, "2001:db8:0:1:ffff::1", EMAIL, PASSWORD).await.status(), 429);
    assert_eq!(login_from(&bed, "2001:db8:0:2::1", EMAIL, PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn who_comes_from_nowhere_counts_by_e_mail_only() {
    let bed = bed_with_account().await;
    for n in 0..25 {
        assert_eq!(refusal(&login_from(&bed, "", &format!("{n}@shop.example"), WRONG).await), is_wrong());
    }
    assert_eq!(failures(&bed).await.len(), 25);
}

#[tokio::test]
async fn old_counts_go_by_the_way() {
    let bed = bed_with_account().await;
    for n in 0..4 {
        login_from(&bed, &format!("198.51.100.{n}"), &format!("{n}@shop.example"), WRONG).await;
    }
    assert_eq!(failures(&bed).await.len(), 8);
    bed.clock.advance(86_400_001);
    for left in [8, 8, 8, 8, 2] {
        login_from(&bed, "198.51.100.9", EMAIL, WRONG).await;
        bed.clock.advance(1_000);
        assert!(failures(&bed).await.len() <= left);
    }
}

#[tokio::test]
async fn what_is_counted_names_nobody() {
    let bed = bed_with_account().await;
    login(&bed, EMAIL, WRONG).await;
    for row in bed.sql("SELECT subject FROM sign_in_failures", Args::new()).await {
        let Value::Text(subject) = &row[0] else { panic!("{row:?}") };
        assert!(subject.len() == 64 && subject.bytes().all(|byte| byte.is_ascii_hexdigit()), "{subject}");
    }
}

#[tokio::test]
async fn what_cannot_be_a_credential_is_refused_without_work() {
    let bed = bed_with_account().await;
    for (email, password, pointer) in [
        ("a".repeat(255).as_str(), PASSWORD, "/email"),
        ("", PASSWORD, "/email"),
        ("a\u{0}@shop.example", PASSWORD, "/email"),
        (EMAIL, "p".repeat(129).as_str(), "/password"),
        (EMAIL, "", "/password"),
        (EMAIL, "correct\u{0}horse", "/password"),
    ] {
        let reply = login(&bed, email, password).await;
        assert_eq!((reply.status(), reply.round_trips), (422, 0), "{pointer}");
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer);
        assert!(password.is_empty() || !reply.text().contains(password));
    }
    assert!(failures(&bed).await.is_empty());
}

#[tokio::test]
async fn a_login_renews_an_outdated_hash() {
    let bed = bed_with_account().await;
    let cheap = Passwords::new(Cost { memory_kib: 64, passes: 1, lanes: 1 });
    let old = cheap.enter().unwrap().hash(PASSWORD, [7; 16]).unwrap();
    bed.sql(
        "UPDATE users SET password_hash = :old WHERE password_hash IS NOT NULL",
        Args::new().with("old", old.as_str()),
    )
    .await;
    assert_eq!(refusal(&login(&bed, EMAIL, WRONG).await), is_wrong());
    let stored = "SELECT max(password_hash) FROM users";
    assert_eq!(value(&bed, stored).await, Value::from(old.as_str()), "only who knows it renews it");
    let reply = login(&bed, EMAIL, PASSWORD).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 2));
    let Value::Text(renewed) = value(&bed, stored).await else { panic!() };
    assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(value(&bed, stored).await, Value::from(renewed), "once");
}

#[tokio::test]
async fn a_third_password_at_once_has_to_come_again() {
    let bed = bed_with_account().await;
    let inside = (bed.secrets().passwords.enter().unwrap(), bed.secrets().passwords.enter().unwrap());
    let reply = login(&bed, EMAIL, PASSWORD).await;
    assert_eq!(refusal(&reply), (503, "unavailable".to_owned(), Some("1")));
    assert_eq!((reply.round_trips, failures(&bed).await.len()), (0, 0));
    drop(inside);
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(login(&bed, EMAIL, WRONG).await.status(), 401);
    assert!(bed.secrets().passwords.enter().is_ok(), "each gave its place back");
}

#[tokio::test]
async fn old_sessions_go_by_the_way() {
    let bed = bed_with_account().await;
    let count =
        "SELECT count(*) FROM sessions JOIN users ON users.id = user_id WHERE password_hash IS NOT NULL";
    for _ in 0..3 {
        assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
    }
    assert_eq!(value(&bed, count).await, Value::from(4));
    bed.clock.advance(31 * 86_400_000 + 1);
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
    assert_eq!(value(&bed, count).await, Value::from(1));
    assert_eq!(value(&bed, "SELECT count(*) FROM refresh_tokens").await, Value::from(1), "with their tokens");
}

/// Everything that a log line must not hold, of one account's whole life.
#[tokio::test]
async fn no_log_line_names_a_person_or_holds_a_secret() {
    let bed = Testbed::new().await;
    let made = register(&bed, EMAIL).await;
    let signed_in = login(&bed, EMAIL, PASSWORD).await.json();
    for _ in 0..7 {
        login(&bed, EMAIL, WRONG).await;
    }
    post(&bed, "register", json!({"email": EMAIL, "password": PASSWORD, "name": "Ana Lopez"})).await;
    let token = text(&signed_in, "refresh_token");
    for _ in 0..2 {
        post(&bed, "refresh", json!({"refresh_token": token})).await;
    }
    with_token(&bed, &text(&made, "access_token"), "DELETE", "me", None).await;
    bed.sql("DROP TABLE sign_in_failures", Args::new()).await;
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 500);
    let lines: Vec<String> =
        bed.recorded.lines.borrow().iter().map(|(_, line)| line.to_lowercase()).collect();
    assert!(lines.len() > 10);
    let secrets = [text(&made, "access_token"), text(&made, "refresh_token"), token];
    let told: Vec<String> = [EMAIL, "shop.example", PASSWORD, WRONG, "Lopez", "rt_", "argon2", "192.0.2.1"]
        .into_iter()
        .map(str::to_owned)
        .chain(secrets)
        .map(|text| text.to_lowercase())
        .collect();
    for line in &lines {
        assert!(!told.iter().any(|text| line.contains(text)), "{line}");
        assert!(serde_json::from_str::<Json>(line).is_ok(), "{line}");
    }
}
