//! PNG: every depth and kind of colours, interlaced, seen through, too many pixels in few bytes.

use super::sample::{COLOURS, HEIGHT, Shown, WIDTH, field, png, rgb, rgba};
use crate::{Format, Preset, Refused, prepare};
use ::png::{BitDepth, ColorType};

/// What a JPEG at quality 80 may change.
const TOLERANCE: u8 = 6;

#[test]
fn eight_and_sixteen_bits_show_the_same() {
    for (width, height) in [(64, 48), (1_300, 1_300), (2_600, 1_900), (3_999, 4_000)] {
        let eight = png(width, height, ColorType::Rgb, BitDepth::Eight, &rgb(width, height));
        let rows: Vec<u8> = rgb(width, height).into_iter().flat_map(|value| [value, 0x7F]).collect();
        let sixteen = png(width, height, ColorType::Rgb, BitDepth::Sixteen, &rows);
        for sent in [eight, sixteen] {
            let prepared = prepare(&sent).unwrap();
            assert_eq!((prepared.width, prepared.height), (width, height));
            assert_eq!(prepared.rendition_format, Format::Jpeg);
            for preset in Preset::ALL {
                Shown::of(&prepared, preset).assert_fields(COLOURS, TOLERANCE);
            }
        }
    }
}

#[test]
fn what_can_be_seen_through_stays_so() {
    let alphas = [255, 0, 128, 254];
    let prepared =
        prepare(&png(WIDTH, HEIGHT, ColorType::Rgba, BitDepth::Eight, &rgba(WIDTH, HEIGHT, alphas))).unwrap();
    assert_eq!(prepared.rendition_format, Format::Png);
    let shown = Shown::of(&prepared, Preset::Page).fields();
    assert_eq!(shown.map(|pixel| pixel[3]), alphas);
    assert_eq!(shown[0][..3], COLOURS[0]);
    assert_eq!(shown[1], [0; 4]);
    let half = [shown[2][0], shown[2][1], shown[2][2]];
    assert!(half.iter().zip(COLOURS[2]).all(|(shown, sent)| shown.abs_diff(sent) <= 1), "{half:?}");
}

#[test]
fn what_cannot_be_seen_bleeds_no_colour() {
    // Red beside a green that nobody sees.
    let mut row: Vec<u8> = [255, 0, 0, 255].repeat(1_500);
    row.extend([0, 255, 0, 0].repeat(1_500));
    let prepared = prepare(&png(3_000, 40, ColorType::Rgba, BitDepth::Eight, &row.repeat(40))).unwrap();
    for preset in Preset::ALL {
        let shown = Shown::of(&prepared, preset);
        for x in 0..shown.width {
            assert!(shown.pixel(x, 0)[1] <= 2, "{:?} at {x} of {}", shown.pixel(x, 0), shown.width);
        }
    }
}

fn palette_png(clear: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = ::png::Encoder::new(&mut bytes, WIDTH, HEIGHT);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Two);
    encoder.set_palette(COLOURS.concat());
    encoder.set_trns(clear.to_vec());
    let mut writer = encoder.write_header().unwrap();
    let indices: Vec<usize> =
        (0..HEIGHT).flat_map(|y| (0..WIDTH).map(move |x| field(x, y, WIDTH, HEIGHT))).collect();
    let rows: Vec<u8> =
        indices.chunks(4).map(|four| four.iter().fold(0, |byte, index| byte << 2 | *index as u8)).collect();
    writer.write_image_data(&rows).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn palettes_and_greys_are_colours() {
    let prepared = prepare(&palette_png(&[255; 4])).unwrap();
    Shown::of(&prepared, Preset::Page).assert_fields(COLOURS, TOLERANCE);
    let clear = prepare(&palette_png(&[255, 255, 0])).unwrap();
    assert_eq!(Shown::of(&clear, Preset::Page).fields().map(|pixel| pixel[3]), [255, 255, 0, 255]);
    let grey = prepare(&png(8, 8, ColorType::Grayscale, BitDepth::Sixteen, &[0x80, 0].repeat(64))).unwrap();
    Shown::of(&grey, Preset::Page).assert_fields([[128; 3]; 4], 1);
    let bits = prepare(&png(8, 8, ColorType::Grayscale, BitDepth::One, &[0xF0; 8])).unwrap();
    Shown::of(&bits, Preset::Page).assert_fields([[255; 3], [0; 3], [255; 3], [0; 3]], 2);
    let faint =
        prepare(&png(8, 8, ColorType::GrayscaleAlpha, BitDepth::Eight, &[255, 200].repeat(64))).unwrap();
    assert_eq!(Shown::of(&faint, Preset::Page).pixel(1, 1), [255, 255, 255, 200]);
}

