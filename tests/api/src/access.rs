//! Access beyond its table: what strangers learn, credentials that no longer count, and how a store is named.

use crate::access_table::{Ground, Holder};
use async_trait::async_trait;
use serde_json::json;
use std::cell::Cell;
use std::rc::Rc;
use storeroom_domain::Role;
use storeroom_operations::operation::{Access, Row};
use storeroom_operations::table::operations;
use storeroom_sql::Args;
use storeroom_testbed::{SESSION_S, Testbed, request};
use storeroom_web::{BodyError, Incoming};

fn rows() -> impl Iterator<Item = &'static Row> {
    operations().map(|operation| operation.row())
}

/// Whoever owns a store has no more of another store's things for it.
#[tokio::test]
async fn a_thing_of_another_store_is_not_there() {
    for row in rows().filter(|row| row.path.contains("{id}") || row.path.contains("{user}")) {
        let mut ground = Ground::of(row).await;
        let (store, other) = (ground.bed.store.to_string(), ground.bed.other_store.to_string());
        let mut line = ground.line(row).header("x-store-id", &other);
        line.path = line.path.replace(&store, &other);
        let before = ground.logs().await;
        let reply = ground.send(line, Holder::Stranger).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{}", row.name);
        assert_eq!(ground.logs().await, before, "{} wrote", row.name);
    }
}

#[tokio::test]
async fn nobody_is_sent_away_without_asking_the_database() {
    let row = rows().next().unwrap();
    let mut ground = Ground::of(row).await;
    for row in rows().filter(|row| row.needs_caller()) {
        let reply = ground.send(ground.line(row), Holder::Nobody).await;
        assert_eq!((reply.status(), reply.round_trips), (401, 0), "{}", row.name);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{}", row.name);
    }
}

#[tokio::test]
async fn a_stranger_learns_nothing_from_a_bad_body() {
    let bed = Testbed::new().await;
    let (token, store) = (format!("Bearer {}", bed.stranger.token), bed.store.to_string());
    for row in rows().filter(|row| matches!(row.access, Access::Member(_))) {
        let Some(media) = row.body.as_ref().and_then(|rule| rule.media.first()) else { continue };
        let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("content-type", *media)];
        let path = row.path.replace("{store}", &store);
        let reply = bed.send(request(row.method, &path, Some(b"{".to_vec()), &headers)).await;
        assert_eq!(
            (reply.status(), reply.round_trips),
            (404, 1),
            "{}: access comes before the body",
            row.name
        );
    }
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
    bed.clock.advance(i64::from(SESSION_S) * 1_000);
    let reply = bed.call(Role::Owner, "GET", "/api/pms/products", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (401, "token-expired"));
}

#[tokio::test]
async fn an_expired_session_ends_a_token_that_has_not() {
    let bed = Testbed::new().await;
    bed.clock.advance(i64::from(SESSION_S) * 1_000 + 1);
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

/// A body that says whether somebody read it.
struct Watched(Rc<Cell<bool>>);

#[async_trait(?Send)]
impl Incoming for Watched {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        self.0.set(true);
        Ok(None)
    }
}

#[tokio::test]
async fn a_large_body_is_not_read_for_strangers() {
    let bed = Testbed::new().await;
    let (store, product) = (bed.store.to_string(), format!("prd_{}", "0".repeat(26)));
    let ended = format!("Bearer {}x", bed.member(Role::Owner).token);
    for path in [format!("/api/pms/products/{product}/images"), "/api/pms/products/bulk".to_owned()] {
        for token in [None, Some(ended.as_str())] {
            let is_read = Rc::new(Cell::new(false));
            let headers: Vec<_> = token.map(|token| ("authorization", token)).into_iter().collect();
            let mut all = vec![("x-store-id", store.as_str()), ("content-type", "image/png")];
            all.extend(headers);
            let mut sent = request("POST", &path, None, &all);
            sent.body = Box::new(Watched(is_read.clone()));
            assert_eq!(bed.send(sent).await.status(), 401, "{path}");
            assert!(!is_read.get(), "{path}");
        }
    }
}
