//! `/auth/me`, `/auth/logout`, `/auth/password` and the published keys: an account from the inside.

use crate::auth_register::{EMAIL, PASSWORD, login, post, register, text, value, with_token};
use serde_json::{Value as Json, json};
use storeroom_domain::Role;
use storeroom_sql::{Args, Value};
use storeroom_testbed::plans::scanned;
use storeroom_testbed::{Reply, Testbed, request};
use storeroom_web::tokens::Verifier;

const NEW: &str = "battery staple";

/// An account that owns a store.
async fn owner(bed: &Testbed, email: &str) -> Json {
    let store = json!({"name": "Hearth", "currency": "EUR", "timezone": "Europe/Berlin"});
    let body = json!({"email": email, "password": PASSWORD, "name": "Ana", "store": store});
    let reply = post(bed, "register", body).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

async fn send(bed: &Testbed, signed_in: &Json, method: &str, route: &str, body: Option<Json>) -> Reply {
    with_token(bed, &text(signed_in, "access_token"), method, route, body).await
}

async fn me(bed: &Testbed, signed_in: &Json) -> u16 {
    send(bed, signed_in, "GET", "me", None).await.status()
}

/// Makes the account of an answer a member of a store.
async fn join(bed: &Testbed, store: &str, signed_in: &Json, role: Role) {
    let args = Args::new()
        .with("store", store)
        .with("user", text(&signed_in["user"], "id"))
        .with("role", role.as_str());
    bed.sql(
        "INSERT INTO memberships (store_id, user_id, role, created_at) VALUES (:store, :user, :role, 0)",
        args,
    )
    .await;
}

async fn session_of(bed: &Testbed, signed_in: &Json) -> String {
    let token = text(signed_in, "access_token");
    let now = storeroom_domain::Timestamp::from_ms(1_795_167_000_000);
    bed.secrets().tokens.verifier.verify(&token, now).unwrap().session.to_string()
}

#[tokio::test]
async fn me_lists_the_stores_by_name() {
    let bed = Testbed::new().await;
    let ana = owner(&bed, EMAIL).await;
    let (store, other) = (bed.store.to_string(), bed.other_store.to_string());
    bed.sql("UPDATE stores SET name = 'Attic' WHERE id = :other", Args::new().with("other", other.as_str()))
        .await;
    bed.sql(
        "UPDATE stores SET name = 'Zoo \"7\"' WHERE id = :store",
        Args::new().with("store", store.as_str()),
    )
    .await;
    join(&bed, &store, &ana, Role::Viewer).await;
    join(&bed, &other, &ana, Role::Fulfilment).await;
    let reply = send(&bed, &ana, "GET", "me", None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1));
    let memberships = reply.json()["memberships"].clone();
    let listed: Vec<(&str, &str)> = memberships
        .as_array()
        .unwrap()
        .iter()
        .map(|each| (each["store_name"].as_str().unwrap(), each["role"].as_str().unwrap()))
        .collect();
    assert_eq!(listed, [("Attic", "fulfilment"), ("Hearth", "owner"), ("Zoo \"7\"", "viewer")]);
    for (at, role) in [(0, Role::Fulfilment), (1, Role::Owner), (2, Role::Viewer)] {
        let permissions: Vec<&str> = role.permissions().into_iter().map(|each| each.as_str()).collect();
        assert_eq!(memberships[at]["permissions"], json!(permissions));
    }
}

#[tokio::test]
async fn a_name_can_be_changed() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    let reply = send(&bed, &ana, "PATCH", "me", Some(json!({"name": "Ana \"L\" Ö"}))).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    let expected = json!({"id": ana["user"]["id"], "email": EMAIL, "name": "Ana \"L\" Ö"});
    assert_eq!(reply.json(), json!({"user": expected, "memberships": []}));
    assert_eq!(send(&bed, &ana, "GET", "me", None).await.json()["user"], expected);
    let reply = send(&bed, &ana, "PATCH", "me", Some(json!({}))).await;
    assert_eq!((reply.status(), &reply.json()["user"]), (200, &expected), "what is left out stays");
    for bad in [
        json!({"name": null}),
        json!({"name": ""}),
        json!({"name": "n\u{0}"}),
        json!({"email": "x@y.example"}),
    ] {
        let reply = send(&bed, &ana, "PATCH", "me", Some(bad.clone())).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "validation-failed"), "{bad}");
    }
    assert_eq!(send(&bed, &ana, "GET", "me", None).await.json()["user"], expected);
}

