//! `/stores/{store}/members` and `/auth/invites/accept`.

use crate::product::{faults, log, log_types};
use crate::stores::{audit_row, audit_rows, send_as};
use serde_json::{Value as Json, json};
use storeroom_domain::{Role, UserId};
use storeroom_operations::schema::Schema;
use storeroom_operations::shapes::member::MEMBER;
use storeroom_operations::validate::validate;
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Member, Reply, Testbed};

const ACCEPT: &str = "/api/pms/auth/invites/accept";
const ROLES: [&str; 5] = ["viewer", "editor", "fulfilment", "admin", "owner"];
const DAY_MS: i64 = 86_400_000;

fn members(bed: &Testbed) -> String {
    format!("/api/pms/stores/{}/members", bed.store)
}

fn user(member: &Member) -> String {
    member.identity.user.to_string()
}

fn member_path(bed: &Testbed, member: &Member) -> String {
    format!("{}/{}", members(bed), user(member))
}

fn email(member: &Member) -> String {
    format!("{}@example.com", user(member))
}

async fn invite(bed: &Testbed, by: &Member, email: &str, role: &str) -> Reply {
    send_as(bed, by, "POST", &members(bed), Some(json!({"email": email, "role": role}))).await
}

/// Invites and returns the token.
async fn token(bed: &Testbed, by: &Member, email: &str, role: &str) -> String {
    let reply = invite(bed, by, email, role).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()["invite_token"].as_str().unwrap().to_owned()
}

async fn accept(bed: &Testbed, by: &Member, token: &str) -> Reply {
    send_as(bed, by, "POST", ACCEPT, Some(json!({"token": token}))).await
}

async fn change(bed: &Testbed, by: &Member, whom: &Member, role: &str) -> Reply {
    send_as(bed, by, "PATCH", &member_path(bed, whom), Some(json!({"role": role}))).await
}

async fn remove(bed: &Testbed, by: &Member, whom: &Member) -> Reply {
    send_as(bed, by, "DELETE", &member_path(bed, whom), None).await
}

async fn open_invites(bed: &Testbed) -> usize {
    bed.sql("SELECT email FROM invites", Args::new()).await.len()
}

fn told(reply: &Reply) -> (u16, String) {
    (reply.status(), reply.code())
}

fn refusal(status: u16, code: &str) -> (u16, String) {
    (status, code.to_owned())
}

/// A second owner: the store's admin, promoted by hand.
async fn second_owner(bed: &Testbed) -> Member {
    let admin = bed.member(Role::Admin);
    assert_eq!(change(bed, &bed.member(Role::Owner), &admin, "owner").await.status(), 200);
    admin
}

#[tokio::test]
async fn members_are_listed_in_pages_to_those_who_manage_them() {
    let bed = Testbed::new().await;
    let (mut seen, mut next) = (Vec::new(), String::new());
    loop {
        let page = bed.call(Role::Admin, "GET", &format!("{}?limit=2{next}", members(&bed)), None).await;
        assert_eq!((page.status(), page.round_trips), (200, 1), "{}", page.text());
        let page = page.json();
        seen.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        next = format!("&cursor={cursor}");
    }
    let mut ids: Vec<String> = bed.members.iter().map(|(_, member)| user(member)).collect();
    ids.sort_unstable_by(|one, other| other.cmp(one));
    assert_eq!(seen.iter().map(|member| member["user_id"].as_str().unwrap()).collect::<Vec<_>>(), ids);
    for member in &seen {
        assert_eq!(validate(&Schema::Object(&MEMBER), member), []);
    }
    let owner = bed.member(Role::Owner);
    let expected = json!({"user_id": user(&owner), "email": email(&owner), "name": "Somebody", "role": "owner",
        "version": 1, "created_at": "2026-11-20T09:30:00.000Z"});
    assert!(seen.contains(&expected), "{seen:?}");
    for role in [Role::Viewer, Role::Editor, Role::Fulfilment] {
        let reply = bed.call(role, "GET", &members(&bed), None).await;
        assert_eq!(told(&reply), refusal(403, "forbidden"), "{role:?}");
    }
    assert_eq!(send_as(&bed, &bed.stranger, "GET", &members(&bed), None).await.status(), 404);
}

