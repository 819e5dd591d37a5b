//! What files are called, in the image store and in addresses.
//!
//! Guarantees: a name has no part that a client made up: a store's id, a hash in hex, a size and an ending that are known.

use storeroom_domain::StoreId;
use storeroom_pictures::{Format, Preset};

/// The name of the original beside those of the sizes.
const ORIGINAL: &str = "original";

/// A file of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// As it was sent, without metadata.
    Original(Format),
    /// At a size, as JPEG or PNG.
    Rendition(Preset, Format),
}

impl File {
    /// The file that an address names: a size and an ending.
    pub fn parse(text: &str) -> Option<File> {
        let (name, extension) = text.split_once('.')?;
        let format = Format::by_extension(extension)?;
        if name == ORIGINAL {
            return Some(File::Original(format));
        }
        let preset = Preset::by_name(name)?;
        matches!(format, Format::Jpeg | Format::Png).then_some(File::Rendition(preset, format))
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        let (File::Original(format) | File::Rendition(_, format)) = self;
        format.content_type()
    }

    /// The last part of its name.
    pub fn name(self) -> String {
        let (name, format) = match self {
            File::Original(format) => (ORIGINAL, format),
            File::Rendition(preset, format) => (preset.name(), format),
        };
        format!("{name}.{}", format.extension())
    }
}

/// The name in the image store.
pub fn stored(store: &str, sha256: &str, file: File) -> String {
    format!("{store}/{sha256}/{}", file.name())
}

/// Every name under which a picture can have a file.
pub fn all_of(store: &str, sha256: &str, original: Format) -> Vec<String> {
    let renditions = Preset::ALL
        .into_iter()
        .flat_map(|preset| [Format::Jpeg, Format::Png].map(|format| File::Rendition(preset, format)));
    let files = std::iter::once(File::Original(original)).chain(renditions);
    files.map(|file| stored(store, sha256, file)).collect()
}

/// Whether a text is a SHA-256 in lower-case hex.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Whether a text is a store's id.
pub fn is_store(text: &str) -> bool {
    StoreId::parse(text).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_given_out_is_a_file() {
        for name in ["thumb.jpg", "card.png", "page.jpg", "original.gif", "original.webp", "original.jpg"] {
            assert_eq!(File::parse(name).map(File::name).as_deref(), Some(name));
        }
        for odd in [
            "thumb",
            "thumb.webp",
            "thumb.JPG",
            "Thumb.jpg",
            "../thumb.jpg",
            "thumb.jpg.png",
            "",
            ".jpg",
            "original.",
        ] {
            assert_eq!(File::parse(odd), None, "{odd}");
        }
    }

    #[test]
    fn stored_name_format_unchanged() {
        let name = stored("str_1", "ab", File::Rendition(Preset::Thumb, Format::Jpeg));
        assert_eq!(name, "str_1/ab/thumb.jpg");
        assert_eq!(all_of("s", "h", Format::Gif).len(), 7);
    }

    #[test]
    fn hashes_are_lower_case_hex() {
        assert!(is_hash(&"0f".repeat(32)));
        for odd in ["0F".repeat(32), "0f".repeat(31), "0g".repeat(32)] {
            assert!(!is_hash(&odd));
        }
    }
}
