//! Files in R2, in the bucket of the binding `IMAGES`.

use async_trait::async_trait;
use storeroom_ports::{Blobs, Down};
use worker::Env;

/// The bucket.
pub struct R2Blobs(pub Env);

#[async_trait(?Send)]
impl Blobs for R2Blobs {
    async fn check(&self) -> Result<(), Down> {
        let bucket = self.0.bucket("IMAGES").map_err(|error| Down(error.to_string()))?;
        bucket.head("readyz").await.map(|_| ()).map_err(|error| Down(error.to_string()))
    }
}
