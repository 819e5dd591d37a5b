//! JPEG: segments, and between them the scans.
//!
//! Kept: the tables, the frame, the scans, JFIF without its thumbnail, Adobe's note of the colours, the colour profile.
//! Everything else goes: EXIF, XMP, IPTC, comments, other pictures after the first (phones append them). An orientation
//! other than upright is kept as an EXIF segment that says nothing else.

use super::{Opened, Piece, check_pieces, check_profile};
use crate::bytes::Walk;
use crate::exif;
use crate::format::Format;
use crate::orientation::Orientation;
use crate::refusal::Refused;

const FORMAT: Format = Format::Jpeg;
/// More scans than encoders make, of a progressive JPEG and of others: each one is a pass over the whole picture.
const MAX_SCANS_PROGRESSIVE: usize = 32;
const MAX_SCANS: usize = 4;

/// A channel of the picture, by how many samples of it there are for those of the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    pub across: u8,
    pub down: u8,
}

/// What the header of the frame says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub width: u16,
    pub height: u16,
    pub is_progressive: bool,
    pub components: Vec<Component>,
    /// Whether Adobe's note of the colours came before the first scan, which turns inks around.
    pub has_adobe_colours: bool,
}

/// Walks a JPEG.
pub(crate) fn open(bytes: &[u8]) -> Result<Opened, Refused> {
    let mut segments = Segments::new(bytes);
    while segments.step()? == Step::Segment {}
    let Segments { frame, scans, pieces, orientation, .. } = segments;
    let frame = frame.ok_or_else(|| Refused::damaged(FORMAT, "it has no header"))?;
    if scans == 0 {
        return Err(Refused::damaged(FORMAT, "it has no picture"));
    }
    Ok(Opened {
        format: FORMAT,
        width: frame.width.into(),
        height: frame.height.into(),
        orientation,
        pieces,
        work_bytes: crate::decode::jpeg::work_bytes(&frame),
    })
}

/// The header of the frame, of a file that was walked before.
pub(crate) fn frame(bytes: &[u8]) -> Result<Option<Frame>, Refused> {
    let mut segments = Segments::new(bytes);
    while segments.scans == 0 && segments.step()? == Step::Segment {}
    let has_adobe_colours = segments.has_adobe_colours;
    Ok(segments.frame.map(|frame| Frame { has_adobe_colours, ..frame }))
}

#[derive(PartialEq, Eq)]
enum Step {
    Segment,
    End,
}

struct Segments<'a> {
    walk: Walk<'a>,
    pieces: Vec<Piece>,
    frame: Option<Frame>,
    scans: usize,
    has_adobe_colours: bool,
    profile_bytes: usize,
    orientation: Orientation,
    /// Where the orientation goes: after JFIF, before everything else.
    orientation_at: usize,
}

