//! What files are made of: their measures, and what of them is kept.
//!
//! Guarantees: a file is walked from its start to its end without decoding a pixel; what the walk does not know is not
//! kept, and neither is what lies after the end of the picture.

pub(crate) mod gif;
pub(crate) mod jpeg;
pub(crate) mod png;
pub(crate) mod webp;

use crate::format::Format;
use crate::limits::Measures;
use crate::orientation::Orientation;
use crate::refusal::Refused;
use std::ops::Range;

/// A part of the file that is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Bytes of the file that was sent.
    Kept(Range<usize>),
    /// Bytes that stand where metadata was.
    Made(Vec<u8>),
}

/// A file, walked and not yet decoded.
#[derive(Debug)]
pub(crate) struct Opened {
    pub format: Format,
    /// As stored, before the orientation.
    pub width: u32,
    pub height: u32,
    pub orientation: Orientation,
    pub pieces: Vec<Piece>,
    /// What decoding, scaling and encoding take at most.
    pub work_bytes: u64,
}

impl Opened {
    pub(crate) fn measures(&self, body_bytes: usize) -> Measures {
        let Opened { format, width, height, work_bytes, .. } = *self;
        Measures { format, width, height, body_bytes, work_bytes }
    }
}

/// Walks a file of any format that is taken.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Refused> {
    match Format::of(bytes)? {
        Format::Jpeg => jpeg::open(bytes),
        Format::Png => png::open(bytes),
        Format::Webp => webp::open(bytes),
        Format::Gif => gif::open(bytes),
    }
}

/// Most pieces of a file: an animation has a few a frame. More would take memory before any of it is counted.
const MAX_PIECES: usize = 20_000;
/// Most bytes of a colour profile.
const MAX_PROFILE: usize = 2_000_000;

/// Refuses a file that falls into more pieces than pictures do.
fn check_pieces(format: Format, pieces: &[Piece]) -> Result<(), Refused> {
    check_count(format, pieces.len())
}

/// The same, where they are still being gathered.
fn check_count(format: Format, pieces: usize) -> Result<(), Refused> {
    if pieces <= MAX_PIECES {
        return Ok(());
    }
    Err(Refused::unusual(format, "consists of more than 10,000 parts"))
}

/// Refuses a colour profile that is longer than profiles are.
fn check_profile(format: Format, length: usize) -> Result<(), Refused> {
    if length <= MAX_PROFILE {
        return Ok(());
    }
    Err(Refused::unusual(format, "has a colour profile of more than 2 MB"))
}

/// The file that is stored.
pub(crate) fn assembled(bytes: &[u8], pieces: &[Piece]) -> Vec<u8> {
    let parts = || {
        pieces.iter().map(|piece| match piece {
            Piece::Kept(range) => bytes.get(range.clone()).unwrap_or_default(),
            Piece::Made(made) => made.as_slice(),
        })
    };
    let mut file = Vec::with_capacity(parts().map(<[u8]>::len).sum());
    parts().for_each(|part| file.extend_from_slice(part));
    file
}
