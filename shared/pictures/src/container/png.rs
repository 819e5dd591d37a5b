//! PNG: chunks.
//!
//! Kept: what decides how the pixels look, an animation with it. Everything else goes: texts, times, EXIF, private
//! chunks. An orientation other than upright is kept as an EXIF chunk that says nothing else.

use super::{Opened, Piece, check_pieces};
use crate::bytes::Walk;
use crate::exif;
use crate::format::Format;
use crate::orientation::Orientation;
use crate::refusal::Refused;

const FORMAT: Format = Format::Png;
const SIGNATURE_BYTES: usize = 8;
/// Length, kind and checksum of a chunk.
const FRAME_BYTES: usize = 12;
const KEPT: [&[u8; 4]; 18] = [
    b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"cICP", b"mDCV",
    b"cLLI", b"sBIT", b"pHYs", b"bKGD", b"acTL", b"fcTL", b"fdAT",
];

/// Walks a PNG.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Refused> {
    let mut walk = Walk::new(bytes);
    walk.take(SIGNATURE_BYTES);
    let (width, height) = header(&mut walk.clone())?;
    let mut chunks = Chunks::default();
    chunks.keep(0..SIGNATURE_BYTES);
    while chunks.step(&mut walk)? {}
    let Chunks { pieces, orientation, has_pixels, .. } = chunks;
    if !has_pixels {
        return Err(Refused::damaged(FORMAT, "it has no picture"));
    }
    let work_bytes = crate::decode::png::work_bytes(width, height);
    Ok(Opened { format: FORMAT, width, height, orientation, pieces, work_bytes })
}

/// The measures, which the first chunk says.
fn header(walk: &mut Walk<'_>) -> Result<(u32, u32), Refused> {
    let length = walk.u32_be().ok_or_else(truncated)?;
    let kind = walk.take(4).ok_or_else(truncated)?;
    if kind != b"IHDR" || length != 13 {
        return Err(Refused::damaged(FORMAT, "it has no header"));
    }
    let width = walk.u32_be().ok_or_else(truncated)?;
    let height = walk.u32_be().ok_or_else(truncated)?;
    Ok((width, height))
}

#[derive(Default)]
struct Chunks {
    pieces: Vec<Piece>,
    orientation: Orientation,
    orientation_at: Option<usize>,
    has_pixels: bool,
}

impl Chunks {
    /// Takes the next chunk; whether there is one more.
    fn step(&mut self, walk: &mut Walk<'_>) -> Result<bool, Refused> {
        let start = walk.at();
        let length = usize::try_from(walk.u32_be().ok_or_else(truncated)?).unwrap_or(usize::MAX);
        let kind: [u8; 4] = walk.array().ok_or_else(truncated)?;
        let content = walk.take(length).ok_or_else(truncated)?;
        walk.take(4).ok_or_else(truncated)?;
        let whole = start..start + FRAME_BYTES + length;
        self.chunk(kind, content, whole);
        check_pieces(FORMAT, &self.pieces)?;
        Ok(&kind != b"IEND")
    }

    fn chunk(&mut self, kind: [u8; 4], content: &[u8], whole: std::ops::Range<usize>) {
        match &kind {
            b"eXIf" => self.orientation = exif::orientation(content),
            b"IDAT" if !self.has_pixels => {
                self.has_pixels = true;
                self.orientation_at = Some(self.pieces.len());
                // A range of its own, so that the orientation can go before it.
                self.pieces.push(Piece::Kept(whole));
            }
            b"IEND" => {
                self.keep(whole);
                self.keep_orientation();
            }
            kind if KEPT.contains(&kind) => self.keep(whole),
            _ => {}
        }
    }

    fn keep(&mut self, range: std::ops::Range<usize>) {
        match self.pieces.last_mut() {
            Some(Piece::Kept(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Kept(range)),
        }
    }

    fn keep_orientation(&mut self) {
        let Some(at) = self.orientation_at.filter(|_| self.orientation != Orientation::Upright) else {
            return;
        };
        self.pieces.insert(at, Piece::Made(chunk(b"eXIf", &exif::block(self.orientation))));
    }
}

/// A chunk of our own.
fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = u32::try_from(content.len()).unwrap_or(u32::MAX).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(content);
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(kind);
    checksum.update(content);
    bytes.extend(checksum.finalize().to_be_bytes());
    bytes
}

fn truncated() -> Refused {
    Refused::truncated(FORMAT)
}
