//! Who may do what, and how one signs in, out, and a request.

use crate::shop::{ApiKey, Reply, Shop, new_email, now, path};
use futures::future::join_all;
use serde_json::{Value as Json, json};
use std::rc::Rc;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::Signing;

const PASSWORD: &str = "correct horse battery";
const PRODUCTS: &str = "/api/pms/products";
/// Connections that send one nonce at once.
const CONNECTIONS: usize = 20;

pub async fn roles_and_strangers(shop: Rc<Shop>) {
    let product = shop.create("Kerze").await;
    let body = Some(json!({"title": "T"}));
    let refused = shop.call(&shop.viewer, "POST", "/api/pms/products", body.clone()).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "forbidden"));
    for (method, path) in [("GET", path(&product)), ("POST", "/api/pms/products".to_owned())] {
        let reply = shop.call(&shop.stranger, method, &path, body.clone()).await;
        assert_eq!((reply.status, reply.code().as_str()), (404, "not-found"), "{method}");
    }
    let nobody = shop.send("GET", &path(&product), None, &[("x-store-id", &shop.store.to_string())]).await;
    assert_eq!((nobody.status, nobody.header("www-authenticate")), (401, Some("Bearer")));
}

pub async fn a_membership_that_is_removed_by_hand(shop: Rc<Shop>) {
    let list = || shop.call(&shop.viewer, "GET", "/api/pms/products", None);
    assert_eq!(list().await.status, 200);
    let args = Args::new()
        .with("user", shop.viewer.identity.user.to_string())
        .with("session", shop.viewer.identity.session.to_string())
        .with("now", now().ms());
    shop.sql(&["DELETE FROM memberships WHERE user_id = :user"], &args).await;
    assert_eq!(list().await.status, 404);
    shop.sql(&["UPDATE sessions SET ended_at = :now WHERE id = :session"], &args).await;
    assert_eq!(list().await.status, 401);
}

pub async fn forged_and_expired_tokens(shop: Rc<Shop>) {
    let get = |token: String| {
        let shop = shop.clone();
        async move {
            let (token, store) = (format!("Bearer {token}"), shop.store.to_string());
            let headers = [("authorization", token.as_str()), ("x-store-id", store.as_str())];
            let reply = shop.send("GET", "/api/pms/products", None, &headers).await;
            (reply.status, reply.code())
        }
    };
    let expired = shop.token(&shop.owner, now().plus_ms(-3_600_000), 900);
    assert_eq!(get(expired).await, (401, "token-expired".to_owned()));
    let early = shop.token(&shop.owner, now().plus_ms(3_600_000), 900);
    let forged = storeroom_web::tokens::Signer::generate("dev-forged").sign(&shop.owner.identity, now(), 900);
    let cut = shop.owner.token.get(..shop.owner.token.len() - 4).unwrap().to_owned();
    for token in [early, forged.unwrap(), cut, "a.b.c".to_owned()] {
        assert_eq!(get(token).await, (401, "unauthenticated".to_owned()));
    }
}

/// Status and code of an answer.
fn refusal(reply: &Reply) -> (u16, String) {
    (reply.status, reply.code())
}

fn unauthenticated() -> (u16, String) {
    (401, "unauthenticated".to_owned())
}

/// Opens an account; its address and the answer.
async fn register(shop: &Shop) -> (String, Json) {
    let email = new_email();
    let body = json!({"email": email, "password": PASSWORD, "name": "Ann"});
    let reply = shop.auth("", "POST", "register", Some(body)).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    (email, reply.json())
}

async fn refresh(shop: &Shop, signed_in: &Json) -> Reply {
    let body = json!({"refresh_token": signed_in["refresh_token"]});
    shop.auth("", "POST", "refresh", Some(body)).await
}

fn access_token(signed_in: &Json) -> &str {
    signed_in["access_token"].as_str().unwrap()
}

pub async fn sign_in_and_out(shop: Rc<Shop>) {
    let (email, registered) = register(&shop).await;
    let again = json!({"email": email.to_uppercase(), "password": PASSWORD, "name": "Eve"});
    assert_eq!(shop.auth("", "POST", "register", Some(again)).await.code(), "email-taken");
    let login = |password: &str| {
        let (shop, body) = (shop.clone(), json!({"email": email, "password": password}));
        async move { shop.auth("", "POST", "login", Some(body)).await }
    };
    assert_eq!(refusal(&login("wrong horse").await), (401, "invalid-credentials".to_owned()));
    let signed_in = login(PASSWORD).await;
    assert_eq!(signed_in.status, 200, "{}", signed_in.text);
    let signed_in = signed_in.json();
    let token = access_token(&signed_in);
    let me = || shop.auth(token, "GET", "me", None);
    assert_eq!(me().await.json()["user"]["email"], json!(email));
    assert_eq!(shop.auth(token, "POST", "logout", None).await.status, 204);
    assert_eq!(refusal(&me().await), unauthenticated());
    assert_eq!(refusal(&refresh(&shop, &signed_in).await), unauthenticated());
    let other_session = shop.auth(access_token(&registered), "GET", "me", None).await;
    assert_eq!(other_session.status, 200, "the session of the registration goes on");
}

pub async fn a_refresh_token_works_once(shop: Rc<Shop>) {
    let (_, first) = register(&shop).await;
    let second = refresh(&shop, &first).await;
    assert_eq!(second.status, 200, "{}", second.text);
    let second = second.json();
    let me = |signed_in: Json| {
        let shop = shop.clone();
        async move { shop.auth(access_token(&signed_in), "GET", "me", None).await }
    };
    assert_eq!(me(second.clone()).await.status, 200);
    assert_eq!(refusal(&refresh(&shop, &first).await), unauthenticated(), "it was used");
    assert_eq!(refusal(&refresh(&shop, &second).await), unauthenticated(), "its family has ended");
    for signed_in in [first, second] {
        assert_eq!(refusal(&me(signed_in).await), unauthenticated(), "so has the session");
    }
}

