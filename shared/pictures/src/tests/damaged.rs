//! Whatever the bytes are, the answer is a picture or a refusal, and never a panic.

use super::sample::{HEIGHT, WIDTH, jpeg, png, rgb, rgba, webp};
use super::{pngs::interlaced, webps};
use crate::{Refused, prepare};
use ::png::{BitDepth, ColorType};
use proptest::prelude::*;

/// A picture of each kind that is decoded in its own way.
fn corpus() -> Vec<Vec<u8>> {
    let mut gif = Vec::new();
    let mut encoder = gif::Encoder::new(&mut gif, 16, 16, &[0, 0, 0, 255, 255, 255]).unwrap();
    let frame =
        gif::Frame { width: 16, height: 16, buffer: [0, 1].repeat(128).into(), ..gif::Frame::default() };
    encoder.write_frame(&frame).unwrap();
    drop(encoder);
    let mut inks = Vec::new();
    jpeg_encoder::Encoder::new(&mut inks, 90)
        .encode(&[9; 16 * 16 * 4], 16, 16, jpeg_encoder::ColorType::CmykAsYcck)
        .unwrap();
    vec![
        jpeg(WIDTH, HEIGHT, |_| {}),
        jpeg(WIDTH, HEIGHT, |encoder| encoder.set_progressive(true)),
        jpeg(WIDTH, HEIGHT, |encoder| encoder.set_restart_interval(2)),
        inks,
        png(WIDTH, HEIGHT, ColorType::Rgb, BitDepth::Eight, &rgb(WIDTH, HEIGHT)),
        interlaced(20, 20),
        webp(WIDTH, HEIGHT, &rgba(WIDTH, HEIGHT, [255, 0, 9, 8]), image_webp::ColorType::Rgba8),
        webps::LOSSY.to_vec(),
        webps::LOSSY_ALPHA.to_vec(),
        include_bytes!("corpus/animated.webp").to_vec(),
        gif,
    ]
}

#[test]
fn the_corpus_is_whole() {
    for bytes in corpus() {
        prepare(&bytes).unwrap();
    }
}

#[test]
fn what_ends_too_early_is_refused_wherever_it_ends() {
    for bytes in corpus() {
        for length in 12..bytes.len() {
            let refused = prepare(&bytes[..length]).map(drop);
            // A WebP may lack the byte that only makes it even, and says how long it is.
            let is_padding = bytes.starts_with(b"RIFF") && length + 1 == bytes.len();
            assert!(
                matches!(refused, Err(Refused::Corrupt(_))) || is_padding,
                "{length} of {}: {refused:?}",
                bytes.len()
            );
        }
    }
}

#[test]
fn what_is_no_picture_is_refused() {
    for bytes in [&b""[..], b"<svg/>", b"\xFF\xD8\xFF", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"RIFF\0\0\0\0WEBP"]
    {
        assert!(prepare(bytes).is_err());
    }
}

#[test]
fn a_picture_by_another_name_is_what_it_is_by_content() {
    // An archive that begins like a GIF is a GIF without its archive, or nothing.
    let gif = corpus().pop().unwrap();
    let polyglot = [gif.as_slice(), b"PK\x03\x04evil"].concat();
    assert_eq!(prepare(&polyglot).unwrap().original, gif);
    assert!(matches!(prepare(b"GIF89a/*<script>alert(1)</script>*/"), Err(Refused::Corrupt(_))));
}

#[test]
fn twenty_megabytes_and_a_byte_are_refused() {
    let mut bytes = jpeg(16, 16, |_| {});
    bytes.resize(20_000_001, 0);
    let refused = prepare(&bytes).unwrap_err();
    assert_eq!(
        refused,
        Refused::TooLarge(
            "The image has 20,000,001 bytes; at most 20,000,000 are taken. Send a smaller one.".to_owned()
        )
    );
    bytes.pop();
    assert!(prepare(&bytes).is_ok(), "what follows the picture is cut off");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3_000, ..ProptestConfig::default() })]

    #[test]
    fn changed_bytes_give_an_answer(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = which.get(&corpus()).clone();
        for (place, value) in changes {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            let at = cut.index(bytes.len());
            bytes.drain(at..(at + 3).min(bytes.len()));
        }
        if let Ok(prepared) = prepare(&bytes) {
            prop_assert_eq!(prepared.renditions.len(), 3);
            prop_assert!(prepare(&prepared.original).is_ok(), "what was stored can be read again");
        }
    }
}

/// Files of the smallest parts, of which a few megabytes would fill the memory before anything is decoded.
#[test]
fn more_parts_than_pictures_have_are_refused() {
    let sent = jpeg(16, 16, |_| {});
    let tables = [&sent[..2], &[0xFF, 0xDB, 0x00, 0x02].repeat(20_000), &sent[2..]].concat();
    let chunk = |kind: &[u8; 4], content: &[u8]| {
        let length = u32::try_from(content.len()).unwrap().to_le_bytes();
        [kind.as_slice(), &length, content].concat()
    };
    let head = [chunk(b"VP8X", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]), chunk(b"ANIM", &[0; 6])].concat();
    let body = [b"WEBP".to_vec(), head, chunk(b"ANMF", &[0; 16]).repeat(20_000)].concat();
    let frames = chunk(b"RIFF", &body);
    for bytes in [tables, frames] {
        let refused = prepare(&bytes).unwrap_err();
        assert!(refused.detail().contains("more than 10,000 parts"), "{refused:?}");
    }
}
