//! A few characters that a client draws as a blurred picture until the picture is there: a BlurHash.
//!
//! Guarantees: 28 characters; what can be seen through is shown on white.

use crate::preset::fit_within;
use crate::scale::{self, Pixels};

/// The longest side of what is looked at: a blur needs no more.
const LONGEST_SIDE: u32 = 64;

/// The placeholder of a picture, from its small rendition.
pub(crate) fn placeholder(pixels: &Pixels) -> Option<String> {
    let small = scale::smaller(pixels, fit_within(LONGEST_SIDE, pixels.width, pixels.height))?;
    let (across, down) = if pixels.height > pixels.width { (3, 4) } else { (4, 3) };
    blurhash::encode(across, down, small.width, small.height, &on_white(&small.rgba)).ok()
}

fn on_white(rgba: &[u8]) -> Vec<u8> {
    let shown = rgba.chunks_exact(4).flat_map(|pixel| {
        let alpha = pixel.last().copied().unwrap_or(255);
        pixel.iter().map(move |value| value.saturating_add(255 - alpha))
    });
    shown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gradient(width: u32, height: u32) -> Pixels {
        let places = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
        let rgba = places.flat_map(|(x, y)| [(x * 4) as u8, (y * 4) as u8, 128, 255]).collect();
        Pixels { width, height, rgba }
    }

    #[test]
    fn placeholder_format_unchanged() {
        assert_eq!(placeholder(&gradient(64, 48)).unwrap(), "L#HTtC2Y$5Sgmsazjtf7g0fQfQfQ");
        assert_eq!(placeholder(&gradient(48, 64)).unwrap(), "T#C[8YFvsUhpazfQgcfjfQi~a|fQ");
    }

    #[test]
    fn what_can_be_seen_through_is_white() {
        let clear = Pixels { width: 8, height: 8, rgba: vec![0; 256] };
        let white = Pixels { width: 8, height: 8, rgba: vec![255; 256] };
        assert_eq!(placeholder(&clear), placeholder(&white));
    }
}
