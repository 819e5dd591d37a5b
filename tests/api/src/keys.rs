//! `/keys`: keys are made, listed, rotated, revoked and counted, and told of before they expire.

use crate::product::{faults, log};
use futures::future::join_all;
use serde_json::{Value, json};
use storeroom_accounts::due;
use storeroom_domain::{KeyId, Role};
use storeroom_sql::Args;
use storeroom_testbed::{ApiKey, Reply, Testbed};

const DAY_MS: i64 = 86_400_000;

async fn make(bed: &Testbed, role: Role, key: Value) -> Reply {
    bed.call(role, "POST", "/api/pms/keys", Some(key)).await
}

/// A new key of that role, made by an owner.
async fn made(bed: &Testbed, role: &str) -> Value {
    let reply = make(bed, Role::Owner, json!({"name": "Till", "role": role})).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

async fn rotate(bed: &Testbed, role: Role, key: &Value, body: Option<Value>) -> Reply {
    bed.call(role, "POST", &format!("{}/rotate", path(key)), body).await
}

async fn revoke(bed: &Testbed, key: &Value) -> Reply {
    bed.call(Role::Admin, "DELETE", &path(key), None).await
}

fn path(key: &Value) -> String {
    format!("/api/pms/keys/{}", key["id"].as_str().unwrap())
}

/// What signs with the secret that an answer showed.
fn signer(shown: &Value) -> ApiKey {
    ApiKey {
        id: KeyId::parse(shown["id"].as_str().unwrap()).unwrap(),
        generation: shown["generation"].as_i64().unwrap(),
        secret: shown["secret"].as_str().unwrap().to_owned(),
    }
}

async fn signed_read(bed: &Testbed, key: &ApiKey) -> u16 {
    bed.signed(key, "GET", "/api/pms/products", None, &[]).await.status()
}

/// What a read comes to that is signed with each of the secrets.
async fn signed_reads(bed: &Testbed, shown: &[&Value]) -> Vec<u16> {
    let mut statuses = Vec::new();
    for shown in shown {
        statuses.push(signed_read(bed, &signer(shown)).await);
    }
    statuses
}

async fn listed(bed: &Testbed) -> Vec<Value> {
    let reply = bed.call(Role::Admin, "GET", "/api/pms/keys?limit=250", None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1));
    reply.json()["items"].as_array().unwrap().clone()
}

/// The key without what is shown once.
fn record(shown: &Value) -> Value {
    let mut record = shown.clone();
    record.as_object_mut().unwrap().retain(|name, _| name != "key" && name != "secret");
    record
}

async fn do_due(bed: &Testbed) -> usize {
    due::run(&bed.ports, &bed.secrets().master).await.unwrap()
}

#[tokio::test]
async fn a_key_is_made_with_its_secret_in_one_round_trip() {
    let bed = Testbed::new().await;
    let body = json!({"name": "Till", "role": "editor", "expires_at": "2026-12-20T10:30:00+01:00"});
    let reply = make(&bed, Role::Admin, body).await;
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (201, 1, None));
    let shown = reply.json();
    let id = shown["id"].as_str().unwrap();
    assert_eq!(shown["key"], format!("{id}.1"));
    let secret = bed.secrets().master.api_secret(KeyId::parse(id).unwrap(), 1);
    assert_eq!(shown["secret"], secret);
    assert_eq!(
        record(&shown),
        json!({
            "id": id, "name": "Till", "role": "editor", "generation": 1, "expires_at": "2026-12-20T09:30:00.000Z",
            "revoked_at": null, "overlap_until": null, "created_at": "2026-11-20T09:30:00.000Z",
            "created_by": bed.member(Role::Admin).identity.user.to_string(), "version": 1, "last_used_on": null,
        })
    );
    assert_eq!(listed(&bed).await, [record(&shown)]);
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!(
        (&event["type"], &event["subject"], &event["version"]),
        (&json!("key.created"), &json!(id), &json!(1))
    );
    assert_eq!(event["data"], record(&shown), "an event never carries a secret");
    assert_eq!(log(&bed, Role::Editor).await, [] as [Value; 0], "keys are not an editor's business");
    assert_eq!(signed_read(&bed, &signer(&shown)).await, 200);
}

