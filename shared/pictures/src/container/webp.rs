//! WebP: chunks within a RIFF file.
//!
//! Kept: the pictures, their alpha, an animation, the colour profile. Everything else goes: EXIF, XMP, unknown chunks. An
//! orientation other than upright is kept as an EXIF chunk that says nothing else.

use super::{Opened, Piece, check_count, check_pieces, check_profile};
use crate::bytes::Walk;
use crate::exif;
use crate::format::Format;
use crate::orientation::Orientation;
use crate::refusal::Refused;
use std::ops::Range;

const FORMAT: Format = Format::Webp;
/// `RIFF`, its length, `WEBP`.
const HEADER_BYTES: usize = 12;
/// The kind and the length of a chunk.
const CHUNK_HEADER_BYTES: usize = 8;
/// What stands before the chunks of an animation's frame: place, size, duration, flags.
const FRAME_HEADER_BYTES: usize = 16;
/// The flags of an extended file that stay: animation, alpha, profile.
const FLAGS_KEPT: u8 = 0b0011_0010;
const FLAG_EXIF: u8 = 0b0000_1000;

/// A picture of the file: the only one, or the first of an animation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FirstFrame {
    /// Where its upper left corner lies.
    pub x: u32,
    pub y: u32,
    pub width: u32,
    pub height: u32,
    /// The coded pixels.
    pub pixels: Range<usize>,
    pub is_lossless: bool,
    /// Whether what is lossless says that it has an alpha.
    pub has_alpha: bool,
    /// The coded alpha of lossy pixels.
    pub alpha: Option<Range<usize>>,
}

/// What a walk finds.
#[derive(Debug, Default)]
pub(crate) struct Walked {
    pub width: u32,
    pub height: u32,
    pub frame: Option<FirstFrame>,
    pub profile: Option<Range<usize>>,
    extended: Option<[u8; 10]>,
    orientation: Orientation,
    pieces: Vec<Piece>,
}

/// Walks a WebP.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Refused> {
    let mut walked = walk(bytes)?;
    let frame = walked.frame.as_ref().ok_or_else(|| Refused::damaged(FORMAT, "it has no picture"))?;
    let work_bytes = crate::decode::webp::work_bytes(walked.width, walked.height, frame);
    walked.keep_orientation();
    let pieces = walked.file();
    let Walked { width, height, orientation, .. } = walked;
    Ok(Opened { format: FORMAT, width, height, orientation, pieces, work_bytes })
}

/// Walks the chunks.
pub(crate) fn walk(bytes: &[u8]) -> Result<Walked, Refused> {
    let mut header = Walk::new(bytes);
    header.take(4);
    let length = usize::try_from(header.u32_le().ok_or_else(truncated)?).unwrap_or(usize::MAX);
    // What lies after the file's own end is not looked at.
    let end = length.saturating_add(CHUNK_HEADER_BYTES);
    let file = bytes.get(..end).ok_or_else(truncated)?;
    let mut walked = Walked::default();
    let mut walk = Walk::new(file);
    walk.take(HEADER_BYTES);
    while !walk.rest().is_empty() {
        let chunk = Chunk::next(&mut walk)?;
        walked.chunk(&chunk)?;
        check_pieces(FORMAT, &walked.pieces)?;
    }
    if walked.extended.is_none()
        && let Some(frame) = &walked.frame
    {
        (walked.width, walked.height) = (frame.width, frame.height);
    }
    Ok(walked)
}

/// A chunk, and where it lies in the file.
struct Chunk<'a> {
    kind: [u8; 4],
    content: &'a [u8],
    /// Where the content lies.
    inner: Range<usize>,
    /// The chunk with its header and the byte that makes it even.
    whole: Range<usize>,
}

