//! Renditions as files: JPEG, or PNG where something can be seen through.
//!
//! Guarantees: the same pixels give the same bytes.

use crate::format::Format;
use crate::scale::{Pixels, unmultiply};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use std::borrow::Cow;

/// How much of a picture's detail a JPEG keeps, of 100.
const JPEG_QUALITY: u8 = 80;

/// A rendition's bytes; none when the library refuses, which no size that is asked for here makes it.
pub(crate) fn encode(pixels: Pixels, format: Format, profile: Option<&[u8]>) -> Option<Vec<u8>> {
    match format {
        Format::Png => png(pixels, profile),
        Format::Jpeg | Format::Webp | Format::Gif => jpeg(&pixels, profile),
    }
}

fn jpeg(pixels: &Pixels, profile: Option<&[u8]>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, JPEG_QUALITY);
    encoder.set_sampling_factor(SamplingFactor::F_2_2);
    encoder.set_optimized_huffman_tables(true);
    if let Some(profile) = profile {
        encoder.add_icc_profile(profile).ok()?;
    }
    let (width, height) = (u16::try_from(pixels.width).ok()?, u16::try_from(pixels.height).ok()?);
    encoder.encode(&pixels.rgba, width, height, ColorType::Rgba).ok()?;
    Some(bytes)
}

fn png(mut pixels: Pixels, profile: Option<&[u8]>) -> Option<Vec<u8>> {
    unmultiply(&mut pixels.rgba);
    let mut info = png::Info::with_size(pixels.width, pixels.height);
    info.color_type = png::ColorType::Rgba;
    info.bit_depth = png::BitDepth::Eight;
    info.icc_profile = profile.map(Cow::Borrowed);
    let mut bytes = Vec::new();
    let mut writer = png::Encoder::with_info(&mut bytes, info).ok()?.write_header().ok()?;
    writer.write_image_data(&pixels.rgba).ok()?;
    writer.finish().ok()?;
    Some(bytes)
}
