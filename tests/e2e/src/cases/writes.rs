//! Many writes at once.

use crate::shop::{Shop, path};
use futures::future::join_all;
use serde_json::json;
use std::rc::Rc;

/// Clients at once.
const CLIENTS: usize = 32;
/// Writes of each.
const WRITES: usize = 8;

pub async fn many_at_once(shop: Rc<Shop>) {
    let client = |client: usize| {
        let shop = shop.clone();
        async move {
            for n in 0..WRITES {
                shop.create(&format!("c{client}-{n}")).await;
            }
        }
    };
    join_all((0..CLIENTS).map(client)).await;
    let log = shop.log().await;
    let seqs: Vec<_> = log.iter().map(|event| event["seq"].as_u64().unwrap() as usize).collect();
    assert_eq!(seqs, (1..=CLIENTS * WRITES).collect::<Vec<_>>(), "the log has no holes");
}

pub async fn a_refused_write_harms_no_neighbour(shop: Rc<Shop>) {
    let product = shop.create("Kerze").await;
    let path = path(&product);
    let stale =
        |_| shop.call_with(&shop.owner, "PUT", &path, Some(json!({"title": "T"})), &[("if-match", "\"9\"")]);
    let taken = |_| {
        shop.call(&shop.owner, "POST", "/api/pms/products", Some(json!({"title": "T", "handle": "kerze"})))
    };
    let fine =
        |n| shop.call(&shop.owner, "POST", "/api/pms/products", Some(json!({"title": format!("F{n}")})));
    let (stale, taken, fine) =
        futures::join!(join_all((0..8).map(stale)), join_all((0..8).map(taken)), join_all((0..8).map(fine)));
    assert!(stale.iter().all(|reply| (reply.status, &reply.json()["current"]) == (412, &product)));
    assert!(taken.iter().all(|reply| (reply.status, reply.code().as_str()) == (409, "handle-taken")));
    assert!(fine.iter().all(|reply| reply.status == 201));
    assert_eq!(shop.log().await.len(), 9);
}

pub async fn a_repeated_write_is_done_once(shop: Rc<Shop>) {
    let send = |key: &'static str, title: &'static str| {
        let (shop, body) = (shop.clone(), Some(json!({"title": title})));
        async move {
            let key = [("idempotency-key", key)];
            shop.call_with(&shop.owner, "POST", "/api/pms/products", body, &key).await
        }
    };
    let replies = join_all((0..CLIENTS).map(|_| send("k", "Kerze"))).await;
    let first = &replies[0];
    assert_eq!((first.status, first.header("etag")), (201, Some("\"1\"")), "{}", first.text);
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (201, &first.text));
        assert_eq!(
            (reply.header("etag"), reply.header("location")),
            (Some("\"1\""), first.header("location"))
        );
    }
    let replayed = replies.iter().filter(|reply| reply.header("idempotent-replayed") == Some("true"));
    assert_eq!(replayed.count(), CLIENTS - 1);
    let other = send("k", "Leuchter").await;
    assert_eq!((other.status, other.code().as_str()), (422, "idempotency-key-reused"));
    assert_eq!(send("l", "Leuchter").await.status, 201);
    assert_eq!(shop.log().await.len(), 2);
}
