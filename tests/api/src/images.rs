//! Images of products: adding, replacing, moving, describing, removing them, and every way to refuse.

use crate::picture::{add, images_of, jpeg, send, stored};
use crate::product::{create, faults, log, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_bad_input::GIF;
use storeroom_domain::Role;
use storeroom_testbed::{Reply, Testbed};

fn ids(product: &Value) -> Vec<&str> {
    product["images"].as_array().unwrap().iter().map(|image| image["id"].as_str().unwrap()).collect()
}

async fn read(bed: &Testbed, product: &Value) -> Value {
    bed.call(Role::Viewer, "GET", &path(product), None).await.json()
}

fn image_path(product: &Value, image: &Value) -> String {
    format!("{}/{}", images_of(product), image["id"].as_str().unwrap())
}

#[tokio::test]
async fn an_image_is_stored_shown_and_told_of() {
    let bed = Testbed::new().await;
    let product = publish(&bed, simple("Mug", "MUG")).await;
    let path = format!("{}?alt=A%20blue%20mug", images_of(&product));
    let reply = send(&bed, "POST", &path, jpeg(1_600, 1_200, [20, 40, 200]), &[]).await;
    assert_eq!((reply.status(), reply.round_trips), (201, 3), "{}", reply.text());
    let image = reply.json();
    let (id, hash) = (image["id"].as_str().unwrap(), image["sha256"].as_str().unwrap());
    assert_eq!(reply.header("etag"), Some("\"3\""));
    assert_eq!(reply.header("location"), Some(format!("{}/{id}", images_of(&product)).as_str()));
    let url = |file: &str| format!("/images/{}/{hash}/{file}", bed.store);
    assert_eq!(
        image,
        json!({
            "id": id, "sha256": hash, "width": 1_600, "height": 1_200, "size_bytes": image["size_bytes"],
            "content_type": "image/jpeg", "alt": "A blue mug", "position": 0, "placeholder": image["placeholder"],
            "urls": {"thumb": url("thumb.jpg"), "card": url("card.jpg"), "page": url("page.jpg"),
                "original": url("original.jpg")},
        })
    );
    let names = ["card", "original", "page", "thumb"].map(|name| format!("{}/{hash}/{name}.jpg", bed.store));
    assert_eq!(stored(&bed), names);
    let now = read(&bed, &product).await;
    assert_eq!((&now["images"], &now["version"]), (&json!([image]), &json!(3)));
    // What is kept of the public catalogue may be a little older.
    bed.clock.advance(60_000);
    let address = format!("/api/pms/catalog/products/mug?store={}", bed.store);
    assert_eq!(bed.call(Role::Viewer, "GET", &address, None).await.json()["images"], json!([image]));
    let event = log(&bed, Role::Viewer).await.pop().unwrap();
    assert_eq!((&event["type"], &event["subject"]), (&json!("image.added"), &product["id"]));
    assert_eq!(event["version"], json!(3));
    let told = json!({"images": [image], "version": 3, "updated_at": now["updated_at"]});
    assert_eq!(
        event["data"].as_object().unwrap().len(),
        3 - usize::from(event["data"]["updated_at"].is_null())
    );
    assert_eq!((&event["data"]["images"], &event["data"]["version"]), (&told["images"], &told["version"]));
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, content) in parts {
        let head = format!(
            "--B\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"../../a.html\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), content, b"\r\n"].concat());
    }
    body.extend(b"--B--\r\n");
    body
}

const FORM: (&str, &str) = ("content-type", "multipart/form-data; boundary=B");

async fn send_form(bed: &Testbed, product: &Value, parts: &[(&str, &[u8])]) -> Reply {
    bed.call_bytes(Role::Editor, "POST", &images_of(product), Some(form(parts)), &[FORM]).await
}

