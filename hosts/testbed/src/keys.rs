//! API keys of a test bed's stores, and requests that they sign.

use crate::shop::{Reply, Testbed, request};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use storeroom_domain::{KeyId, Role, StoreId};
use storeroom_ports::Clock;
use storeroom_ports::random::new_id;
use storeroom_sql::Args;
use storeroom_web::answer::hex;
use storeroom_web::signature::{
    KEY_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER, canonical, sign,
};

/// A key with its secret.
#[derive(Debug, Clone)]
pub struct ApiKey {
    /// The key.
    pub id: KeyId,
    /// Which of its secrets.
    pub generation: i64,
    /// The secret.
    pub secret: String,
}

/// What a signed request says of itself; a test changes a part to see it refused.
#[derive(Debug, Clone)]
pub struct Signing {
    /// The store that it names; empty for none.
    pub store: String,
    /// When it was signed, Unix seconds.
    pub timestamp_s: i64,
    /// Its nonce.
    pub nonce: String,
}

impl Signing {
    /// The headers that sign a request by a key, given as what is sent as `X-Api-Key` and the secret. `path` may have
    /// a query.
    pub fn headers(
        &self,
        (name, secret): (&str, &str),
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let text = canonical(method, path, &self.store, self.timestamp_s, &self.nonce, body);
        let mut headers = vec![
            (KEY_HEADER, name.to_owned()),
            (TIMESTAMP_HEADER, self.timestamp_s.to_string()),
            (NONCE_HEADER, self.nonce.clone()),
            (SIGNATURE_HEADER, sign(secret, &text)),
        ];
        headers.extend((!self.store.is_empty()).then(|| ("X-Store-Id", self.store.clone())));
        headers
    }
}

/// The header `Content-Digest` of a body: with it a signed body may be of any size.
pub fn content_digest(body: &[u8]) -> (&'static str, String) {
    ("content-digest", format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(body))))
}

impl Testbed {
    /// A key of the store with that role, put into the database by hand.
    pub async fn api_key(&self, store: StoreId, role: Role) -> ApiKey {
        let now = self.clock.now();
        let id: KeyId = new_id(self.ports.random.as_ref(), now);
        let args = Args::new()
            .with("store", store.to_string())
            .with("key", id.to_string())
            .with("role", role.as_str())
            .with("now", now.ms());
        self.sql(
            "INSERT INTO api_keys (store_id, id, name, role, generation, created_at, created_by, version) \
             VALUES (:store, :key, 'Till', :role, 1, :now, 'usr_x', 1)",
            args.clone(),
        )
        .await;
        self.sql("INSERT INTO key_generations (key_id, generation) VALUES (:key, 1)", args).await;
        ApiKey { id, generation: 1, secret: self.secrets().master.api_secret(id, 1) }
    }

    /// What a request signed now says of itself, with a nonce of its own.
    pub fn signing(&self) -> Signing {
        let mut nonce = [0; 12];
        self.ports.random.fill(&mut nonce);
        Signing {
            store: self.store.to_string(),
            timestamp_s: self.clock.now().ms().div_euclid(1000),
            nonce: hex(&nonce),
        }
    }

    /// The headers that sign a request. `path` may have a query.
    pub fn signature(
        &self,
        key: &ApiKey,
        signing: &Signing,
        method: &str,
        path: &str,
        body: &[u8],
    ) -> Vec<(&'static str, String)> {
        let name = format!("{}.{}", key.id, key.generation);
        signing.headers((&name, &key.secret), method, path, body)
    }

    /// Sends a request to the store that the key signs, with further headers. Where an idempotency key is needed it has one
    /// of its own.
    pub async fn signed(
        &self,
        key: &ApiKey,
        method: &str,
        path: &str,
        body: Option<Json>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let body = body.map(|json| json.to_string().into_bytes());
        self.signed_bytes(key, method, path, body, headers).await
    }

    /// The same with a body of any kind, whose content type is among the headers.
    pub async fn signed_bytes(
        &self,
        key: &ApiKey,
        method: &str,
        path: &str,
        body: Option<Vec<u8>>,
        headers: &[(&str, &str)],
    ) -> Reply {
        let signing = self.signing();
        let own = self.signature(key, &signing, method, path, body.as_deref().unwrap_or_default());
        let mut all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let key = self.missing_key(method, path, headers);
        all.extend(key.as_deref().map(|key| ("idempotency-key", key)));
        all.extend(headers);
        self.send(request(method, path, body, &all)).await
    }
}
