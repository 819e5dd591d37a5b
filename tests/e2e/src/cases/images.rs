//! Images, through a host's own bodies and its own image store.

use crate::shop::{Reply, Shop, path};
use jpeg_encoder::{ColorType, Encoder};
use serde_json::{Value, json};
use std::rc::Rc;
use storeroom_bad_input::GIF;

/// A JPEG that looks a little like a photograph: shades and noise.
fn jpeg(width: u16, height: u16) -> Vec<u8> {
    let mut noise = 1u32;
    let mut pixels = Vec::with_capacity(usize::from(width) * usize::from(height) * 3);
    for y in 0..u32::from(height) {
        for x in 0..u32::from(width) {
            noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let shade = (x / 16 + y / 24 + (noise >> 28)) as u8;
            pixels.extend([shade, shade / 2, 255 - shade]);
        }
    }
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, 85).encode(&pixels, width, height, ColorType::Rgb).unwrap();
    bytes
}

async fn send(shop: &Shop, method: &str, path: &str, bytes: Vec<u8>, headers: &[(&str, &str)]) -> Reply {
    let (token, store) = (format!("Bearer {}", shop.owner.token), shop.store.to_string());
    let mut all = vec![
        ("authorization", token.as_str()),
        ("x-store-id", store.as_str()),
        ("content-type", "image/jpeg"),
    ];
    all.extend(headers);
    shop.send(method, path, Some(bytes), &all).await
}

async fn add(shop: &Shop, product: &Value, bytes: Vec<u8>) -> Value {
    let reply = send(shop, "POST", &format!("{}/images", path(product)), bytes, &[]).await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    reply.json()
}

fn url<'a>(image: &'a Value, name: &str) -> &'a str {
    image["urls"][name].as_str().unwrap()
}

fn size(bytes: &[u8]) -> (u16, u16) {
    let mut at = 2;
    while !(0xC0..=0xC2).contains(&bytes[at + 1]) {
        at += 2 + usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
    }
    let side = |at: usize| u16::from_be_bytes([bytes[at], bytes[at + 1]]);
    (side(at + 7), side(at + 5))
}

pub async fn are_taken_and_served(shop: Rc<Shop>) {
    let product = shop.create("Bowl").await;
    let image = add(&shop, &product, jpeg(1_600, 1_000)).await;
    assert_eq!(
        (&image["width"], &image["height"], &image["position"]),
        (&json!(1_600), &json!(1_000), &json!(0))
    );
    for (name, expected) in
        [("thumb", (200, 125)), ("card", (480, 300)), ("page", (1_200, 750)), ("original", (1_600, 1_000))]
    {
        let reply = shop.send("GET", url(&image, name), None, &[]).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, Some("image/jpeg")), "{}", reply.text);
        assert_eq!(size(&reply.bytes), expected);
        assert_eq!(reply.header("cache-control"), Some("public, max-age=31536000, immutable"));
        assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    }
    let place = format!("{}/images/{}", path(&product), image["id"].as_str().unwrap());
    let replaced = send(&shop, "PUT", &place, GIF.to_vec(), &[("if-match", "\"2\"")]).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, Some("\"3\"")), "{}", replaced.text);
    let other = add(&shop, &product, jpeg(40, 30)).await;
    let moved = json!({"alt": "From above", "position": 1});
    let moved = shop.call_with(&shop.owner, "PATCH", &place, Some(moved), &[("if-match", "*")]).await;
    assert_eq!(
        (&moved.json()["alt"], &moved.json()["position"]),
        (&json!("From above"), &json!(1)),
        "{}",
        moved.text
    );
    let now = shop.call(&shop.viewer, "GET", &path(&product), None).await.json();
    assert_eq!((&now["images"][0]["id"], &now["images"][1]), (&other["id"], &moved.json()));
    let removed = shop.call_with(&shop.owner, "DELETE", &place, None, &[("if-match", "*")]).await;
    assert_eq!((removed.status, removed.text.as_str()), (204, ""));
    let types: Vec<Value> = shop.log().await.iter().map(|event| event["type"].clone()).collect();
    assert_eq!(
        types,
        ["product.created", "image.added", "image.updated", "image.added", "image.updated", "image.removed"]
            .map(Value::from)
    );
    // Its files stay for an hour.
    assert_eq!(shop.send("GET", url(&image, "thumb"), None, &[]).await.status, 200);
}