#[tokio::test]
async fn a_form_holds_the_image_and_its_text() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let reply = send_form(&bed, &product, &[("alt", "Ein Becher – blau".as_bytes()), ("file", GIF)]).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    assert_eq!(reply.json()["alt"], json!("Ein Becher – blau"));
    assert_eq!(reply.json()["content_type"], json!("image/gif"));
    assert!(stored(&bed).iter().all(|name| !name.contains("a.html") && !name.contains("..")));
    let long = "a".repeat(501);
    for (parts, expected) in [
        (&[("alt", b"x".as_slice())][..], "/file wrong_format"),
        (&[("file", GIF), ("alt", long.as_bytes())], "/alt too_long"),
        (&[("file", GIF), ("alt", b"a\x00b")], "/alt control_character"),
    ] {
        let reply = send_form(&bed, &product, parts).await;
        assert_eq!(reply.code(), "validation-failed", "{}", reply.text());
        assert!(faults(&reply)[0].starts_with(expected.split(' ').next().unwrap()), "{:?}", faults(&reply));
    }
    let broken =
        bed.call_bytes(Role::Editor, "POST", &images_of(&product), Some(b"--B".to_vec()), &[FORM]).await;
    assert_eq!((broken.status(), broken.code().as_str()), (400, "malformed-request"));
}

#[tokio::test]
async fn images_move_and_make_room() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let mut images = Vec::new();
    for shade in 0..4 {
        images.push(add(&bed, &product, jpeg(8, 8, [shade * 50; 3])).await);
    }
    let names: Vec<&str> = images.iter().map(|image| image["id"].as_str().unwrap()).collect();
    for (moved, to, expected) in
        [(0, 2, [1, 2, 0, 3]), (3, 0, [3, 1, 2, 0]), (1, 49, [3, 2, 0, 1]), (2, 1, [3, 2, 0, 1])]
    {
        let path = image_path(&product, &images[moved]);
        let reply = bed
            .call_with(Role::Editor, "PATCH", &path, Some(json!({"position": to})), &[("if-match", "*")])
            .await;
        assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
        assert_eq!(reply.json()["position"], json!(to.min(3)));
        let now = read(&bed, &product).await;
        assert_eq!(ids(&now), expected.map(|index: usize| names[index]));
        let positions: Vec<_> =
            now["images"].as_array().unwrap().iter().map(|image| image["position"].clone()).collect();
        assert_eq!(positions, [0, 1, 2, 3].map(Value::from));
        assert_eq!(reply.header("etag"), Some(format!("\"{}\"", now["version"]).as_str()));
    }
    let described = json!({"alt": "Seen from above"});
    let path = image_path(&product, &images[2]);
    let reply = bed.call_with(Role::Editor, "PATCH", &path, Some(described), &[("if-match", "\"9\"")]).await;
    assert_eq!((&reply.json()["alt"], &reply.json()["position"]), (&json!("Seen from above"), &json!(1)));
    assert_eq!(log(&bed, Role::Viewer).await.pop().unwrap()["type"], json!("image.updated"));
}

#[tokio::test]
async fn another_content_keeps_the_image_and_its_place() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let first = add(&bed, &product, jpeg(8, 8, [1; 3])).await;
    add(&bed, &product, jpeg(8, 8, [99; 3])).await;
    let path = image_path(&product, &first);
    let alt = format!("{path}?alt=Old");
    let described = send(&bed, "PUT", &alt, jpeg(8, 8, [1; 3]), &[("if-match", "\"3\"")]).await;
    assert_eq!(described.json()["alt"], json!("Old"));
    let reply = send(&bed, "PUT", &path, GIF.to_vec(), &[("if-match", "\"4\"")]).await;
    assert_eq!((reply.status(), reply.header("etag")), (200, Some("\"5\"")), "{}", reply.text());
    let image = reply.json();
    assert_eq!((&image["id"], &image["position"], &image["alt"]), (&first["id"], &json!(0), &json!("Old")));
    assert_eq!((&image["content_type"], &image["width"]), (&json!("image/gif"), &json!(1)));
    assert_ne!(image["sha256"], first["sha256"]);
    assert_eq!(read(&bed, &product).await["images"][0], image);
}

