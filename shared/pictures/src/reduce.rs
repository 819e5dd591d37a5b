//! Averaging pixels as they come, in any order, so that a large picture needs the memory of a small one.
//!
//! Guarantees: the result has at least as many pixels on its longest side as the largest rendition, unless the picture
//! has fewer; each pixel counts once and the same. Memory: `bytes_for`.
//! Relies on: a longest side of at most `limits::MAX_SIDE`, so that a sum fits into 16 bits; each pixel coming once.

use crate::decode;
use crate::limits::MAX_SIDE;
use crate::preset::Preset;
use crate::scale::{Decoded, Pixels, multiplied};

// Squares of `MAX_SIDE / longest rendition` pixels are summed.
const _: () = assert!((MAX_SIDE / 1_200) * (MAX_SIDE / 1_200) * 255 <= u16::MAX as u32);

/// A row of pixels, or a part of one, and where it belongs.
pub(crate) struct Row<'a> {
    pub y: u32,
    /// Where its first pixel belongs.
    pub x: u32,
    /// How far apart its pixels are.
    pub step: u32,
    /// Four bytes a pixel, the colours not premultiplied.
    pub rgba: &'a [u8],
}

/// The sums of the pixels that came so far.
pub(crate) struct Reducer {
    width: u32,
    height: u32,
    factor: u32,
    reduced_width: usize,
    sums: Sums,
    is_opaque: bool,
}

enum Sums {
    /// Nothing is summed: each pixel goes to its place.
    Whole(Vec<u8>),
    Squares(Vec<u16>),
}

/// How many pixels a side become one.
fn factor(width: u32, height: u32) -> u32 {
    (width.max(height) / Preset::Page.longest_side()).max(1)
}

/// The memory that reducing a picture of this size takes, its result included.
pub(crate) fn bytes_for(width: u32, height: u32) -> u64 {
    let factor = factor(width, height);
    let pixels = u64::from(width.div_ceil(factor)) * u64::from(height.div_ceil(factor));
    let each = if factor == 1 { 4 } else { 8 + 4 };
    pixels * each
}

/// The memory that scaling the result of a picture of this size takes, the result included.
pub(crate) fn scaling_bytes(width: u32, height: u32) -> u64 {
    let factor = factor(width, height);
    decode::scaling_bytes(width.div_ceil(factor).into(), height.div_ceil(factor).into())
}

impl Reducer {
    pub(crate) fn new(width: u32, height: u32) -> Reducer {
        let factor = factor(width, height);
        let reduced_width = width.div_ceil(factor) as usize;
        let length = reduced_width * height.div_ceil(factor) as usize * 4;
        let sums = if factor == 1 { Sums::Whole(vec![0; length]) } else { Sums::Squares(vec![0; length]) };
        Reducer { width, height, factor, reduced_width, sums, is_opaque: true }
    }

    /// Says that a part of the picture has no pixels, and can be seen through.
    pub(crate) fn has_holes(&mut self) {
        self.is_opaque = false;
    }

    /// Adds the pixels of a row; those beyond the picture's edges are left out.
    pub(crate) fn add(&mut self, row: &Row<'_>) {
        if row.y >= self.height || row.x >= self.width {
            return;
        }
        let fitting = (self.width - row.x).div_ceil(row.step.max(1)) as usize;
        let start = (row.y / self.factor) as usize * self.reduced_width;
        let mut x = row.x;
        for pixel in row.rgba.chunks_exact(4).take(fitting) {
            let [red, green, blue, alpha] = *pixel else { continue };
            self.is_opaque &= alpha == 255;
            let pixel = premultiplied([red, green, blue, alpha]);
            self.sums.add((start + (x / self.factor) as usize) * 4, pixel);
            x += row.step;
        }
    }

    /// The averages.
    pub(crate) fn finish(self) -> Decoded {
        let covered =
            (f64::from(self.width) / f64::from(self.factor), f64::from(self.height) / f64::from(self.factor));
        let (width, height) = (self.width.div_ceil(self.factor), self.height.div_ceil(self.factor));
        let is_opaque = self.is_opaque;
        let rgba = self.averages();
        Decoded { pixels: Pixels { width, height, rgba }, covered, is_opaque }
    }