pub async fn of_twelve_megapixels_and_twenty_megabytes(shop: Rc<Shop>) {
    let product = shop.create("Vase").await;
    let photograph = jpeg(4_000, 3_000);
    let image = add(&shop, &product, photograph.clone()).await;
    assert_eq!(size(&shop.send("GET", url(&image, "page"), None, &[]).await.bytes), (1_200, 900));
    // What follows a picture's end is cut off, so this is the same picture in as many bytes as there may be.
    let mut longest = photograph.clone();
    longest.resize(20_000_000, 0);
    let same = add(&shop, &product, longest.clone()).await;
    assert_eq!(same["sha256"], image["sha256"]);
    longest.push(0);
    let images = format!("{}/images", path(&product));
    let too_long = send(&shop, "POST", &images, longest, &[]).await;
    assert_eq!((too_long.status, too_long.code().as_str()), (413, "image-too-large"), "{}", too_long.text);
    let original = shop.send("GET", url(&image, "original"), None, &[]).await;
    assert!(original.bytes == photograph, "the original is what was sent");
}

pub async fn that_are_none_are_refused(shop: Rc<Shop>) {
    let product = shop.create("Jug").await;
    let images = format!("{}/images", path(&product));
    let whole = jpeg(64, 64);
    for (bytes, status, code) in [
        (b"<svg onload='alert(1)'/>".to_vec(), 415, "image-unsupported"),
        (Vec::new(), 415, "image-unsupported"),
        (whole[..whole.len() - 9].to_vec(), 422, "image-corrupt"),
    ] {
        let reply = send(&shop, "POST", &images, bytes, &[]).await;
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{}", reply.text);
    }
    assert_eq!(shop.call(&shop.viewer, "GET", &path(&product), None).await.json(), product);
}

pub async fn are_served_in_parts_and_as_what_they_are(shop: Rc<Shop>) {
    let product = shop.create("Cup").await;
    let image = add(&shop, &product, jpeg(900, 900)).await;
    let original = url(&image, "original");
    let whole = shop.send("GET", original, None, &[]).await;
    let (bytes, etag) = (&whole.bytes, whole.header("etag").unwrap());
    let part = shop.send("GET", original, None, &[("range", "bytes=100-199"), ("if-range", etag)]).await;
    assert_eq!((part.status, part.bytes.as_slice()), (206, &bytes[100..200]));
    let range = format!("bytes 100-199/{}", bytes.len());
    assert_eq!(part.header("content-range"), Some(range.as_str()));
    let beyond = shop.send("GET", original, None, &[("range", "bytes=999999999-")]).await;
    assert_eq!((beyond.status, beyond.code().as_str()), (416, "range-not-satisfiable"));
    let known = shop.send("GET", original, None, &[("if-none-match", etag)]).await;
    assert_eq!((known.status, known.bytes.len()), (304, 0));
    let head = shop.send("HEAD", original, None, &[]).await;
    assert_eq!((head.status, head.bytes.len(), head.header("etag")), (200, 0, Some(etag)));
    for odd in ["thumb.png", "thumb.svg", "..%2f..%2fthumb.jpg", "original.gif"] {
        let address = original.replace("original.jpg", odd);
        let reply = shop.send("GET", &address, None, &[]).await;
        assert_eq!((reply.status, reply.header("cache-control")), (404, Some("no-store")), "{odd}");
    }
}
