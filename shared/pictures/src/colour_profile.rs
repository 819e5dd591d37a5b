//! Which colour profile goes on into a rendition.
//!
//! Guarantees: only a profile of RGB colours, because renditions are RGB; only a small one, because it would outweigh a
//! thumbnail.

/// The largest profile that goes on. Display P3 has 548 bytes, Adobe RGB 560, sRGB 3,144.
const MAX_BYTES: usize = 4_096;

/// Where the kind of colours stands in a profile's header.
const COLOUR_SPACE: std::ops::Range<usize> = 16..20;

/// The profile, when it goes on.
pub(crate) fn for_renditions(profile: Option<Vec<u8>>) -> Option<Vec<u8>> {
    let profile = profile?;
    let is_rgb = profile.get(COLOUR_SPACE) == Some(b"RGB ".as_slice());
    (is_rgb && profile.len() <= MAX_BYTES).then_some(profile)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(space: &[u8; 4], length: usize) -> Vec<u8> {
        let mut bytes = vec![0; length];
        bytes[COLOUR_SPACE].copy_from_slice(space);
        bytes
    }

    #[test]
    fn only_small_rgb_profiles_go_on() {
        assert!(for_renditions(Some(profile(b"RGB ", 548))).is_some());
        assert!(for_renditions(Some(profile(b"RGB ", 4_097))).is_none());
        assert!(for_renditions(Some(profile(b"CMYK", 548))).is_none());
        assert!(for_renditions(Some(vec![0; 10])).is_none());
        assert!(for_renditions(None).is_none());
    }
}
