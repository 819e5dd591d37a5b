//! The couriers of webhook endpoints, as due work and the writer reach them.

use crate::courier::Round;
use crate::log;
use crate::objects::{self, COURIERS};
use async_trait::async_trait;
use storeroom_ports::{Couriers, Level};
use worker::{Env, Result};

/// The couriers of the namespace, one an endpoint, by the endpoint's id.
pub struct ObjectCouriers(pub Env);

#[async_trait(?Send)]
impl Couriers for ObjectCouriers {
    async fn wake(&self, store: &str, endpoint: &str) {
        if let Err(error) = self.call(store, endpoint).await {
            log::line(Level::Warn, "courier not woken", &error.to_string());
        }
    }
}

impl ObjectCouriers {
    async fn call(&self, store: &str, endpoint: &str) -> Result<()> {
        let round = Round { store: store.to_owned(), endpoint: endpoint.to_owned() };
        let body = serde_json::to_vec(&round)?;
        objects::post(&self.0, COURIERS, endpoint, "/run", &body).await.map(|_| ())
    }
}
