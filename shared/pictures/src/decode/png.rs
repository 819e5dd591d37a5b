//! PNG: rows are averaged as they come, also those of an interlaced one.
//!
//! Relies on: `png`, which holds two rows and a window of the compressed data.

use super::{Picture, SLACK_BYTES};
use crate::format::Format;
use crate::reduce::{self, Reducer, Row};
use crate::refusal::Refused;
use png::{ColorType, Decoder, DecodingError, Limits, Transformations};
use std::io::Cursor;

const FORMAT: Format = Format::Png;
/// What the library may take for rows and for a colour profile.
const LIBRARY_BYTES: usize = 2 * 1024 * 1024;

/// The memory that a PNG of this size takes at most.
pub(crate) fn work_bytes(width: u32, height: u32) -> u64 {
    let rows = u64::from(width) * 8 * 6;
    reduce::bytes_for(width, height).max(reduce::scaling_bytes(width, height)) + rows + SLACK_BYTES
}

/// Decodes a PNG; of an animated one, the picture that is shown where animations are not.
pub(crate) fn decode(bytes: &[u8]) -> Result<Picture, Refused> {
    let mut decoder = Decoder::new_with_limits(Cursor::new(bytes), Limits { bytes: LIBRARY_BYTES });
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(|error| damaged(&error))?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let places = if info.interlaced { places_interlaced(width, height) } else { places_in_order(height) };
    let profile = info.icc_profile.as_deref().map(<[u8]>::to_vec);
    let (colours, _) = reader.output_color_type();
    let mut reducer = Reducer::new(width, height);
    let mut rgba = Vec::new();
    for Place { x, y, step } in places {
        let row = reader.next_row().map_err(|error| damaged(&error))?;
        let row = row.ok_or_else(|| Refused::truncated(FORMAT))?;
        fill_rgba(&mut rgba, row.data(), colours);
        reducer.add(&Row { y, x, step, rgba: &rgba });
    }
    Ok(Picture { decoded: reducer.finish(), profile })
}

/// Where a row of the file belongs.
struct Place {
    x: u32,
    y: u32,
    step: u32,
}

fn places_in_order(height: u32) -> Box<dyn Iterator<Item = Place>> {
    Box::new((0..height).map(|y| Place { x: 0, y, step: 1 }))
}

/// Where a pass of an interlaced picture begins and how far apart its pixels are.
struct Pass {
    x: u32,
    y: u32,
    across: u32,
    down: u32,
}

/// The seven passes of Adam7.
const PASSES: [Pass; 7] = [
    Pass { x: 0, y: 0, across: 8, down: 8 },
    Pass { x: 4, y: 0, across: 8, down: 8 },
    Pass { x: 0, y: 4, across: 4, down: 8 },
    Pass { x: 2, y: 0, across: 4, down: 4 },
    Pass { x: 0, y: 2, across: 2, down: 4 },
    Pass { x: 1, y: 0, across: 2, down: 2 },
    Pass { x: 0, y: 1, across: 1, down: 2 },
];

fn places_interlaced(width: u32, height: u32) -> Box<dyn Iterator<Item = Place>> {
    let passes = PASSES.iter().filter(move |pass| pass.x < width && pass.y < height);
    Box::new(passes.flat_map(move |pass| {
        let rows = (pass.y..height).step_by(pass.down as usize);
        rows.map(|y| Place { x: pass.x, y, step: pass.across })
    }))
}

fn fill_rgba(rgba: &mut Vec<u8>, row: &[u8], colours: ColorType) {
    rgba.clear();
    match colours {
        ColorType::Rgba => rgba.extend_from_slice(row),
        ColorType::Rgb => rgba.extend(row.chunks_exact(3).flat_map(opaque)),
        ColorType::Grayscale => rgba.extend(row.iter().flat_map(|grey| [*grey, *grey, *grey, 255])),
        ColorType::GrayscaleAlpha => rgba.extend(row.chunks_exact(2).flat_map(grey_with_alpha)),
        // The library makes colours of indices before it hands them out.
        ColorType::Indexed => {}
    }
}

fn opaque(pixel: &[u8]) -> [u8; 4] {
    match pixel {
        [red, green, blue] => [*red, *green, *blue, 255],
        _ => [0; 4],
    }
}

fn grey_with_alpha(pixel: &[u8]) -> [u8; 4] {
    match pixel {
        [grey, alpha] => [*grey, *grey, *grey, *alpha],
        _ => [0; 4],
    }
}

fn damaged(error: &DecodingError) -> Refused {
    match error {
        DecodingError::IoError(_) => Refused::truncated(FORMAT),
        DecodingError::LimitsExceeded => Refused::unusual(FORMAT, "has a colour profile of more than 2 MB"),
        DecodingError::Format(_) | DecodingError::Parameter(_) => {
            Refused::damaged(FORMAT, "its picture cannot be decoded")
        }
    }
}