#[tokio::test]
async fn a_logout_bites_at_the_next_request() {
    let bed = Testbed::new().await;
    let ana = owner(&bed, EMAIL).await;
    let other = login(&bed, EMAIL, PASSWORD).await.json();
    let reply = send(&bed, &ana, "POST", "logout", None).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 1, ""));
    let session = session_of(&bed, &ana).await;
    assert_eq!(*bed.recorded.expelled.borrow(), [(text(&ana["store"], "id"), vec![session])]);
    for (method, route) in [("GET", "me"), ("PATCH", "me"), ("DELETE", "me"), ("POST", "logout")] {
        let body = (method == "PATCH").then(|| json!({"name": "Eve"}));
        let reply = send(&bed, &ana, method, route, body).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"), "{method} {route}");
    }
    let refresh = post(&bed, "refresh", json!({"refresh_token": text(&ana, "refresh_token")})).await;
    assert_eq!(refresh.status(), 401);
    assert_eq!(me(&bed, &other).await, 200, "other sessions go on");
}

async fn change(bed: &Testbed, signed_in: &Json, current: &str, new: &str) -> Reply {
    let body = json!({"current_password": current, "new_password": new});
    send(bed, signed_in, "POST", "password", Some(body)).await
}

#[tokio::test]
async fn a_new_password_ends_the_other_sessions() {
    let bed = Testbed::new().await;
    let ana = owner(&bed, EMAIL).await;
    let others = [login(&bed, EMAIL, PASSWORD).await.json(), login(&bed, EMAIL, PASSWORD).await.json()];
    let reply = change(&bed, &ana, PASSWORD, NEW).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 3, ""), "{}", reply.text());
    assert_eq!(me(&bed, &ana).await, 200, "this one goes on");
    let mut ended = Vec::new();
    for other in &others {
        assert_eq!(me(&bed, other).await, 401);
        let refresh = post(&bed, "refresh", json!({"refresh_token": text(other, "refresh_token")})).await;
        assert_eq!(refresh.status(), 401);
        ended.push(session_of(&bed, other).await);
    }
    let mut told = bed.recorded.expelled.borrow().clone();
    assert_eq!((told.len(), told[0].0.as_str()), (1, ana["store"]["id"].as_str().unwrap()));
    told[0].1.sort();
    ended.sort();
    assert_eq!(told[0].1, ended);
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 401);
    assert_eq!(login(&bed, EMAIL, NEW).await.status(), 200);
}

#[tokio::test]
async fn the_current_password_is_guessed_as_slowly_as_at_the_login() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    for n in 0..5 {
        // Both doors count together.
        let reply = if n % 2 == 0 {
            change(&bed, &ana, "wrong one", NEW).await
        } else {
            login(&bed, EMAIL, "wrong one").await
        };
        assert_eq!((reply.status(), reply.code().as_str()), (401, "invalid-credentials"), "{}", reply.text());
    }
    let reply = change(&bed, &ana, PASSWORD, NEW).await;
    assert_eq!((reply.status(), reply.header("retry-after")), (429, Some("1")));
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 429);
    bed.clock.advance(1_000);
    assert_eq!(change(&bed, &ana, PASSWORD, NEW).await.status(), 204);
    assert_eq!(change(&bed, &ana, NEW, PASSWORD).await.status(), 204, "a success forgets");
}

#[tokio::test]
async fn a_weak_new_password_changes_nothing() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    for (weak, code) in [("password1", "too_weak"), ("ana.lopez", "too_weak"), ("short77", "too_short")] {
        let reply = change(&bed, &ana, PASSWORD, weak).await;
        let errors = &reply.json()["errors"];
        assert_eq!((reply.status(), &errors[0]["code"]), (422, &json!(code)), "{}", reply.text());
        assert_eq!(errors[0]["pointer"], "/new_password");
    }
    assert_eq!(value(&bed, "SELECT count(*) FROM sign_in_failures").await, Value::from(0));
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn a_dead_session_changes_no_password() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    send(&bed, &ana, "POST", "logout", None).await;
    let reply = change(&bed, &ana, PASSWORD, NEW).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"));
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 200);
}

