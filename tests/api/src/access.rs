//! Who may do what: every operation × every role, strangers, and credentials that no longer count.

use crate::product::{create, mug};
use serde_json::json;
use storeroom_domain::Role;
use storeroom_domain::role::ROLES;
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::table::operations;
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed, request};

/// Every operation of a store's members.
fn members_operations() -> impl Iterator<Item = (&'static Row, storeroom_domain::Permission)> {
    operations().map(|operation| operation.row()).filter_map(|row| match row.access {
        Access::Member(permission) => Some((row, permission)),
        _ => None,
    })
}

/// Sends the operation to a product that is there, with a body that fits if it takes one.
async fn send(bed: &Testbed, row: &Row, id: &str, token: Option<&str>, store: &str) -> Reply {
    let path = row.path.replace("{id}", id);
    let body = row.body.as_ref().map(|body| match body.optional {
        true => b"{}".to_vec(),
        false => json!({"title": "T"}).to_string().into_bytes(),
    });
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("x-store-id", store), ("if-match", "*")];
    headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
    bed.send(request(row.method, &path, body, &headers)).await
}

#[tokio::test]
async fn every_operation_asks_for_its_permission() {
    for (row, permission) in members_operations() {
        for role in ROLES {
            let bed = Testbed::new().await;
            let id = create(&bed, mug()).await["id"].as_str().unwrap().to_owned();
            let reply = send(&bed, row, &id, Some(&bed.member(role).token), &bed.store.to_string()).await;
            let refused = reply.status() == 403;
            assert_eq!(refused, !role.may(permission), "{} as {role:?}: {}", row.name, reply.text());
            assert!(refused || reply.status() != 401 && reply.status() < 500, "{} as {role:?}", row.name);
            assert!(!refused || reply.json()["detail"].as_str().unwrap().contains(permission.as_str()));
        }
    }
}

/// The cells of the table that would hurt most, by hand.
#[test]
fn the_most_dangerous_cells() {
    let needs =
        |name: &str| members_operations().find(|(row, _)| row.name == name).map(|(_, permission)| permission);
    for (name, role, may) in [
        ("products.create", Role::Viewer, false),
        ("products.create", Role::Fulfilment, false),
        ("products.create", Role::Editor, true),
        ("products.replace", Role::Viewer, false),
        ("products.patch", Role::Fulfilment, false),
        ("products.delete", Role::Viewer, false),
        ("products.delete", Role::Fulfilment, false),
        ("products.publish", Role::Viewer, false),
        ("products.publish", Role::Fulfilment, false),
        ("products.publish", Role::Editor, true),
        ("products.read", Role::Viewer, true),
        ("events.read", Role::Viewer, true),
    ] {
        assert_eq!(needs(name).map(|permission| role.may(permission)), Some(may), "{name} as {role:?}");
    }
}

#[tokio::test]
async fn a_stranger_finds_nothing_and_learns_nothing() {
    let bed = Testbed::new().await;
    let id = create(&bed, mug()).await["id"].as_str().unwrap().to_owned();
    let (store, other) = (bed.store.to_string(), bed.other_store.to_string());
    for (row, _) in members_operations() {
        let reply = send(&bed, row, &id, Some(&bed.stranger.token), &store).await;
        assert_eq!((reply.status(), reply.header("store-cursor")), (404, None), "{}", row.name);
        let reply = send(&bed, row, &id, Some(&bed.stranger.token), &other).await;
        let in_own_store = reply.status();
        assert!(in_own_store == 404 || !row.path.contains("{id}"), "{}: {in_own_store}", row.name);
        let reply = send(&bed, row, &id, None, &store).await;
        assert_eq!((reply.status(), reply.round_trips), (401, 0), "{}", row.name);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    }
    let malformed = Some(b"{".to_vec());
    let token = format!("Bearer {}", bed.stranger.token);
    let headers = [("authorization", token.as_str()), ("x-store-id", &store)];
    let reply = bed.send(request("POST", "/api/pms/products", malformed, &headers)).await;
    assert_eq!((reply.status(), reply.round_trips), (404, 1), "access comes before the body");
}