#[tokio::test]
async fn an_invitation_is_accepted_once_and_told() {
    let bed = Testbed::new().await;
    let (admin, guest) = (bed.member(Role::Admin), bed.stranger.clone());
    let reply = invite(&bed, &admin, &email(&guest).to_uppercase(), "editor").await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let invitation = reply.json();
    let token = invitation["invite_token"].as_str().unwrap();
    assert!(token.starts_with("inv_") && token.len() == 47, "{token}");
    assert_eq!(
        invitation,
        json!({"invite_token": token, "email": email(&guest).to_uppercase(), "role": "editor",
            "expires_at": "2026-11-27T09:30:00.000Z"})
    );
    let kept = bed.sql("SELECT token_hash, invited_by FROM invites", Args::new()).await;
    assert!(matches!(&kept[0][0], Value::Text(hash) if hash.len() == 64), "{kept:?}");
    assert_eq!(kept[0][1], Value::from(user(&admin)));
    assert_eq!(log(&bed, Role::Owner).await, Vec::<Json>::new());

    bed.clock.advance(DAY_MS / 2);
    let accepted = accept(&bed, &guest, token).await;
    assert_eq!((accepted.status(), accepted.round_trips), (200, 2), "{}", accepted.text());
    assert_eq!(
        accepted.json(),
        json!({"store_id": bed.store.to_string(), "store_name": "Hearth", "role": "editor", "permissions": [
            "products:read", "inventory:read", "dashboard:read", "events:read", "products:write", "products:publish"]})
    );
    let page = bed.call(Role::Owner, "GET", &members(&bed), None).await.json();
    let member =
        page["items"].as_array().unwrap().iter().find(|member| member["user_id"] == user(&guest)).unwrap();
    assert_eq!(
        (&member["role"], &member["version"], &member["created_at"]),
        (&json!("editor"), &json!(1), &json!("2026-11-20T21:30:00.000Z"))
    );
    let event = log(&bed, Role::Admin).await.pop().unwrap();
    assert_eq!(
        (&event["type"], &event["subject"], &event["version"], &event["actor"], &event["data"]),
        (&json!("member.added"), &json!(user(&guest)), &json!(1), &json!(user(&guest)), member)
    );
    assert_eq!(
        audit_rows(&bed, &bed.store.to_string()).await,
        [
            audit_row("accounts.invite", &admin, None),
            audit_row("accounts.accept_invite", &guest, Some(&user(&guest))),
        ]
    );
    assert_eq!(told(&accept(&bed, &guest, token).await), refusal(404, "not-found"));
    assert_eq!(open_invites(&bed).await, 0);
    assert_eq!(log_types(&bed).await, ["member.added"]);
}

#[tokio::test]
async fn two_who_accept_at_once_make_one_member() {
    let bed = Testbed::new().await;
    let guest = bed.stranger.clone();
    let token = token(&bed, &bed.member(Role::Owner), &email(&guest), "viewer").await;
    let (one, other) = futures::join!(accept(&bed, &guest, &token), accept(&bed, &guest, &token));
    let mut statuses = [one.status(), other.status()];
    statuses.sort_unstable();
    assert_eq!((statuses, log_types(&bed).await.len()), ([200, 404], 1));
}

