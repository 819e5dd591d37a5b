//! Who may do what.

use crate::shop::{Shop, now, path};
use serde_json::json;
use std::rc::Rc;
use storeroom_sql::Args;

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
