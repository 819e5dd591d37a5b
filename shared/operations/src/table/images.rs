//! Rows of the images of products, and of the addresses under which they are served.
//!
//! Guarantees: every operation of [`Images`] has its row here.

use super::{merge_patch, open, write};
use crate::operation::{Answer, Body, Effect, Form, IfMatch, Param, RateClass, Row};
use crate::problem::Code;
use crate::shapes::image;
use storeroom_domain::Permission;

family! { Images "Images of products."
    Add ADD_IMAGE;
    Replace REPLACE_IMAGE;
    Patch PATCH_IMAGE;
    Remove REMOVE_IMAGE;
    Serve SERVE_IMAGE;
}

/// The most bytes of an image.
pub const MAX_IMAGE_BYTES: usize = 20_000_000;
/// What a form adds to the image in it.
const FORM_BYTES: usize = 65_536;

const UPLOAD: Option<Body> = Some(Body {
    form: Form::Bytes,
    optional: false,
    media: &[
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "application/octet-stream",
        "multipart/form-data",
    ],
    limit: MAX_IMAGE_BYTES + FORM_BYTES,
});

const ALT: Param = Param {
    name: "alt",
    schema: image::ALT,
    about: "What it shows, for those who do not see it; in a form, the part `alt`.",
};

/// The start of a row: an image is sent.
const fn upload(name: &'static str, method: &'static str, path: &'static str, summary: &'static str) -> Row {
    Row {
        rate: RateClass::Upload,
        query: &[ALT],
        body: UPLOAD,
        answer: Answer::Json(&image::IMAGE),
        problems: &[Code::NotFound, Code::ImageTooLarge, Code::ImageUnsupported, Code::ImageCorrupt],
        ..write(name, method, path, summary, Permission::ProductsWrite)
    }
}

static ADD_IMAGE: Row = Row {
    if_match: IfMatch::Honoured,
    success: 201,
    ..upload("images.add", "POST", "/api/pms/products/{id}/images", "Add an image to a product")
};

static REPLACE_IMAGE: Row = Row {
    if_match: IfMatch::Required,
    ..upload("images.replace", "PUT", "/api/pms/products/{id}/images/{image}", "Replace an image")
};

static PATCH_IMAGE: Row = Row {
    if_match: IfMatch::Required,
    body: merge_patch(&image::IMAGE_PATCH),
    answer: Answer::Json(&image::IMAGE),
    problems: &[Code::NotFound],
    ..write(
        "images.patch",
        "PATCH",
        "/api/pms/products/{id}/images/{image}",
        "Move or describe an image",
        Permission::ProductsWrite,
    )
};

static REMOVE_IMAGE: Row = Row {
    if_match: IfMatch::Required,
    success: 204,
    problems: &[Code::NotFound],
    ..write(
        "images.remove",
        "DELETE",
        "/api/pms/products/{id}/images/{image}",
        "Remove an image",
        Permission::ProductsWrite,
    )
};

static SERVE_IMAGE: Row = Row {
    rate: RateClass::Read,
    effect: Effect::Read,
    answer: Answer::Image,
    problems: &[Code::NotFound, Code::RangeNotSatisfiable],
    ..open(
        "images.serve",
        "/images/{store_id}/{sha256}/{file}",
        "An image: `thumb`, `card` or `page` with `.jpg` or `.png`, or `original` with its own ending",
    )
};
