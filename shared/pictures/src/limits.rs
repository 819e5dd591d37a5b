//! How large a picture may be, and how much memory the work on it may take.
//!
//! Guarantees: whatever passes `check` is prepared within `MEMORY_BUDGET`, the request's body included.
//!
//! The arithmetic of the budget: an isolate of Workers has 128 MB for JavaScript and WebAssembly together, and the memory
//! of WebAssembly never shrinks. The bytes are there three times, as the request's body, as the original, and as the
//! platform's copy while it stores that; so `3 × body + work ≤ 112 MiB` leaves 10 MB for the module's own data, its stack
//! and the runtime.

use crate::format::Format;
use crate::refusal::Refused;

/// The most bytes of a picture.
pub const MAX_BYTES: usize = 20_000_000;
/// The most pixels of a JPEG, which is decoded to the size that is needed.
pub const MAX_PIXELS_JPEG: u64 = 40_000_000;
/// The most pixels of a picture in any other format.
pub const MAX_PIXELS: u64 = 16_000_000;
/// The longest side of a picture that is not a JPEG; it keeps the sums of `reduce` within 16 bits. A JPEG's longest
/// side is 65,535 by its format.
pub const MAX_SIDE: u32 = 16_384;
/// What body and work may take together.
pub const MEMORY_BUDGET: u64 = 112 * 1024 * 1024;

/// What is known of a picture before it is decoded.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measures {
    pub format: Format,
    pub width: u32,
    pub height: u32,
    pub body_bytes: usize,
    pub work_bytes: u64,
}

/// Refuses a body that is longer than a picture may be.
pub(crate) fn check_length(length: usize) -> Result<(), Refused> {
    if length <= MAX_BYTES {
        return Ok(());
    }
    Err(Refused::TooLarge(format!(
        "The image has {} bytes; at most {} are taken. Send a smaller one.",
        grouped(length as u64),
        grouped(MAX_BYTES as u64)
    )))
}

/// Refuses what has no pixels, too many of them, or takes more memory than there is.
pub(crate) fn check(measures: &Measures) -> Result<(), Refused> {
    let Measures { format, width, height, .. } = *measures;
    if width == 0 || height == 0 {
        return Err(Refused::damaged(format, &format!("it says that it has {width} × {height} pixels")));
    }
    let pixels = u64::from(width) * u64::from(height);
    let max_pixels = if format == Format::Jpeg { MAX_PIXELS_JPEG } else { MAX_PIXELS };
    if pixels > max_pixels {
        return Err(too_large(measures, &format!("at most {} are taken", grouped(max_pixels))));
    }
    if format != Format::Jpeg && width.max(height) > MAX_SIDE {
        return Err(too_large(measures, &format!("a side has at most {}", grouped(MAX_SIDE.into()))));
    }
    check_memory(measures)
}

impl Measures {
    /// What the body and the work on it take together.
    pub(crate) fn total_bytes(&self) -> u64 {
        self.work_bytes.saturating_add((self.body_bytes as u64).saturating_mul(3))
    }
}

fn check_memory(measures: &Measures) -> Result<(), Refused> {
    let total = measures.total_bytes();
    if total <= MEMORY_BUDGET {
        return Ok(());
    }
    let needs = format!(
        "to decode it as it was saved takes {} MB of memory, of which there are {}",
        total.div_ceil(1_000_000),
        MEMORY_BUDGET / 1_000_000
    );
    Err(too_large(measures, &needs))
}

fn too_large(measures: &Measures, limit: &str) -> Refused {
    let Measures { format, width, height, .. } = *measures;
    let pixels = grouped(u64::from(width) * u64::from(height));
    let instead = if format == Format::Jpeg { "a smaller one, or a baseline JPEG" } else { "a smaller one" };
    Refused::TooLarge(format!(
        "The {} has {width} × {height} = {pixels} pixels; {limit}. Send {instead}.",
        format.name()
    ))
}

/// A number with commas between its thousands.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measures(format: Format, width: u32, height: u32, work_bytes: u64) -> Measures {
        Measures { format, width, height, body_bytes: 1_000, work_bytes }
    }

    #[test]
    fn each_limit_refuses_one_more_than_it_takes() {
        assert!(check_length(20_000_000).is_ok());
        assert!(check_length(20_000_001).is_err());
        assert!(check(&measures(Format::Jpeg, 8_000, 5_000, 0)).is_ok());
        assert!(check(&measures(Format::Jpeg, 8_000, 5_001, 0)).is_err());
        assert!(check(&measures(Format::Png, 4_000, 4_000, 0)).is_ok());
        assert!(check(&measures(Format::Png, 4_000, 4_001, 0)).is_err());
        assert!(check(&measures(Format::Gif, 16_384, 10, 0)).is_ok());
        assert!(check(&measures(Format::Gif, 16_385, 10, 0)).is_err());
        assert!(check(&measures(Format::Png, 10, 10, MEMORY_BUDGET - 3_000)).is_ok());
        assert!(check(&measures(Format::Png, 10, 10, MEMORY_BUDGET - 2_999)).is_err());
        assert!(check(&measures(Format::Png, 0, 10, 0)).is_err());
    }

    #[test]
    fn a_refusal_names_the_pixels() {
        let refused = check(&measures(Format::Jpeg, 8_200, 5_000, 0)).unwrap_err();
        let expected = "The JPEG has 8200 × 5000 = 41,000,000 pixels; at most 40,000,000 are taken. Send a smaller one, \
                        or a baseline JPEG.";
        assert_eq!(refused, Refused::TooLarge(expected.to_owned()));
    }

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (40_000_000, "40,000,000")] {
            assert_eq!(grouped(number), text);
        }
    }
}
