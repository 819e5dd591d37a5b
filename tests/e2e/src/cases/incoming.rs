//! Events of another system over the wire.

use crate::shop::{ApiKey, Reply, Shop};
use futures::future::join_all;
use serde_json::{Value, json};
use std::rc::Rc;
use storeroom_domain::Role;

const ROOT: &str = "/api/pms/webhook";
/// Connections at once.
const SENDERS: usize = 20;

/// Sends an event about stock, signed anew.
async fn send(shop: &Shop, key: &ApiKey, event: &Value) -> Reply {
    let (path, body) = (format!("{ROOT}/inventory"), event.to_string());
    let headers = shop.signature(key, &shop.signing(), "POST", &path, body.as_bytes());
    shop.send_signed("POST", &path, Some(event), &headers).await
}

fn adjusted(id: &str, sku: &Value, delta: i64) -> Value {
    let line = json!({"sku": sku, "delta": delta, "reason": "sold elsewhere"});
    json!({"event_id": id, "type": "inventory.adjusted", "lines": [line]})
}

async fn rejected(shop: &Shop) -> Vec<Value> {
    let page = shop.call(&shop.owner, "GET", &format!("{ROOT}/rejected"), None).await.json();
    page["items"].as_array().unwrap().clone()
}

pub async fn an_event_from_many_connections_is_applied_once(shop: Rc<Shop>) {
    let sku = shop.create("Kerze").await["variants"][0]["sku"].clone();
    let key = shop.create_key(Role::Fulfilment).await;
    let event = adjusted("e-1", &sku, 7);
    let replies = join_all((0..SENDERS).map(|_| send(&shop, &key, &event))).await;
    for reply in &replies {
        assert_eq!((reply.status, &reply.text), (202, &replies[0].text));
    }
    assert_eq!(replies[0].json()["status"], "applied");
    let replayed = replies.iter().filter(|reply| reply.header("idempotent-replayed") == Some("true"));
    assert_eq!(replayed.count(), SENDERS - 1);
    assert_eq!(shop.levels().await, [[7, 0, 0, 7]]);
    let other = send(&shop, &key, &adjusted("e-1", &sku, 8)).await;
    assert_eq!((other.status, other.code().as_str()), (422, "validation-failed"));
    let told = shop.log().await;
    assert_eq!(told.iter().filter(|event| event["type"] == "stock.adjusted").count(), 1);
}

pub async fn a_rejected_event_is_applied_after_a_fix(shop: Rc<Shop>) {
    let sku = shop.create("Kerze").await["variants"][0]["sku"].clone();
    let key = shop.create_key(Role::Fulfilment).await;
    let sold = send(&shop, &key, &adjusted("sold 1", &sku, -2)).await;
    assert_eq!((sold.status, &sold.json()["status"]), (202, &json!("rejected")), "{}", sold.text);
    let waiting = rejected(&shop).await;
    assert_eq!((waiting.len(), &waiting[0]["problem"]["code"]), (1, &json!("insufficient-stock")));
    assert_eq!(send(&shop, &key, &adjusted("delivered", &sku, 5)).await.json()["status"], "applied");
    let apply = format!("{ROOT}/rejected/sold%201/apply");
    let applied = join_all((0..SENDERS).map(|_| shop.call(&shop.owner, "POST", &apply, None))).await;
    assert!(applied.iter().all(|reply| matches!(reply.status, 200 | 404)));
    assert!(applied.iter().any(|reply| reply.status == 200));
    assert_eq!((rejected(&shop).await.len(), shop.levels().await), (0, vec![[3, 0, 0, 3]]));
    let bearer =
        shop.call(&shop.owner, "POST", &format!("{ROOT}/inventory"), Some(adjusted("e", &sku, 1))).await;
    assert_eq!((bearer.status, bearer.code().as_str()), (401, "unauthenticated"));
}
