//! `POST /auth/refresh`: rotation, and what becomes of a token that is shown twice.

use crate::auth_register::{EMAIL, PASSWORD, login, post, register, text, value, with_token};
use serde_json::{Value as Json, json};
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Reply, Testbed};

const DAY_MS: i64 = 86_400_000;

async fn refresh(bed: &Testbed, token: &str) -> Reply {
    post(bed, "refresh", json!({"refresh_token": token})).await
}

fn is_over(reply: &Reply) -> bool {
    (reply.status(), reply.code().as_str()) == (401, "unauthenticated")
}

async fn me(bed: &Testbed, signed_in: &Json) -> u16 {
    with_token(bed, &text(signed_in, "access_token"), "GET", "me", None).await.status()
}

async fn register_with_store(bed: &Testbed) -> Json {
    let store = json!({"name": "Hearth", "currency": "EUR", "timezone": "Europe/Berlin"});
    let body = json!({"email": EMAIL, "password": PASSWORD, "name": "Ana", "store": store});
    post(bed, "register", body).await.json()
}

#[tokio::test]
async fn a_session_goes_on_with_the_next_pair() {
    let bed = Testbed::new().await;
    let first = register_with_store(&bed).await;
    bed.clock.advance(600_000);
    let reply = refresh(&bed, &text(&first, "refresh_token")).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let second = reply.json();
    assert_eq!((&second["user"], &second["memberships"]), (&first["user"], &first["memberships"]));
    assert_ne!(text(&second, "refresh_token"), text(&first, "refresh_token"));
    assert_ne!(text(&second, "access_token"), text(&first, "access_token"));
    bed.clock.advance(600_000);
    assert_eq!(
        (me(&bed, &first).await, me(&bed, &second).await),
        (401, 200),
        "the first access token has expired"
    );
    assert_eq!(refresh(&bed, &text(&second, "refresh_token")).await.status(), 200);
}

#[tokio::test]
async fn a_token_shown_twice_ends_its_session() {
    let bed = Testbed::new().await;
    let first = register_with_store(&bed).await;
    let other = login(&bed, EMAIL, PASSWORD).await.json();
    let second = refresh(&bed, &text(&first, "refresh_token")).await.json();
    let third = refresh(&bed, &text(&second, "refresh_token")).await.json();
    bed.clock.advance(1);

    let reply = refresh(&bed, &text(&first, "refresh_token")).await;
    assert!(is_over(&reply) && reply.round_trips == 1, "{}", reply.text());
    let members: Vec<String> = reply.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["code", "detail", "request_id", "status", "title", "type"]);
    for dead in [&second, &third] {
        assert!(is_over(&refresh(&bed, &text(dead, "refresh_token")).await));
        assert_eq!(me(&bed, dead).await, 401);
    }
    assert_eq!(me(&bed, &other).await, 200, "another sign-in is another family");
    assert_eq!(refresh(&bed, &text(&other, "refresh_token")).await.status(), 200);
}

#[tokio::test]
async fn the_rooms_hear_once_of_a_session_that_ended_so() {
    let bed = Testbed::new().await;
    let first = register_with_store(&bed).await;
    let Value::Text(session) = value(&bed, "SELECT max(session_id) FROM refresh_tokens").await else {
        panic!()
    };
    refresh(&bed, &text(&first, "refresh_token")).await;
    assert!(bed.recorded.expelled.borrow().is_empty());
    for _ in 0..2 {
        bed.clock.advance(1);
        assert!(is_over(&refresh(&bed, &text(&first, "refresh_token")).await));
    }
    let told = bed.recorded.expelled.borrow().clone();
    assert_eq!(told, [(text(&first["store"], "id"), vec![session])]);
}

#[tokio::test]
async fn of_two_at_once_one_wins_and_the_session_ends() {
    let bed = Testbed::new().await;
    let first = register(&bed, EMAIL).await;
    let token = text(&first, "refresh_token");
    let replies = futures::join!(refresh(&bed, &token), refresh(&bed, &token));
    let (won, lost) = if replies.0.status() == 200 { replies } else { (replies.1, replies.0) };
    assert_eq!(won.status(), 200);
    assert!(is_over(&lost));
    assert_eq!(me(&bed, &won.json()).await, 401);
    assert!(is_over(&refresh(&bed, &text(&won.json(), "refresh_token")).await));
}

#[tokio::test]
async fn a_session_ends_after_thirty_idle_days() {
    let bed = Testbed::new().await;
    let first = register(&bed, EMAIL).await;
    bed.clock.advance(30 * DAY_MS - 1);
    let second = refresh(&bed, &text(&first, "refresh_token")).await;
    assert_eq!(second.status(), 200);
    bed.clock.advance(30 * DAY_MS);
    assert!(is_over(&refresh(&bed, &text(&second.json(), "refresh_token")).await));
}

#[tokio::test]
async fn a_session_ends_after_a_hundred_and_eighty_days_however_busy() {
    let bed = Testbed::new().await;
    let mut token = text(&register(&bed, EMAIL).await, "refresh_token");
    for _ in 0..8 {
        bed.clock.advance(20 * DAY_MS);
        let reply = refresh(&bed, &token).await;
        assert_eq!(reply.status(), 200);
        token = text(&reply.json(), "refresh_token");
    }
    bed.clock.advance(20 * DAY_MS);
    assert!(is_over(&refresh(&bed, &token).await));
}

#[tokio::test]
async fn tokens_that_expired_go_by_the_way() {
    let bed = Testbed::new().await;
    let mut token = text(&register(&bed, EMAIL).await, "refresh_token");
    for _ in 0..8 {
        bed.clock.advance(10 * DAY_MS);
        token = text(&refresh(&bed, &token).await.json(), "refresh_token");
    }
    assert_eq!(value(&bed, "SELECT count(*) FROM refresh_tokens").await, Value::from(3));
}

#[tokio::test]
async fn what_is_no_token_is_refused() {
    let bed = Testbed::new().await;
    let first = register(&bed, EMAIL).await;
    let token = text(&first, "refresh_token");
    let hash = value(&bed, "SELECT hash FROM refresh_tokens").await;
    let Value::Text(hash) = hash else { panic!() };
    let access = text(&first, "access_token");
    for odd in ["x", "rt_", &token[3..], &token[..45], &token.to_uppercase(), &hash, &access[..200]] {
        let reply = refresh(&bed, odd).await;
        assert!(is_over(&reply) && reply.round_trips == 1, "{odd}");
    }
    for bad in [json!(""), json!("a\u{0}b"), json!("x".repeat(201)), json!(7), json!(null)] {
        let reply = post(&bed, "refresh", json!({"refresh_token": bad})).await;
        assert_eq!((reply.status(), reply.round_trips), (422, 0), "{bad}");
        assert_eq!(reply.json()["errors"][0]["pointer"], "/refresh_token");
    }
    assert!(bed.recorded.expelled.borrow().is_empty());
    assert_eq!(refresh(&bed, &token).await.status(), 200, "none of it harmed the session");
}

#[tokio::test]
async fn a_session_that_was_ended_gets_no_tokens() {
    let bed = Testbed::new().await;
    let first = register(&bed, EMAIL).await;
    bed.sql("UPDATE sessions SET ended_at = :now", Args::new().with("now", 1)).await;
    let reply = refresh(&bed, &text(&first, "refresh_token")).await;
    assert!(is_over(&reply));
    assert_eq!(value(&bed, "SELECT count(*) FROM refresh_tokens").await, Value::from(1));
}
