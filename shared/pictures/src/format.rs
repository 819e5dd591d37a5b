//! What bytes are, by their content.
//!
//! Guarantees: a name or a header that the sender made says nothing here. What is not taken is named by what it looks
//! like, so that its sender knows what to do.

use crate::refusal::Refused;

/// A format that is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JPEG, baseline or progressive.
    Jpeg,
    /// PNG, also animated.
    Png,
    /// WebP, lossy or lossless, also animated.
    Webp,
    /// GIF, also animated.
    Gif,
}

impl Format {
    /// All formats that are taken.
    pub const ALL: [Format; 4] = [Format::Jpeg, Format::Png, Format::Webp, Format::Gif];

    /// The name that people know.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jpeg => "JPEG",
            Format::Png => "PNG",
            Format::Webp => "WebP",
            Format::Gif => "GIF",
        }
    }

    /// The media type.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Jpeg => "image/jpeg",
            Format::Png => "image/png",
            Format::Webp => "image/webp",
            Format::Gif => "image/gif",
        }
    }

    /// What a file's name ends with.
    pub fn extension(self) -> &'static str {
        match self {
            Format::Jpeg => "jpg",
            Format::Png => "png",
            Format::Webp => "webp",
            Format::Gif => "gif",
        }
    }

    /// The format with this extension.
    pub fn by_extension(extension: &str) -> Option<Format> {
        Format::ALL.into_iter().find(|format| format.extension() == extension)
    }

    /// The format of these bytes, or a refusal that names what they look like.
    pub fn of(bytes: &[u8]) -> Result<Format, Refused> {
        match bytes {
            [0xFF, 0xD8, 0xFF, ..] => Ok(Format::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] => Ok(Format::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Ok(Format::Webp),
            [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Ok(Format::Gif),
            [] => Err(Refused::Unsupported("The image has 0 bytes. Send its content.".to_owned())),
            other => Err(Refused::Unsupported(format!(
                "{} JPEG, PNG, WebP and GIF are taken, by content and not by name.",
                looks_like(other)
            ))),
        }
    }
}

/// A sentence about what bytes that are not taken look like.
fn looks_like(bytes: &[u8]) -> &'static str {
    match bytes {
        [b'%', b'P', b'D', b'F', ..] => "This is a PDF.",
        [b'B', b'M', ..] => "This looks like a BMP.",
        [b'I', b'I', 42, 0, ..] | [b'M', b'M', 0, 42, ..] => "This is a TIFF or a camera's raw file.",
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f' | b's', ..] => "This is an AVIF.",
        [_, _, _, _, b'f', b't', b'y', b'p', b'h' | b'm', ..] => "This is a HEIC or a video.",
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => "This is a video.",
        [b'P', b'K', 3 | 5, 4 | 6, ..] => "This is a ZIP archive.",
        [0xFF, 0x0A, ..] | [0, 0, 0, 12, b'J', b'X', b'L', b' ', ..] => "This is a JPEG XL.",
        _ => text_looks_like(bytes),
    }
}

/// The start of a text is enough to tell what it is.
const LOOKED_AT: usize = 1_024;

fn text_looks_like(bytes: &[u8]) -> &'static str {
    let start = bytes.get(..LOOKED_AT).unwrap_or(bytes);
    let text = String::from_utf8_lossy(start).to_ascii_lowercase();
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if text.starts_with('<') && text.contains("<svg") {
        return "This is an SVG, which can run scripts.";
    }
    if text.starts_with("<!doctype html") || text.starts_with("<html") || text.contains("<script") {
        return "This is an HTML page.";
    }
    let is_text = !text.is_empty() && !text.contains('\u{fffd}') && !text.contains('\0');
    if is_text { "This is a text." } else { "This is no image that is known here." }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_taken_is_named_by_what_it_looks_like() {
        let cases: [(&[u8], &str); 13] = [
            (b"", "0 bytes"),
            (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "SVG"),
            (b"\xEF\xBB\xBF<?xml version='1.0'?>\n<SVG/>", "SVG"),
            (b"\n<!DOCTYPE html><p>", "HTML"),
            (b"<script>alert(1)</script>", "HTML"),
            (b"%PDF-1.7", "PDF"),
            (b"Dear shop", "a text"),
            (b"BM6\0\0\0", "BMP"),
            (b"II*\0....", "TIFF"),
            (b"\0\0\0\x1cftypavif", "AVIF"),
            (b"\0\0\0\x18ftypheic", "HEIC"),
            (b"PK\x03\x04....", "ZIP"),
            (b"\x00\x01\x02\x03", "no image"),
        ];
        for (bytes, named) in cases {
            let refused = Format::of(bytes).unwrap_err();
            assert!(matches!(refused, Refused::Unsupported(_)), "{refused:?}");
            assert!(refused.detail().contains(named), "{named}: {refused:?}");
        }
    }

    #[test]
    fn extensions_and_formats_are_one_to_one() {
        for format in Format::ALL {
            assert_eq!(Format::by_extension(format.extension()), Some(format));
        }
        assert_eq!(Format::by_extension("jpeg"), None);
    }
}
