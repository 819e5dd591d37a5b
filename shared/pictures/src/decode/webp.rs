//! WebP: decoded whole, then averaged.
//!
//! Relies on: `image-webp`, whose memory is the planes of a lossy picture and all its pixels. A file of one picture is
//! made of the first frame, so that its memory does not depend on the others; lossless pixels are always asked for with
//! an alpha, because the library copies them otherwise.

use super::{Picture, SLACK_BYTES};
use crate::container::webp::{FirstFrame, chunk_header, walk};
use crate::format::Format;
use crate::reduce::{self, Reducer, Row};
use crate::refusal::Refused;
use image_webp::{DecodingError, WebPDecoder};
use std::io::Cursor;

const FORMAT: Format = Format::Webp;
/// Where a lossless picture says that it has an alpha.
const ALPHA_BYTE: usize = 4;
const ALPHA_BIT: u8 = 0b0001_0000;
/// The flag of an extended file.
const FLAG_ALPHA: u8 = 0b0001_0000;

/// The memory that a WebP with this first frame takes at most.
pub(crate) fn work_bytes(width: u32, height: u32, frame: &FirstFrame) -> u64 {
    let pixels = u64::from(frame.width) * u64::from(frame.height);
    let padded = u64::from(frame.width.next_multiple_of(16)) * u64::from(frame.height.next_multiple_of(16));
    let planes = padded * 3 / 2;
    let file = (frame.pixels.len() + frame.alpha.as_ref().map_or(0, ExactSizeIterator::len)) as u64;
    let (held, passing) = match (frame.is_lossless, &frame.alpha) {
        // Pixels; three transforms of a sixteenth each, and as much for the codes.
        (true, _) => (pixels * 4, pixels * 5 / 4),
        (false, None) => (pixels * 3, planes),
        // The alpha is decoded like a lossless picture, then copied twice.
        (false, Some(_)) => (pixels * 4, planes + pixels * 4 + pixels * 2 + pixels * 5 / 4),
    };
    let decoding = held + passing;
    let reducing = held + reduce::bytes_for(width, height);
    decoding.max(reducing).max(reduce::scaling_bytes(width, height)) + file + SLACK_BYTES
}

/// Decodes the first frame; what it does not cover can be seen through.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, Refused> {
    let walked = walk(bytes)?;
    let frame = walked.frame.ok_or_else(|| Refused::damaged(FORMAT, "it has no picture"))?;
    let profile = walked.profile.and_then(|range| bytes.get(range)).map(<[u8]>::to_vec);
    let (pixels, channels) = pixels(file_of(bytes, &frame))?;
    let mut reducer = Reducer::new(walked.width, walked.height);
    if (frame.x, frame.y, frame.width, frame.height) != (0, 0, walked.width, walked.height) {
        reducer.has_holes();
    }
    let ignores_alpha = frame.is_lossless && !frame.has_alpha;
    let mut rgba = Vec::with_capacity(frame.width as usize * 4);
    let rows = pixels.chunks_exact((frame.width as usize * channels).max(1));
    for (row, y) in rows.zip(frame.y..) {
        rgba.clear();
        rgba.extend(row.chunks_exact(channels).flat_map(|pixel| with_alpha(pixel, ignores_alpha)));
        reducer.add(&Row { y, x: frame.x, step: 1, rgba: &rgba });
    }
    drop(pixels);
    Ok(Picture { decoded: reducer.finish(), profile })
}

/// All pixels of a file, and how many bytes each has.
fn pixels(file: Vec<u8>) -> Result<(Vec<u8>, usize), Refused> {
    let mut decoder = WebPDecoder::new(Cursor::new(file)).map_err(|error| damaged(&error))?;
    let channels = if decoder.has_alpha() { 4 } else { 3 };
    let length = decoder.output_buffer_size().ok_or_else(|| Refused::damaged(FORMAT, "it has no size"))?;
    let mut pixels = vec![0; length];
    decoder.read_image(&mut pixels).map_err(|error| damaged(&error))?;
    Ok((pixels, channels))
}

fn with_alpha(pixel: &[u8], ignores_alpha: bool) -> [u8; 4] {
    match pixel {
        [red, green, blue, _] if ignores_alpha => [*red, *green, *blue, 255],
        [red, green, blue, alpha] => [*red, *green, *blue, *alpha],
        [red, green, blue] => [*red, *green, *blue, 255],
        _ => [0; 4],
    }
}

/// A file of one frame alone.
fn file_of(bytes: &[u8], frame: &FirstFrame) -> Vec<u8> {
    let pixels = bytes.get(frame.pixels.clone()).unwrap_or_default();
    let alpha = frame.alpha.clone().and_then(|range| bytes.get(range)).filter(|_| !frame.is_lossless);
    let length = 4 + pixels.len() + alpha.map_or(0, <[u8]>::len) + 64;
    let mut file = Vec::with_capacity(length);
    file.extend(chunk_header(b"RIFF", 0));
    file.extend(b"WEBP");
    if let Some(alpha) = alpha {
        file.extend(chunk_header(b"VP8X", 10));
        file.extend([FLAG_ALPHA, 0, 0, 0]);
        for side in [frame.width, frame.height] {
            file.extend(side.saturating_sub(1).to_le_bytes().into_iter().take(3));
        }
        push_chunk(&mut file, b"ALPH", alpha);
    }
    push_chunk(&mut file, if frame.is_lossless { b"VP8L" } else { b"VP8 " }, pixels);
    let alpha_at = file.len() - pixels.len() - pixels.len() % 2 + ALPHA_BYTE;
    if let Some(byte) = file.get_mut(alpha_at).filter(|_| frame.is_lossless) {
        *byte |= ALPHA_BIT;
    }
    let riff_bytes = u32::try_from(file.len().saturating_sub(8)).unwrap_or(u32::MAX).to_le_bytes();
    file.iter_mut().skip(4).zip(riff_bytes).for_each(|(byte, value)| *byte = value);
    file
}

fn push_chunk(file: &mut Vec<u8>, kind: &[u8; 4], content: &[u8]) {
    file.extend(chunk_header(kind, content.len()));
    file.extend_from_slice(content);
    if content.len() % 2 == 1 {
        file.push(0);
    }
}

fn damaged(error: &DecodingError) -> Refused {
    match error {
        DecodingError::IoError(_) => Refused::truncated(FORMAT),
        DecodingError::UnsupportedFeature(_) => {
            Refused::unusual(FORMAT, "uses a feature that no browser shows")
        }
        _ => Refused::damaged(FORMAT, "its picture cannot be decoded"),
    }
}
