//! WebP: lossy, lossless, with an alpha, extended.

use super::sample::{COLOURS, HEIGHT, Shown, WIDTH, contains, rgb, rgba, webp};
use crate::{Format, Preset, Refused, prepare};
use image_webp::ColorType;

pub const LOSSY: &[u8] = include_bytes!("corpus/lossy.webp");
pub const LOSSY_ALPHA: &[u8] = include_bytes!("corpus/lossy_alpha.webp");
const LOSSY_EXIF: &[u8] = include_bytes!("corpus/lossy_exif.webp");

/// What libwebp at quality 80 and a JPEG at 80 after it may change.
const TOLERANCE: u8 = 12;

#[test]
fn lossy_pictures_show_their_colours() {
    let prepared = prepare(LOSSY).unwrap();
    assert_eq!((prepared.format, prepared.rendition_format), (Format::Webp, Format::Jpeg));
    assert_eq!((prepared.width, prepared.height), (WIDTH, HEIGHT));
    assert_eq!(prepared.original, LOSSY);
    Shown::of(&prepared, Preset::Page).assert_fields(COLOURS, TOLERANCE);
}

#[test]
fn lossy_pictures_with_an_alpha_keep_it() {
    let prepared = prepare(LOSSY_ALPHA).unwrap();
    assert_eq!(prepared.rendition_format, Format::Png);
    assert_eq!(prepared.original, LOSSY_ALPHA);
    let shown = Shown::of(&prepared, Preset::Page);
    shown.assert_fields(COLOURS, TOLERANCE);
    assert_eq!(shown.fields().map(|pixel| pixel[3]), [255, 255, 255, 64]);
}

#[test]
fn lossless_pictures_show_their_colours() {
    for (width, height) in [(64, 48), (1_999, 1_001), (3_000, 2_500)] {
        let sent = webp(width, height, &rgb(width, height), ColorType::Rgb8);
        let prepared = prepare(&sent).unwrap();
        assert_eq!(prepared.original, sent);
        assert_eq!(prepared.rendition_format, Format::Jpeg);
        assert_eq!((prepared.width, prepared.height), (width, height));
        Shown::of(&prepared, Preset::Card).assert_fields(COLOURS, 6);
    }
}

#[test]
fn lossless_pictures_with_an_alpha_keep_it() {
    let alphas = [255, 9, 128, 254];
    let prepared = prepare(&webp(WIDTH, HEIGHT, &rgba(WIDTH, HEIGHT, alphas), ColorType::Rgba8)).unwrap();
    let shown = Shown::of(&prepared, Preset::Page);
    assert_eq!(shown.fields().map(|pixel| pixel[3]), alphas);
    assert_eq!(shown.fields()[0][..3], COLOURS[0]);
}

#[test]
fn metadata_goes_and_the_orientation_stays() {
    assert!(contains(LOSSY_EXIF, b"secret"));
    let prepared = prepare(LOSSY_EXIF).unwrap();
    assert!(!contains(&prepared.original, b"secret"));
    assert_eq!((prepared.width, prepared.height), (HEIGHT, WIDTH));
    let turned = [COLOURS[2], COLOURS[0], COLOURS[3], COLOURS[1]];
    Shown::of(&prepared, Preset::Page).assert_fields(turned, TOLERANCE);
    let mut decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&prepared.original)).unwrap();
    let kept = decoder.exif_metadata().unwrap().unwrap();
    assert_eq!(kept, crate::exif::block(crate::Orientation::Clockwise));
    assert_eq!(decoder.xmp_metadata().unwrap(), None);
    assert_eq!(prepare(&prepared.original).unwrap().original, prepared.original);
}

#[test]
fn many_pixels_in_few_bytes_are_refused_by_the_header() {
    let mut bomb = webp(1, 1, &[0; 3], ColorType::Rgb8);
    let at = bomb.windows(4).position(|bytes| bytes == b"VP8L").unwrap() + 9;
    bomb[at..at + 4].copy_from_slice(&(8_199u32 | 4_999 << 14).to_le_bytes());
    let refused = prepare(&bomb).unwrap_err();
    assert!(refused.detail().contains("8200 × 5000 = 41,000,000 pixels"), "{refused:?}");
    let mut lossy = LOSSY.to_vec();
    let at = lossy.windows(3).position(|bytes| bytes == [0x9D, 0x01, 0x2A]).unwrap() + 3;
    lossy[at..at + 4].copy_from_slice(&[0xFF, 0x3F, 0xFF, 0x3F]);
    assert!(matches!(prepare(&lossy).unwrap_err(), Refused::TooLarge(_)));
}
