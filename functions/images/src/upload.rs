//! What a client sends: an image as the body, or in a form.
//!
//! Guarantees: whoever may not send it is refused before it is decoded, and a request that was answered before is
//! answered as it was.

use crate::form;
use sha2::{Digest, Sha256};
use storeroom_operations::shapes::image::ALT;
use storeroom_operations::validate::validate;
use storeroom_operations::{Code, Problem};
use storeroom_pictures::limits::MEMORY_BUDGET;
use storeroom_pictures::{Prepared, Refused, open};
use storeroom_web::answer::hex;
use storeroom_web::memory::{self, Share, Whose};
use storeroom_web::{Answer, Call};

// A picture that is alone always fits.
const _: () = assert!(MEMORY_BUDGET <= memory::BUDGET);

/// An image that was sent, ready to be stored.
pub struct Upload<'a> {
    /// The files and their facts.
    pub picture: Prepared,
    /// Of the original, in hex.
    pub sha256: String,
    /// The alternative text, if one came along.
    pub alt: Option<String>,
    /// The memory that it takes beside the body.
    _share: Share<'a>,
}

/// What becomes of a request to take an image.
pub enum Sent<'a> {
    /// It was done before, and this is its answer.
    Before(Answer),
    /// An image to be stored.
    Now(Box<Upload<'a>>),
}

/// Reads and prepares the image of a request.
pub async fn sent<'a>(call: &Call<'a>) -> Result<Sent<'a>, Problem> {
    if let Some(answer) = call.look_first().await? {
        return Ok(Sent::Before(answer));
    }
    let (bytes, alt) = image_and_alt(call)?;
    let picture = open(bytes).map_err(refusal)?;
    let share = call.memory.share(Whose::Known);
    // The gateway has counted the body.
    share.grow(picture.total_bytes().saturating_sub(call.body.len() as u64), call.ports.clock.now())?;
    let picture = picture.prepare().map_err(refusal)?;
    share.shrink_to(kept_bytes(&picture));
    let sha256 = hex(&Sha256::digest(&picture.original));
    Ok(Sent::Now(Box::new(Upload { picture, sha256, alt, _share: share })))
}

/// What a picture takes while its files are stored: they, and the platform's copy of the largest.
fn kept_bytes(picture: &Prepared) -> u64 {
    let renditions: usize = picture.renditions.iter().map(|rendition| rendition.bytes.len()).sum();
    (picture.original.len() as u64).saturating_mul(2).saturating_add(renditions as u64)
}

fn image_and_alt<'a>(call: &'a Call<'_>) -> Result<(&'a [u8], Option<String>), Problem> {
    let named = call.query.get("alt").cloned();
    let Some(boundary) = form::boundary(&call.headers) else {
        return Ok((&call.body, named));
    };
    let form = form::read(&call.body, &boundary?)?;
    let alt = form.alt.map(checked).transpose()?;
    Ok((form.file, alt.or(named)))
}

fn checked(alt: String) -> Result<String, Problem> {
    let mut faults = validate(&ALT, &serde_json::Value::String(alt.clone()));
    if faults.is_empty() {
        return Ok(alt);
    }
    faults.iter_mut().for_each(|fault| fault.pointer.insert_str(0, "/alt"));
    Err(Problem::with_faults(Code::ValidationFailed, faults))
}

fn refusal(refused: Refused) -> Problem {
    let code = match refused {
        Refused::TooLarge(_) => Code::ImageTooLarge,
        Refused::Unsupported(_) => Code::ImageUnsupported,
        Refused::Corrupt(_) => Code::ImageCorrupt,
    };
    Problem::new(code, refused.detail())
}
