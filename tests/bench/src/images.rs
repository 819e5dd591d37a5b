//! Pictures of 12 megapixels: how long until each is stored in all its sizes, and what that costs.
//!
//! Guarantees: no two are the same, so each is decoded and stored.

use crate::service::{Place, Service};
use jpeg_encoder::{ColorType, Encoder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Instant;

const SIDES: (u16, u16) = (4_000, 3_000);
/// As many as a product may have.
const OF_A_PRODUCT: usize = 50;

/// What to do.
#[derive(Deserialize)]
pub struct Plan {
    #[serde(flatten)]
    place: Place,
    /// How many are sent.
    uploads: usize,
}

/// Does it; prints a line of figures.
pub async fn run(plan: Plan) {
    let service = Service::at(plan.place);
    let product = json!({"title": "Photographed"}).to_string().into_bytes();
    let product = service.send("POST", "products", "application/json", product).await;
    let product: Value = serde_json::from_slice(&product.body).unwrap();
    let path = format!("products/{}/images", product["id"].as_str().unwrap());
    // The first compiles what decodes.
    upload(&service, &path, jpeg(0)).await;
    let watch = service.watch().await;
    let (mut times_ms, mut bytes) = (Vec::new(), 0);
    for number in 1..plan.uploads.clamp(2, OF_A_PRODUCT) {
        let picture = jpeg(number);
        bytes = picture.len();
        times_ms.push(upload(&service, &path, picture).await);
    }
    let spent = watch.spent().await;
    times_ms.sort_by(f64::total_cmp);
    let count = times_ms.len();
    let figures = json!({
        "uploads": count, "mb": bytes as f64 / 1e6,
        "p50_ms": times_ms[count / 2], "most_ms": times_ms[count - 1],
        "workerd_cpu_ms": spent.workerd_s * 1e3 / count as f64, "memory": spent.memory,
    });
    println!("{figures}");
}

/// Sends a picture; milliseconds until it is stored.
async fn upload(service: &Service, path: &str, picture: Vec<u8>) -> f64 {
    let begun = Instant::now();
    let answer = service.send("POST", path, "image/jpeg", picture).await;
    assert_eq!(answer.status, 201, "{}", String::from_utf8_lossy(&answer.body));
    begun.elapsed().as_secs_f64() * 1e3
}

/// A picture that looks a little like a photograph: shades and noise, other ones for each number.
fn jpeg(number: usize) -> Vec<u8> {
    let (width, height) = SIDES;
    let mut noise = u32::try_from(number).unwrap_or_default();
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = ((x / 16 + y / 24 + (noise >> 28)) & 0xff) as u8;
            pixels.extend([shade, shade / 2, 255 - shade]);
        }
    }
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 85).encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}