#[tokio::test]
async fn an_invitation_is_for_its_address_and_its_week() {
    let bed = Testbed::new().await;
    let (owner, guest) = (bed.member(Role::Owner), bed.stranger.clone());
    let elsewhere = token(&bed, &owner, "somebody@else.example", "viewer").await;
    let reply = accept(&bed, &guest, &elsewhere).await;
    assert_eq!((told(&reply), reply.round_trips), (refusal(403, "forbidden"), 1));
    for unknown in ["inv_x", "x", &elsewhere.replace("inv_", "inv-")] {
        assert_eq!(told(&accept(&bed, &guest, unknown).await), refusal(404, "not-found"), "{unknown}");
    }
    let late = token(&bed, &owner, &email(&guest), "viewer").await;
    // A token that is still good then.
    let args = Args::new().with("later", bed.ports.clock.now().ms() + 30 * DAY_MS);
    bed.sql("UPDATE sessions SET expires_at = :later", args).await;
    let token_of =
        |member: &Member| bed.signer.sign(&member.identity, bed.ports.clock.now(), 30 * 86_400).unwrap();
    let guest = Member { token: token_of(&guest), ..guest };
    let owner = Member { token: token_of(&owner), ..owner };
    bed.clock.advance(7 * DAY_MS);
    assert_eq!(told(&accept(&bed, &guest, &late).await), refusal(404, "not-found"));
    assert_eq!(open_invites(&bed).await, 2);
    // The next invitation clears away both.
    let again = token(&bed, &owner, "third@else.example", "viewer").await;
    assert_eq!((again.len(), open_invites(&bed).await), (47, 1));
    let just_in_time = token(&bed, &owner, &email(&guest), "viewer").await;
    bed.clock.advance(7 * DAY_MS - 1);
    assert_eq!(accept(&bed, &guest, &just_in_time).await.status(), 200);
}

#[tokio::test]
async fn an_address_has_one_invitation_the_newest() {
    let bed = Testbed::new().await;
    let (owner, guest) = (bed.member(Role::Owner), bed.stranger.clone());
    let first = token(&bed, &owner, &email(&guest), "admin").await;
    let second = token(&bed, &owner, &email(&guest).to_uppercase(), "viewer").await;
    assert_eq!(open_invites(&bed).await, 1);
    assert_eq!(accept(&bed, &guest, &first).await.status(), 404);
    assert_eq!(accept(&bed, &guest, &second).await.json()["role"], "viewer");
}

#[tokio::test]
async fn members_are_not_invited_again() {
    let bed = Testbed::new().await;
    let (owner, guest) = (bed.member(Role::Owner), bed.stranger.clone());
    let viewer = email(&bed.member(Role::Viewer)).to_uppercase();
    let reply = invite(&bed, &owner, &viewer, "editor").await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/email taken".to_owned()]));
    let token = token(&bed, &owner, &email(&guest), "editor").await;
    bed.join(&guest, bed.store, Role::Viewer).await;
    let reply = accept(&bed, &guest, &token).await;
    assert_eq!((reply.status(), faults(&reply)), (422, vec!["/token taken".to_owned()]));
}

#[tokio::test]
async fn a_store_has_at_most_two_hundred_open_invitations() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    bed.sql(
        "WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 200) \
         INSERT INTO invites (store_id, email, role, token_hash, invited_by, created_at, expires_at) \
         SELECT :store, n || '@example.com', 'viewer', n, :user, :now, :now + 60000 FROM n",
        Args::new()
            .with("store", bed.store.to_string())
            .with("user", user(&owner))
            .with("now", bed.ports.clock.now().ms()),
    )
    .await;
    let reply = invite(&bed, &owner, "one@more.example", "viewer").await;
    assert_eq!(told(&reply), refusal(422, "validation-failed"));
    assert!(reply.json()["detail"].as_str().unwrap().contains("200"), "{}", reply.text());
    token(&bed, &owner, "7@example.com", "viewer").await;
    bed.clock.advance(60_000);
    token(&bed, &owner, "one@more.example", "viewer").await;
    assert_eq!(open_invites(&bed).await, 2);
}