#[tokio::test]
async fn the_secret_is_kept_nowhere() {
    let bed = Testbed::new().await;
    let shown = made(&bed, "editor").await;
    let secret = shown["secret"].as_str().unwrap();
    rotate(&bed, Role::Owner, &shown, Some(json!({"overlap_seconds": 60}))).await;
    signed_read(&bed, &signer(&shown)).await;
    for table in [
        "SELECT json_group_array(json_array(id, name, role, created_by)) FROM api_keys",
        "SELECT json_group_array(json_array(key_id, generation, ends_at)) FROM key_generations",
        "SELECT json_group_array(data) FROM events",
        "SELECT json_group_array(document) FROM revisions",
        "SELECT json_group_array(json_array(actor, action, subject, address, request_id, hash)) FROM audit",
    ] {
        let rows = bed.sql(table, Args::new()).await;
        assert!(!format!("{rows:?}").contains(secret), "{table}");
    }
    let lines = bed.recorded.lines.borrow();
    assert!(!lines.is_empty() && lines.iter().all(|(_, line)| !line.contains(secret)));
}

#[tokio::test]
async fn only_an_owner_gets_an_owners_secret() {
    let bed = Testbed::new().await;
    let owner = json!({"name": "Till", "role": "owner"});
    let refused = make(&bed, Role::Admin, owner.clone()).await;
    assert_eq!((refused.status(), refused.code().as_str(), refused.round_trips), (403, "forbidden", 1));
    assert_eq!(listed(&bed).await, [] as [Value; 0]);
    let by_key = bed.api_key(bed.store, Role::Admin).await;
    assert_eq!(bed.signed(&by_key, "POST", "/api/pms/keys", Some(owner.clone()), &[]).await.status(), 403);
    let by_key = bed.api_key(bed.store, Role::Owner).await;
    assert_eq!(bed.signed(&by_key, "POST", "/api/pms/keys", Some(owner), &[]).await.status(), 201);
    let shown = made(&bed, "owner").await;
    assert_eq!(rotate(&bed, Role::Admin, &shown, None).await.status(), 403);
    assert_eq!(signed_read(&bed, &signer(&shown)).await, 200, "a refused rotation ends nothing");
    assert_eq!(rotate(&bed, Role::Owner, &shown, None).await.status(), 200);
    assert_eq!(make(&bed, Role::Admin, json!({"name": "Till", "role": "admin"})).await.status(), 201);
    assert_eq!(revoke(&bed, &shown).await.status(), 204, "an admin may end it");
}

#[tokio::test]
async fn an_expiry_lies_ahead_by_at_most_five_years() {
    let bed = Testbed::new().await;
    for (expires_at, code) in [
        ("2026-11-20T09:30:00Z", "out_of_range"),
        ("2020-01-01T00:00:00Z", "out_of_range"),
        ("2031-12-01T00:00:00Z", "out_of_range"),
        ("2026-12-20 at half past nine", "wrong_format"),
    ] {
        let reply =
            make(&bed, Role::Owner, json!({"name": "Till", "role": "viewer", "expires_at": expires_at}))
                .await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, vec![format!("/expires_at {code}")]),
            "{expires_at}"
        );
    }
    for expires_at in [json!(null), json!("2031-11-20T09:30:00Z"), json!("2026-11-20T09:30:00.001Z")] {
        let reply =
            make(&bed, Role::Owner, json!({"name": "Till", "role": "viewer", "expires_at": expires_at}))
                .await;
        assert_eq!(reply.status(), 201, "{}", reply.text());
    }
    let faulty = make(&bed, Role::Owner, json!({"name": "", "role": "root", "secret": "mine"})).await;
    assert_eq!(faults(&faulty), ["/name too_short", "/role unknown_value", "/secret unknown_field"]);
}

