//! GIF: the rows of the first frame are averaged as they come.
//!
//! Relies on: `gif`, which holds the colours and the tables of the decompression.

use super::{Picture, SLACK_BYTES};
use crate::format::Format;
use crate::limits;
use crate::reduce::{self, Reducer, Row};
use crate::refusal::Refused;
use gif::{ColorOutput, DecodeOptions, DecodingError};

const FORMAT: Format = Format::Gif;

/// The memory that a GIF of this size takes at most.
pub(crate) fn work_bytes(width: u32, height: u32) -> u64 {
    let rows = u64::from(width) * 8;
    reduce::bytes_for(width, height).max(reduce::scaling_bytes(width, height)) + rows + SLACK_BYTES
}

/// Decodes the first frame; what it does not cover can be seen through.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, Refused> {
    let mut options = DecodeOptions::new();
    options.set_color_output(ColorOutput::Indexed);
    let mut decoder = options.read_info(bytes).map_err(|error| damaged(&error))?;
    let canvas = (u32::from(decoder.width()), u32::from(decoder.height()));
    let frame = decoder.next_frame_info().map_err(|error| damaged(&error))?;
    let frame = frame.ok_or_else(|| Refused::damaged(FORMAT, "it has no picture"))?;
    let place = Place {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
    };
    // A frame may be larger than the picture whose measures were checked.
    if u64::from(place.width) * u64::from(place.height) > limits::MAX_PIXELS {
        return Err(Refused::unusual(FORMAT, "has a frame of more than 16 megapixels"));
    }
    let (is_interlaced, clear) = (frame.interlaced, frame.transparent);
    let colours = Colours::new(decoder.palette().map_err(|error| damaged(&error))?, clear);
    let mut reducer = Reducer::new(canvas.0, canvas.1);
    if !place.covers(canvas) {
        reducer.has_holes();
    }
    let mut indices = vec![0; place.width as usize];
    let mut rgba = Vec::with_capacity(indices.len() * 4);
    for row in rows(place.height, is_interlaced) {
        if !decoder.fill_buffer(&mut indices).map_err(|error| damaged(&error))? {
            return Err(Refused::truncated(FORMAT));
        }
        rgba.clear();
        rgba.extend(indices.iter().flat_map(|index| colours.of(*index)));
        reducer.add(&Row { y: place.top.saturating_add(row), x: place.left, step: 1, rgba: &rgba });
    }
    Ok(Picture { decoded: reducer.finish(), profile: None })
}

/// Where a frame lies on the canvas.
struct Place {
    left: u32,
    top: u32,
    width: u32,
    height: u32,
}

impl Place {
    fn covers(&self, (width, height): (u32, u32)) -> bool {
        self.left == 0 && self.top == 0 && self.width >= width && self.height >= height
    }
}

/// The colours of a frame by index.
struct Colours(Vec<[u8; 4]>);

impl Colours {
    fn new(palette: &[u8], clear: Option<u8>) -> Colours {
        let colours = palette.chunks_exact(3).enumerate().map(|(index, colour)| match colour {
            _ if clear.map(usize::from) == Some(index) => [0; 4],
            [red, green, blue] => [*red, *green, *blue, 255],
            _ => [0; 4],
        });
        Colours(colours.collect())
    }

    /// A colour; one that the palette lacks cannot be seen.
    fn of(&self, index: u8) -> [u8; 4] {
        self.0.get(usize::from(index)).copied().unwrap_or_default()
    }
}

/// The rows in the order in which the file has them.
fn rows(height: u32, is_interlaced: bool) -> Box<dyn Iterator<Item = u32>> {
    if !is_interlaced {
        return Box::new(0..height);
    }
    let passes = [(0, 8), (4, 8), (2, 4), (1, 2)];
    Box::new(passes.into_iter().flat_map(move |(first, step)| (first..height).step_by(step)))
}

fn damaged(error: &DecodingError) -> Refused {
    match error {
        DecodingError::Io(_) => Refused::truncated(FORMAT),
        _ => Refused::damaged(FORMAT, "its picture cannot be decoded"),
    }
}