impl<'a> Segments<'a> {
    fn new(bytes: &'a [u8]) -> Segments<'a> {
        let mut walk = Walk::new(bytes);
        walk.take(2);
        Segments {
            walk,
            pieces: vec![Piece::Kept(0..2)],
            frame: None,
            scans: 0,
            has_adobe_colours: false,
            profile_bytes: 0,
            orientation: Orientation::default(),
            orientation_at: 1,
        }
    }

    /// Takes the next segment.
    fn step(&mut self) -> Result<Step, Refused> {
        let marker = self.marker()?;
        match marker {
            0xD9 => {
                self.pieces.push(Piece::Made(vec![0xFF, 0xD9]));
                self.keep_orientation();
                return Ok(Step::End);
            }
            // Markers that stand alone.
            0x01 | 0xD0..=0xD7 => return Ok(Step::Segment),
            0xD8 => return Err(Refused::damaged(FORMAT, "another picture begins inside of it")),
            _ => {}
        }
        let start = self.walk.at();
        let length = self.walk.u16_be().ok_or_else(truncated)?;
        let length =
            length.checked_sub(2).ok_or_else(|| Refused::damaged(FORMAT, "a segment has no length"))?;
        let content = self.walk.take(length.into()).ok_or_else(truncated)?;
        let whole = start.saturating_sub(2)..self.walk.at();
        self.segment(marker, content, whole)?;
        check_pieces(FORMAT, &self.pieces)?;
        Ok(Step::Segment)
    }

    /// The next marker; any number of 0xFF may stand before it.
    fn marker(&mut self) -> Result<u8, Refused> {
        if self.walk.u8().ok_or_else(truncated)? != 0xFF {
            return Err(Refused::damaged(FORMAT, "there are bytes between its segments"));
        }
        loop {
            match self.walk.u8().ok_or_else(truncated)? {
                0xFF => {}
                0 => return Err(Refused::damaged(FORMAT, "there are bytes between its segments")),
                marker => return Ok(marker),
            }
        }
    }

    fn segment(&mut self, marker: u8, content: &[u8], whole: std::ops::Range<usize>) -> Result<(), Refused> {
        match marker {
            // Tables: Huffman, quantisation, restart interval.
            0xC4 | 0xDB | 0xDD => self.keep(marker, whole),
            0xC0..=0xC2 => {
                self.take_frame(content, marker == 0xC2)?;
                self.keep(marker, whole);
            }
            0xC3 | 0xC5..=0xC7 | 0xC9..=0xCF | 0xDC | 0xDE | 0xDF => {
                return Err(Refused::unusual(FORMAT, "is lossless, hierarchical or coded arithmetically"));
            }
            0xDA => self.scan(whole)?,
            0xE0 => self.application_0(content),
            0xE1 if content.starts_with(exif::PREFIX) => self.orientation = exif::orientation(content),
            0xE2 if content.starts_with(b"ICC_PROFILE\0") => {
                self.profile_bytes = self.profile_bytes.saturating_add(content.len());
                check_profile(FORMAT, self.profile_bytes)?;
                self.keep(marker, whole);
            }
            0xEE if content.starts_with(b"Adobe") => {
                self.has_adobe_colours = true;
                self.keep(marker, whole);
            }
            // Other applications' segments and comments.
            0xE1..=0xEF | 0xFE => {}
            _ => return Err(Refused::damaged(FORMAT, "it has a segment that no JPEG has")),
        }
        Ok(())
    }

    fn keep(&mut self, marker: u8, whole: std::ops::Range<usize>) {
        // Fill bytes may stand between the two bytes of a marker, so they are written again.
        self.pieces.push(Piece::Made(vec![0xFF, marker]));
        self.pieces.push(Piece::Kept(whole.start.saturating_add(2)..whole.end));
    }

    fn take_frame(&mut self, content: &[u8], is_progressive: bool) -> Result<(), Refused> {
        if self.frame.is_some() {
            return Err(Refused::unusual(FORMAT, "has several frames"));
        }
        self.frame = Some(read_frame(content, is_progressive)?);
        Ok(())
    }

    /// JFIF stays, without its thumbnail; its extensions are thumbnails.
    fn application_0(&mut self, content: &[u8]) {
        let is_first = self.pieces.len() == 1;
        if let (true, Some(jfif)) = (is_first, content.strip_prefix(b"JFIF\0").and_then(|rest| rest.get(..7)))
        {
            let mut segment = vec![0xFF, 0xE0, 0, 16];
            segment.extend(b"JFIF\0");
            segment.extend(jfif);
            segment.extend([0, 0]);
            self.pieces.push(Piece::Made(segment));
            self.orientation_at = 2;
        }
    }

    fn scan(&mut self, header: std::ops::Range<usize>) -> Result<(), Refused> {
        self.scans += 1;
        let max_scans = match &self.frame {
            Some(frame) if frame.is_progressive => MAX_SCANS_PROGRESSIVE,
            Some(_) => MAX_SCANS,
            None => return Err(Refused::damaged(FORMAT, "a scan comes before the header")),
        };
        if self.scans > max_scans {
            return Err(Refused::unusual(FORMAT, &format!("has more than {max_scans} scans")));
        }
        let length = entropy_coded(self.walk.rest()).ok_or_else(truncated)?;
        self.walk.take(length);
        self.keep(0xDA, header.start..self.walk.at());
        Ok(())
    }

    fn keep_orientation(&mut self) {
        if self.orientation == Orientation::Upright {
            return;
        }
        let block = exif::block(self.orientation);
        let length = u16::try_from(2 + exif::PREFIX.len() + block.len()).unwrap_or(u16::MAX);
        let mut segment = vec![0xFF, 0xE1];
        segment.extend(length.to_be_bytes());
        segment.extend(exif::PREFIX);
        segment.extend(block);
        let at = self.orientation_at.min(self.pieces.len());
        self.pieces.insert(at, Piece::Made(segment));
    }
}

fn truncated() -> Refused {
    Refused::truncated(FORMAT)
}

fn read_frame(content: &[u8], is_progressive: bool) -> Result<Frame, Refused> {
    let mut walk = Walk::new(content);
    let bits = walk.u8().ok_or_else(truncated)?;
    let height = walk.u16_be().ok_or_else(truncated)?;
    let width = walk.u16_be().ok_or_else(truncated)?;
    let count = walk.u8().ok_or_else(truncated)?;
    if bits != 8 {
        return Err(Refused::unusual(FORMAT, &format!("has {bits} bits a colour")));
    }
    if ![1, 3, 4].contains(&count) {
        return Err(Refused::unusual(FORMAT, &format!("has {count} colour channels")));
    }
    let mut components = Vec::with_capacity(count.into());
    for _ in 0..count {
        let [_, factors, _] = walk.array().ok_or_else(truncated)?;
        let (across, down) = (factors >> 4, factors & 15);
        if !(1..=4).contains(&across) || !(1..=4).contains(&down) {
            return Err(Refused::damaged(FORMAT, "a colour channel has no size"));
        }
        components.push(Component { across, down });
    }
    Ok(Frame { width, height, is_progressive, components, has_adobe_colours: false })
}

/// How long the coded data is: up to the next marker that is not a restart.
fn entropy_coded(data: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let found = data.get(from..)?.iter().position(|byte| *byte == 0xFF)?;
        let at = from + found;
        match data.get(at + 1)? {
            0 | 0xD0..=0xD7 => from = at + 2,
            0xFF => from = at + 1,
            _ => return Some(at),
        }
    }
}