#[tokio::test]
async fn what_is_no_invitation_is_refused() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    for (body, expected) in [
        (json!({}), vec!["/email required", "/role required"]),
        (json!({"email": "nobody", "role": "boss"}), vec!["/email wrong_format", "/role unknown_value"]),
        (
            json!({"email": null, "role": "viewer", "note": ""}),
            vec!["/email wrong_type", "/note unknown_field"],
        ),
    ] {
        let reply = send_as(&bed, &owner, "POST", &members(&bed), Some(body)).await;
        assert_eq!(
            (reply.status(), faults(&reply)),
            (422, expected.into_iter().map(str::to_owned).collect())
        );
    }
    let reply = send_as(&bed, &owner, "POST", ACCEPT, Some(json!({}))).await;
    assert_eq!(faults(&reply), ["/token required"]);
    let path = member_path(&bed, &bed.member(Role::Viewer));
    let reply = send_as(&bed, &owner, "PATCH", &path, Some(json!({"role": "boss"}))).await;
    assert_eq!(faults(&reply), ["/role unknown_value"]);
    assert_eq!(send_as(&bed, &owner, "PATCH", &path, Some(json!({}))).await.status(), 422);
}

#[tokio::test]
async fn only_owners_make_change_or_remove_owners() {
    let bed = Testbed::new().await;
    let (owner, admin, guest) = (bed.member(Role::Owner), bed.member(Role::Admin), bed.stranger.clone());
    for refused in [
        invite(&bed, &admin, &email(&guest), "owner").await,
        change(&bed, &admin, &bed.member(Role::Viewer), "owner").await,
        change(&bed, &admin, &admin, "owner").await,
        change(&bed, &admin, &owner, "viewer").await,
        change(&bed, &admin, &owner, "owner").await,
        remove(&bed, &admin, &owner).await,
    ] {
        assert_eq!(
            (told(&refused), refused.round_trips),
            (refusal(403, "forbidden"), 1),
            "{}",
            refused.text()
        );
        assert_eq!(refused.json()["detail"], "Only an owner may make, change or remove an owner.");
    }
    for role in ROLES.into_iter().filter(|role| *role != "owner") {
        token(&bed, &admin, &email(&guest), role).await;
    }
    assert_eq!(log(&bed, Role::Owner).await, Vec::<Json>::new());
    let token = token(&bed, &owner, &email(&guest), "owner").await;
    assert_eq!(accept(&bed, &guest, &token).await.json()["role"], "owner");
}

#[tokio::test]
async fn those_who_do_not_manage_members_touch_none() {
    let bed = Testbed::new().await;
    let whom = bed.member(Role::Viewer);
    for role in [Role::Viewer, Role::Editor, Role::Fulfilment] {
        let by = bed.member(role);
        for refused in [
            invite(&bed, &by, "a@b.example", "viewer").await,
            change(&bed, &by, &whom, "admin").await,
            remove(&bed, &by, &whom).await,
        ] {
            assert_eq!(told(&refused), refusal(403, "forbidden"), "{role:?}");
        }
    }
    for refused in [
        invite(&bed, &bed.stranger, "a@b.example", "viewer").await,
        change(&bed, &bed.stranger, &whom, "admin").await,
        remove(&bed, &bed.stranger, &whom).await,
    ] {
        assert_eq!(told(&refused), refusal(404, "not-found"));
    }
    assert_eq!(audit_rows(&bed, &bed.store.to_string()).await, Vec::<Vec<Value>>::new());
}

