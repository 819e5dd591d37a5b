//! GIF: blocks, after a header with the colours.
//!
//! Kept: the header, the frames with their timing, how often they repeat. Everything else goes: comments, texts, other
//! applications' blocks.

use super::{Opened, Piece, check_pieces};
use crate::bytes::Walk;
use crate::format::Format;
use crate::orientation::Orientation;
use crate::refusal::Refused;

const FORMAT: Format = Format::Gif;
const VERSION_BYTES: usize = 6;
const REPEATS: [&[u8]; 2] = [b"NETSCAPE2.0", b"ANIMEXTS1.0"];

/// Walks a GIF.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Refused> {
    let mut blocks = Blocks { walk: Walk::new(bytes), pieces: Vec::new(), timing: None, frames: 0 };
    let (width, height) = blocks.header()?;
    while blocks.step()? {}
    if blocks.frames == 0 {
        return Err(Refused::damaged(FORMAT, "it has no picture"));
    }
    Ok(Opened {
        format: FORMAT,
        width,
        height,
        orientation: Orientation::Upright,
        pieces: blocks.pieces,
        work_bytes: crate::decode::gif::work_bytes(width, height),
    })
}

struct Blocks<'a> {
    walk: Walk<'a>,
    pieces: Vec<Piece>,
    /// The timing block that belongs to the next frame.
    timing: Option<std::ops::Range<usize>>,
    frames: usize,
}

impl Blocks<'_> {
    fn header(&mut self) -> Result<(u32, u32), Refused> {
        self.walk.take(VERSION_BYTES).ok_or_else(truncated)?;
        let width = self.walk.u16_le().ok_or_else(truncated)?;
        let height = self.walk.u16_le().ok_or_else(truncated)?;
        let [flags, _, _] = self.walk.array().ok_or_else(truncated)?;
        self.colours(flags)?;
        self.keep(0..self.walk.at());
        Ok((width.into(), height.into()))
    }

    /// Passes over a table of colours, when the flags say that there is one.
    fn colours(&mut self, flags: u8) -> Result<(), Refused> {
        if flags & 0x80 != 0 {
            self.walk.take(3 << ((flags & 7) + 1)).ok_or_else(truncated)?;
        }
        Ok(())
    }

    /// Takes the next block; whether there is one more.
    fn step(&mut self) -> Result<bool, Refused> {
        let start = self.walk.at();
        match self.walk.u8().ok_or_else(truncated)? {
            0x3B => {
                self.keep(start..self.walk.at());
                return Ok(false);
            }
            0x2C => self.frame(start)?,
            0x21 => self.extension(start)?,
            // Some encoders write an empty block too many.
            0 => {}
            _ => return Err(Refused::damaged(FORMAT, "it has a block that no GIF has")),
        }
        check_pieces(FORMAT, &self.pieces)?;
        Ok(true)
    }

    fn frame(&mut self, start: usize) -> Result<(), Refused> {
        let [_, _, _, _, _, _, _, _, flags] = self.walk.array().ok_or_else(truncated)?;
        self.colours(flags)?;
        self.walk.u8().ok_or_else(truncated)?;
        self.data()?;
        if let Some(timing) = self.timing.take() {
            self.keep(timing);
        }
        self.keep(start..self.walk.at());
        self.frames += 1;
        Ok(())
    }

    fn extension(&mut self, start: usize) -> Result<(), Refused> {
        let kind = self.walk.u8().ok_or_else(truncated)?;
        let mut first = self.walk.clone();
        let length = first.u8().ok_or_else(truncated)?;
        let name = first.take(length.into()).ok_or_else(truncated)?;
        self.data()?;
        let whole = start..self.walk.at();
        match kind {
            0xF9 => self.timing = Some(whole),
            0xFF if REPEATS.contains(&name) => self.keep(whole),
            // A text is drawn like a frame, and its timing goes with it.
            0x01 => self.timing = None,
            _ => {}
        }
        Ok(())
    }

    /// Passes over the parts of a block, to the empty one at its end.
    fn data(&mut self) -> Result<(), Refused> {
        loop {
            let length = self.walk.u8().ok_or_else(truncated)?;
            if length == 0 {
                return Ok(());
            }
            self.walk.take(length.into()).ok_or_else(truncated)?;
        }
    }

    fn keep(&mut self, range: std::ops::Range<usize>) {
        match self.pieces.last_mut() {
            Some(Piece::Kept(last)) if last.end == range.start => last.end = range.end,
            _ => self.pieces.push(Piece::Kept(range)),
        }
    }
}

fn truncated() -> Refused {
    Refused::truncated(FORMAT)
}
