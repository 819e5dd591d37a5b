//! JPEG: scaled while it is decoded, by taking fewer coefficients of each block.
//!
//! Relies on: `jpeg-decoder`, whose memory is the planes and the picture at the scaled size, and for a progressive
//! JPEG all coefficients at full size.

use super::{Picture, SLACK_BYTES};
use crate::container::jpeg::{Frame, frame};
use crate::format::Format;
use crate::preset::Preset;
use crate::refusal::Refused;
use crate::scale::{Decoded, Pixels};
use jpeg_decoder::{Decoder, PixelFormat};

const FORMAT: Format = Format::Jpeg;
/// Pixels a side of a block.
const BLOCK: u64 = 8;

/// The memory that a JPEG with this header takes at most.
pub(crate) fn work_bytes(frame: &Frame) -> u64 {
    let size = scaled_size(frame);
    let pixels = u64::from(size.width) * u64::from(size.height);
    let samples = |block_side: u64| -> u64 {
        frame.components.iter().map(|component| blocks(frame, component.across, component.down)).sum::<u64>()
            * block_side
            * block_side
    };
    let coefficients = if frame.is_progressive { samples(BLOCK) * 2 } else { 0 };
    let decoded = pixels * frame.components.len() as u64;
    let decoding = coefficients + samples(size.eighths) + decoded;
    let converting = decoded + pixels * 4;
    let scaling = super::scaling_bytes(size.width.into(), size.height.into());
    decoding.max(converting).max(scaling) + SLACK_BYTES
}

/// How many blocks a channel has.
fn blocks(frame: &Frame, across: u8, down: u8) -> u64 {
    let most = |factor: fn(&crate::container::jpeg::Component) -> u8| {
        u64::from(frame.components.iter().map(factor).max().unwrap_or(1).max(1))
    };
    let columns =
        u64::from(frame.width).div_ceil(BLOCK * most(|component| component.across)) * u64::from(across);
    let rows = u64::from(frame.height).div_ceil(BLOCK * most(|component| component.down)) * u64::from(down);
    columns * rows
}

/// The size at which a picture is decoded: eighths of its own.
struct ScaledSize {
    eighths: u64,
    width: u16,
    height: u16,
}

/// The smallest size that has as many pixels as the largest rendition.
fn scaled_size(frame: &Frame) -> ScaledSize {
    let scaled =
        |side: u16, eighths: u64| u16::try_from((u64::from(side) * eighths).div_ceil(BLOCK)).unwrap_or(side);
    let longest = frame.width.max(frame.height);
    let is_enough = |eighths: &u64| u32::from(scaled(longest, *eighths)) >= Preset::Page.longest_side();
    let eighths = [1, 2, 4].into_iter().find(is_enough).unwrap_or(BLOCK);
    ScaledSize { eighths, width: scaled(frame.width, eighths), height: scaled(frame.height, eighths) }
}

/// Decodes a JPEG.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, Refused> {
    let header = frame(bytes)?.ok_or_else(|| Refused::damaged(FORMAT, "it has no header"))?;
    let size = scaled_size(&header);
    let mut decoder = Decoder::new(bytes);
    // The library takes the first scale that is enough on one side: the longer one decides.
    let (width, height) =
        if header.width >= header.height { (size.width, u16::MAX) } else { (u16::MAX, size.height) };
    let (width, height) = decoder.scale(width, height).map_err(|error| damaged(&error))?;
    let decoded = decoder.decode().map_err(|error| damaged(&error))?;
    let pixel_format = decoder.info().map(|info| info.pixel_format);
    let profile = decoder.icc_profile();
    drop(decoder);
    let rgba = match pixel_format {
        Some(PixelFormat::L8) => decoded.iter().flat_map(|grey| [*grey, *grey, *grey, 255]).collect(),
        Some(PixelFormat::RGB24) => from_rgb(&decoded),
        Some(PixelFormat::CMYK32) => from_inks(decoded, header.has_adobe_colours),
        Some(PixelFormat::L16) | None => return Err(Refused::unusual(FORMAT, "has 16 bits a colour")),
    };
    let (width, height) = (u32::from(width), u32::from(height));
    let covered = (
        f64::from(header.width) * size.eighths as f64 / BLOCK as f64,
        f64::from(header.height) * size.eighths as f64 / BLOCK as f64,
    );
    Ok(Picture {
        decoded: Decoded { pixels: Pixels { width, height, rgba }, covered, is_opaque: true },
        profile,
    })
}

fn damaged(error: &jpeg_decoder::Error) -> Refused {
    match error {
        jpeg_decoder::Error::Unsupported(_) => {
            Refused::unusual(FORMAT, "uses a feature that no browser shows")
        }
        jpeg_decoder::Error::Io(_) => Refused::truncated(FORMAT),
        _ => Refused::damaged(FORMAT, "its picture cannot be decoded"),
    }
}

fn from_rgb(rgb: &[u8]) -> Vec<u8> {
    let mut rgba = Vec::with_capacity(rgb.len() / 3 * 4);
    for pixel in rgb.chunks_exact(3) {
        rgba.extend_from_slice(pixel);
        rgba.push(255);
    }
    rgba
}

/// What four inks on white paper look like, without the profile of a press. Adobe's files say how much light an ink lets
/// through; the library takes all files for those.
fn from_inks(mut inks: Vec<u8>, has_adobe_colours: bool) -> Vec<u8> {
    for pixel in inks.chunks_exact_mut(4) {
        let [cyan, magenta, yellow, black] = pixel else { continue };
        if !has_adobe_colours {
            for ink in [&mut *cyan, &mut *magenta, &mut *yellow, &mut *black] {
                *ink = 255 - *ink;
            }
        }
        let light = 255 - *black;
        for ink in [cyan, magenta, yellow] {
            *ink = crate::scale::multiplied(255 - *ink, light);
        }
        *black = 255;
    }
    inks
}
