//! Pictures as tests send them, and what becomes of them.

use jpeg_encoder::{ColorType, Encoder};
use serde_json::Value;
use storeroom_bad_input::{GIF, IMAGE, Line};
use storeroom_domain::Role;
use storeroom_testbed::{Reply, Testbed};

/// A JPEG of one colour.
pub fn jpeg(width: u16, height: u16, colour: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let pixels = colour.repeat(usize::from(width) * usize::from(height));
    Encoder::new(&mut bytes, 80).encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

/// The path of a product's images.
pub fn images_of(product: &Value) -> String {
    format!("{}/images", crate::product::path(product))
}

/// Sends an image as the body of a request of an editor.
pub async fn send(
    bed: &Testbed,
    method: &str,
    path: &str,
    bytes: Vec<u8>,
    headers: &[(&str, &str)],
) -> Reply {
    let mut all = vec![("content-type", "image/jpeg")];
    all.extend(headers);
    bed.call_bytes(Role::Editor, method, path, Some(bytes), &all).await
}

/// Adds an image and returns its document.
pub async fn add(bed: &Testbed, product: &Value, bytes: Vec<u8>) -> Value {
    let reply = send(bed, "POST", &images_of(product), bytes, &[]).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    reply.json()
}

/// The names of the files in the image store.
pub fn stored(bed: &Testbed) -> Vec<String> {
    bed.recorded.files.borrow().keys().cloned().collect()
}

/// An image for the table of who may do what.
pub struct Pictures {
    /// Its id and where its smallest size is served; none where the operation is about something else.
    image: Option<(String, String)>,
}

impl Pictures {
    /// An image of the product, where the operation is about images.
    pub async fn of(bed: &Testbed, product: &Value, operation: &str) -> Self {
        if !operation.starts_with("images.") {
            return Self { image: None };
        }
        let image = add(bed, product, GIF.to_vec()).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self { image: Some((text(&image["id"]), text(&image["urls"]["thumb"]))) }
    }

    /// The request with the image's id, or with its address.
    pub fn fill(&self, line: Line) -> Line {
        let Some((image, thumb)) = &self.image else { return line };
        let path = match line.path.starts_with("/images/") {
            true => thumb.clone(),
            false => line.path.replace(IMAGE, image),
        };
        Line { path, ..line }
    }
}
