//! `GET /images/{store}/{sha256}/{file}`: what anybody may see and keep forever.
//!
//! Guarantees: the database is not asked; what is no name that was given out is not there; nothing that is served can run:
//! the type is ours, it is not guessed at, and the policy lets nothing load.

use crate::names::{self, File};
use crate::range::{self, Asked};
use async_trait::async_trait;
use storeroom_operations::{Code, Problem};
use storeroom_ports::blobs::Chunks;
use storeroom_ports::{Blob, Down, Level, Part};
use storeroom_web::answer::Cache;
use storeroom_web::call::unavailable;
use storeroom_web::response::Body;
use storeroom_web::{Answer, Call, Outgoing, Stream, precondition};

/// What is read whole before it is sent: every rendition is smaller.
const SMALL: u64 = 1_000_000;

/// Serves a file.
pub async fn serve(call: &Call<'_>) -> Result<Answer, Problem> {
    let Wanted { name, file, etag } = wanted(call).ok_or_else(missing)?;
    let blob = get(call, &name, None).await?;
    let size = blob.size;
    // A copy that the client has is as good as any range of it.
    let asked = match precondition::has_already(&call.headers, &etag) {
        true => Asked::Whole,
        false => range::asked(&call.headers, size, &etag),
    };
    let answer = match asked {
        Asked::Whole => Answer { body: body(call, blob).await?, ..Answer::empty(200) },
        Asked::Part(part) => {
            drop(blob);
            partial(call, &name, part, size).await?
        }
        Asked::Nothing => return Err(beyond(size)),
    };
    let mut headers = answer.headers;
    headers.push(("Accept-Ranges", "bytes".to_owned()));
    Ok(Answer {
        media: Some(file.content_type()),
        etag: Some(etag),
        cache: Cache::Immutable,
        headers,
        ..answer
    })
}

/// A file that was named.
struct Wanted {
    name: String,
    file: File,
    etag: String,
}

fn wanted(call: &Call<'_>) -> Option<Wanted> {
    let part = |name: &str| call.path.get(name).map(String::as_str);
    let store = part("store_id").filter(|store| names::is_store(store))?;
    let sha256 = part("sha256").filter(|hash| names::is_hash(hash))?;
    let file = File::parse(part("file")?)?;
    let etag = format!("\"{sha256}-{}\"", file.name());
    Some(Wanted { name: names::stored(store, sha256, file), file, etag })
}

async fn partial(call: &Call<'_>, name: &str, part: Part, size: u64) -> Result<Answer, Problem> {
    let blob = get(call, name, Some(part)).await?;
    let last = part.offset.saturating_add(part.length).saturating_sub(1);
    let headers = vec![("Content-Range", format!("bytes {}-{last}/{size}", part.offset))];
    let body = if part.length <= SMALL { whole(call, blob).await? } else { flowing(blob) };
    Ok(Answer { headers, body, ..Answer::empty(206) })
}

async fn body(call: &Call<'_>, blob: Blob) -> Result<Body, Problem> {
    if blob.size <= SMALL { whole(call, blob).await } else { Ok(flowing(blob)) }
}

async fn get(call: &Call<'_>, name: &str, part: Option<Part>) -> Result<Blob, Problem> {
    let found = call.ports.blobs.get(name, part).await.map_err(|down| not_now(call, &down))?;
    found.ok_or_else(missing)
}

async fn whole(call: &Call<'_>, blob: Blob) -> Result<Body, Problem> {
    let bytes = blob.bytes().await.map_err(|down| not_now(call, &down))?;
    Ok(Body::Bytes(bytes.into()))
}

fn flowing(blob: Blob) -> Body {
    Body::Stream(Stream(Box::new(Flowing { chunks: blob.chunks, is_broken: false })))
}

/// A file on its way to the client.
struct Flowing {
    chunks: Box<dyn Chunks>,
    is_broken: bool,
}

#[async_trait(?Send)]
impl Outgoing for Flowing {
    async fn next(&mut self) -> Option<Vec<u8>> {
        match self.chunks.next().await {
            Ok(chunk) => chunk,
            Err(_) => {
                self.is_broken = true;
                None
            }
        }
    }

    fn is_broken(&self) -> bool {
        self.is_broken
    }
}

fn missing() -> Problem {
    Problem::not_found("image")
}

fn beyond(size: u64) -> Problem {
    let detail = format!("The image has {size} bytes; the range holds none of them.");
    Problem::new(Code::RangeNotSatisfiable, detail).header("Content-Range", format!("bytes */{size}"))
}

fn not_now(call: &Call<'_>, down: &Down) -> Problem {
    call.log(Level::Warn, "image store down", &down.0);
    unavailable("The image store does not answer right now.")
}
