//! Incoming events, whatever they are about: applied once, by whom it may, whole or not at all.

use crate::inventory::{check_fold, written};
use crate::product::{faults, log, mug};
use crate::shelf::Shelf;
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_bad_input::{Subject, signed_lines};
use storeroom_domain::Role;
use storeroom_operations::operation::Access;
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::incoming::APPLIED_OR_REJECTED;
use storeroom_operations::table::operations;
use storeroom_operations::validate::validate;
use storeroom_sql::Args;
use storeroom_testbed::{ApiKey, Fault, Reply, Signing, request};

/// The root of the routes.
pub const ROOT: &str = "/api/pms/webhook";

/// Another system, and a store that it sends events to.
pub struct Sender {
    /// The store.
    pub shelf: Shelf,
    /// The key that it signs with.
    pub key: ApiKey,
}

/// A body that tells of that many units.
pub fn adjusted(id: &str, delta: i64) -> Value {
    let line = json!({"sku": "MUG-S", "delta": delta, "reason": "sold elsewhere"});
    json!({"event_id": id, "type": "inventory.adjusted", "lines": [line]})
}

impl Sender {
    /// A store with that many of each variant on hand.
    pub async fn with(on_hand: [i64; 2]) -> Self {
        let shelf = Shelf::with(on_hand).await;
        let key = shelf.bed.api_key(shelf.bed.store, Role::Fulfilment).await;
        Self { shelf, key }
    }

    /// Sends an event to the route of its type.
    pub async fn send(&self, event: &Value) -> Reply {
        self.send_with(event, &[]).await
    }

    /// The same with further headers.
    pub async fn send_with(&self, event: &Value, headers: &[(&str, &str)]) -> Reply {
        let path = format!("{ROOT}/{}", event["type"].as_str().unwrap().split('.').next().unwrap());
        self.shelf.bed.signed(&self.key, "POST", &path, Some(event.clone()), headers).await
    }

    /// Sends an event that is applied; what it is answered.
    pub async fn applied(&self, event: &Value) -> Value {
        let reply = self.send(event).await;
        let told = fitting(&reply);
        assert_eq!((reply.status(), &told["status"]), (202, &json!("applied")), "{}", reply.text());
        assert_eq!(
            (&told["event_id"], &told["type"], reply.round_trips),
            (&event["event_id"], &event["type"], 2)
        );
        told
    }

    /// Sends an event that is rejected; its problem.
    pub async fn rejected(&self, event: &Value) -> Value {
        let reply = self.send(event).await;
        let told = fitting(&reply);
        assert_eq!((reply.status(), &told["status"]), (202, &json!("rejected")), "{}", reply.text());
        assert_eq!((&told["event_id"], &told["type"]), (&event["event_id"], &event["type"]));
        told["problem"].clone()
    }

    /// Lets so many events that are sent next be looked up before any of them is applied.
    pub fn look_up_first(&self, number: usize) {
        self.shelf.bed.database.turns.replace([0, 5].repeat(number).into());
    }

    /// What the inbox has: the id and state of each event, by id.
    pub async fn inbox(&self) -> Vec<Vec<storeroom_sql::Value>> {
        let sql = "SELECT event_id, state, attempts FROM webhook_inbox ORDER BY event_id";
        self.shelf.bed.sql(sql, Args::new()).await
    }

    /// The last row of the audit log: action, subject, actor.
    pub async fn last_audit(&self) -> [Value; 3] {
        let log = self.shelf.bed.call(Role::Owner, "GET", "/api/pms/audit?limit=1", None).await.json();
        ["action", "subject", "actor"].map(|name| log["items"][0][name].clone())
    }

    /// The types of the events that the store's log has beyond so many.
    pub async fn told_since(&self, before: usize) -> Vec<String> {
        let events = log(&self.shelf.bed, Role::Owner).await;
        events.iter().skip(before).map(|event| event["type"].as_str().unwrap().to_owned()).collect()
    }

    /// How many events the store's log has.
    pub async fn told(&self) -> usize {
        log(&self.shelf.bed, Role::Owner).await.len()
    }
}

/// What an event was answered, which fits its shape.
fn fitting(reply: &Reply) -> Value {
    let told = reply.json();
    assert_eq!(validate(&Schema::Object(&APPLIED_OR_REJECTED), &told), [], "{told}");
    told
}

/// The pointers and codes of a problem's faults.
pub fn errors(problem: &Value) -> Vec<String> {
    let list = problem["errors"].as_array().unwrap_or_else(|| panic!("no faults: {problem}")).iter();
    list.map(|fault| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap()))
        .collect()
}

fn is_replayed(reply: &Reply) -> bool {
    reply.header("idempotent-replayed") == Some("true")
}