#[tokio::test]
async fn a_store_has_a_hundred_good_keys_at_most() {
    let bed = Testbed::new().await;
    for _ in 0..99 {
        made(&bed, "viewer").await;
    }
    let ask = || make(&bed, Role::Owner, json!({"name": "Till", "role": "viewer"}));
    let mut statuses: Vec<u16> = join_all((0..3).map(|_| ask())).await.iter().map(Reply::status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422]);
    assert_eq!(revoke(&bed, &listed(&bed).await[0]).await.status(), 204);
    assert_eq!((ask().await.status(), ask().await.status()), (201, 422));
}

#[tokio::test]
async fn the_list_is_newest_first_and_pages_neither_repeat_nor_skip() {
    let bed = Testbed::new().await;
    let mut made_ids = Vec::new();
    for _ in 0..5 {
        made_ids.insert(0, made(&bed, "viewer").await["id"].clone());
        bed.clock.advance(1);
    }
    revoke(&bed, &json!({"id": made_ids[1]})).await;
    let (mut seen, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = bed.call(Role::Admin, "GET", &format!("/api/pms/keys?limit=2{cursor}"), None).await.json();
        seen.extend(page["items"].as_array().unwrap().iter().map(|key| key["id"].clone()));
        made(&bed, "viewer").await;
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, made_ids);
    let other = bed.call(Role::Admin, "GET", &format!("/api/pms/audit?limit=2{cursor}"), None).await;
    assert_eq!(other.code(), "cursor-invalid");
}

#[tokio::test]
async fn a_rotation_ends_the_older_secrets_at_once() {
    let bed = Testbed::new().await;
    let first = made(&bed, "editor").await;
    let reply = rotate(&bed, Role::Admin, &first, None).await;
    let second = reply.json();
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (200, 1, None));
    assert_eq!((&second["generation"], &second["version"]), (&json!(2), &json!(2)));
    assert_eq!(second["key"], format!("{}.2", first["id"].as_str().unwrap()));
    assert!(second["secret"].is_string() && second["secret"] != first["secret"]);
    assert_eq!((&second["overlap_until"], &second["id"]), (&Value::Null, &first["id"]));
    assert_eq!(signed_read(&bed, &signer(&first)).await, 401);
    assert_eq!(signed_read(&bed, &signer(&second)).await, 200);
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!((&event["type"], &event["version"]), (&json!("key.rotated"), &json!(2)));
    assert_eq!(event["data"], json!({"generation": 2, "overlap_until": null}));
}

#[tokio::test]
async fn an_overlap_keeps_the_older_secrets_for_so_long() {
    let bed = Testbed::new().await;
    let first = made(&bed, "editor").await;
    let second = rotate(&bed, Role::Owner, &first, Some(json!({"overlap_seconds": 3_600}))).await.json();
    assert_eq!(second["overlap_until"], "2026-11-20T10:30:00.000Z");
    assert_eq!(log(&bed, Role::Owner).await[1]["data"]["overlap_until"], "2026-11-20T10:30:00.000Z");
    bed.clock.advance(3_599_999);
    assert_eq!(
        (signed_read(&bed, &signer(&first)).await, signed_read(&bed, &signer(&second)).await),
        (200, 200)
    );
    bed.clock.advance(1);
    assert_eq!(
        (signed_read(&bed, &signer(&first)).await, signed_read(&bed, &signer(&second)).await),
        (401, 200)
    );
    assert_eq!(listed(&bed).await[0]["overlap_until"], Value::Null);
}

#[tokio::test]
async fn a_later_rotation_only_shortens_what_is_left_to_older_secrets() {
    let bed = Testbed::new().await;
    let first = made(&bed, "editor").await;
    let second = rotate(&bed, Role::Owner, &first, Some(json!({"overlap_seconds": 60}))).await.json();
    let third = rotate(&bed, Role::Owner, &first, Some(json!({"overlap_seconds": 3_600}))).await.json();
    bed.clock.advance(60_000);
    assert_eq!(signed_reads(&bed, &[&first, &second, &third]).await, [401, 200, 200]);
    let fourth = rotate(&bed, Role::Owner, &first, Some(json!({"overlap_seconds": 0}))).await.json();
    let good = signed_reads(&bed, &[&second, &third, &fourth]).await;
    assert_eq!(good, [401, 401, 200], "what leaked can be ended at once");
    let rows = bed.sql("SELECT count(*) FROM key_generations", Args::new()).await;
    assert_eq!(rows[0][0], 1.into(), "what ended is not kept");
}

