//! Animations: the original keeps its frames, the renditions show the first.

use super::sample::{COLOURS, HEIGHT, Shown, WIDTH, contains, field, rgba};
use crate::{Format, Preset, prepare};
use gif::{Encoder, Frame, Repeat};

const ANIMATED_WEBP: &[u8] = include_bytes!("corpus/animated.webp");

/// Where a frame lies, and how it is written.
#[derive(Clone, Copy, Default)]
struct Placed {
    left: u16,
    top: u16,
    is_interlaced: bool,
}

fn frame(width: u16, height: u16, placed: Placed, shift: usize) -> Frame<'static> {
    let (w, h) = (u32::from(width), u32::from(height));
    let indices: Vec<u8> =
        (0..h).flat_map(|y| (0..w).map(move |x| ((field(x, y, w, h) + shift) % 4) as u8)).collect();
    let rows: Vec<u8> = if placed.is_interlaced {
        let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
        let order = passes.into_iter().flat_map(|(first, step)| (first..usize::from(height)).step_by(step));
        order.flat_map(|y| indices[y * usize::from(width)..(y + 1) * usize::from(width)].to_vec()).collect()
    } else {
        indices
    };
    Frame {
        width,
        height,
        left: placed.left,
        top: placed.top,
        interlaced: placed.is_interlaced,
        delay: 10,
        buffer: rows.into(),
        ..Frame::default()
    }
}

fn gif(canvas: (u16, u16), frames: &[Frame<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, canvas.0, canvas.1, &COLOURS.concat()).unwrap();
    encoder.set_repeat(Repeat::Infinite).unwrap();
    for frame in frames {
        encoder.write_frame(frame).unwrap();
    }
    drop(encoder);
    bytes
}

#[test]
fn an_animated_gif_shows_its_first_frame_and_keeps_all() {
    for is_interlaced in [false, true] {
        for (width, height) in [(64, 48), (2_600, 1_000)] {
            let placed = Placed { is_interlaced, ..Placed::default() };
            let sent =
                gif((width, height), &[frame(width, height, placed, 0), frame(width, height, placed, 1)]);
            let prepared = prepare(&sent).unwrap();
            assert_eq!(prepared.original, sent);
            assert_eq!((prepared.format, prepared.rendition_format), (Format::Gif, Format::Jpeg));
            Shown::of(&prepared, Preset::Page).assert_fields(COLOURS, 6);
        }
    }
}

#[test]
fn what_the_first_frame_leaves_out_can_be_seen_through() {
    let placed = Placed { left: 60, top: 40, is_interlaced: false };
    let prepared = prepare(&gif((100, 80), &[frame(20, 20, placed, 0)])).unwrap();
    assert_eq!(prepared.rendition_format, Format::Png);
    let shown = Shown::of(&prepared, Preset::Page);
    assert_eq!((shown.width, shown.height), (100, 80));
    assert_eq!(shown.pixel(0, 0), [0; 4]);
    assert_eq!(shown.pixel(65, 45)[..3], COLOURS[0]);
    assert_eq!(shown.pixel(75, 55)[..3], COLOURS[3]);
    let beyond = Placed { left: 90, top: 70, is_interlaced: false };
    assert_eq!(prepare(&gif((100, 80), &[frame(20, 20, beyond, 0)])).unwrap().width, 100);
}

#[test]
fn a_clear_colour_of_a_gif_stays_clear() {
    let mut first = frame(64, 48, Placed::default(), 0);
    first.transparent = Some(2);
    let shown = Shown::of(&prepare(&gif((64, 48), &[first])).unwrap(), Preset::Page);
    assert_eq!(shown.fields().map(|pixel| pixel[3]), [255, 255, 0, 255]);
}

#[test]
fn comments_and_applications_go_from_a_gif_and_the_frames_stay() {
    let sent = gif((64, 48), &[frame(64, 48, Placed::default(), 0), frame(64, 48, Placed::default(), 1)]);
    let trailer = sent.len() - 1;
    let mut full = sent[..trailer].to_vec();
    full.extend(b"\x21\xFE\x06secret\x00");
    full.extend(b"\x21\xFF\x0bXMP DataXMP\x06secret\x00");
    full.extend(b"\x21\xF9\x04\0\0\0\0\0\x21\x01\x0c\0\0\0\0\0\0\0\0\0\0\0\0\x06secret\0");
    full.push(0x3B);
    full.extend(b"<script>alert('secret')</script>");
    assert_eq!(prepare(&full).unwrap().original, sent);
}

#[test]
fn an_animated_webp_shows_its_first_frame_and_keeps_all() {
    let prepared = prepare(ANIMATED_WEBP).unwrap();
    assert_eq!((prepared.width, prepared.height), (WIDTH, HEIGHT));
    Shown::of(&prepared, Preset::Page).assert_fields(COLOURS, 12);
    assert!(contains(&prepared.original, b"ANIM"));
    let decoder = image_webp::WebPDecoder::new(std::io::Cursor::new(&prepared.original)).unwrap();
    assert_eq!(decoder.num_frames(), 2);
}

#[test]
fn an_animated_png_keeps_its_frames() {
    let mut sent = Vec::new();
    let mut encoder = png::Encoder::new(&mut sent, WIDTH, HEIGHT);
    encoder.set_color(png::ColorType::Rgba);
    encoder.set_animated(2, 0).unwrap();
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&rgba(WIDTH, HEIGHT, [255; 4])).unwrap();
    writer.write_image_data(&rgba(WIDTH, HEIGHT, [99; 4])).unwrap();
    writer.finish().unwrap();
    let prepared = prepare(&sent).unwrap();
    assert_eq!(prepared.original, sent);
    Shown::of(&prepared, Preset::Page).assert_fields(COLOURS, 6);
}

#[test]
fn a_frame_that_is_larger_than_its_picture_is_refused() {
    let (width, height) = (4_100, 4_000);
    let buffer = vec![0; usize::from(width) * usize::from(height)].into();
    let sent = gif((1, 1), &[Frame { width, height, buffer, ..Frame::default() }]);
    let refused = prepare(&sent).unwrap_err();
    assert!(refused.detail().contains("a frame of more than 16 megapixels"), "{refused:?}");
}