#[tokio::test]
async fn the_same_again_does_nothing_and_is_answered_alike() {
    let sender = Sender::with([9, 9]).await;
    let event = adjusted("e-1", -2);
    let first = sender.send(&event).await;
    assert_eq!((first.status(), first.round_trips, is_replayed(&first)), (202, 2, false), "{}", first.text());
    assert_eq!(sender.shelf.stock_of(0).await[0], 7);
    let before = written(&sender.shelf).await;
    sender.shelf.bed.clock.advance(100 * 3_600_000);
    let other_key = sender.shelf.bed.api_key(sender.shelf.bed.store, Role::Admin).await;
    let spaced = format!(" {} ", event).replace(':', " : ");
    for key in [&sender.key, &other_key] {
        let signing = sender.shelf.bed.signing();
        let path = format!("{ROOT}/inventory");
        let headers = sender.shelf.bed.signature(key, &signing, "POST", &path, spaced.as_bytes());
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let again =
            sender.shelf.bed.send(request("POST", &path, Some(spaced.clone().into_bytes()), &headers)).await;
        assert_eq!((again.status(), again.text()), (202, first.text()));
        assert_eq!((again.round_trips, is_replayed(&again)), (1, true));
    }
    assert_eq!(written(&sender.shelf).await, before);
}

#[tokio::test]
async fn another_content_under_the_id_is_refused() {
    let sender = Sender::with([9, 9]).await;
    sender.applied(&adjusted("e-1", -2)).await;
    let before = written(&sender.shelf).await;
    let mut counted = adjusted("e-1", -2);
    counted["type"] = json!("inventory.counted");
    counted["lines"] = json!([{"sku": "MUG-S", "on_hand": 1}]);
    let deleted = json!({"event_id": "e-1", "type": "product.deleted", "sku": "MUG-S"});
    for other in [adjusted("e-1", -3), counted, deleted] {
        let reply = sender.send(&other).await;
        assert_eq!((reply.status(), faults(&reply)), (422, vec!["/event_id taken".to_owned()]));
    }
    assert_eq!((written(&sender.shelf).await, sender.inbox().await.len()), (before, 1));
}

#[tokio::test]
async fn twenty_at_once_apply_it_once() {
    let sender = Sender::with([30, 9]).await;
    let told = sender.told().await;
    let event = adjusted("e-1", -2);
    sender.look_up_first(20);
    let replies = join_all((0..20).map(|_| sender.send(&event))).await;
    for reply in &replies {
        assert_eq!((reply.status(), reply.text()), (202, replies[0].text()));
    }
    assert_eq!(replies.iter().filter(|reply| is_replayed(reply)).count(), 19);
    assert_eq!((sender.shelf.stock_of(0).await[0], sender.told().await), (28, told + 1));
    assert_eq!(sender.inbox().await, [["e-1".into(), "applied".into(), 1.into()]]);
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn stores_have_inboxes_of_their_own() {
    let sender = Sender::with([9, 9]).await;
    sender.applied(&adjusted("e-1", -2)).await;
    let bed = &sender.shelf.bed;
    let key = bed.api_key(bed.other_store, Role::Fulfilment).await;
    let signing = Signing { store: bed.other_store.to_string(), ..bed.signing() };
    let (path, body) = (format!("{ROOT}/inventory"), adjusted("e-1", -5).to_string().into_bytes());
    let headers = bed.signature(&key, &signing, "POST", &path, &body);
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let reply = bed.send(request("POST", &path, Some(body), &headers)).await;
    assert_eq!((reply.status(), &reply.json()["status"]), (202, &json!("rejected")), "{}", reply.text());
    assert_eq!(errors(&reply.json()["problem"]), ["/lines/0/sku unknown_value"]);
}

#[tokio::test]
async fn only_what_is_signed_is_taken() {
    let sender = Sender::with([9, 9]).await;
    let (bed, event) = (&sender.shelf.bed, adjusted("e-1", -2));
    let path = format!("{ROOT}/inventory");
    let bearer = bed.call(Role::Owner, "POST", &path, Some(event.clone())).await;
    assert_eq!((bearer.status(), bearer.code().as_str(), bearer.round_trips), (401, "unauthenticated", 0));
    assert!(bearer.text().contains("signed with an API key"), "{}", bearer.text());
    let body = event.to_string().into_bytes();
    let nobody = bed.send(request("POST", &path, Some(body.clone()), &[])).await;
    assert_eq!((nobody.status(), nobody.code().as_str()), (401, "unauthenticated"));
    for at in 0..body.len() {
        let mut altered = body.clone();
        altered[at] ^= 1;
        let headers = bed.signature(&sender.key, &bed.signing(), "POST", &path, &body);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = bed.send(request("POST", &path, Some(altered), &headers)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "signature-invalid"), "byte {at}");
    }
    for off_s in [301, -301, 86_400] {
        let signing = bed.signing();
        let signing = Signing { timestamp_s: signing.timestamp_s + off_s, ..signing };
        let headers = bed.signature(&sender.key, &signing, "POST", &path, &body);
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = bed.send(request("POST", &path, Some(body.clone()), &headers)).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, "signature-expired"), "{off_s} s");
    }
    assert_eq!((sender.inbox().await.len(), sender.shelf.stock_of(0).await[0]), (0, 9));
}

