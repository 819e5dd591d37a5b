//! `POST /auth/register`, and the steps that tests of accounts share.

use serde_json::{Value as Json, json};
use storeroom_domain::Role;
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Reply, Testbed, request};

/// A password that will do.
pub const PASSWORD: &str = "correct horse";
/// The address of the account that most tests are about.
pub const EMAIL: &str = "Ana.Lopez@shop.example";

/// Sends a body to a route of `/auth` without a credential.
pub async fn post(bed: &Testbed, route: &str, body: Json) -> Reply {
    let body = Some(body.to_string().into_bytes());
    bed.send(request("POST", &format!("/api/pms/auth/{route}"), body, &[])).await
}

/// Sends a request with an access token to a route of `/auth`.
pub async fn with_token(bed: &Testbed, token: &str, method: &str, route: &str, body: Option<Json>) -> Reply {
    let authorization = format!("Bearer {token}");
    let body = body.map(|body| body.to_string().into_bytes());
    let path = format!("/api/pms/auth/{route}");
    bed.send(request(method, &path, body, &[("authorization", &authorization)])).await
}

/// Opens an account.
pub async fn register(bed: &Testbed, email: &str) -> Json {
    let body = json!({"email": email, "password": PASSWORD, "name": "Ana Lopez"});
    let reply = post(bed, "register", body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

/// Signs in.
pub async fn login(bed: &Testbed, email: &str, password: &str) -> Reply {
    post(bed, "login", json!({"email": email, "password": password})).await
}

/// A text of an answer.
pub fn text(json: &Json, member: &str) -> String {
    json[member].as_str().unwrap_or_else(|| panic!("no {member} in {json}")).to_owned()
}

/// The first value of a query.
pub async fn value(bed: &Testbed, sql: &'static str) -> Value {
    bed.sql(sql, Args::new()).await[0][0].clone()
}

fn with_store() -> Json {
    json!({"email": EMAIL, "password": PASSWORD, "name": "Ana Lopez",
        "store": {"name": "Hearth & Home", "currency": "EUR", "timezone": "Europe/Berlin"}})
}

#[tokio::test]
async fn an_account_begins_with_a_session_and_a_store() {
    let bed = Testbed::new().await;
    let reply = post(&bed, "register", with_store()).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    let made = reply.json();
    assert_eq!((&made["token_type"], &made["expires_in"]), (&json!("Bearer"), &json!(900)));
    assert_eq!((&made["user"]["email"], &made["user"]["name"]), (&json!(EMAIL), &json!("Ana Lopez")));
    assert_eq!((&made["store"]["name"], &made["store"]["version"]), (&json!("Hearth & Home"), &json!(1)));
    let permissions: Vec<&str> = Role::Owner.permissions().into_iter().map(|each| each.as_str()).collect();
    assert_eq!(
        made["memberships"],
        json!([{"store_id": made["store"]["id"], "store_name": "Hearth & Home", "role": "owner",
            "permissions": permissions}])
    );
    let refresh = text(&made, "refresh_token");
    assert_eq!((refresh.len(), &refresh[..3]), (46, "rt_"));

    let me = with_token(&bed, &text(&made, "access_token"), "GET", "me", None).await;
    assert_eq!((me.status(), &me.json()["user"]), (200, &made["user"]));
    assert_eq!(me.json()["memberships"], made["memberships"]);
}

#[tokio::test]
async fn the_first_store_is_whole() {
    let bed = Testbed::new().await;
    let made = post(&bed, "register", with_store()).await.json();
    let args = Args::new().with("store", text(&made["store"], "id"));
    let user = Value::from(text(&made["user"], "id"));
    let audit =
        bed.sql("SELECT actor, action, subject FROM audit WHERE store_id = :store", args.clone()).await;
    let store = Value::from(text(&made["store"], "id"));
    assert_eq!(audit, [vec![user.clone(), Value::from("accounts.register"), store]]);
    let revisions =
        bed.sql("SELECT actor, document FROM revisions WHERE store_id = :store", args.clone()).await;
    assert_eq!((revisions.len(), &revisions[0][0]), (1, &user));
    let Value::Text(document) = &revisions[0][1] else { panic!("{revisions:?}") };
    assert_eq!(serde_json::from_str::<Json>(document).unwrap(), made["store"]);
    let locations = bed.sql("SELECT is_default FROM locations WHERE store_id = :store", args).await;
    assert_eq!(locations, [[Value::from(1)]]);
}

#[tokio::test]
async fn an_account_needs_no_store() {
    let bed = Testbed::new().await;
    let made = register(&bed, EMAIL).await;
    assert_eq!((&made["store"], &made["memberships"]), (&Json::Null, &json!([])));
    let body = json!({"email": "b@shop.example", "password": PASSWORD, "name": "B", "store": null});
    assert_eq!(post(&bed, "register", body).await.json()["store"], Json::Null);
}

#[tokio::test]
async fn an_address_is_one_account_however_it_is_cased() {
    let bed = Testbed::new().await;
    register(&bed, EMAIL).await;
    let body = json!({"email": EMAIL.to_uppercase(), "password": PASSWORD, "name": "Eve"});
    let reply = post(&bed, "register", body).await;
    assert_eq!((reply.status(), reply.code().as_str(), reply.round_trips), (409, "email-taken", 1));
    assert_eq!(reply.json()["errors"][0]["pointer"], "/email");
    let reply = login(&bed, &EMAIL.to_lowercase(), PASSWORD).await;
    assert_eq!(
        (reply.status(), &reply.json()["user"]["email"]),
        (200, &json!(EMAIL)),
        "stored as it was sent"
    );
}

#[tokio::test]
async fn nothing_is_left_of_a_refused_account() {
    let bed = Testbed::new().await;
    register(&bed, EMAIL).await;
    let count = "SELECT (SELECT count(*) FROM stores) || ' ' || (SELECT count(*) FROM users) || ' ' || \
        (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM refresh_tokens)";
    let before = value(&bed, count).await;
    assert_eq!(post(&bed, "register", with_store()).await.status(), 409);
    assert_eq!(value(&bed, count).await, before);
}

#[tokio::test]
async fn two_at_once_make_one_account() {
    let bed = Testbed::new().await;
    let replies = futures::join!(post(&bed, "register", with_store()), post(&bed, "register", with_store()));
    let mut statuses = [replies.0.status(), replies.1.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn weak_passwords_are_refused_before_any_work() {
    let bed = Testbed::new().await;
    for weak in ["password1", "aaaaaaaa", "qwertyuiop", "ana.lopez", "ANA LOPEZ", EMAIL] {
        let reply =
            post(&bed, "register", json!({"email": EMAIL, "password": weak, "name": "Ana Lopez"})).await;
        let errors = &reply.json()["errors"];
        assert_eq!((reply.status(), reply.round_trips), (422, 0), "{weak}: {}", reply.text());
        assert_eq!(
            (&errors[0]["pointer"], &errors[0]["code"]),
            (&json!("/password"), &json!("too_weak")),
            "{weak}"
        );
        assert!(!reply.text().contains(&format!("\"{weak}\"")), "{weak}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_named() {
    let bed = Testbed::new().await;
    let long_name = "n".repeat(1_000);
    for (member, bad, code) in [
        ("email", json!("nobody"), "wrong_format"),
        ("email", json!("a\u{0}@shop.example"), "wrong_format"),
        ("email", json!(format!("{}@shop.example", "a".repeat(250))), "too_long"),
        ("email", json!(null), "wrong_type"),
        ("password", json!("short77"), "too_short"),
        ("password", json!("ab".repeat(65)), "too_long"),
        ("password", json!("correct\u{0}horse"), "wrong_format"),
        ("name", json!(""), "too_short"),
        ("name", json!("A\u{0}na"), "wrong_format"),
        ("name", json!(long_name), "too_long"),
        ("role", json!("owner"), "unknown_field"),
    ] {
        let mut body = with_store();
        body[member] = bad;
        let reply = post(&bed, "register", body).await;
        let errors = &reply.json()["errors"];
        assert_eq!((reply.status(), reply.round_trips), (422, 0), "{member}: {}", reply.text());
        assert_eq!(
            (errors[0]["pointer"].as_str(), errors[0]["code"].as_str()),
            (Some(format!("/{member}").as_str()), Some(code)),
            "{errors}"
        );
    }
    for (member, bad) in [("currency", "XXQ"), ("timezone", "Mars/Olympus"), ("name", "")] {
        let mut body = with_store();
        body["store"][member] = json!(bad);
        let reply = post(&bed, "register", body).await;
        assert_eq!(reply.json()["errors"][0]["pointer"], format!("/store/{member}"), "{}", reply.text());
    }
}

#[tokio::test]
async fn only_hashes_are_kept() {
    let bed = Testbed::new().await;
    let made = register(&bed, EMAIL).await;
    let Value::Text(stored) = value(&bed, "SELECT max(password_hash) FROM users").await else { panic!() };
    assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$") && !stored.contains(PASSWORD));
    let Value::Text(hash) = value(&bed, "SELECT hash FROM refresh_tokens").await else { panic!() };
    assert_eq!(hash.len(), 64);
    assert_ne!(hash, text(&made, "refresh_token"));
}

#[tokio::test]
async fn an_access_token_lives_for_a_quarter_of_an_hour() {
    let bed = Testbed::new().await;
    let token = text(&register(&bed, EMAIL).await, "access_token");
    bed.clock.advance(899_999);
    assert_eq!(with_token(&bed, &token, "GET", "me", None).await.status(), 200);
    bed.clock.advance(1);
    let reply = with_token(&bed, &token, "GET", "me", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "token-expired"));
}