#[tokio::test]
async fn what_ends_access_bites_at_the_next_request() {
    let bed = Testbed::new().await;
    let list = || bed.call(Role::Editor, "GET", "/api/pms/products", None);
    let create = || bed.call(Role::Editor, "POST", "/api/pms/products", Some(json!({"title": "T"})));
    assert_eq!((list().await.status(), create().await.status()), (200, 201));
    let identity = bed.member(Role::Editor).identity;
    let args = || {
        Args::new()
            .with("user", identity.user.to_string())
            .with("session", identity.session.to_string())
            .with("store", bed.store.to_string())
    };
    bed.sql("UPDATE memberships SET role = 'viewer' WHERE user_id = :user AND store_id = :store", args())
        .await;
    assert_eq!((list().await.status(), create().await.status()), (200, 403));
    bed.sql("DELETE FROM memberships WHERE user_id = :user AND store_id = :store", args()).await;
    assert_eq!((list().await.status(), create().await.status()), (404, 404));
    bed.sql("UPDATE sessions SET ended_at = 1 WHERE id = :session", args()).await;
    assert_eq!((list().await.status(), create().await.status()), (401, 401));
}

#[tokio::test]
async fn an_expired_token_says_so() {
    let bed = Testbed::new().await;
    bed.clock.advance(86_400_000);
    let reply = bed.call(Role::Owner, "GET", "/api/pms/products", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "token-expired"));
}

#[tokio::test]
async fn an_expired_session_ends_a_token_that_has_not() {
    let bed = Testbed::new().await;
    bed.clock.advance(86_400_001);
    let now = bed.ports.clock.now();
    let token = bed.signer.sign(&bed.member(Role::Owner).identity, now, 900).unwrap();
    let (token, store) = (format!("Bearer {token}"), bed.store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    let reply = bed.send(request("GET", "/api/pms/products", None, &headers)).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"));
}

#[tokio::test]
async fn odd_credentials_are_refused() {
    let bed = Testbed::new().await;
    let (store, token) = (bed.store.to_string(), format!("Bearer {}", bed.member(Role::Owner).token));
    for headers in [
        vec![("authorization", "Basic abc")],
        vec![("authorization", "Bearer")],
        vec![("authorization", "Bearer a.b.c")],
        vec![("authorization", token.as_str()), ("authorization", token.as_str())],
    ] {
        let mut all = vec![("x-store-id", store.as_str())];
        all.extend(headers);
        let reply = bed.send(request("GET", "/api/pms/products", None, &all)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "unauthenticated"), "{all:?}");
    }
}

#[tokio::test]
async fn a_store_may_be_left_out_when_there_is_one() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    let token = format!("Bearer {}", owner.token);
    let list = |headers: Vec<(&'static str, String)>, query: String| {
        let (bed, token) = (&bed, token.clone());
        async move {
            let mut all = vec![("authorization", token.as_str())];
            all.extend(headers.iter().map(|(name, value)| (*name, value.as_str())));
            bed.send(request("GET", &format!("/api/pms/products{query}"), None, &all)).await
        }
    };
    let alone = list(vec![], String::new()).await;
    assert_eq!((alone.status(), alone.round_trips), (200, 2), "one trip to find the store, one for the list");
    let (store, other) = (bed.store.to_string(), bed.other_store.to_string());
    assert_eq!(list(vec![], format!("?store={store}")).await.status(), 200);
    let both = list(vec![("x-store-id", other.clone())], format!("?store={store}")).await;
    assert_eq!((both.status(), both.code().as_str()), (400, "malformed-request"));
    let twice = list(vec![("x-store-id", store.clone()), ("x-store-id", store.clone())], String::new()).await;
    assert_eq!(twice.status(), 400);
    assert_eq!(list(vec![("x-store-id", "nonsense".into())], String::new()).await.status(), 400);
    bed.join(&owner, bed.other_store, Role::Viewer).await;
    let several = list(vec![], String::new()).await;
    assert_eq!((several.status(), several.code().as_str()), (400, "store-required"));
}
