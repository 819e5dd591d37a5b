//! The tour's way through accounts, stores, members, API keys, the audit log and signed requests: see `plans`.
//!
//! Guarantees: each operation of the family runs at least once to its good end, each list also on its second page, and
//! each refusal that the database decides with statements of its own is met.

use crate::plans::call;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use storeroom_domain::Role;
use storeroom_testbed::{ApiKey, Reply, Testbed, request};

const PASSWORD: &str = "correct horse battery";

/// Sends a body to a route under `/api/pms`, as whoever has the token.
async fn send(bed: &Testbed, token: &str, method: &str, route: &str, body: Option<Value>) -> Reply {
    let authorization = format!("Bearer {token}");
    let headers = [("authorization", authorization.as_str())];
    let headers = if token.is_empty() { &headers[..0] } else { &headers[..] };
    let body = body.map(|body| body.to_string().into_bytes());
    bed.send(request(method, &format!("/api/pms{route}"), body, headers)).await
}

/// The same, and it succeeds.
async fn done(bed: &Testbed, token: &str, method: &str, route: &str, body: Option<Value>) -> Value {
    let reply = send(bed, token, method, route, body).await;
    assert!(reply.status() < 300, "{method} {route}: {}", reply.text());
    reply.json()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

/// An account's life: from its opening with a store to its end, with every way to be refused on it.
pub async fn account(bed: &Testbed) {
    let store = json!({"name": "Kiosk", "currency": "EUR", "timezone": "Europe/Berlin"});
    let ann = json!({"email": "ann@example.org", "password": PASSWORD, "name": "Ann", "store": store});
    let token =
        text(&done(bed, "", "POST", "/auth/register", Some(ann.clone())).await["access_token"]).to_owned();
    assert_eq!(send(bed, "", "POST", "/auth/register", Some(ann)).await.code(), "email-taken");
    done(bed, &token, "GET", "/auth/me", None).await;
    done(bed, &token, "PATCH", "/auth/me", Some(json!({"name": "Ann B."}))).await;
    assert_eq!(send(bed, &token, "DELETE", "/auth/me", None).await.code(), "last-owner");
    let passwords = json!({"current_password": PASSWORD, "new_password": "battery horse correct"});
    done(bed, &token, "POST", "/auth/password", Some(passwords)).await;
    sessions(bed).await;
    let bob = json!({"email": "bob@example.org", "password": PASSWORD, "name": "Bob"});
    let bob = text(&done(bed, "", "POST", "/auth/register", Some(bob)).await["access_token"]).to_owned();
    invitation(bed, &bob, "bob@example.org").await;
    done(bed, &bob, "DELETE", "/auth/me", None).await;
    done(bed, &token, "POST", "/auth/logout", None).await;
}

/// Sign-ins that fail until they have to wait, and refresh tokens that are used once and twice.
async fn sessions(bed: &Testbed) {
    let login = |password: &str| {
        let body = json!({"email": "ann@example.org", "password": password});
        async move { send(bed, "", "POST", "/auth/login", Some(body)).await }
    };
    let mut codes = BTreeSet::new();
    for _ in 0..8 {
        codes.insert(login("wrong").await.code());
    }
    assert!(codes.contains("rate-limited") && codes.contains("invalid-credentials"), "{codes:?}");
    bed.clock.advance(600_000);
    let first = login("battery horse correct").await.json();
    let refresh = |token: &Value| {
        let body = json!({"refresh_token": token});
        async move { send(bed, "", "POST", "/auth/refresh", Some(body)).await }
    };
    let second = refresh(&first["refresh_token"]).await;
    assert_eq!(second.status(), 200, "{}", second.text());
    assert_eq!(refresh(&first["refresh_token"]).await.status(), 401, "a token works once");
    assert_eq!(refresh(&second.json()["refresh_token"]).await.status(), 401, "and its family ends");
}

/// Invites an address into the store and accepts.
async fn invitation(bed: &Testbed, token: &str, email: &str) {
    let body = json!({"email": email, "role": "viewer"});
    let members = format!("/api/pms/stores/{}/members", bed.store);
    let invite = call(bed, "POST", &members, Some(body), None).await.json();
    let accept = json!({"token": invite["invite_token"]});
    done(bed, token, "POST", "/auth/invites/accept", Some(accept)).await;
}

/// Stores and their members.
pub async fn stores(bed: &Testbed) {
    let owner = bed.member(Role::Owner).token;
    let store = json!({"name": "Second", "currency": "EUR", "timezone": "Europe/Berlin", "tax_rate_basis_points": 1900});
    done(bed, &owner, "POST", "/stores", Some(store)).await;
    let path = format!("/api/pms/stores/{}", bed.store);
    call(bed, "GET", &path, None, None).await;
    call(bed, "PATCH", &path, Some(json!({"name": "Hearth & Home"})), Some("\"1\"")).await;
    call(bed, "PATCH", &path, Some(json!({"currency": "EUR"})), Some("*")).await;
    let stale = [("if-match", "\"1\"")];
    let stale = bed.call_with(Role::Owner, "PATCH", &path, Some(json!({"name": "H"})), &stale).await;
    assert_eq!(stale.code(), "version-conflict");
    let member = |role: Role| format!("{path}/members/{}", bed.member(role).identity.user);
    call(bed, "PATCH", &member(Role::Viewer), Some(json!({"role": "editor"})), None).await;
    let last = bed.call(Role::Owner, "PATCH", &member(Role::Owner), Some(json!({"role": "editor"}))).await;
    assert_eq!(last.code(), "last-owner");
    call(bed, "DELETE", &member(Role::Fulfilment), None, None).await;
}

/// Keys, and requests that they sign: a read, a write, a refused one and a nonce that was used before.
pub async fn keys(bed: &Testbed) {
    let soon = bed.ports.clock.now().plus_ms(6 * 86_400_000).to_string();
    let input = json!({"name": "Till", "role": "admin", "expires_at": soon});
    let made = call(bed, "POST", "/api/pms/keys", Some(input), None).await.json();
    let forever = json!({"name": "Till", "role": "viewer"});
    let forever = call(bed, "POST", "/api/pms/keys", Some(forever), None).await.json();
    let path = format!("/api/pms/keys/{}", text(&made["id"]));
    let key = ApiKey {
        id: storeroom_domain::KeyId::parse(text(&made["id"])).unwrap(),
        generation: 1,
        secret: text(&made["secret"]).to_owned(),
    };
    for (method, path, body, status) in [
        ("GET", "/api/pms/products", None, 200),
        ("POST", "/api/pms/products", Some(json!({"title": "Signed"})), 201),
        ("POST", "/api/pms/products", Some(json!({})), 422),
    ] {
        let reply = bed.signed(&key, method, path, body, &[]).await;
        assert_eq!(reply.status(), status, "{}", reply.text());
    }
    replayed(bed, &key).await;
    // Those whose time has passed are swept when the next one comes.
    bed.clock.advance(700_000);
    assert_eq!(bed.signed(&key, "GET", "/api/pms/products", None, &[]).await.status(), 200);
    call(bed, "GET", &format!("{path}/usage?days=2"), None, None).await;
    call(bed, "POST", &format!("{path}/rotate"), Some(json!({"overlap_seconds": 60})), None).await;
    call(bed, "POST", &format!("{path}/rotate"), None, None).await;
    due(bed).await;
    call(bed, "DELETE", &format!("/api/pms/keys/{}", text(&forever["id"])), None, None).await;
}

async fn replayed(bed: &Testbed, key: &ApiKey) {
    let signing = bed.signing();
    for status in [200, 401] {
        let signed = bed.signature(key, &signing, "GET", "/api/pms/products", &[]);
        let signed: Vec<_> = signed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let reply = bed.send(request("GET", "/api/pms/products", None, &signed)).await;
        assert_eq!(reply.status(), status, "{}", reply.text());
    }
}

/// What timers do for this family.
async fn due(bed: &Testbed) {
    bed.clock.advance(30_000);
    let done = storeroom_accounts::due::run(&bed.ports, &bed.secrets().master).await.unwrap();
    assert!(done > 0, "nothing was due");
}

/// The audit log, sealed and not.
pub async fn audit(bed: &Testbed) {
    call(bed, "GET", "/api/pms/audit/verify", None, None).await;
    call(bed, "POST", "/api/pms/products", Some(json!({"title": "Later"})), None).await;
    let verdict = call(bed, "GET", "/api/pms/audit/verify", None, None).await.json();
    assert_eq!(verdict["valid"], json!(true), "{verdict}");
}

/// Asks for each list's first and second page; returns the statements of the second ones.
pub async fn lists(bed: &Testbed) -> BTreeSet<String> {
    let mut next_pages = BTreeSet::new();
    let owner = bed.member(Role::Owner).identity.user;
    for list in [
        "/api/pms/stores".to_owned(),
        format!("/api/pms/stores/{}/members", bed.store),
        "/api/pms/keys".to_owned(),
        "/api/pms/audit".to_owned(),
        format!("/api/pms/audit?actor={owner}"),
    ] {
        let separator = if list.contains('?') { '&' } else { '?' };
        let first = format!("{list}{separator}limit=1");
        let page = call(bed, "GET", &first, None, None).await.json();
        let cursor = page["next_cursor"].as_str().unwrap_or_else(|| panic!("{list} has one page: {page}"));
        let so_far = bed.database.statements.take();
        call(bed, "GET", &format!("{first}&cursor={cursor}"), None, None).await;
        let next = bed.database.statements.replace(so_far);
        bed.database.statements.borrow_mut().extend(next.iter().cloned());
        next_pages.extend(next);
    }
    next_pages
}
