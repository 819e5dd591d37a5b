//! `/audit`: a row a change, sealed into a chain, and whatever is done to it shows.

use crate::product::{create, faults, mug, path, simple};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_accounts::due;
use storeroom_domain::{KeyId, Role};
use storeroom_sql::Args;
use storeroom_testbed::{Reply, Testbed};
use storeroom_web::chain;

async fn entries(bed: &Testbed) -> Vec<Value> {
    let reply = bed.call(Role::Admin, "GET", "/api/pms/audit?limit=250", None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    reply.json()["items"].as_array().unwrap().clone()
}

async fn verify(bed: &Testbed) -> Value {
    let reply = bed.call(Role::Admin, "GET", "/api/pms/audit/verify", None).await;
    assert_eq!(reply.status(), 200, "{}", reply.text());
    reply.json()
}

async fn do_due(bed: &Testbed) -> usize {
    due::run(&bed.ports, &bed.secrets().master).await.unwrap()
}

/// So many rows in the log.
async fn write(bed: &Testbed, rows: usize) {
    for _ in 0..rows {
        create(bed, json!({"title": "T"})).await;
    }
}

/// A log of six sealed rows and two that are not.
async fn sealed() -> Testbed {
    let bed = Testbed::new().await;
    write(&bed, 6).await;
    bed.clock.advance(20_000);
    assert_eq!(do_due(&bed).await, 1);
    write(&bed, 2).await;
    bed
}

fn args(bed: &Testbed) -> Args {
    Args::new().with("store", bed.store.to_string()).with("other", bed.other_store.to_string())
}

/// Whoever owns the database can take the schema's guards away.
async fn by_hand(bed: &Testbed, statements: &[&'static str]) {
    for sql in [
        "DROP TRIGGER IF EXISTS audit_is_append_only",
        "DROP TRIGGER IF EXISTS audit_is_sealed_once",
        "DROP INDEX IF EXISTS audit_by_request",
    ] {
        bed.sql(sql, Args::new()).await;
    }
    for sql in statements {
        bed.sql(sql, args(bed)).await;
    }
}

#[tokio::test]
async fn every_change_leaves_a_row() {
    let bed = Testbed::new().await;
    let reply = bed.call(Role::Editor, "POST", "/api/pms/products", Some(mug())).await;
    let product = reply.json();
    let entry = entries(&bed).await.pop().unwrap();
    assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
    assert_eq!(
        entry,
        json!({
            "seq": 1, "at": "2026-11-20T09:30:00.000Z", "actor": bed.member(Role::Editor).identity.user.to_string(),
            "action": "products.create", "subject": product["id"], "address": "192.0.2.1",
            "request_id": reply.header("x-request-id").unwrap(), "hash": entry["hash"], "sealed": false,
        })
    );
    bed.call(Role::Editor, "POST", &format!("{}/publish", path(&product)), None).await;
    let invite = json!({"email": "a@shop.example", "role": "viewer"});
    bed.call(Role::Admin, "POST", &format!("/api/pms/stores/{}/members", bed.store), Some(invite)).await;
    let key = bed
        .call(Role::Admin, "POST", "/api/pms/keys", Some(json!({"name": "Till", "role": "editor"})))
        .await
        .json();
    let key_path = format!("/api/pms/keys/{}", key["id"].as_str().unwrap());
    bed.call(Role::Owner, "POST", &format!("{key_path}/rotate"), None).await;
    bed.call(Role::Owner, "DELETE", &key_path, None).await;
    let told: Vec<(String, Value)> = entries(&bed)
        .await
        .iter()
        .rev()
        .map(|entry| (entry["action"].as_str().unwrap().to_owned(), entry["subject"].clone()))
        .collect();
    let action = |index: usize| told[index].0.as_str();
    assert_eq!((action(0), action(1)), ("products.create", "products.publish"));
    assert_eq!((action(2), action(3)), ("accounts.invite", "accounts.create_key"));
    assert_eq!((action(4), action(5)), ("accounts.rotate_key", "accounts.revoke_key"));
    assert_eq!(told[1].1, product["id"]);
    assert!(told[3..].iter().all(|(_, subject)| *subject == key["id"]), "{told:?}");
    assert_eq!(told.len(), 6);
}

#[tokio::test]
async fn a_key_is_named_as_the_one_who_did_it() {
    let bed = Testbed::new().await;
    let key = bed.api_key(bed.store, Role::Editor).await;
    bed.signed(&key, "POST", "/api/pms/products", Some(mug()), &[]).await;
    write(&bed, 2).await;
    let by = |actor: String| {
        let bed = &bed;
        async move {
            let path = format!("/api/pms/audit?actor={actor}");
            bed.call(Role::Admin, "GET", &path, None).await.json()["items"].as_array().unwrap().clone()
        }
    };
    let by_key = by(key.id.to_string()).await;
    assert_eq!((by_key.len(), &by_key[0]["seq"]), (1, &json!(1)));
    let owner = bed.member(Role::Owner).identity.user.to_string();
    assert_eq!(by(owner).await.iter().map(|entry| entry["seq"].clone()).collect::<Vec<_>>(), [3, 2]);
    assert_eq!(by("nobody".to_owned()).await, [] as [Value; 0]);
}

#[tokio::test]
async fn reads_and_refusals_leave_none() {
    let bed = Testbed::new().await;
    let product = create(&bed, simple("A", "SKU")).await;
    let post = |role, body: Value| bed.call(role, "POST", "/api/pms/products", Some(body));
    let refused: Vec<Reply> = vec![
        post(Role::Viewer, mug()).await,
        post(Role::Editor, json!({})).await,
        post(Role::Editor, simple("B", "SKU")).await,
        bed.call(Role::Editor, "DELETE", &path(&product), None).await,
        bed.call_with(Role::Editor, "DELETE", &path(&product), None, &[("if-match", "\"7\"")]).await,
        bed.call(Role::Owner, "DELETE", "/api/pms/keys/key_01hf7yat00fentqaxbnentqaxb", None).await,
    ];
    let statuses: Vec<u16> = refused.iter().map(Reply::status).collect();
    assert_eq!(statuses, [403, 422, 409, 428, 412, 404]);
    bed.call(Role::Viewer, "GET", &path(&product), None).await;
    bed.call(Role::Viewer, "GET", "/api/pms/products", None).await;
    verify(&bed).await;
    assert_eq!(entries(&bed).await.len(), 1);
}

#[tokio::test]
async fn pages_are_newest_first_and_neither_repeat_nor_skip() {
    let bed = Testbed::new().await;
    write(&bed, 5).await;
    for filter in [String::new(), format!("&actor={}", bed.member(Role::Owner).identity.user)] {
        let before = i64::try_from(entries(&bed).await.len()).unwrap();
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/pms/audit?limit=2{filter}{cursor}");
            let page = bed.call(Role::Admin, "GET", &path, None).await.json();
            seen.extend(page["items"].as_array().unwrap().iter().map(|entry| entry["seq"].as_i64().unwrap()));
            write(&bed, 1).await;
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, (1..=before).rev().collect::<Vec<_>>());
        let other = bed.call(Role::Admin, "GET", &format!("/api/pms/audit?actor=x{cursor}"), None).await;
        assert_eq!(other.code(), "cursor-invalid", "a cursor belongs to its filter");
    }
    let faulty = bed.call(Role::Admin, "GET", "/api/pms/audit?actor=&limit=251", None).await;
    assert_eq!((faulty.status(), faults(&faulty).len()), (400, 2), "{}", faulty.text());
}

#[tokio::test]
async fn due_work_seals_after_twenty_seconds() {
    let bed = Testbed::new().await;
    write(&bed, 3).await;
    let next_due = || async { bed.sql("SELECT at FROM next_due", Args::new()).await[0][0].clone() };
    let written = bed.ports.clock.now();
    assert_eq!(next_due().await, written.plus_ms(20_000).ms().into());
    bed.clock.advance(19_999);
    assert_eq!(do_due(&bed).await, 0);
    bed.clock.advance(1);
    assert_eq!(do_due(&bed).await, 1);
    assert!(entries(&bed).await.iter().all(|entry| entry["sealed"] == true));
    assert_eq!(next_due().await, storeroom_sql::Value::Null);
    let calls = bed.database.calls.get();
    assert_eq!((do_due(&bed).await, bed.database.calls.get() - calls), (0, 2), "twice does nothing");
    assert_eq!(
        verify(&bed).await,
        json!({"valid": true, "checked": 3, "sealed_to": written.to_string(), "first_bad": null})
    );
}

#[tokio::test]
async fn many_sealers_make_one_chain() {
    let bed = Testbed::new().await;
    for round in 1..=3 {
        write(&bed, 4).await;
        bed.clock.advance(20_000);
        join_all((0..4).map(|_| do_due(&bed))).await;
        let verdict = verify(&bed).await;
        assert_eq!((&verdict["valid"], &verdict["checked"]), (&json!(true), &json!(round * 4)));
    }
    let failed: Vec<String> = bed.recorded.lines.borrow().iter().map(|(_, line)| line.clone()).collect();
    assert!(failed.iter().all(|line| !line.contains("\"error\"")), "{failed:?}");
}

#[tokio::test]
async fn the_service_log_says_how_far_the_chain_goes() {
    let bed = sealed().await;
    let lines = bed.recorded.lines.borrow().clone();
    let told = lines.iter().find(|(_, line)| line.contains("audit log sealed")).unwrap();
    let told: Value = serde_json::from_str(&told.1).unwrap();
    let entries = entries(&bed).await;
    let last = entries.iter().find(|entry| entry["seq"] == told["seq"]).unwrap();
    assert_eq!((&told["seq"], &told["hash"], &last["sealed"]), (&json!(6), &last["hash"], &json!(true)));
}

/// What a row of that request would hold.
fn genuine(bed: &Testbed, store: &str, seq: i64) -> Value {
    let request_id = format!("req_{seq}");
    let content = chain::Content {
        store: Some(store),
        at: 1,
        actor: "usr_1",
        action: "products.create",
        subject: None,
        address: None,
        request_id: &request_id,
    };
    json!({"seq": seq, "request_id": request_id, "hash": chain::content_hash(&bed.secrets().master, &content)})
}

#[tokio::test]
async fn a_backlog_is_sealed_in_pieces_and_verified_in_pages() {
    let bed = Testbed::new().await;
    let store = bed.store.to_string();
    let rows: Vec<Value> = (1..=4_500).map(|seq| genuine(&bed, &store, seq)).collect();
    let args = args(&bed).with("rows", json!(rows).to_string());
    bed.sql(
        "INSERT INTO audit (store_id, seq, at, actor, action, request_id, hash) \
         SELECT :store, value ->> 'seq', 1, 'usr_1', 'products.create', value ->> 'request_id', value ->> 'hash' \
         FROM json_each(:rows)",
        args.clone(),
    )
    .await;
    bed.sql("UPDATE stores SET audit_count = 4500 WHERE id = :store", args).await;
    let reply = bed.call(Role::Admin, "GET", "/api/pms/audit/verify", None).await;
    assert_eq!(reply.json()["valid"], true, "{}", reply.text());
    assert_eq!(reply.json()["checked"], 4500);
    // Access; ten readings and nine writings of pieces; the end; three pages.
    assert_eq!(reply.round_trips, 1 + 10 + 9 + 1 + 3);
}

#[tokio::test]
async fn a_write_during_a_check_does_not_disturb_it() {
    let bed = Testbed::new().await;
    write(&bed, 3).await;
    let checks = join_all((0..8).map(|_| verify(&bed)));
    let writes = join_all((0..8).map(|_| write(&bed, 2)));
    let (verdicts, _) = futures::join!(checks, writes);
    assert!(verdicts.iter().all(|verdict| verdict["valid"] == true), "{verdicts:?}");
    assert_eq!(verify(&bed).await["checked"], 19);
}

#[tokio::test]
async fn an_empty_log_is_valid() {
    let bed = Testbed::new().await;
    let empty = json!({"valid": true, "checked": 0, "sealed_to": null, "first_bad": null});
    assert_eq!(verify(&bed).await, empty);
}

#[tokio::test]
async fn the_schema_keeps_the_log_append_only() {
    let bed = sealed().await;
    for sql in [
        "UPDATE audit SET actor = 'usr_x' WHERE store_id = :store AND seq = 8",
        "UPDATE audit SET at = at + 1 WHERE store_id = :store AND seq = 8",
        "UPDATE audit SET seq = 9 WHERE store_id = :store AND seq = 8",
        "UPDATE audit SET store_id = :other WHERE store_id = :store AND seq = 8",
        "UPDATE audit SET hash = '' WHERE store_id = :store AND seq = 8",
        "UPDATE audit SET seal = 'x' WHERE store_id = :store AND seq = 2",
        "UPDATE audit SET seal = NULL WHERE store_id = :store AND seq = 2",
        "DELETE FROM audit WHERE store_id = :store AND seq = 8",
        "DELETE FROM audit WHERE store_id = :store AND seq = 2",
    ] {
        let statement = storeroom_sql::Statement::bind(sql, &args(&bed).with("x", 0));
        let refused = bed.ports.database.read(statement.unwrap()).await.unwrap_err();
        assert!(format!("{refused:?}").contains("audit is append-only"), "{sql}: {refused:?}");
    }
    assert_eq!(verify(&bed).await["valid"], true);
}

/// What was done by hand to a log of six sealed rows and two that are not, and the first row that does not fit.
const TAMPERED: [(&str, &[&str], i64); 19] = [
    ("a changed actor", &["UPDATE audit SET actor = 'usr_x' WHERE store_id = :store AND seq = 3"], 3),
    ("a changed time", &["UPDATE audit SET at = at + 1 WHERE store_id = :store AND seq = 1"], 1),
    ("a changed address", &["UPDATE audit SET address = NULL WHERE store_id = :store AND seq = 6"], 6),
    ("a subject made empty", &["UPDATE audit SET subject = '' WHERE store_id = :store AND seq = 6"], 6),
    (
        "a changed hash",
        &[
            "UPDATE audit SET hash = replace(hash, substr(hash, 1, 1), 'x') WHERE store_id = :store AND seq = 4",
        ],
        4,
    ),
    ("a changed unsealed row", &["UPDATE audit SET action = 'x' WHERE store_id = :store AND seq = 8"], 8),
    ("a seal taken off", &["UPDATE audit SET seal = NULL WHERE store_id = :store AND seq = 2"], 2),
    ("a row dropped in the middle", &["DELETE FROM audit WHERE store_id = :store AND seq = 3"], 3),
    ("the first row dropped", &["DELETE FROM audit WHERE store_id = :store AND seq = 1"], 1),
    ("the last rows dropped", &["DELETE FROM audit WHERE store_id = :store AND seq >= 6"], 6),
    (
        "the last rows dropped and the count turned back",
        &[
            "DELETE FROM audit WHERE store_id = :store AND seq >= 6",
            "UPDATE stores SET audit_count = 5 WHERE id = :store",
        ],
        6,
    ),
    (
        "the last rows dropped, the count and the anchor turned back",
        &[
            "DELETE FROM audit WHERE store_id = :store AND seq >= 6",
            "UPDATE stores SET audit_count = 5 WHERE id = :store",
            "UPDATE audit_anchors SET count = 5, seal = (SELECT seal FROM audit WHERE store_id = :store AND seq = 5) \
             WHERE store_id = :store",
        ],
        6,
    ),
    (
        "the last rows dropped, the count turned back and the anchor dropped",
        &[
            "DELETE FROM audit WHERE store_id = :store AND seq >= 6",
            "UPDATE stores SET audit_count = 5 WHERE id = :store",
            "DELETE FROM audit_anchors WHERE store_id = :store",
        ],
        1,
    ),
    ("an unsealed row dropped at the end", &["DELETE FROM audit WHERE store_id = :store AND seq = 8"], 8),
    (
        "two rows swapped",
        &[
            "UPDATE audit SET seq = 100 WHERE store_id = :store AND seq = 2",
            "UPDATE audit SET seq = 2 WHERE store_id = :store AND seq = 5",
            "UPDATE audit SET seq = 5 WHERE store_id = :store AND seq = 100",
        ],
        2,
    ),
    (
        "two rows swapped but for their seals",
        &[
            "CREATE TABLE kept AS SELECT seq, seal FROM audit WHERE store_id = :store AND seq IN (2, 5)",
            "UPDATE audit SET seq = 100 WHERE store_id = :store AND seq = 2",
            "UPDATE audit SET seq = 2 WHERE store_id = :store AND seq = 5",
            "UPDATE audit SET seq = 5 WHERE store_id = :store AND seq = 100",
            "UPDATE audit SET seal = (SELECT k.seal FROM kept k WHERE k.seq = audit.seq) WHERE store_id = :store AND seq IN (2, 5)",
        ],
        2,
    ),
    (
        "a row moved to another store",
        &["UPDATE audit SET store_id = :other, seq = 1 WHERE store_id = :store AND seq = 4"],
        4,
    ),
    (
        "a row made up",
        &[
            "INSERT INTO audit SELECT store_id, 9, at, actor, action, subject, address, request_id, hash, seal \
           FROM audit WHERE store_id = :store AND seq = 1",
        ],
        9,
    ),
    (
        "a genuine row copied and counted",
        &[
            "INSERT INTO audit SELECT store_id, 9, at, actor, action, subject, address, request_id, hash, seal \
           FROM audit WHERE store_id = :store AND seq = 8",
            "UPDATE stores SET audit_count = 9 WHERE id = :store",
        ],
        9,
    ),
];

#[tokio::test]
async fn whatever_is_done_to_the_log_shows() {
    for (what, statements, first_bad) in TAMPERED {
        let bed = sealed().await;
        by_hand(&bed, statements).await;
        let verdict = verify(&bed).await;
        assert_eq!(
            (&verdict["valid"], &verdict["first_bad"]),
            (&json!(false), &json!(first_bad)),
            "{what}: {verdict}"
        );
        // Neither sealing nor time heals it, and later rows are written all the same.
        bed.clock.advance(20_000);
        do_due(&bed).await;
        if what != "a row made up" && !what.contains("turned back") {
            write(&bed, 1).await;
        }
        bed.clock.advance(20_000);
        do_due(&bed).await;
        let later = verify(&bed).await;
        assert_eq!(
            (&later["valid"], &later["first_bad"]),
            (&json!(false), &json!(first_bad)),
            "{what}, later: {later}"
        );
        assert_eq!(do_due(&bed).await, 0, "{what}: nothing is due for ever");
    }
}

#[tokio::test]
async fn a_row_moved_from_another_store_shows_there_too() {
    let bed = sealed().await;
    by_hand(
        &bed,
        &[
            "UPDATE audit SET store_id = :other, seq = 1 WHERE store_id = :store AND seq = 1",
            "UPDATE stores SET audit_count = 1 WHERE id = :other",
        ],
    )
    .await;
    let stranger = bed.stranger.clone();
    let (token, store) = (format!("Bearer {}", stranger.token), bed.other_store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    let reply = bed.send(storeroom_testbed::request("GET", "/api/pms/audit/verify", None, &headers)).await;
    assert_eq!((&reply.json()["valid"], &reply.json()["first_bad"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn an_anchor_that_another_key_made_is_not_believed() {
    let bed = sealed().await;
    let other = storeroom_web::master::MasterKey::parse("dev-another-master-key").unwrap();
    let rows = bed.sql("SELECT count, seal, at FROM audit_anchors WHERE store_id = :store", args(&bed)).await;
    let [
        storeroom_sql::Value::Integer(count),
        storeroom_sql::Value::Text(seal),
        storeroom_sql::Value::Integer(at),
    ] = rows[0].as_slice()
    else {
        panic!("{rows:?}")
    };
    let mac = chain::anchor(&other, &bed.store.to_string(), *count, seal, *at);
    bed.sql("UPDATE audit_anchors SET mac = :mac WHERE store_id = :store", args(&bed).with("mac", mac)).await;
    let verdict = verify(&bed).await;
    assert_eq!(verdict, json!({"valid": false, "checked": 8, "sealed_to": null, "first_bad": 7}));
    bed.clock.advance(20_000);
    assert_eq!((do_due(&bed).await, do_due(&bed).await), (1, 0), "it is told once and not due for ever");
    let told =
        bed.recorded.lines.borrow().iter().filter(|(_, line)| line.contains("chain is broken")).count();
    assert_eq!(told, 1);
    assert!(entries(&bed).await[..2].iter().all(|entry| entry["sealed"] == false));
}

#[tokio::test]
async fn a_broken_store_holds_up_no_other() {
    let bed = sealed().await;
    by_hand(&bed, &["UPDATE audit_anchors SET mac = '' WHERE store_id = :store"]).await;
    let token = format!("Bearer {}", bed.stranger.token);
    let store = bed.other_store.to_string();
    let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
    let post = storeroom_testbed::request(
        "POST",
        "/api/pms/products",
        Some(b"{\"title\":\"T\"}".to_vec()),
        &headers,
    );
    assert_eq!(bed.send(post).await.status(), 201);
    bed.clock.advance(20_000);
    assert_eq!(do_due(&bed).await, 2);
    let get = storeroom_testbed::request("GET", "/api/pms/audit", None, &headers);
    assert_eq!(bed.send(get).await.json()["items"][0]["sealed"], true);
}

#[tokio::test]
async fn a_database_that_is_away_is_said_so() {
    let bed = sealed().await;
    bed.database.fault.set(storeroom_testbed::Fault::Down);
    let reply = bed.call(Role::Admin, "GET", "/api/pms/audit/verify", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"));
    assert!(due::run(&bed.ports, &bed.secrets().master).await.is_err());
    bed.database.fault.set(storeroom_testbed::Fault::AnswerLost);
    let reply = bed.call(Role::Admin, "GET", "/api/pms/audit/verify", None).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"), "{}", reply.text());
    bed.database.fault.set(storeroom_testbed::Fault::None);
    assert_eq!(verify(&bed).await["valid"], true, "a piece whose answer was lost is there once");
}

#[tokio::test]
async fn sealing_scans_no_table() {
    let bed = sealed().await;
    by_hand(&bed, &["UPDATE audit_anchors SET mac = '' WHERE store_id = :store"]).await;
    let key: KeyId = bed.api_key(bed.store, Role::Owner).await.id;
    let soon = bed.ports.clock.now().ms() + 86_400_000;
    let args = Args::new().with("key", key.to_string()).with("soon", soon);
    bed.sql("UPDATE api_keys SET warn_at = 1, expires_at = :soon WHERE id = :key", args).await;
    verify(&bed).await;
    bed.clock.advance(20_000);
    assert_eq!(do_due(&bed).await, 2);
    let statements = bed.database.statements.borrow().clone();
    for sql in &statements {
        let plan = bed.plan(sql).await;
        assert_eq!(storeroom_testbed::plans::scanned(&plan), None, "{sql}\n{plan:?}");
        let details: Vec<&str> = (0..plan.0.len()).filter_map(|row| plan.text(row, 3)).collect();
        let sorts = details.iter().any(|detail| detail.contains("TEMP B-TREE FOR ORDER BY"));
        assert!(!sorts || !sql.contains(" audit "), "{sql}\n{details:#?}");
    }
}