#[tokio::test]
async fn secrets_that_are_good_at_once_are_few() {
    let bed = Testbed::new().await;
    let key = made(&bed, "editor").await;
    let month = || Some(json!({"overlap_seconds": 2_592_000}));
    for _ in 0..15 {
        assert_eq!(rotate(&bed, Role::Owner, &key, month()).await.status(), 200);
    }
    assert_eq!(rotate(&bed, Role::Owner, &key, month()).await.status(), 422);
    assert_eq!(rotate(&bed, Role::Owner, &key, None).await.json()["generation"], 17);
    for overlap in [json!(-1), json!(2_592_001), json!("1")] {
        let reply = rotate(&bed, Role::Owner, &key, Some(json!({"overlap_seconds": overlap}))).await;
        assert_eq!(reply.status(), 422, "{overlap}");
    }
}

#[tokio::test]
async fn rotations_at_once_each_show_a_secret_of_their_own() {
    let bed = Testbed::new().await;
    let key = made(&bed, "editor").await;
    let replies = join_all((0..5).map(|_| rotate(&bed, Role::Owner, &key, None))).await;
    let mut generations: Vec<i64> =
        replies.iter().map(|reply| reply.json()["generation"].as_i64().unwrap()).collect();
    generations.sort_unstable();
    assert_eq!(generations, [2, 3, 4, 5, 6]);
    let shown: Vec<Value> = replies.iter().map(Reply::json).collect();
    let good = signed_reads(&bed, &shown.iter().collect::<Vec<_>>()).await;
    assert_eq!(good.iter().filter(|status| **status == 200).count(), 1);
}

#[tokio::test]
async fn a_key_may_rotate_itself() {
    let bed = Testbed::new().await;
    let first = signer(&made(&bed, "admin").await);
    let rotate = format!("/api/pms/keys/{}/rotate", first.id);
    let reply = bed.signed(&first, "POST", &rotate, None, &[]).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    assert_eq!(bed.signed(&first, "POST", &rotate, None, &[]).await.status(), 401);
    assert_eq!(signed_read(&bed, &signer(&reply.json())).await, 200);
}

#[tokio::test]
async fn a_revoked_key_is_good_no_more_and_gives_nothing_back() {
    let bed = Testbed::new().await;
    let shown = made(&bed, "admin").await;
    rotate(&bed, Role::Owner, &shown, Some(json!({"overlap_seconds": 60}))).await;
    let invite = |key: ApiKey| {
        let (bed, path) = (&bed, format!("/api/pms/stores/{}/members", bed.store));
        let body = json!({"email": format!("{}@shop.example", key.generation), "role": "viewer"});
        async move { bed.signed(&key, "POST", &path, Some(body), &[]).await }
    };
    assert_eq!(invite(signer(&shown)).await.status(), 201);
    assert_eq!(
        invite(ApiKey { generation: 7, ..bed.api_key(bed.store, Role::Admin).await }).await.status(),
        401
    );
    let reply = revoke(&bed, &shown).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 1, ""));
    assert_eq!(invite(signer(&shown)).await.status(), 401);
    let rows =
        bed.sql("SELECT (SELECT count(*) FROM invites), (SELECT count(*) FROM key_generations)", Args::new());
    assert_eq!(rows.await[0], [0.into(), 1.into()]);
    let listed = listed(&bed).await;
    let key = listed.iter().find(|key| key["id"] == shown["id"]).unwrap();
    assert_eq!((&key["revoked_at"], &key["version"]), (&json!("2026-11-20T09:30:00.000Z"), &json!(3)));
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!((&event["type"], &event["subject"]), (&json!("key.revoked"), &shown["id"]));
    assert_eq!((&event["version"], &event["data"]), (&json!(3), &json!({})));
    assert_eq!(bed.recorded.expelled.borrow()[0].1, [shown["id"].as_str().unwrap()]);
    for again in [revoke(&bed, &shown).await, rotate(&bed, Role::Owner, &shown, None).await] {
        assert_eq!((again.status(), again.code().as_str()), (404, "not-found"));
    }
    assert_eq!(log(&bed, Role::Owner).await.len(), 3, "a refusal is no event");
}

