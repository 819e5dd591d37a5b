//! Pixels, and making fewer of them.
//!
//! Guarantees: Lanczos over premultiplied pixels, so that what cannot be seen bleeds no colour.

use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};

/// Pixels in memory: four bytes each, the colours premultiplied by the alpha.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pixels {
    pub width: u32,
    pub height: u32,
    pub rgba: Vec<u8>,
}

impl Pixels {
    /// The four bytes at a place.
    pub(crate) fn pixel(&self, x: usize, y: usize) -> &[u8] {
        let start = (y * self.width as usize + x) * 4;
        self.rgba.get(start..start + 4).unwrap_or(&[0; 4])
    }
}

/// What was decoded: enough pixels for the largest rendition.
#[derive(Debug)]
pub(crate) struct Decoded {
    pub pixels: Pixels,
    /// How much of `pixels` the picture covers: the last column and row may stand for less than the others.
    pub covered: (f64, f64),
    /// Whether nothing can be seen through.
    pub is_opaque: bool,
}

/// The picture at a smaller size, or a copy of it when it has that size.
pub(crate) fn smaller(from: &Pixels, size: (u32, u32)) -> Option<Pixels> {
    if size == (from.width, from.height) {
        return Some(from.clone());
    }
    scaled(from, (f64::from(from.width), f64::from(from.height)), size)
}

/// The picture at another size; none when the library cannot, which no size that is asked for here makes it.
fn scaled(from: &Pixels, covered: (f64, f64), (width, height): (u32, u32)) -> Option<Pixels> {
    let source = ImageRef::new(from.width, from.height, &from.rgba, PixelType::U8x4).ok()?;
    let mut target = Image::new(width, height, PixelType::U8x4);
    let options = ResizeOptions::new()
        .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
        .crop(0.0, 0.0, covered.0, covered.1)
        .use_alpha(false);
    Resizer::new().resize(&source, &mut target, &options).ok()?;
    Some(Pixels { width, height, rgba: target.into_vec() })
}

/// The picture at a size, or as it is when it has that size.
pub(crate) fn fitted(decoded: Decoded, size: (u32, u32)) -> Option<Pixels> {
    if size == (decoded.pixels.width, decoded.pixels.height) {
        return Some(decoded.pixels);
    }
    scaled(&decoded.pixels, decoded.covered, size)
}

/// Makes the colours what they were before they were multiplied by the alpha, as files have them.
pub(crate) fn unmultiply(rgba: &mut [u8]) {
    for pixel in rgba.chunks_exact_mut(4) {
        let [red, green, blue, alpha] = pixel else { continue };
        for colour in [red, green, blue] {
            *colour = unmultiplied(*colour, *alpha);
        }
    }
}

fn unmultiplied(colour: u8, alpha: u8) -> u8 {
    match alpha {
        0 => 0,
        255 => colour,
        _ => {
            let (colour, alpha) = (u16::from(colour), u16::from(alpha));
            u8::try_from((colour * 255 + alpha / 2) / alpha).unwrap_or(255)
        }
    }
}

/// A colour multiplied by an alpha.
pub(crate) fn multiplied(colour: u8, alpha: u8) -> u8 {
    let product = u16::from(colour) * u16::from(alpha) + 127;
    u8::try_from(product / 255).unwrap_or(255)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplying_and_back_keeps_what_shows() {
        for alpha in [1, 2, 127, 128, 254, 255] {
            for colour in [0, 1, 127, 254, 255] {
                let back = unmultiplied(multiplied(colour, alpha), alpha);
                let tolerance = 255 / u16::from(alpha);
                assert!(u16::from(back.abs_diff(colour)) <= tolerance, "{colour} at {alpha} became {back}");
            }
        }
        assert_eq!(unmultiplied(9, 0), 0);
    }
}