pub async fn replayed_nonces(shop: Rc<Shop>) {
    let key = shop.create_key(Role::Editor).await;
    let before = shop.log().await.len();
    let (signing, body) = (shop.signing(), json!({"title": "Kerze"}));
    let headers = shop.signature(&key, &signing, "POST", PRODUCTS, body.to_string().as_bytes());
    let send = |_| shop.send_signed("POST", PRODUCTS, Some(&body), &headers);
    let replies = join_all((0..CONNECTIONS).map(send)).await;
    let (done, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((done.len(), refused.len()), (1, CONNECTIONS - 1), "{replies:?}");
    for reply in refused {
        assert_eq!(refusal(reply), (401, "nonce-replayed".to_owned()), "{}", reply.text);
    }
    assert_eq!(shop.log().await.len(), before + 1);
    let read = shop.signature(&key, &signing, "GET", PRODUCTS, &[]);
    let read = shop.send_signed("GET", PRODUCTS, None, &read).await;
    assert_eq!(refusal(&read), (401, "nonce-replayed".to_owned()), "by another method too");
}

/// What is sent instead of what was signed.
struct Altered {
    name: &'static str,
    signing: Signing,
    body: &'static str,
    path: &'static str,
    header: (&'static str, String),
    code: &'static str,
}

fn altered(shop: &Shop, key: &ApiKey) -> Vec<Altered> {
    let signing = || shop.signing();
    let unchanged = |name, code| {
        let signing = signing();
        let header = ("X-Request-Nonce", signing.nonce.clone());
        Altered { name, signing, body: "Kerze", path: PRODUCTS, header, code }
    };
    let header =
        |name, value: String| Altered { header: (name, value), ..unchanged(name, "signature-invalid") };
    let at = |offset_s: i64| {
        let signing = Signing { timestamp_s: signing().timestamp_s + offset_s, ..signing() };
        let header = ("X-Request-Nonce", signing.nonce.clone());
        Altered { signing, header, ..unchanged("time", "signature-expired") }
    };
    let now_s = now().ms() / 1_000;
    vec![
        Altered { body: "Kerzen", ..unchanged("body", "signature-invalid") },
        Altered { path: "/api/pms/products?store=", ..unchanged("query", "signature-invalid") },
        Altered { path: "/api/pms/product%73", ..unchanged("spelling of the path", "not-found") },
        header("X-Store-Id", storeroom_domain::StoreId::new(1, [1; 10]).to_string()),
        header("X-Request-Timestamp", (now_s - 5).to_string()),
        header("X-Request-Nonce", "another-nonce-of-its-own".to_owned()),
        header("X-Api-Key", key.name.replace(".1", ".2")),
        at(-301),
        // The host's clock goes on until the request is there.
        at(330),
    ]
}

pub async fn altered_signed_requests(shop: Rc<Shop>) {
    let key = shop.create_key(Role::Editor).await;
    let other = ApiKey { secret: shop.create_key(Role::Editor).await.secret, name: key.name.clone() };
    let before = shop.log().await.len();
    let signed = json!({"title": "Kerze"});
    for Altered { name, signing, body, path, header, code } in altered(&shop, &key) {
        let mut headers = shop.signature(&key, &signing, "POST", PRODUCTS, signed.to_string().as_bytes());
        headers.retain(|(known, _)| *known != header.0);
        headers.push(header);
        let reply = shop.send_signed("POST", path, Some(&json!({"title": body})), &headers).await;
        assert_eq!(reply.code(), code, "{name}: {}", reply.text);
        assert!(matches!(reply.status, 401 | 404), "{name}: {}", reply.status);
    }
    let forged = shop.signature(&other, &shop.signing(), "GET", PRODUCTS, &[]);
    assert_eq!(shop.send_signed("GET", PRODUCTS, None, &forged).await.code(), "signature-invalid");
    let storeless = Signing { store: String::new(), ..shop.signing() };
    let storeless = shop.signature(&key, &storeless, "GET", PRODUCTS, &[]);
    assert_eq!(shop.send_signed("GET", PRODUCTS, None, &storeless).await.code(), "store-required");
    assert_eq!(shop.log().await.len(), before, "something was written");
    for offset_s in [-290, 290] {
        let signing = Signing { timestamp_s: shop.signing().timestamp_s + offset_s, ..shop.signing() };
        let path = format!("{PRODUCTS}?limit=1&tag=a%20b");
        let headers = shop.signature(&key, &signing, "GET", &path, &[]);
        let reply = shop.send_signed("GET", &path, None, &headers).await;
        assert_eq!(reply.status, 200, "{offset_s}: {}", reply.text);
    }
}

pub async fn a_key_that_is_revoked(shop: Rc<Shop>) {
    let key = shop.create_key(Role::Editor).await;
    let id = key.name.split('.').next().unwrap().to_owned();
    let read = || async {
        let headers = shop.signature(&key, &shop.signing(), "GET", PRODUCTS, &[]);
        shop.send_signed("GET", PRODUCTS, None, &headers).await
    };
    assert_eq!(read().await.status, 200);
    let path = format!("/api/pms/keys/{id}");
    assert_eq!(shop.call(&shop.stranger, "DELETE", &path, None).await.status, 404);
    assert_eq!(shop.call(&shop.viewer, "DELETE", &path, None).await.status, 403);
    assert_eq!(shop.call(&shop.owner, "DELETE", &path, None).await.status, 204);
    assert_eq!(refusal(&read().await), unauthenticated());
}
