//! From a file to enough pixels for the largest rendition.
//!
//! Guarantees: a picture takes no more memory than the `work_bytes` of its format says; what the libraries cannot read is
//! refused as damaged.
//! Relies on: measures that passed `limits`; files that `container` walked.

pub(crate) mod gif;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod webp;

use crate::format::Format;
use crate::preset::Preset;
use crate::refusal::Refused;
use crate::scale::Decoded;

/// What making the renditions of decoded pixels takes: the largest one twice, its file and the encoder's tables.
pub(crate) const RENDITION_BYTES: u64 =
    Preset::Page.longest_side() as u64 * Preset::Page.longest_side() as u64 * 4 * 3;
/// Rows, windows of decompression, tables, profiles.
pub(crate) const SLACK_BYTES: u64 = 3 * 1024 * 1024;

/// A picture and what its colours mean.
pub(crate) struct Picture {
    pub decoded: Decoded,
    pub profile: Option<Vec<u8>>,
}

/// Decodes a file of any format.
pub(crate) fn decode(format: Format, bytes: &[u8]) -> Result<Picture, Refused> {
    match format {
        Format::Jpeg => jpeg::decode(bytes),
        Format::Png => png::decode(bytes),
        Format::Webp => webp::decode(bytes),
        Format::Gif => gif::decode(bytes),
    }
}

/// What scaling decoded pixels to the largest rendition takes, the pixels included.
pub(crate) fn scaling_bytes(width: u64, height: u64) -> u64 {
    // The library scales across first: as many columns as the rendition has, as many rows as there are.
    let across = width.min(Preset::Page.longest_side().into()) * height * 4;
    width * height * 4 + across + RENDITION_BYTES
}
