//! What the work takes: measured by an allocator that counts, held against what is promised before anything is decoded.
//!
//! One test, because the counters are the process's. `cargo test --release -p storeroom-pictures --test memory --
//! --nocapture` prints the figures.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use storeroom_pictures::limits::MEMORY_BUDGET;
use storeroom_pictures::{open, prepare};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes on to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        PEAK.fetch_max(NOW.fetch_add(layout.size(), Relaxed) + layout.size(), Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Pixels that look a little like a photograph: they change slowly, with some noise.
fn photograph(width: u32, height: u32, channels: usize) -> Vec<u8> {
    let mut noise = 1u32;
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    for y in 0..height {
        for x in 0..width {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = (x / 16 + y / 24 + (noise >> 29)) as u8;
            pixels.extend([shade, shade / 2, 255 - shade, 200 | shade].iter().take(channels));
        }
    }
    pixels
}

/// The same with fewer shades, so that what loses nothing stays within 20 MB.
fn coarse(width: u32, height: u32, channels: usize) -> Vec<u8> {
    photograph(width, height, channels).into_iter().map(|value| value & 0xF0).collect()
}

fn jpeg(width: u16, height: u16, set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    jpeg_of(width, height, jpeg_encoder::ColorType::Rgb, set)
}

fn jpeg_of(
    width: u16,
    height: u16,
    colours: jpeg_encoder::ColorType,
    set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>),
) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 85);
    set(&mut encoder);
    let channels = if colours == jpeg_encoder::ColorType::Rgb { 3 } else { 4 };
    encoder.encode(&photograph(width.into(), height.into(), channels), width, height, colours).unwrap();
    bytes
}

fn png(width: u32, height: u32, colours: png::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colours);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&coarse(width, height, colours.samples())).unwrap();
    writer.finish().unwrap();
    bytes
}

fn webp(width: u32, height: u32, colours: image_webp::ColorType) -> Vec<u8> {
    let channels = if colours == image_webp::ColorType::Rgb8 { 3 } else { 4 };
    let pixels = coarse(width, height, channels);
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes).encode(&pixels, width, height, colours).unwrap();
    bytes
}

fn gif(width: u16, height: u16) -> Vec<u8> {
    let mut bytes = Vec::new();
    let palette: Vec<u8> = (0..=255).flat_map(|index| [index, index, index]).collect();
    let mut encoder = gif::Encoder::new(&mut bytes, width, height, &palette).unwrap();
    let buffer = coarse(width.into(), height.into(), 1);
    encoder
        .write_frame(&gif::Frame { width, height, buffer: buffer.into(), ..gif::Frame::default() })
        .unwrap();
    drop(encoder);
    bytes
}

/// What preparing a picture took.
struct Took {
    peak: usize,
    time: Duration,
}

fn measured(sent: &[u8]) -> Took {
    let sent = sent.to_vec();
    let before = NOW.load(Relaxed) - sent.len();
    PEAK.store(0, Relaxed);
    #[expect(clippy::disallowed_methods, reason = "a test measures real time")]
    let start = std::time::Instant::now();
    drop(prepare(&sent).unwrap());
    Took { peak: PEAK.load(Relaxed) - before, time: start.elapsed() }
}

fn assert_promised(name: &str, sent: &[u8]) {
    let body = sent.len() as u64;
    let allowed = open(sent).unwrap().total_bytes();
    let took = measured(sent);
    let peak = took.peak as u64;
    println!(
        "{name:<28} {:>6.1} MB sent, {:>6.1} MB at most, {:>6.1} MB promised, {:>5} ms",
        body as f64 / 1e6,
        peak as f64 / 1e6,
        allowed as f64 / 1e6,
        took.time.as_millis()
    );
    assert!(peak <= allowed, "{name}: {peak} bytes were taken, {allowed} promised");
    assert!(allowed <= MEMORY_BUDGET, "{name}");
}

#[test]
fn the_work_takes_no_more_than_is_promised() {
    use image_webp::ColorType as WebpColours;
    use jpeg_encoder::{ColorType, SamplingFactor};
    assert_promised("JPEG 12 MP", &jpeg(4_000, 3_000, |_| {}));
    assert_promised("JPEG 40 MP", &jpeg(8_000, 5_000, |_| {}));
    assert_promised(
        "JPEG 40 MP 4:4:4",
        &jpeg(8_000, 5_000, |encoder| encoder.set_sampling_factor(SamplingFactor::F_1_1)),
    );
    assert_promised("JPEG 5.7 MP, not scaled", &jpeg(2_398, 2_398, |_| {}));
    assert_promised("JPEG 5.7 MP of inks", &jpeg_of(2_398, 2_398, ColorType::Cmyk, |_| {}));
    assert_promised("JPEG 12 MP progressive", &jpeg(4_000, 3_000, |encoder| encoder.set_progressive(true)));
    assert_promised("PNG 16 MP", &png(4_000, 4_000, png::ColorType::Rgb));
    assert_promised("PNG 5.7 MP with alpha", &png(2_399, 2_399, png::ColorType::Rgba));
    assert_promised("PNG 5.8 MP with alpha", &png(2_410, 2_410, png::ColorType::Rgba));
    assert_promised("PNG 16,384 wide", &png(16_384, 900, png::ColorType::Rgba));
    assert_promised("GIF 16 MP", &gif(4_000, 4_000));
    assert_promised("WebP 16 MP lossless", &webp(4_000, 4_000, WebpColours::Rgb8));
    assert_promised("WebP 12 MP lossless, alpha", &webp(4_000, 3_000, WebpColours::Rgba8));
}