impl<'a> Chunk<'a> {
    fn next(walk: &mut Walk<'a>) -> Result<Chunk<'a>, Refused> {
        let start = walk.at();
        let kind = walk.array().ok_or_else(truncated)?;
        let length = usize::try_from(walk.u32_le().ok_or_else(truncated)?).unwrap_or(usize::MAX);
        let inner_start = walk.at();
        let content = walk.take(length).ok_or_else(truncated)?;
        let inner = inner_start..walk.at();
        // The last chunk of some files lacks the byte that makes it even.
        if length % 2 == 1 {
            walk.take(1);
        }
        Ok(Chunk { kind, content, inner, whole: start..walk.at() })
    }
}

impl Walked {
    fn chunk(&mut self, chunk: &Chunk<'_>) -> Result<(), Refused> {
        match &chunk.kind {
            b"VP8X" => self.extended(chunk)?,
            b"VP8 " | b"VP8L" | b"ALPH" => {
                self.picture(chunk)?;
                self.keep(chunk.whole.clone());
            }
            b"ICCP" => {
                check_profile(FORMAT, chunk.content.len())?;
                self.profile = Some(chunk.inner.clone());
                self.keep(chunk.whole.clone());
            }
            b"ANIM" => self.keep(chunk.whole.clone()),
            b"ANMF" => self.animation_frame(chunk)?,
            b"EXIF" => self.orientation = exif::orientation(chunk.content),
            _ => {}
        }
        Ok(())
    }

    fn extended(&mut self, chunk: &Chunk<'_>) -> Result<(), Refused> {
        let content: [u8; 10] =
            chunk.content.get(..10).and_then(|bytes| bytes.try_into().ok()).ok_or_else(truncated)?;
        let mut walk = Walk::new(&content);
        walk.take(4);
        self.width = walk.u24_le().ok_or_else(truncated)? + 1;
        self.height = walk.u24_le().ok_or_else(truncated)? + 1;
        self.extended = Some(content);
        Ok(())
    }

    /// Notes the chunk when it belongs to the first picture.
    fn picture(&mut self, chunk: &Chunk<'_>) -> Result<(), Refused> {
        let frame = self.frame.get_or_insert_default();
        if !frame.pixels.is_empty() {
            return Ok(());
        }
        if &chunk.kind == b"ALPH" {
            frame.alpha = Some(chunk.inner.clone());
            return Ok(());
        }
        let is_lossless = &chunk.kind == b"VP8L";
        let measures = if is_lossless { lossless(chunk.content) } else { lossy(chunk.content) };
        let (width, height, has_alpha) =
            measures.ok_or_else(|| Refused::damaged(FORMAT, "its picture has no header"))?;
        *frame = FirstFrame {
            width,
            height,
            is_lossless,
            has_alpha,
            pixels: chunk.inner.clone(),
            ..frame.clone()
        };
        Ok(())
    }

    fn animation_frame(&mut self, chunk: &Chunk<'_>) -> Result<(), Refused> {
        let mut walk = Walk::new(chunk.content);
        let place = (walk.u24_le().ok_or_else(truncated)? * 2, walk.u24_le().ok_or_else(truncated)? * 2);
        walk.take(FRAME_HEADER_BYTES - 6).ok_or_else(truncated)?;
        let is_first = self.frame.as_ref().is_none_or(|frame| frame.pixels.is_empty());
        if is_first {
            self.frame = Some(FirstFrame { x: place.0, y: place.1, ..FirstFrame::default() });
        }
        let offset = chunk.inner.start;
        let mut kept: Vec<Range<usize>> = Vec::new();
        while !walk.rest().is_empty() {
            let inner = Chunk::next(&mut walk)?.moved(offset);
            if [b"VP8 ", b"VP8L", b"ALPH"].contains(&&inner.kind) {
                self.picture(&inner)?;
                kept.push(inner.whole);
            }
            check_count(FORMAT, kept.len())?;
        }
        self.keep_frame(offset, kept);
        Ok(())
    }