#[tokio::test]
async fn a_removed_image_closes_the_ranks() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let mut images = Vec::new();
    for shade in 0..3 {
        images.push(add(&bed, &product, jpeg(8, 8, [shade * 50; 3])).await);
    }
    let path = image_path(&product, &images[1]);
    let stale = bed.call_with(Role::Editor, "DELETE", &path, None, &[("if-match", "\"3\"")]).await;
    assert_eq!((stale.status(), &stale.json()["current"]), (412, &read(&bed, &product).await));
    let reply = bed.call_with(Role::Editor, "DELETE", &path, None, &[("if-match", "\"4\"")]).await;
    assert_eq!((reply.status(), reply.round_trips, reply.header("etag")), (204, 1, Some("\"5\"")));
    assert_eq!(reply.text(), "");
    let now = read(&bed, &product).await;
    assert_eq!(ids(&now), [&images[0], &images[2]].map(|image| image["id"].as_str().unwrap()));
    assert_eq!(now["images"][1]["position"], json!(1));
    assert_eq!(log(&bed, Role::Viewer).await.pop().unwrap()["type"], json!("image.removed"));
    let again = bed.call_with(Role::Editor, "DELETE", &path, None, &[("if-match", "*")]).await;
    assert_eq!((again.status(), again.code().as_str()), (404, "not-found"));
    let missing = bed.call_with(Role::Editor, "DELETE", &path, None, &[]).await;
    assert_eq!(missing.status(), 428);
}

#[tokio::test]
async fn whoever_follows_folds_images_into_the_product() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let image = add(&bed, &product, jpeg(8, 8, [1; 3])).await;
    add(&bed, &product, jpeg(8, 8, [60; 3])).await;
    let path = image_path(&product, &image);
    bed.call_with(Role::Editor, "PATCH", &path, Some(json!({"position": 1})), &[("if-match", "*")]).await;
    send(&bed, "PUT", &path, GIF.to_vec(), &[("if-match", "*")]).await;
    bed.call_with(Role::Editor, "DELETE", &path, None, &[("if-match", "*")]).await;
    let mut folded = json!({});
    for event in log(&bed, Role::Viewer).await {
        for (name, value) in event["data"].as_object().unwrap() {
            folded[name] = value.clone();
        }
    }
    assert_eq!(folded, read(&bed, &product).await);
}

#[tokio::test]
async fn what_is_no_image_is_refused_and_nothing_is_written() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let whole = jpeg(64, 64, [9; 3]);
    let mut too_long = whole.clone();
    too_long.resize(20_000_001, 0);
    let bomb = |kind: u8, height: [u8; 2], width: [u8; 2]| {
        let mut bomb = jpeg(16, 16, [0; 3]);
        let at = bomb.windows(2).position(|bytes| bytes == [0xFF, 0xC0]).unwrap();
        bomb[at + 1] = kind;
        bomb[at + 5..at + 9].copy_from_slice(&[height, width].concat());
        bomb
    };
    let (baseline, progressive) = (0xC0, 0xC2);
    // Lossless, 8,000 × 5,125 pixels.
    let webp = b"RIFF\x16\0\0\0WEBPVP8L\x0A\0\0\0\x2F\x3F\x1F\x01\x05\0\0\0\0\0".to_vec();
    for (bytes, status, code) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 415, "image-unsupported"),
        (b"<!doctype html><script>alert(1)</script>".to_vec(), 415, "image-unsupported"),
        (Vec::new(), 415, "image-unsupported"),
        (b"%PDF-1.7".to_vec(), 415, "image-unsupported"),
        (whole[..whole.len() / 2].to_vec(), 422, "image-corrupt"),
        (too_long, 413, "image-too-large"),
        (vec![0; 20_000_001], 413, "image-too-large"),
        (bomb(baseline, [0x1F, 0x40], [0x14, 0x05]), 413, "image-too-large"),
        (bomb(progressive, [0x1F, 0x40], [0x14, 0x05]), 413, "image-too-large"),
        // Within the pixels, but not within the memory.
        (bomb(progressive, [0x1F, 0x40], [0x13, 0x88]), 413, "image-too-large"),
        (bomb(baseline, [0xFF, 0xFF], [0xFF, 0xFF]), 413, "image-too-large"),
        (webp, 413, "image-too-large"),
    ] {
        let reply = send(&bed, "POST", &images_of(&product), bytes, &[]).await;
        assert_eq!((reply.status(), reply.code().as_str()), (status, code), "{}", reply.text());
        assert!(!reply.json()["detail"].as_str().unwrap().is_empty());
    }
    let huge = send(&bed, "POST", &images_of(&product), vec![0; 20_065_537], &[]).await;
    assert_eq!((huge.status(), huge.code().as_str()), (413, "body-too-large"));
    let text = [("content-type", "text/html")];
    let media = bed.call_bytes(Role::Editor, "POST", &images_of(&product), Some(GIF.to_vec()), &text).await;
    assert_eq!(media.code(), "unsupported-media-type");
    assert_eq!((stored(&bed), read(&bed, &product).await), (Vec::new(), product));
}