/// An interlaced PNG of 8-bit colours: the rows of each pass, compressed.
pub fn interlaced(width: u32, height: u32) -> Vec<u8> {
    let passes =
        [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)];
    let mut raw = Vec::new();
    for (left, top, across, down) in passes {
        if left >= width {
            continue;
        }
        for y in (top..height).step_by(down) {
            raw.push(0);
            for x in (left..width).step_by(across) {
                raw.extend(COLOURS[field(x, y, width, height)]);
            }
        }
    }
    let mut bytes = Vec::new();
    let mut info = ::png::Info::with_size(width, height);
    info.interlaced = true;
    info.color_type = ColorType::Rgb;
    let mut writer = ::png::Encoder::with_info(&mut bytes, info).unwrap().write_header().unwrap();
    writer.write_chunk(::png::chunk::IDAT, &stored(&raw)).unwrap();
    drop(writer);
    bytes
}

/// A zlib stream of stored blocks.
fn stored(raw: &[u8]) -> Vec<u8> {
    let mut stream = vec![0x78, 0x01];
    let mut blocks = raw.chunks(65_535).peekable();
    while let Some(block) = blocks.next() {
        let length = block.len() as u16;
        stream.push(u8::from(blocks.peek().is_none()));
        stream.extend(length.to_le_bytes());
        stream.extend((!length).to_le_bytes());
        stream.extend(block);
    }
    let (one, two) = raw.iter().fold((1u32, 0u32), |(one, two), byte| {
        let one = (one + u32::from(*byte)) % 65_521;
        (one, (two + one) % 65_521)
    });
    stream.extend((two << 16 | one).to_be_bytes());
    stream
}

#[test]
fn interlaced_rows_come_to_their_places() {
    for (width, height) in [(1, 1), (5, 3), (64, 48), (1_500, 1_000), (2_500, 1_001)] {
        let prepared = prepare(&interlaced(width, height)).unwrap();
        let in_order =
            prepare(&png(width, height, ColorType::Rgb, BitDepth::Eight, &rgb(width, height))).unwrap();
        for (one, two) in prepared.renditions.iter().zip(&in_order.renditions) {
            assert_eq!(one.bytes, two.bytes, "{width} × {height}");
        }
    }
}

/// A header that says any size, and nothing behind it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = png(1, 1, ColorType::Rgb, BitDepth::Eight, &[0; 3]);
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    bytes
}

#[test]
fn many_pixels_in_few_bytes_are_refused_by_the_header() {
    for (width, height) in [(8_200, 5_000), (4_001, 4_000), (20_000, 2), (u32::MAX, u32::MAX)] {
        let refused = prepare(&bomb(width, height)).unwrap_err();
        assert!(matches!(refused, Refused::TooLarge(_)), "{refused:?}");
        assert!(refused.detail().contains(&format!("{width} × {height}")), "{refused:?}");
    }
    for (width, height) in [(0, 10), (10, 0)] {
        assert!(matches!(prepare(&bomb(width, height)).unwrap_err(), Refused::Corrupt(_)));
    }
}

#[test]
fn a_colour_profile_that_explodes_is_refused() {
    let zeroes = fdeflate_of_zeroes();
    let mut bytes = png(1, 1, ColorType::Rgb, BitDepth::Eight, &[0; 3]);
    let mut content = b"p\0\0".to_vec();
    content.extend(zeroes);
    bytes.splice(33..33, super::metadata::chunk(b"iCCP", &content));
    assert!(bytes.len() < 1_000_000);
    let refused = prepare(&bytes);
    // Either answer is right; what counts is that 64 MB were not made of it (see the tests of the memory).
    assert!(refused.is_ok() || matches!(refused, Err(Refused::Unsupported(_))), "{refused:?}");
}

/// 64 MB of nothing, compressed: a PNG's own pixels are made of the same stream.
fn fdeflate_of_zeroes() -> Vec<u8> {
    let file = png(8_000, 2_000, ColorType::Rgba, BitDepth::Eight, &vec![0; 64_000_000]);
    let at = file.windows(4).position(|bytes| bytes == b"IDAT").unwrap();
    let length = u32::from_be_bytes(file[at - 4..at].try_into().unwrap()) as usize;
    file[at + 4..at + 4 + length].to_vec()
}