/// Every bad line of every route that takes signed requests only, signed as it should be.
#[tokio::test]
async fn what_is_signed_and_wrong_is_refused_and_not_kept() {
    let sender = Sender::with([9, 9]).await;
    let bed = &sender.shelf.bed;
    let (store, key) = (bed.store.to_string(), sender.key.id.to_string());
    let subject = Subject { store: &store, token: "", product: "p", key: &key, user: "u", now_s: 0 };
    let before = written(&sender.shelf).await;
    let mut count = 0;
    for row in operations().map(|operation| operation.row()) {
        if !matches!(row.access, Access::Signed(_)) {
            continue;
        }
        for line in signed_lines(row, subject) {
            let body = line.body.clone().unwrap_or_default();
            let own = bed.signature(&sender.key, &bed.signing(), line.method, &line.path, &body);
            let mut headers: Vec<_> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
            let further =
                line.headers.iter().filter(|(name, _)| !["authorization", "x-store-id"].contains(name));
            headers.extend(further.map(|(name, value)| (*name, value.as_str())));
            let reply = bed.send(request(line.method, &line.path, line.body.clone(), &headers)).await;
            let answered = (reply.status(), reply.code(), reply.round_trips);
            assert_eq!(answered, (line.status, line.code.to_owned(), 1), "{} {}", row.name, line.name);
            count += 1;
        }
    }
    assert!(count > 300, "only {count} lines");
    assert_eq!((written(&sender.shelf).await, sender.inbox().await.len()), (before, 0));
}

#[tokio::test]
async fn an_unknown_kind_is_named() {
    let sender = Sender::with([9, 9]).await;
    for (path, kind) in [("product", "product.renamed"), ("inventory", "product.deleted"), ("order", "order")]
    {
        let event = json!({"event_id": "", "type": kind, "lines": 7});
        let path = format!("{ROOT}/{path}");
        let reply = sender.shelf.bed.signed(&sender.key, "POST", &path, Some(event), &[]).await;
        let expected = ["/event_id too_short", "/type unknown_value"];
        assert_eq!((reply.status(), faults(&reply)), (422, expected.map(str::to_owned).to_vec()), "{kind}");
    }
    assert_eq!(sender.inbox().await.len(), 0);
}

#[tokio::test]
async fn an_idempotency_key_besides_breaks_nothing() {
    let sender = Sender::with([9, 9]).await;
    let key = [("idempotency-key", "k")];
    let rejected = sender.send_with(&adjusted("e-1", -20), &key).await;
    assert_eq!(rejected.json()["status"], "rejected", "{}", rejected.text());
    assert_eq!(sender.send(&adjusted("e-2", 20)).await.status(), 202);
    let applied = sender.send_with(&adjusted("e-1", -20), &key).await;
    assert_eq!((applied.json()["status"].as_str(), is_replayed(&applied)), (Some("applied"), false));
    for headers in [&key[..], &[], &[("idempotency-key", "other")]] {
        let again = sender.send_with(&adjusted("e-1", -20), headers).await;
        assert_eq!((again.text(), is_replayed(&again)), (applied.text(), true), "{headers:?}");
    }
    let other = sender.send_with(&adjusted("e-3", -1), &key).await;
    assert_eq!((other.status(), other.code().as_str()), (422, "idempotency-key-reused"));
    assert_eq!(sender.shelf.stock_of(0).await[0], 9);
}

/// Something for each kind of event that is applied, by its id.
fn one_of_each() -> Vec<Value> {
    let product = json!({"title": "Teller", "external_id": "pms-2"});
    let price = json!({"amount": 1200, "currency": "EUR"});
    let order = json!({"external_id": "web-1", "customer": {"email": "ann@example.org"},
        "lines": [{"sku": "MUG-S", "quantity": 1, "unit_price": price}]});
    vec![
        json!({"event_id": "1", "type": "product.upserted", "product": product}),
        json!({"event_id": "2", "type": "product.upserted", "product": {"external_id": "pms-1", "title": "T"}}),
        json!({"event_id": "3", "type": "inventory.counted", "lines": [{"sku": "MUG-S", "on_hand": 3}]}),
        adjusted("4", 4),
        json!({"event_id": "5", "type": "order.placed", "order": order}),
        json!({"event_id": "6", "type": "order.paid", "external_id": "web-1"}),
        json!({"event_id": "7", "type": "order.cancelled", "external_id": "web-1"}),
        json!({"event_id": "8", "type": "product.deleted", "sku": "MUG-L"}),
    ]
}