    /// Keeps a frame with the chunks that are kept of it.
    fn keep_frame(&mut self, offset: usize, kept: Vec<Range<usize>>) {
        let length = FRAME_HEADER_BYTES + kept.iter().map(Range::len).sum::<usize>();
        self.pieces.push(Piece::Made(chunk_header(b"ANMF", length.next_multiple_of(2))));
        self.pieces.push(Piece::Kept(offset..offset + FRAME_HEADER_BYTES));
        self.pieces.extend(kept.into_iter().map(Piece::Kept));
        // The last chunk of a frame may lack the byte that makes it even.
        if length % 2 == 1 {
            self.pieces.push(Piece::Made(vec![0]));
        }
    }

    fn keep(&mut self, range: Range<usize>) {
        self.pieces.push(Piece::Kept(range));
    }

    /// Adds the orientation at the end, as the format has it, where there is an extended header to announce it.
    fn keep_orientation(&mut self) {
        if self.extended.is_none() {
            self.orientation = Orientation::Upright;
        }
        if self.orientation == Orientation::Upright {
            return;
        }
        let block = exif::block(self.orientation);
        let mut chunk = chunk_header(b"EXIF", block.len());
        chunk.extend(block);
        self.pieces.push(Piece::Made(chunk));
    }

    /// The pieces of the whole file.
    fn file(&mut self) -> Vec<Piece> {
        let mut pieces = vec![];
        if let Some([flags, rest @ ..]) = self.extended {
            let exif = if self.orientation == Orientation::Upright { 0 } else { FLAG_EXIF };
            let mut chunk = chunk_header(b"VP8X", 10);
            chunk.push(flags & FLAGS_KEPT | exif);
            chunk.extend(rest);
            pieces.push(Piece::Made(chunk));
        }
        pieces.append(&mut self.pieces);
        evened(&mut pieces);
        let length: usize = 4 + pieces.iter().map(Piece::length).sum::<usize>();
        let mut header = chunk_header(b"RIFF", length);
        header.extend(b"WEBP");
        pieces.insert(0, Piece::Made(header));
        pieces
    }
}

/// Makes the last piece even, where the file lacked the last byte.
fn evened(pieces: &mut Vec<Piece>) {
    if pieces.iter().map(Piece::length).sum::<usize>() % 2 == 1 {
        pieces.push(Piece::Made(vec![0]));
    }
}

impl Piece {
    fn length(&self) -> usize {
        match self {
            Piece::Kept(range) => range.len(),
            Piece::Made(bytes) => bytes.len(),
        }
    }
}

impl Chunk<'_> {
    /// The chunk, its place counted from the start of the file.
    fn moved(mut self, offset: usize) -> Self {
        for range in [&mut self.inner, &mut self.whole] {
            *range = range.start + offset..range.end + offset;
        }
        self
    }
}

/// The header of a chunk of our own.
pub(crate) fn chunk_header(kind: &[u8; 4], length: usize) -> Vec<u8> {
    let mut bytes = kind.to_vec();
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_le_bytes());
    bytes
}

/// The measures of lossy pixels, which have no alpha of their own.
fn lossy(content: &[u8]) -> Option<(u32, u32, bool)> {
    let mut walk = Walk::new(content);
    walk.take(3)?;
    if walk.array()? != [0x9D, 0x01, 0x2A] {
        return None;
    }
    let (width, height) = (walk.u16_le()? & 0x3FFF, walk.u16_le()? & 0x3FFF);
    Some((width.into(), height.into(), false))
}

/// The measures of lossless pixels, and whether they have an alpha.
fn lossless(content: &[u8]) -> Option<(u32, u32, bool)> {
    let mut walk = Walk::new(content);
    if walk.u8()? != 0x2F {
        return None;
    }
    let bits = walk.u32_le()?;
    Some(((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bits >> 28 & 1 == 1))
}

fn truncated() -> Refused {
    Refused::truncated(FORMAT)
}
