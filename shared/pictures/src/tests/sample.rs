//! The picture that the tests use: four fields of colour, and reading pixels back.

use crate::{Format, Prepared, Preset};

/// The measures of the sample.
pub const WIDTH: u32 = 64;
pub const HEIGHT: u32 = 48;

/// The colours: upper left, upper right, lower left, lower right.
pub const COLOURS: [[u8; 3]; 4] = [[220, 30, 40], [30, 180, 60], [40, 60, 200], [240, 230, 90]];

/// Which field a place of a picture with these measures lies in.
pub fn field(x: u32, y: u32, width: u32, height: u32) -> usize {
    usize::from(x >= width / 2) + 2 * usize::from(y >= height / 2)
}

/// The fields at any size, three bytes a pixel.
pub fn rgb(width: u32, height: u32) -> Vec<u8> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places.flat_map(|(x, y)| COLOURS[field(x, y, width, height)]).collect()
}

/// The fields with the alpha of each.
pub fn rgba(width: u32, height: u32, alphas: [u8; 4]) -> Vec<u8> {
    let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    places
        .flat_map(|(x, y)| {
            let field = field(x, y, width, height);
            let [red, green, blue] = COLOURS[field];
            [red, green, blue, alphas[field]]
        })
        .collect()
}

/// A rendition, decoded by the libraries themselves.
pub struct Shown {
    pub width: u32,
    pub height: u32,
    rgba: Vec<u8>,
}

impl Shown {
    pub fn of(prepared: &Prepared, preset: Preset) -> Shown {
        let rendition = prepared.renditions.iter().find(|rendition| rendition.preset == preset).unwrap();
        let shown = decoded(&rendition.bytes);
        assert_eq!((shown.width, shown.height), (rendition.width, rendition.height));
        assert_eq!(Format::of(&rendition.bytes), Ok(prepared.rendition_format));
        shown
    }

    pub fn pixel(&self, x: u32, y: u32) -> [u8; 4] {
        let start = ((y * self.width + x) * 4) as usize;
        self.rgba[start..start + 4].try_into().unwrap()
    }

    /// The pixels in the middle of the four fields.
    pub fn fields(&self) -> [[u8; 4]; 4] {
        let (right, bottom) = (self.width * 3 / 4, self.height * 3 / 4);
        let (left, top) = (self.width / 4, self.height / 4);
        [self.pixel(left, top), self.pixel(right, top), self.pixel(left, bottom), self.pixel(right, bottom)]
    }

    /// That the fields have these colours, give or take `tolerance` a channel.
    pub fn assert_fields(&self, expected: [[u8; 3]; 4], tolerance: u8) {
        for (shown, expected) in self.fields().iter().zip(expected) {
            let is_near =
                shown.iter().zip(expected).all(|(shown, expected)| shown.abs_diff(expected) <= tolerance);
            assert!(is_near, "{:?} is not {expected:?} ± {tolerance}", &self.fields());
        }
    }
}

fn decoded(bytes: &[u8]) -> Shown {
    match Format::of(bytes).unwrap() {
        Format::Jpeg => {
            let mut decoder = jpeg_decoder::Decoder::new(bytes);
            let rgb = decoder.decode().unwrap();
            let info = decoder.info().unwrap();
            let rgba = rgb.chunks(3).flat_map(|pixel| [pixel[0], pixel[1], pixel[2], 255]).collect();
            Shown { width: info.width.into(), height: info.height.into(), rgba }
        }
        Format::Png => {
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut rgba = vec![0; reader.output_buffer_size().unwrap()];
            let info = reader.next_frame(&mut rgba).unwrap();
            Shown { width: info.width, height: info.height, rgba }
        }
        other => panic!("{other:?} is no rendition's format"),
    }
}

/// A JPEG of the fields.
pub fn jpeg(width: u32, height: u32, set: impl FnOnce(&mut jpeg_encoder::Encoder<&mut Vec<u8>>)) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, 92);
    set(&mut encoder);
    let (w, h) = (width.try_into().unwrap(), height.try_into().unwrap());
    encoder.encode(&rgb(width, height), w, h, jpeg_encoder::ColorType::Rgb).unwrap();
    bytes
}

/// A PNG of these rows.
pub fn png(width: u32, height: u32, colours: png::ColorType, depth: png::BitDepth, rows: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(colours);
    encoder.set_depth(depth);
    encoder.set_compression(png::Compression::Fast);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(rows).unwrap();
    writer.finish().unwrap();
    bytes
}

/// A lossless WebP of these pixels.
pub fn webp(width: u32, height: u32, pixels: &[u8], colours: image_webp::ColorType) -> Vec<u8> {
    let mut bytes = Vec::new();
    image_webp::WebPEncoder::new(&mut bytes).encode(pixels, width, height, colours).unwrap();
    bytes
}

/// Whether the bytes occur.
pub fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}