#[tokio::test]
async fn the_last_owner_cannot_close_the_account() {
    let bed = Testbed::new().await;
    let ana = owner(&bed, EMAIL).await;
    join(&bed, &bed.store.to_string(), &ana, Role::Owner).await;
    let reply = send(&bed, &ana, "DELETE", "me", None).await;
    assert_eq!(
        (reply.status(), reply.code().as_str(), reply.round_trips),
        (409, "last-owner", 1),
        "{}",
        reply.text()
    );
    assert_eq!(reply.json()["stores"], json!([ana["store"]["id"]]), "the other store has another owner");
    assert_eq!(me(&bed, &ana).await, 200);
    assert!(bed.recorded.expelled.borrow().is_empty());
    assert_eq!(value(&bed, "SELECT count(*) FROM events").await, Value::from(0));
}

#[tokio::test]
async fn a_closed_account_leaves_every_store_and_says_so() {
    let bed = Testbed::new().await;
    let (ana, ben) = (owner(&bed, EMAIL).await, owner(&bed, "ben@shop.example").await);
    let mut stores = vec![bed.store.to_string(), bed.other_store.to_string(), text(&ben["store"], "id")];
    join(&bed, &stores[2], &ana, Role::Owner).await;
    join(&bed, &stores[0], &ana, Role::Viewer).await;
    join(&bed, &stores[1], &ana, Role::Admin).await;
    join(&bed, &text(&ana["store"], "id"), &ben, Role::Owner).await;
    stores.push(text(&ana["store"], "id"));
    stores.sort();
    for (store, email) in [(&stores[0], "c@shop.example"), (&stores[1], "d@shop.example")] {
        let args = Args::new()
            .with("store", store.as_str())
            .with("email", email)
            .with("user", text(&ana["user"], "id"));
        bed.sql(
            "INSERT INTO invites (store_id, email, role, token_hash, invited_by, created_at, expires_at) \
             VALUES (:store, :email, 'viewer', :email, :user, 0, 9)",
            args,
        )
        .await;
    }
    let user = text(&ana["user"], "id");
    let reply = send(&bed, &ana, "DELETE", "me", None).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 1, ""), "{}", reply.text());

    let events = bed
        .sql("SELECT store_id, seq, type, subject, version, actor FROM events ORDER BY store_id", Args::new())
        .await;
    let expected: Vec<Vec<Value>> = stores
        .iter()
        .map(|store| {
            let (store, user) = (Value::from(store.as_str()), Value::from(user.as_str()));
            vec![store, Value::from(1), Value::from("member.removed"), user.clone(), Value::from(2), user]
        })
        .collect();
    assert_eq!(events, expected);
    assert_eq!(value(&bed, "SELECT count(DISTINCT id) FROM events").await, Value::from(4));
    let audit = bed
        .sql(
            "SELECT store_id, actor, subject FROM audit WHERE action = 'accounts.close_me' ORDER BY store_id",
            Args::new(),
        )
        .await;
    let expected: Vec<Vec<Value>> = stores
        .iter()
        .map(|store| {
            vec![Value::from(store.as_str()), Value::from(user.as_str()), Value::from(user.as_str())]
        })
        .collect();
    assert_eq!(audit, expected);
    assert_eq!(value(&bed, "SELECT count(*) FROM invites").await, Value::from(0));
    let session = vec![session_of(&bed, &ana).await];
    let mut told = bed.recorded.expelled.borrow().clone();
    told.sort();
    assert_eq!(told, stores.into_iter().map(|store| (store, session.clone())).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_account_is_closed_with_five_hundred_memberships_and_no_more() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    let args = Args::new().with("user", text(&ana["user"], "id"));
    let stores = "INSERT INTO stores (id, name, currency, timezone, created_at) \
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 501) \
        SELECT 'str_' || n, 'S', 'EUR', 'UTC', 0 FROM numbers";
    bed.sql(stores, Args::new()).await;
    bed.sql(
        "INSERT INTO memberships (store_id, user_id, role, created_at) \
         SELECT id, :user, 'viewer', 0 FROM stores WHERE name = 'S'",
        args.clone(),
    )
    .await;
    let reply = send(&bed, &ana, "DELETE", "me", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (422, "validation-failed"), "{}", reply.text());
    bed.sql("DELETE FROM memberships WHERE user_id = :user AND store_id = 'str_1'", args).await;
    let reply = send(&bed, &ana, "DELETE", "me", None).await;
    assert_eq!((reply.status(), reply.round_trips), (204, 1), "{}", reply.text());
    assert_eq!(value(&bed, "SELECT count(DISTINCT id) FROM events WHERE seq = 1").await, Value::from(500));
    assert_eq!(value(&bed, "SELECT count(*) FROM audit WHERE seq = 1").await, Value::from(500));
    assert_eq!(bed.recorded.expelled.borrow().len(), 20, "the other rooms have the event");
}