#[tokio::test]
async fn a_png_called_jpg_is_a_png() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let reply =
        send(&bed, "POST", &images_of(&product), GIF.to_vec(), &[("content-type", "image/png")]).await;
    assert_eq!(reply.status(), 201, "{}", reply.text());
    assert_eq!(reply.json()["content_type"], json!("image/gif"));
}

#[tokio::test]
async fn a_product_has_at_most_fifty() {
    let bed = Testbed::new().await;
    let product = create(&bed, simple("Full", "FULL")).await;
    for _ in 0..50 {
        add(&bed, &product, GIF.to_vec()).await;
    }
    let reply = send(&bed, "POST", &images_of(&product), jpeg(8, 8, [7; 3]), &[]).await;
    assert_eq!(
        (reply.code(), faults(&reply)),
        ("validation-failed".to_owned(), vec!["/images too_many".to_owned()])
    );
    assert_eq!(stored(&bed).len(), 4, "nothing was stored for it");
    assert_eq!(read(&bed, &product).await["images"].as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn stale_versions_and_other_stores_products_store_nothing() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let images = images_of(&product);
    let stale = send(&bed, "POST", &images, GIF.to_vec(), &[("if-match", "\"7\"")]).await;
    assert_eq!((stale.status(), &stale.json()["current"]), (412, &product));
    let nowhere =
        send(&bed, "POST", "/api/pms/products/prd_00000000000000000000000000/images", GIF.to_vec(), &[])
            .await;
    assert_eq!(nowhere.status(), 404);
    let image = add(&bed, &product, jpeg(8, 8, [7; 3])).await;
    let other = create(&bed, simple("Other", "OTHER")).await;
    let wrong = send(&bed, "PUT", &image_path(&other, &image), GIF.to_vec(), &[("if-match", "*")]).await;
    assert_eq!((wrong.status(), wrong.code().as_str()), (404, "not-found"));
    let token = format!("Bearer {}", bed.stranger.token);
    let store = bed.store.to_string();
    let headers =
        [("authorization", token.as_str()), ("x-store-id", store.as_str()), ("content-type", "image/gif")];
    let stranger = bed.send(storeroom_testbed::request("POST", &images, Some(GIF.to_vec()), &headers)).await;
    assert_eq!((stranger.status(), stranger.round_trips), (404, 1));
    assert_eq!(stored(&bed).len(), 4);
}

#[tokio::test]
async fn an_upload_is_done_once_under_its_key() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let images = images_of(&product);
    let key = [("idempotency-key", "k")];
    let first = send(&bed, "POST", &images, GIF.to_vec(), &key).await;
    let again = send(&bed, "POST", &images, GIF.to_vec(), &key).await;
    assert_eq!((first.status(), first.text()), (201, again.text()));
    assert_eq!((again.header("idempotent-replayed"), again.round_trips), (Some("true"), 1));
    assert_eq!(again.header("etag"), first.header("etag"));
    let other = send(&bed, "POST", &images, jpeg(8, 8, [1; 3]), &key).await;
    assert_eq!((other.status(), other.code().as_str()), (422, "idempotency-key-reused"));
    assert_eq!(read(&bed, &product).await["images"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_audit_log_has_one_row_a_change() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    add(&bed, &product, GIF.to_vec()).await;
    let audit = bed.call(Role::Owner, "GET", "/api/pms/audit", None).await.json();
    let actions: Vec<&str> =
        audit["items"].as_array().unwrap().iter().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["images.add", "products.create"]);
    assert_eq!(audit["items"][0]["subject"], product["id"]);
}