#[tokio::test]
async fn a_changed_role_counts_at_once_and_is_told_to_those_who_manage() {
    let bed = Testbed::new().await;
    let (owner, editor) = (bed.member(Role::Owner), bed.member(Role::Editor));
    let product = crate::product::simple("P", "S");
    let reply = change(&bed, &owner, &editor, "viewer").await;
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (200, 1, None), "{}", reply.text());
    let member = reply.json();
    assert_eq!((&member["role"], &member["version"]), (&json!("viewer"), &json!(2)));
    assert_eq!(validate(&Schema::Object(&MEMBER), &member), []);
    let refused = bed.call(Role::Editor, "POST", "/api/pms/products", Some(product.clone())).await;
    assert_eq!(refused.status(), 403);
    let again = change(&bed, &owner, &editor, "viewer").await;
    assert_eq!((again.status(), again.json(), again.header("store-cursor")), (200, member, Some("1.1")));
    assert_eq!(change(&bed, &owner, &editor, "editor").await.json()["version"], 3);
    assert_eq!(bed.call(Role::Editor, "POST", "/api/pms/products", Some(product)).await.status(), 201);

    let log = log(&bed, Role::Admin).await;
    let told: Vec<Json> =
        log.iter().map(|event| json!([event["type"], event["version"], event["data"]])).collect();
    assert_eq!(told[0], json!(["member.changed", 2, {"role": "viewer"}]));
    assert_eq!(told[1], json!(["member.changed", 3, {"role": "editor"}]));
    assert_eq!(
        (told.len(), &log[0]["subject"], &log[0]["actor"]),
        (3, &json!(user(&editor)), &json!(user(&owner)))
    );
    for role in [Role::Viewer, Role::Editor, Role::Fulfilment] {
        let seen = crate::product::log(&bed, role).await;
        assert_eq!(
            seen.iter().map(|event| event["type"].as_str().unwrap()).collect::<Vec<_>>(),
            ["product.created"]
        );
    }
    let rows = audit_rows(&bed, &bed.store.to_string()).await;
    assert_eq!(rows[0], audit_row("accounts.change_member", &owner, Some(&user(&editor))));
}

#[tokio::test]
async fn a_removed_member_is_out_at_once() {
    let bed = Testbed::new().await;
    let (admin, viewer) = (bed.member(Role::Admin), bed.member(Role::Viewer));
    let reply = remove(&bed, &admin, &viewer).await;
    assert_eq!((reply.status(), reply.round_trips, reply.text().as_str()), (204, 1, ""));
    let next = bed.call(Role::Viewer, "GET", "/api/pms/products", None).await;
    assert_eq!(told(&next), refusal(404, "not-found"));
    let event = log(&bed, Role::Owner).await.pop().unwrap();
    assert_eq!(
        (&event["type"], &event["subject"], &event["version"], &event["data"]),
        (&json!("member.removed"), &json!(user(&viewer)), &json!(2), &json!({}))
    );
    assert_eq!(
        audit_rows(&bed, &bed.store.to_string()).await,
        [audit_row("accounts.remove_member", &admin, Some(&user(&viewer)))]
    );
    assert_eq!(told(&remove(&bed, &admin, &viewer).await), refusal(404, "not-found"));
    assert_eq!(told(&change(&bed, &admin, &viewer, "editor").await), refusal(404, "not-found"));
    // The way back is another invitation.
    let token = token(&bed, &admin, &email(&viewer), "viewer").await;
    assert_eq!(accept(&bed, &viewer, &token).await.status(), 200);
    assert_eq!(bed.call(Role::Viewer, "GET", "/api/pms/products", None).await.status(), 200);
}

#[tokio::test]
async fn members_of_other_stores_and_nobody_are_not_found() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    let nobody = UserId::new(1, [7; 10]).to_string();
    for id in [user(&bed.stranger).as_str(), nobody.as_str(), "x", "prd_01hf7yat00fentqaxbnentqaxb"] {
        let path = format!("{}/{id}", members(&bed));
        for (method, body) in [("PATCH", Some(json!({"role": "viewer"}))), ("DELETE", None)] {
            let reply = send_as(&bed, &owner, method, &path, body).await;
            assert_eq!(told(&reply), refusal(404, "not-found"), "{method} {id}");
        }
    }
}

