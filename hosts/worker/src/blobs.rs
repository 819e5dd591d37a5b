//! Files in R2, in the bucket of the binding `IMAGES`.
//!
//! Relies on: R2's strong consistency (<https://developers.cloudflare.com/r2/reference/consistency/>).

use async_trait::async_trait;
use futures::StreamExt;
use storeroom_ports::{Blob, Blobs, Chunks, Down, Part};
use worker::{Bucket, ByteStream, Env, Range};

/// The bucket.
pub struct R2Blobs(pub Env);

#[async_trait(?Send)]
impl Blobs for R2Blobs {
    async fn check(&self) -> Result<(), Down> {
        self.bucket()?.head("readyz").await.map(drop).map_err(|error| down(&error))
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Down> {
        self.bucket()?.put(name, bytes).execute().await.map(drop).map_err(|error| down(&error))
    }

    async fn get(&self, name: &str, part: Option<Part>) -> Result<Option<Blob>, Down> {
        let bucket = self.bucket()?;
        let request = bucket.get(name);
        let request = match part {
            Some(Part { offset, length }) => request.range(Range::OffsetWithLength { offset, length }),
            None => request,
        };
        let Some(object) = request.execute().await.map_err(|error| down(&error))? else { return Ok(None) };
        let body = object.body().ok_or_else(|| Down("an object without a body".to_owned()))?;
        let stream = body.stream().map_err(|error| down(&error))?;
        Ok(Some(Blob { size: object.size(), chunks: Box::new(Flow(stream)) }))
    }

    async fn delete(&self, name: &str) -> Result<(), Down> {
        self.bucket()?.delete(name).await.map_err(|error| down(&error))
    }
}

impl R2Blobs {
    fn bucket(&self) -> Result<Bucket, Down> {
        self.0.bucket("IMAGES").map_err(|error| down(&error))
    }
}

/// An object's bytes as they come.
struct Flow(ByteStream);

#[async_trait(?Send)]
impl Chunks for Flow {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Down> {
        self.0.next().await.transpose().map_err(|error| down(&error))
    }
}

fn down(error: &worker::Error) -> Down {
    Down(format!("image store: {error}"))
}
