//! `POST /room/ticket` and the way to `GET /room`.

use serde_json::Value;
use storeroom_domain::Role;
use storeroom_testbed::{Testbed, request};
use storeroom_web::Body;

#[tokio::test]
async fn a_ticket_is_told_to_the_room_as_a_hash() {
    let bed = Testbed::new().await;
    let reply = bed.call(Role::Viewer, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1));
    let ticket = reply.json()["ticket"].as_str().unwrap().to_owned();
    let url = format!("wss://shop.example/api/pms/room?store={}&ticket={ticket}", bed.store);
    assert_eq!(reply.json()["url"], url);
    assert_eq!(reply.json()["expires_at"], "2026-11-20T09:30:30.000Z");
    let (store, admission) = bed.recorded.admissions.borrow()[0].clone();
    assert_eq!((store, admission.role.as_str()), (bed.store.to_string(), "viewer"));
    assert_eq!(admission.user, bed.member(Role::Viewer).identity.user.to_string());
    assert_ne!(admission.ticket_hash, ticket);

    let path = url.strip_prefix("wss://shop.example").unwrap();
    let join = bed.send(request("GET", path, None, &[("upgrade", "websocket")])).await;
    let Body::Room(join) = join.response.body else { panic!("{join:?}") };
    assert_eq!((join.store, join.ticket_hash), (bed.store.to_string(), admission.ticket_hash));
}

#[tokio::test]
async fn a_room_that_is_down_says_so() {
    let bed = Testbed::new().await;
    bed.recorded.down.set(true);
    let reply = bed.call(Role::Viewer, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"));
}

#[tokio::test]
async fn joining_needs_a_websocket() {
    let bed = Testbed::new().await;
    let reply = bed.send(request("GET", &format!("/api/pms/room?store={}", bed.store), None, &[])).await;
    assert_eq!((reply.status(), &reply.json()["errors"][0]["pointer"]), (400, &Value::from("Upgrade")));
}

#[tokio::test]
async fn a_host_without_websockets_has_no_rooms() {
    let bed = Testbed::new().await.without_sockets();
    let reply = bed.call(Role::Viewer, "POST", "/api/pms/room/ticket", None).await;
    assert_eq!(reply.status(), 404);
    assert!(reply.json()["detail"].as_str().unwrap().contains("GET /api/pms/events"));
}