    fn averages(self) -> Vec<u8> {
        let (factor, reduced_width) = (self.factor, self.reduced_width.max(1));
        let (width, height) = (self.width, self.height);
        // How many of a square's pixels lie within the picture, along one side.
        let within = |index: usize, side: u32| {
            let from = u32::try_from(index).unwrap_or(u32::MAX).saturating_mul(factor);
            side.saturating_sub(from).min(factor)
        };
        match self.sums {
            Sums::Whole(rgba) => rgba,
            Sums::Squares(sums) => {
                let squares = sums.chunks_exact(4).enumerate();
                squares
                    .flat_map(|(index, sums)| {
                        let across = within(index % reduced_width, width);
                        let count = (across * within(index / reduced_width, height)).max(1);
                        sums.iter().map(move |sum| average(*sum, count))
                    })
                    .collect()
            }
        }
    }
}

impl Sums {
    fn add(&mut self, at: usize, pixel: [u8; 4]) {
        match self {
            Sums::Whole(rgba) => {
                if let Some(place) = rgba.get_mut(at..at + 4) {
                    place.copy_from_slice(&pixel);
                }
            }
            Sums::Squares(sums) => {
                for (sum, value) in sums.iter_mut().skip(at).take(4).zip(pixel) {
                    *sum = sum.saturating_add(value.into());
                }
            }
        }
    }
}

fn average(sum: u16, count: u32) -> u8 {
    u8::try_from((u32::from(sum) + count / 2) / count).unwrap_or(255)
}

fn premultiplied([red, green, blue, alpha]: [u8; 4]) -> [u8; 4] {
    match alpha {
        255 => [red, green, blue, alpha],
        _ => [multiplied(red, alpha), multiplied(green, alpha), multiplied(blue, alpha), alpha],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_picture_stays_as_it_is() {
        let mut reducer = Reducer::new(2, 2);
        reducer.add(&Row { y: 1, x: 0, step: 1, rgba: &[9, 8, 7, 255, 6, 5, 4, 255] });
        reducer.add(&Row { y: 0, x: 1, step: 1, rgba: &[1, 2, 3, 255] });
        reducer.add(&Row { y: 0, x: 0, step: 1, rgba: &[0, 0, 0, 255] });
        let decoded = reducer.finish();
        assert_eq!(decoded.pixels.rgba, [0, 0, 0, 255, 1, 2, 3, 255, 9, 8, 7, 255, 6, 5, 4, 255]);
        assert!(decoded.is_opaque);
    }

    #[test]
    fn squares_are_averaged_also_where_they_are_cut_off() {
        let mut reducer = Reducer::new(2_401, 3);
        let row: Vec<u8> = (0..2_401).flat_map(|x| if x % 2 == 0 { [10; 4] } else { [30; 4] }).collect();
        for y in 0..3 {
            reducer.add(&Row { y, x: 0, step: 1, rgba: &row });
        }
        let decoded = reducer.finish();
        assert_eq!((decoded.pixels.width, decoded.pixels.height), (1_201, 2));
        assert_eq!(decoded.covered, (1_200.5, 1.5));
        assert_eq!(decoded.pixels.pixel(0, 0)[3], 20);
        assert_eq!(decoded.pixels.pixel(0, 1)[3], 20);
        assert_eq!(decoded.pixels.pixel(1_200, 1)[3], 10);
        assert!(!decoded.is_opaque);
    }

    #[test]
    fn the_largest_sum_fits() {
        let mut reducer = Reducer::new(MAX_SIDE, 13);
        let row = vec![255; MAX_SIDE as usize * 4];
        for y in 0..13 {
            reducer.add(&Row { y, x: 0, step: 1, rgba: &row });
        }
        assert!(reducer.finish().pixels.rgba.iter().all(|byte| *byte == 255));
    }
}
