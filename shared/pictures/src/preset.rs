//! The sizes in which a picture is served.

/// A size in which a picture is served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Preset {
    /// For a row of a table.
    Thumb,
    /// For a tile of a listing.
    Card,
    /// For a page about one thing.
    Page,
}

impl Preset {
    /// All sizes, the smallest first.
    pub const ALL: [Preset; 3] = [Preset::Thumb, Preset::Card, Preset::Page];

    /// The name in addresses.
    pub fn name(self) -> &'static str {
        match self {
            Preset::Thumb => "thumb",
            Preset::Card => "card",
            Preset::Page => "page",
        }
    }

    /// The longest side, in pixels.
    pub const fn longest_side(self) -> u32 {
        match self {
            Preset::Thumb => 200,
            Preset::Card => 480,
            Preset::Page => 1_200,
        }
    }

    /// The size with this name.
    pub fn by_name(name: &str) -> Option<Preset> {
        Preset::ALL.into_iter().find(|preset| preset.name() == name)
    }

    /// What a picture of this size becomes.
    pub fn fit(self, width: u32, height: u32) -> (u32, u32) {
        fit_within(self.longest_side(), width, height)
    }
}

/// A size within a square: never larger than it was, its aspect kept, at least a pixel a side.
pub(crate) fn fit_within(limit: u32, width: u32, height: u32) -> (u32, u32) {
    let longest = width.max(height);
    if longest <= limit {
        return (width, height);
    }
    let scaled = |side: u32| {
        let rounded = (u64::from(side) * u64::from(limit) + u64::from(longest) / 2) / u64::from(longest);
        u32::try_from(rounded).unwrap_or(limit).max(1)
    };
    (scaled(width), scaled(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rendition_keeps_the_aspect_and_is_never_enlarged() {
        assert_eq!(Preset::Page.fit(4_000, 3_000), (1_200, 900));
        assert_eq!(Preset::Thumb.fit(3_000, 4_000), (150, 200));
        assert_eq!(Preset::Thumb.fit(200, 10), (200, 10));
        assert_eq!(Preset::Card.fit(1, 1), (1, 1));
        assert_eq!(Preset::Thumb.fit(65_535, 1), (200, 1));
    }
}
