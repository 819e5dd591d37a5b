//! What is not the picture goes: texts, positions, thumbnails, what lies after the end. What its colours mean stays.

use super::sample::{COLOURS, Shown, contains, jpeg, png, rgb};
use crate::{Preset, prepare};
use ::png::{BitDepth, ColorType};

/// A chunk of a PNG.
pub fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut bytes = (content.len() as u32).to_be_bytes().to_vec();
    bytes.extend(kind);
    bytes.extend(content);
    let checksum = crc32fast::hash(&bytes[4..]);
    bytes.extend(checksum.to_be_bytes());
    bytes
}

#[test]
fn a_jpeg_keeps_its_picture_alone() {
    let clean = jpeg(64, 48, |_| {});
    let full = jpeg(64, 48, |encoder| {
        encoder.add_app_segment(1, b"http://ns.adobe.com/xap/1.0/\0secret".to_vec()).unwrap();
        encoder.add_app_segment(13, b"Photoshop 3.0\0secret".to_vec()).unwrap();
        encoder.add_app_segment(2, b"MPF\0secret".to_vec()).unwrap();
        encoder.add_app_segment(15, b"secret".to_vec()).unwrap();
    });
    let mut full = [&full[..2], b"\xFF\xFE\0\x08secret", &full[2..]].concat();
    full.extend(b"PK\x03\x04 secret archive");
    assert!(contains(&full, b"secret"));
    let prepared = prepare(&full).unwrap();
    assert!(!contains(&prepared.original, b"secret"));
    let pixels = |bytes: &[u8]| jpeg_decoder::Decoder::new(bytes).decode().unwrap();
    assert_eq!(pixels(&prepared.original), pixels(&clean));
    assert_eq!(prepare(&clean).unwrap().original, clean);
}

#[test]
fn a_jfif_thumbnail_goes() {
    let sent = jpeg(64, 48, |_| {});
    assert_eq!(sent[2..6], [0xFF, 0xE0, 0, 16]);
    let mut full = sent[..4].to_vec();
    full.extend([0, 16 + 3]);
    full.extend(&sent[6..18]);
    full.extend([1, 1, 7, 7, 7]);
    full.extend(&sent[20..]);
    assert_eq!(prepare(&full).unwrap().original, sent);
}

#[test]
fn fill_bytes_between_segments_are_read() {
    let sent = jpeg(64, 48, |_| {});
    let at = sent.windows(2).position(|bytes| bytes == [0xFF, 0xDB]).unwrap();
    let filled = [&sent[..at], &[0xFF, 0xFF, 0xFF], &sent[at..]].concat();
    assert_eq!(prepare(&filled).unwrap().original, sent);
}

#[test]
fn a_png_keeps_its_picture_alone() {
    let clean = png(64, 48, ColorType::Rgb, BitDepth::Eight, &rgb(64, 48));
    let mut full = clean[..33].to_vec();
    full.extend(chunk(b"tEXt", b"Comment\0secret"));
    full.extend(chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0secret"));
    full.extend(chunk(b"tIME", b"\x07\xea\x01\x01\0\0\0"));
    full.extend(chunk(b"prVt", b"secret"));
    full.extend(&clean[33..]);
    full.extend(b"<html>secret</html>");
    assert_eq!(prepare(&full).unwrap().original, clean);
}

#[test]
fn a_png_that_was_held_differently_says_so_and_nothing_else() {
    let clean = png(64, 48, ColorType::Rgb, BitDepth::Eight, &rgb(64, 48));
    let mut full = clean[..33].to_vec();
    full.extend(chunk(b"eXIf", b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0\0\0\0\0secret"));
    full.extend(&clean[33..]);
    let prepared = prepare(&full).unwrap();
    assert_eq!((prepared.width, prepared.height), (48, 64));
    assert!(!contains(&prepared.original, b"secret"));
    let turned = [COLOURS[1], COLOURS[3], COLOURS[0], COLOURS[2]];
    Shown::of(&prepared, Preset::Page).assert_fields(turned, 6);
    assert_eq!(prepare(&prepared.original).unwrap().original, prepared.original);
}

/// Enough of a profile to be one: its length, and what its colours are.
fn profile(space: &[u8; 4]) -> Vec<u8> {
    let mut bytes = vec![0; 600];
    bytes[..4].copy_from_slice(&600u32.to_be_bytes());
    bytes[16..20].copy_from_slice(space);
    bytes[36..40].copy_from_slice(b"acsp");
    bytes
}

#[test]
fn a_colour_profile_stays_and_goes_on_where_it_is_of_rgb() {
    for (space, goes_on) in [(b"RGB ", true), (b"CMYK", false), (b"GRAY", false)] {
        let sent = jpeg(64, 48, |encoder| encoder.add_icc_profile(&profile(space)).unwrap());
        let prepared = prepare(&sent).unwrap();
        assert_eq!(prepared.original, sent);
        for rendition in &prepared.renditions {
            assert_eq!(contains(&rendition.bytes, b"ICC_PROFILE"), goes_on);
        }
    }
}

#[test]
fn a_profile_of_a_png_goes_on_into_its_renditions() {
    for alpha in [255, 100] {
        let mut sent = Vec::new();
        let mut info = ::png::Info::with_size(2, 1);
        info.color_type = ColorType::Rgba;
        info.icc_profile = Some(profile(b"RGB ").into());
        let mut writer = ::png::Encoder::with_info(&mut sent, info).unwrap().write_header().unwrap();
        writer.write_image_data(&[1, 2, 3, alpha, 4, 5, 6, 255]).unwrap();
        writer.finish().unwrap();
        let prepared = prepare(&sent).unwrap();
        assert_eq!(prepared.original, sent);
        let kept: &[u8] = if alpha == 255 { b"ICC_PROFILE" } else { b"iCCP" };
        assert!(contains(&prepared.renditions[0].bytes, kept));
    }
}
