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
