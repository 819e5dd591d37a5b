//! API keys of a test bed's stores, and requests that they sign.

use crate::shop::{Reply, Testbed, request};
use serde_json::Value as Json;
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
        let text = canonical(method, path, &signing.store, signing.timestamp_s, &signing.nonce, body);
        let mut headers = vec![
            (KEY_HEADER, format!("{}.{}", key.id, key.generation)),
            (TIMESTAMP_HEADER, signing.timestamp_s.to_string()),
            (NONCE_HEADER, signing.nonce.clone()),
            (SIGNATURE_HEADER, sign(&key.secret, &text)),
        ];
        if !signing.store.is_empty() {
            headers.push(("X-Store-Id", signing.store.clone()));
        }
        headers
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
        let signing = self.signing();
        let own = self.signature(key, &signing, method, path, body.as_deref().unwrap_or_default());
        let mut all: Vec<(&str, &str)> = own.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let key = self.missing_key(method, path, headers);
        all.extend(key.as_deref().map(|key| ("idempotency-key", key)));
        all.extend(headers);
        self.send(request(method, path, body, &all)).await
    }
}
