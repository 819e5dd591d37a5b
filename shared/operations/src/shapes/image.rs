//! Images of products.

use crate::schema::{Field, Object, Schema};
use serde::{Deserialize, Serialize};

/// Most images of a product.
pub const MAX_IMAGES: usize = 50;
/// Longest alternative text, in characters.
pub const MAX_ALT: usize = 500;

/// What a picture shows, for those who do not see it.
pub const ALT: Schema = Schema::line(0, MAX_ALT);
const POSITION: Schema = Schema::Integer { min: 0, max: MAX_IMAGES as i64 - 1 };
const SIDE: Schema = Schema::Integer { min: 1, max: 65_535 };
const ADDRESS: Schema = Schema::line(1, 200);
const CONTENT_TYPE: Schema = Schema::OneOf(&["image/jpeg", "image/png", "image/webp", "image/gif"]);

/// An image of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Image {
    /// Its id.
    pub id: String,
    /// SHA-256 of the original as it is stored, in hex.
    pub sha256: String,
    /// Its width as it is shown, in pixels.
    pub width: u32,
    /// Its height as it is shown, in pixels.
    pub height: u32,
    /// The size of the original.
    pub size_bytes: i64,
    /// What the original is.
    pub content_type: String,
    /// What it shows.
    pub alt: String,
    /// Its place, from 0.
    pub position: i64,
    /// A BlurHash.
    pub placeholder: String,
    /// Where it is served.
    pub urls: ImageUrls,
}

/// Where an image is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImageUrls {
    /// At most 200 pixels a side.
    pub thumb: String,
    /// At most 480 pixels a side.
    pub card: String,
    /// At most 1,200 pixels a side.
    pub page: String,
    /// As it was sent, without metadata but its orientation.
    pub original: String,
}

const URLS: Object = Object {
    name: "ImageUrls",
    about: "Where an image is served: paths on this host, which never change and may be kept forever.",
    fields: &[
        Field::required("thumb", ADDRESS, "At most 200 pixels a side."),
        Field::required("card", ADDRESS, "At most 480 pixels a side."),
        Field::required("page", ADDRESS, "At most 1,200 pixels a side."),
        Field::required("original", ADDRESS, "As it was sent, without metadata but its orientation."),
    ],
};

/// `Image` as data.
pub const IMAGE: Object = Object {
    name: "Image",
    about: "An image of a product.",
    fields: &[
        Field::required("id", Schema::id("img_"), "Its id."),
        Field::required("sha256", Schema::line(64, 64), "SHA-256 of the original as it is stored, in hex."),
        Field::required("width", SIDE, "Its width as it is shown, in pixels."),
        Field::required("height", SIDE, "Its height as it is shown, in pixels."),
        Field::required(
            "size_bytes",
            Schema::Integer { min: 1, max: 20_000_100 },
            "The size of the original.",
        ),
        Field::required("content_type", CONTENT_TYPE, "What the original is."),
        Field::required("alt", ALT, "What it shows, for those who do not see it."),
        Field::required("position", POSITION, "Its place, from 0."),
        Field::required("placeholder", Schema::line(6, 100), "A BlurHash to draw until it is there."),
        Field::required("urls", Schema::Object(&URLS), "Where it is served."),
    ],
};

/// What of an image can be changed without sending it again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ImagePatch {
    /// What it shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alt: Option<String>,
    /// The place it moves to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub position: Option<i64>,
}

/// `ImagePatch` as data.
pub const IMAGE_PATCH: Object = Object {
    name: "ImagePatch",
    about: "What changes of an image; what is left out stays.",
    fields: &[
        Field::optional("alt", ALT, "What it shows, for those who do not see it."),
        Field::optional(
            "position",
            POSITION,
            "The place it moves to; one past the end means the last. The others make room.",
        ),
    ],
};
