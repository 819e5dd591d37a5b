//! From the bytes that were sent to what is stored.
//!
//! Guarantees: nothing is decoded before its measures passed `limits`; the renditions are upright.

use crate::colour_profile;
use crate::container::{self, Opened};
use crate::decode;
use crate::encode;
use crate::format::Format;
use crate::limits;
use crate::placeholder::placeholder;
use crate::preset::Preset;
use crate::refusal::Refused;
use crate::scale::{self, Decoded, Pixels};

/// A picture, ready to be stored.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The file without metadata, its pixels untouched.
    pub original: Vec<u8>,
    /// What `original` is.
    pub format: Format,
    /// The width as it is shown, in pixels.
    pub width: u32,
    /// The height as it is shown, in pixels.
    pub height: u32,
    /// A BlurHash.
    pub placeholder: String,
    /// What `renditions` are: JPEG, or PNG where something can be seen through.
    pub rendition_format: Format,
    /// One of each preset, the smallest first.
    pub renditions: Vec<Rendition>,
}

/// A picture at the size of a preset.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// Which size.
    pub preset: Preset,
    /// The width, in pixels.
    pub width: u32,
    /// The height, in pixels.
    pub height: u32,
    /// The file.
    pub bytes: Vec<u8>,
}

/// A picture within the limits, not yet decoded.
#[derive(Debug)]
pub struct Checked<'a> {
    bytes: &'a [u8],
    opened: Opened,
}

/// Makes of the bytes what is stored, or says why not.
pub fn prepare(bytes: &[u8]) -> Result<Prepared, Refused> {
    open(bytes)?.prepare()
}

/// Walks the bytes and holds them against the limits.
pub fn open(bytes: &[u8]) -> Result<Checked<'_>, Refused> {
    limits::check_length(bytes.len())?;
    let opened = container::open(bytes)?;
    limits::check(&opened.measures(bytes.len()))?;
    Ok(Checked { bytes, opened })
}

impl Checked<'_> {
    /// How much memory the bytes and the work on them take at most: no more than `limits::MEMORY_BUDGET`.
    pub fn total_bytes(&self) -> u64 {
        self.opened.measures(self.bytes.len()).total_bytes()
    }

    /// Makes of the picture what is stored.
    pub fn prepare(self) -> Result<Prepared, Refused> {
        let Self { bytes, opened } = self;
        let original = container::assembled(bytes, &opened.pieces);
        let (width, height) = opened.orientation.shown(opened.width, opened.height);
        let decode::Picture { decoded, profile } = decode::decode(opened.format, &original)?;
        let profile = colour_profile::for_renditions(profile);
        let Made { placeholder, rendition_format, renditions } =
            Made::of(decoded, &opened, profile.as_deref()).ok_or_else(|| {
                Refused::unusual(opened.format, "has a shape that no rendition can be made of")
            })?;
        let format = opened.format;
        Ok(Prepared { original, format, width, height, placeholder, rendition_format, renditions })
    }
}

/// What is made of the pixels.
struct Made {
    placeholder: String,
    rendition_format: Format,
    renditions: Vec<Rendition>,
}

impl Made {
    /// Each size is made of the next larger one.
    fn of(decoded: Decoded, opened: &Opened, profile: Option<&[u8]>) -> Option<Made> {
        let rendition_format = if decoded.is_opaque { Format::Jpeg } else { Format::Png };
        let (width, height) = opened.orientation.shown(opened.width, opened.height);
        let stored = scale::fitted(decoded, Preset::Page.fit(opened.width, opened.height))?;
        let page = opened.orientation.apply(stored);
        let card = scale::smaller(&page, Preset::Card.fit(width, height))?;
        let thumb = scale::smaller(&card, Preset::Thumb.fit(width, height))?;
        let placeholder = placeholder(&thumb)?;
        let all = [(Preset::Thumb, thumb), (Preset::Card, card), (Preset::Page, page)];
        let renditions = all.into_iter().map(|(preset, pixels)| {
            let Pixels { width, height, .. } = pixels;
            let bytes = encode::encode(pixels, rendition_format, profile)?;
            Some(Rendition { preset, width, height, bytes })
        });
        Some(Made { placeholder, rendition_format, renditions: renditions.collect::<Option<_>>()? })
    }
}