#[tokio::test]
async fn the_last_owner_stays() {
    let bed = Testbed::new().await;
    let owner = bed.member(Role::Owner);
    for refused in [change(&bed, &owner, &owner, "admin").await, remove(&bed, &owner, &owner).await] {
        assert_eq!((told(&refused), refused.round_trips), (refusal(409, "last-owner"), 1));
    }
    assert_eq!(change(&bed, &owner, &owner, "owner").await.json()["version"], 1);
    let key = bed.api_key(bed.store, Role::Owner).await;
    let by_key = bed.signed(&key, "DELETE", &member_path(&bed, &owner), None, &[]).await;
    assert_eq!(told(&by_key), refusal(409, "last-owner"));
    let second = second_owner(&bed).await;
    assert_eq!(remove(&bed, &owner, &owner).await.status(), 204);
    assert_eq!(told(&change(&bed, &second, &second, "viewer").await), refusal(409, "last-owner"));
}

#[tokio::test]
async fn two_owners_who_remove_each_other_leave_one() {
    let bed = Testbed::new().await;
    let (one, other) = (bed.member(Role::Owner), second_owner(&bed).await);
    let (first, second) = futures::join!(remove(&bed, &one, &other), remove(&bed, &other, &one));
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    // Whoever comes second is no member any more, and so finds no such store.
    assert_eq!(statuses, [204, 404]);
    let owners = bed.sql(
        "SELECT count(*) FROM memberships WHERE store_id = :store AND role = 'owner'",
        Args::new().with("store", bed.store.to_string()),
    );
    assert_eq!(owners.await, [[Value::from(1)]]);
}

#[tokio::test]
async fn two_owners_who_step_down_together_leave_one() {
    let bed = Testbed::new().await;
    let (one, other) = (bed.member(Role::Owner), second_owner(&bed).await);
    let (first, second) =
        futures::join!(change(&bed, &one, &one, "viewer"), change(&bed, &other, &other, "viewer"));
    let mut statuses = [first.status(), second.status()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
}

#[tokio::test]
async fn no_invitation_outlives_the_right_to_give_it() {
    let bed = Testbed::new().await;
    let (owner, guest) = (bed.member(Role::Owner), bed.stranger.clone());
    let second = second_owner(&bed).await;
    let as_owner = token(&bed, &second, &email(&guest), "owner").await;
    token(&bed, &second, "a@b.example", "viewer").await;
    token(&bed, &owner, "c@d.example", "viewer").await;
    // An admin may invite, but no owners.
    change(&bed, &owner, &second, "admin").await;
    assert_eq!((accept(&bed, &guest, &as_owner).await.status(), open_invites(&bed).await), (404, 2));
    change(&bed, &owner, &second, "editor").await;
    assert_eq!(open_invites(&bed).await, 1);
    change(&bed, &owner, &second, "admin").await;
    let from_removed = token(&bed, &second, &email(&guest), "viewer").await;
    remove(&bed, &owner, &second).await;
    assert_eq!((accept(&bed, &guest, &from_removed).await.status(), open_invites(&bed).await), (404, 1));
}

#[tokio::test]
async fn a_key_invites_until_it_is_revoked() {
    let bed = Testbed::new().await;
    let guest = bed.stranger.clone();
    let key = bed.api_key(bed.store, Role::Admin).await;
    let body = |role: &str| Some(json!({"email": email(&guest), "role": role}));
    let refused = bed.signed(&key, "POST", &members(&bed), body("owner"), &[]).await;
    assert_eq!(told(&refused), refusal(403, "forbidden"));
    let reply = bed.signed(&key, "POST", &members(&bed), body("viewer"), &[]).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 1), "{}", reply.text());
    let token = reply.json()["invite_token"].as_str().unwrap().to_owned();
    let revoke = |at: Option<i64>| Args::new().with("key", key.id.to_string()).with("at", at);
    bed.sql("UPDATE api_keys SET revoked_at = :at WHERE id = :key", revoke(Some(1))).await;
    assert_eq!(accept(&bed, &guest, &token).await.status(), 404);
    bed.sql("UPDATE api_keys SET revoked_at = :at WHERE id = :key", revoke(None)).await;
    assert_eq!(accept(&bed, &guest, &token).await.status(), 200);
    let by_key = bed.signed(&key, "POST", ACCEPT, Some(json!({"token": token})), &[]).await;
    assert_eq!(by_key.status(), 403);
}