/// What an event may write to, as it is.
async fn everything(sender: &Sender) -> Vec<Vec<storeroom_sql::Value>> {
    let sql = "SELECT (SELECT group_concat(document) FROM product_documents), \
        (SELECT group_concat(document) FROM order_documents), (SELECT count(*) FROM order_words), \
        (SELECT count(*) FROM revisions), (SELECT count(*) FROM events), (SELECT count(*) FROM audit), \
        (SELECT group_concat(state || attempts) FROM webhook_inbox)";
    let mut all = sender.shelf.bed.sql(sql, Args::new()).await;
    all.extend(written(&sender.shelf).await);
    all
}

/// Puts an event into the inbox as one that was rejected, so that to apply it is one commit.
async fn waiting(sender: &Sender, event: &Value) {
    let args = Args::new()
        .with("store", sender.shelf.bed.store.to_string())
        .with("event", event["event_id"].as_str().unwrap())
        .with("type", event["type"].as_str().unwrap())
        .with("body", event.to_string());
    let sql = "INSERT INTO webhook_inbox (store_id, event_id, type, state, hash, body, problem, received_at, attempts, \
        request_id, received_by) VALUES (:store, :event, :type, 'rejected', 'h', :body, '{}', 0, 1, 'r', 'k')";
    sender.shelf.bed.sql(sql, args).await;
}

/// Applies the event that waits, while the database has a fault.
async fn apply_with(sender: &Sender, event: &Value, fault: Fault) -> Reply {
    let path = format!("{ROOT}/rejected/{}/apply", event["event_id"].as_str().unwrap());
    sender.shelf.bed.database.fault.set(fault);
    let reply = sender.shelf.bed.call(Role::Owner, "POST", &path, None).await;
    sender.shelf.bed.database.fault.set(Fault::None);
    reply
}

#[tokio::test]
async fn a_step_that_fails_leaves_nothing_half_applied() {
    let sender = Sender::with([9, 9]).await;
    for event in one_of_each() {
        waiting(&sender, &event).await;
        let before = everything(&sender).await;
        for step in 0..60 {
            let reply = apply_with(&sender, &event, Fault::StepFails(step)).await;
            assert_eq!((reply.status(), reply.code().as_str()), (500, "internal"), "{event} {step}");
            assert_eq!(everything(&sender).await, before, "{event} {step}");
        }
        let reply = apply_with(&sender, &event, Fault::None).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 3), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_line_that_is_cut_anywhere_leaves_it_applied_or_untouched() {
    let sender = Sender::with([9, 9]).await;
    for event in one_of_each() {
        waiting(&sender, &event).await;
        let before = everything(&sender).await;
        let mut step = 0;
        while everything(&sender).await == before {
            let reply = apply_with(&sender, &event, Fault::CutBefore(step)).await;
            assert_eq!((reply.status(), reply.code().as_str()), (503, "outcome-unknown"), "{event} {step}");
            step += 1;
        }
        assert!(step > 15, "done before the end: {step}");
        let again = sender.send(&event).await;
        assert_eq!((again.status(), again.round_trips), (202, 1), "{}", again.text());
        assert_eq!(
            (&again.json()["status"], again.header("idempotent-replayed")),
            (&json!("applied"), Some("true"))
        );
    }
    check_fold(&sender.shelf).await;
}

#[tokio::test]
async fn what_the_database_could_not_do_is_not_kept() {
    let sender = Sender::with([9, 9]).await;
    let fault = &sender.shelf.bed.database.fault;
    for (broken, code) in [(Fault::Down, "unavailable"), (Fault::StepFails(0), "internal")] {
        fault.set(broken);
        assert_eq!(sender.send(&adjusted("e-1", -2)).await.code(), code);
        fault.set(Fault::None);
    }
    assert_eq!(sender.inbox().await.len(), 0);
    waiting(&sender, &adjusted("e-2", -20)).await;
    let before = everything(&sender).await;
    for step in 0..60 {
        let reply = apply_with(&sender, &adjusted("e-2", -20), Fault::StepFails(step)).await;
        assert_eq!((reply.status(), everything(&sender).await), (500, before.clone()), "{step}");
    }
}

#[tokio::test]
async fn a_product_that_is_gone_takes_its_external_id_along() {
    let sender = Sender::with([0, 0]).await;
    sender.applied(&json!({"event_id": "1", "type": "product.deleted", "external_id": "pms-1"})).await;
    let again = json!({"event_id": "2", "type": "product.upserted", "product": mug()});
    assert_eq!(sender.applied(&again).await["action"], "created");
}