#[tokio::test]
async fn nothing_personal_is_left_of_a_closed_account() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    let other = login(&bed, EMAIL, PASSWORD).await.json();
    let before = value(&bed, "SELECT count(*) FROM sessions").await;
    assert_eq!(send(&bed, &ana, "DELETE", "me", None).await.status(), 204);
    for dead in [&ana, &other] {
        assert_eq!(me(&bed, dead).await, 401);
        let refresh = post(&bed, "refresh", json!({"refresh_token": text(dead, "refresh_token")})).await;
        assert_eq!(refresh.status(), 401);
    }
    let Value::Integer(before) = before else { panic!() };
    assert_eq!(value(&bed, "SELECT count(*) FROM sessions").await, Value::from(before - 2));
    assert_eq!(value(&bed, "SELECT count(*) FROM refresh_tokens").await, Value::from(0));
    assert_eq!(login(&bed, EMAIL, PASSWORD).await.status(), 401);
    let again = register(&bed, EMAIL).await;
    assert_ne!(again["user"]["id"], ana["user"]["id"], "the address is free again, for another account");
    assert_eq!(me(&bed, &ana).await, 401);
}

#[tokio::test]
async fn a_server_with_a_key_has_no_account() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Owner).await;
    let reply =
        bed.send(request("GET", "/api/pms/auth/me", None, &[("x-api-key", &format!("{}.1", key.id))])).await;
    assert!(matches!(reply.status(), 401 | 403), "{}", reply.text());
}

#[tokio::test]
async fn the_published_keys_check_tokens() {
    let bed = Testbed::new().await;
    let ana = register(&bed, EMAIL).await;
    let reply = bed.send(request("GET", "/.well-known/jwks.json", None, &[])).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 0));
    assert_eq!(reply.header("cache-control"), Some("public, max-age=300"));
    assert_eq!(reply.header("content-type"), Some("application/json"));
    let key = reply.json()["keys"][0].clone();
    assert_eq!((&key["kty"], &key["alg"], key.get("d")), (&json!("OKP"), &json!("EdDSA"), None));
    let verifier = Verifier::new(&reply.text()).unwrap();
    let now = storeroom_domain::Timestamp::from_ms(1_795_167_000_000);
    let identity = verifier.verify(&text(&ana, "access_token"), now).unwrap();
    assert_eq!(json!(identity.user.to_string()), ana["user"]["id"]);
    let etag = reply.header("etag").unwrap().to_owned();
    let again = bed.send(request("GET", "/.well-known/jwks.json", None, &[("if-none-match", &etag)])).await;
    assert_eq!((again.status(), again.text().as_str()), (304, ""));
}

/// A tour through `/auth`, and the plan of each statement on the way.
#[tokio::test]
async fn no_statement_of_an_account_scans_a_table() {
    let bed = Testbed::new().await;
    bed.database.statements.borrow_mut().clear();
    let ana = owner(&bed, EMAIL).await;
    let other = login(&bed, EMAIL, PASSWORD).await.json();
    for _ in 0..2 {
        post(&bed, "refresh", json!({"refresh_token": text(&other, "refresh_token")})).await;
    }
    for _ in 0..7 {
        login(&bed, EMAIL, "wrong one").await;
    }
    bed.clock.advance(10_000);
    assert_eq!(change(&bed, &ana, PASSWORD, NEW).await.status(), 204);
    send(&bed, &ana, "PATCH", "me", Some(json!({"name": "A"}))).await;
    assert_eq!(send(&bed, &ana, "DELETE", "me", None).await.status(), 409);
    assert_eq!(send(&bed, &ana, "POST", "logout", None).await.status(), 204);
    let statements = bed.database.statements.borrow().clone();
    for sql in &statements {
        let plan = bed.plan(sql).await;
        assert_eq!(scanned(&plan), None, "{sql}");
    }
    assert!(statements.len() > 30, "{}", statements.len());
}
