//! The eight ways in which a camera can have been held.

use crate::scale::Pixels;

/// How the stored rows and columns are shown, as EXIF numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Orientation {
    /// 1: as stored.
    #[default]
    Upright,
    /// 2: left and right exchanged.
    Mirrored,
    /// 3: half a turn.
    HalfTurn,
    /// 4: top and bottom exchanged.
    Flipped,
    /// 5: rows and columns exchanged.
    Transposed,
    /// 6: a quarter turn clockwise.
    Clockwise,
    /// 7: rows and columns exchanged, after half a turn.
    Transversed,
    /// 8: a quarter turn counter-clockwise.
    CounterClockwise,
}

impl Orientation {
    const ALL: [Orientation; 8] = [
        Orientation::Upright,
        Orientation::Mirrored,
        Orientation::HalfTurn,
        Orientation::Flipped,
        Orientation::Transposed,
        Orientation::Clockwise,
        Orientation::Transversed,
        Orientation::CounterClockwise,
    ];

    /// The orientation with EXIF's number.
    pub fn by_exif(number: u16) -> Option<Orientation> {
        let index = usize::from(number).checked_sub(1)?;
        Orientation::ALL.get(index).copied()
    }

    /// EXIF's number.
    pub fn exif(self) -> u8 {
        self as u8 + 1
    }

    /// Width and height as they are shown.
    pub fn shown(self, width: u32, height: u32) -> (u32, u32) {
        match self {
            Orientation::Upright | Orientation::Mirrored | Orientation::HalfTurn | Orientation::Flipped => {
                (width, height)
            }
            Orientation::Transposed
            | Orientation::Clockwise
            | Orientation::Transversed
            | Orientation::CounterClockwise => (height, width),
        }
    }

    /// Where the pixel that is shown at `x`, `y` is stored.
    fn stored(self, (x, y): (usize, usize), (right, bottom): (usize, usize)) -> (usize, usize) {
        match self {
            Orientation::Upright => (x, y),
            Orientation::Mirrored => (right.saturating_sub(x), y),
            Orientation::HalfTurn => (right.saturating_sub(x), bottom.saturating_sub(y)),
            Orientation::Flipped => (x, bottom.saturating_sub(y)),
            Orientation::Transposed => (y, x),
            Orientation::Clockwise => (y, bottom.saturating_sub(x)),
            Orientation::Transversed => (right.saturating_sub(y), bottom.saturating_sub(x)),
            Orientation::CounterClockwise => (right.saturating_sub(y), x),
        }
    }

    /// The pixels as they are shown.
    pub(crate) fn apply(self, stored: Pixels) -> Pixels {
        if self == Orientation::Upright {
            return stored;
        }
        let (width, height) = self.shown(stored.width, stored.height);
        let last = (stored.width.saturating_sub(1) as usize, stored.height.saturating_sub(1) as usize);
        let mut rgba = Vec::with_capacity(stored.rgba.len());
        for y in 0..height as usize {
            for x in 0..width as usize {
                let (from_x, from_y) = self.stored((x, y), last);
                rgba.extend_from_slice(stored.pixel(from_x, from_y));
            }
        }
        Pixels { width, height, rgba }
    }
}