#[tokio::test]
async fn an_expired_key_gets_no_new_secret() {
    let bed = Testbed::new().await;
    let body = json!({"name": "Till", "role": "viewer", "expires_at": "2026-11-20T09:31:00Z"});
    let shown = make(&bed, Role::Owner, body).await.json();
    bed.clock.advance(59_999);
    assert_eq!(signed_read(&bed, &signer(&shown)).await, 200);
    bed.clock.advance(1);
    assert_eq!(signed_read(&bed, &signer(&shown)).await, 401);
    assert_eq!(rotate(&bed, Role::Owner, &shown, None).await.status(), 404);
    assert_eq!(revoke(&bed, &shown).await.status(), 204);
}

#[tokio::test]
async fn another_stores_key_is_not_there() {
    let bed = Testbed::new().await;
    let strange = bed.api_key(bed.other_store, Role::Owner).await;
    let key = json!({"id": strange.id.to_string()});
    assert_eq!(rotate(&bed, Role::Owner, &key, None).await.status(), 404);
    assert_eq!(revoke(&bed, &key).await.status(), 404);
    assert_eq!(bed.call(Role::Owner, "GET", &format!("{}/usage", path(&key)), None).await.status(), 404);
    assert_eq!(listed(&bed).await, [] as [Value; 0]);
    assert_eq!(rotate(&bed, Role::Owner, &json!({"id": "nonsense"}), None).await.status(), 404);
}

#[tokio::test]
async fn use_is_counted_by_the_day() {
    let bed = Testbed::new().await;
    let shown = made(&bed, "viewer").await;
    let key = signer(&shown);
    // By another key, because access tokens end before the days do.
    let admin = bed.api_key(bed.store, Role::Admin).await;
    let usage = |query: &'static str| {
        let (bed, admin, path) = (&bed, &admin, path(&shown));
        async move { bed.signed(admin, "GET", &format!("{path}/usage{query}"), None, &[]).await }
    };
    assert_eq!(usage("").await.json(), json!({"items": []}));
    for _ in 0..3 {
        signed_read(&bed, &key).await;
    }
    // 14.5 hours to midnight.
    bed.clock.advance(52_200_000 - 1);
    signed_read(&bed, &key).await;
    bed.clock.advance(1);
    signed_read(&bed, &key).await;
    bed.clock.advance(2 * DAY_MS - 3_600_000 * 20);
    let refused = bed.signed(&key, "POST", "/api/pms/products", Some(json!({"title": "T"})), &[]).await;
    assert_eq!(refused.status(), 403);
    let day = |day: &str, requests: i64| json!({"day": day, "requests": requests});
    let all = [day("2026-11-22", 1), day("2026-11-21", 1), day("2026-11-20", 4)];
    let reply = usage("").await;
    assert_eq!((reply.json(), reply.round_trips), (json!({"items": all}), 1));
    assert_eq!(usage("?days=2").await.json()["items"], json!(all[..2]));
    assert_eq!(usage("?days=1").await.json()["items"], json!(all[..1]));
    assert_eq!(usage("?days=0").await.status(), 400);
    let list = bed.signed(&admin, "GET", "/api/pms/keys", None, &[]).await.json();
    let key = list["items"].as_array().unwrap().iter().find(|key| key["id"] == shown["id"]).unwrap();
    assert_eq!(key["last_used_on"], "2026-11-22");
    assert_eq!(bed.signed(&admin, "DELETE", &path(&shown), None, &[]).await.status(), 204);
    assert_eq!(usage("").await.json()["items"], json!(all), "what was stays to be seen");
}

/// The log as a key reads it: access tokens end before the days do that it takes to be warned.
async fn log_by_key(bed: &Testbed) -> Vec<Value> {
    let owner = bed.api_key(bed.store, Role::Owner).await;
    let feed = bed.signed(&owner, "GET", "/api/pms/events?limit=1000", None, &[]).await.json();
    feed["events"].as_array().unwrap().clone()
}

/// The warnings that were told: the days left, and the version.
async fn warnings(bed: &Testbed) -> Vec<(i64, i64)> {
    let events = log_by_key(bed).await;
    let told = events.iter().filter(|event| event["type"] == "key.expiring");
    told.map(|event| {
        assert_eq!((&event["actor"], &event["request_id"]), (&json!("system"), &json!("due")));
        (event["data"]["days_left"].as_i64().unwrap(), event["version"].as_i64().unwrap())
    })
    .collect()
}

async fn expiring(bed: &Testbed, days: i64) -> Value {
    let expires_at = bed.ports.clock.now().plus_ms(days * DAY_MS).to_string();
    let owner = bed.api_key(bed.store, Role::Owner).await;
    let body = json!({"name": "Till", "role": "viewer", "expires_at": expires_at});
    bed.signed(&owner, "POST", "/api/pms/keys", Some(body), &[]).await.json()
}

#[tokio::test]
async fn an_expiry_is_told_fourteen_seven_and_one_day_ahead() {
    let bed = Testbed::new().await;
    let shown = expiring(&bed, 20).await;
    bed.clock.advance(6 * DAY_MS - 1);
    do_due(&bed).await;
    assert_eq!(warnings(&bed).await, []);
    bed.clock.advance(1);
    for _ in 0..2 {
        do_due(&bed).await;
        assert_eq!(warnings(&bed).await, [(14, 2)], "each is told once");
    }
    let event = log_by_key(&bed).await.pop().unwrap();
    assert_eq!((&event["subject"], &event["at"]), (&shown["id"], &json!("2026-11-26T09:30:00.000Z")));
    assert_eq!(event["data"], json!({"expires_at": shown["expires_at"], "days_left": 14}));
    for (days, told) in [(7, vec![(14, 2), (7, 3)]), (6, vec![(14, 2), (7, 3), (1, 4)])] {
        bed.clock.advance(days * DAY_MS);
        do_due(&bed).await;
        assert_eq!(warnings(&bed).await, told);
    }
    bed.clock.advance(DAY_MS);
    assert_eq!(do_due(&bed).await, 0, "nothing is due of what has expired");
    assert_eq!(warnings(&bed).await.len(), 3);
}

#[tokio::test]
async fn a_warning_that_was_missed_is_told_late_or_not_at_all() {
    let bed = Testbed::new().await;
    expiring(&bed, 20).await;
    bed.clock.advance(15 * DAY_MS + 1);
    do_due(&bed).await;
    assert_eq!(warnings(&bed).await, [(5, 2)]);
    bed.clock.advance(6 * DAY_MS);
    assert_eq!(do_due(&bed).await, 1);
    assert_eq!((warnings(&bed).await.len(), do_due(&bed).await), (1, 0));
    expiring(&bed, 3).await;
    bed.clock.advance(2 * DAY_MS);
    do_due(&bed).await;
    assert_eq!(warnings(&bed).await[1..], [(1, 2)], "what was too late for is not told");
}

#[tokio::test]
async fn of_a_revoked_key_no_more_is_told() {
    let bed = Testbed::new().await;
    let shown = expiring(&bed, 20).await;
    revoke(&bed, &shown).await;
    bed.clock.advance(6 * DAY_MS);
    do_due(&bed).await;
    assert_eq!(warnings(&bed).await, []);
}

#[tokio::test]
async fn many_runners_tell_each_warning_once() {
    let bed = Testbed::new().await;
    for _ in 0..10 {
        expiring(&bed, 20).await;
    }
    bed.clock.advance(6 * DAY_MS);
    join_all((0..4).map(|_| do_due(&bed))).await;
    assert_eq!(warnings(&bed).await, vec![(14, 2); 10]);
    assert_eq!(do_due(&bed).await, 0);
    let failed = bed.recorded.lines.borrow().iter().filter(|(_, line)| line.contains("failed")).count();
    assert_eq!(failed, 0, "losing a race is no failure");
}
