//! Serving images: to everybody, forever, in parts, and nothing else.

use crate::picture::{add, jpeg};
use crate::product::{create, mug};
use serde_json::Value;
use storeroom_bad_input::GIF;
use storeroom_testbed::{Reply, Testbed, request};

async fn get(bed: &Testbed, path: &str, headers: &[(&str, &str)]) -> Reply {
    bed.send(request("GET", path, None, headers)).await
}

async fn image(bed: &Testbed) -> Value {
    let product = create(bed, mug()).await;
    add(bed, &product, jpeg(700, 300, [9, 99, 200])).await
}

fn url<'a>(image: &'a Value, name: &str) -> &'a str {
    image["urls"][name].as_str().unwrap()
}

#[tokio::test]
async fn every_size_is_served_to_everybody_forever() {
    let bed = Testbed::new().await;
    let image = image(&bed).await;
    for name in ["thumb", "card", "page", "original"] {
        let reply = get(&bed, url(&image, name), &[("accept", "image/avif,image/webp,*/*;q=0.8")]).await;
        assert_eq!((reply.status(), reply.round_trips), (200, 0), "{}", reply.text());
        assert_eq!(&reply.bytes()[..3], [0xFF, 0xD8, 0xFF]);
        for (header, value) in [
            ("content-type", "image/jpeg"),
            ("cache-control", "public, max-age=31536000, immutable"),
            ("accept-ranges", "bytes"),
            ("x-content-type-options", "nosniff"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
            ("cross-origin-resource-policy", "cross-origin"),
        ] {
            assert_eq!(reply.header(header), Some(value));
        }
        for private in ["x-request-id", "store-cursor", "ratelimit"] {
            assert_eq!(reply.header(private), None, "{private}");
        }
        let etag = reply.header("etag").unwrap().to_owned();
        assert!(etag.starts_with('"') && etag.ends_with('"'));
        let known = get(&bed, url(&image, name), &[("if-none-match", &etag)]).await;
        assert_eq!((known.status(), known.text().as_str()), (304, ""));
        assert_eq!(known.header("cache-control"), reply.header("cache-control"));
        let head = bed.send(request("HEAD", url(&image, name), None, &[])).await;
        assert_eq!((head.status(), head.bytes().len(), head.header("etag")), (200, 0, Some(etag.as_str())));
    }
    let sizes = ["thumb", "card", "page", "original"].map(|name| url(&image, name).to_owned());
    let etags: std::collections::BTreeSet<_> = {
        let mut all = std::collections::BTreeSet::new();
        for path in &sizes {
            all.insert(get(&bed, path, &[]).await.header("etag").unwrap().to_owned());
        }
        all
    };
    assert_eq!(etags.len(), 4);
}

#[tokio::test]
async fn a_range_is_a_part() {
    let bed = Testbed::new().await;
    let image = image(&bed).await;
    let path = url(&image, "original");
    let whole = get(&bed, path, &[]).await;
    let (bytes, etag) = (whole.bytes().to_vec(), whole.header("etag").unwrap());
    let size = bytes.len();
    for (range, part) in [("bytes=0-9", 0..10), ("bytes=10-", 10..size), ("bytes=-5", size - 5..size)] {
        for headers in [&[("range", range)][..], &[("range", range), ("if-range", etag)]] {
            let reply = get(&bed, path, headers).await;
            assert_eq!((reply.status(), reply.bytes()), (206, &bytes[part.clone()]), "{range}");
            let expected = format!("bytes {}-{}/{size}", part.start, part.end - 1);
            assert_eq!(reply.header("content-range"), Some(expected.as_str()));
            assert_eq!(reply.header("content-type"), Some("image/jpeg"));
        }
    }
    for headers in [
        &[("range", "bytes=0-1"), ("if-range", "\"other\"")][..],
        &[("range", "bytes=0-1,4-5")],
        &[("range", "pages=1-2")],
    ] {
        let reply = get(&bed, path, headers).await;
        assert_eq!((reply.status(), reply.bytes().len()), (200, size));
    }
    let beyond = get(&bed, path, &[("range", &format!("bytes={size}-"))]).await;
    assert_eq!((beyond.status(), beyond.code().as_str()), (416, "range-not-satisfiable"));
    assert_eq!(beyond.header("content-range"), Some(format!("bytes */{size}").as_str()));
    let known = get(&bed, path, &[("range", "bytes=0-1"), ("if-none-match", etag)]).await;
    assert_eq!(known.status(), 304);
}

#[tokio::test]
async fn a_large_original_flows() {
    let bed = Testbed::new().await;
    let image = image(&bed).await;
    let path = url(&image, "original");
    let name = path.strip_prefix("/images/").unwrap().to_owned();
    let bytes: Vec<u8> = (0..2_500_000_u32).map(|n| n.to_le_bytes()[1]).collect();
    bed.recorded.files.borrow_mut().insert(name, bytes.clone());
    let flow = async |headers: &[(&str, &str)]| {
        let mut stream = get(&bed, path, headers).await.stream().unwrap();
        let mut all = Vec::new();
        while let Some(chunk) = stream.next().await {
            all.extend(chunk);
        }
        assert!(!stream.is_broken());
        all
    };
    assert!(flow(&[]).await == bytes);
    assert!(flow(&[("range", "bytes=7-2000006")]).await == bytes[7..2_000_007]);
}

#[tokio::test]
async fn nothing_else_is_there() {
    let bed = Testbed::new().await;
    let image = image(&bed).await;
    let (store, hash) = (bed.store.to_string(), image["sha256"].as_str().unwrap());
    bed.recorded.files.borrow_mut().insert("secret".to_owned(), GIF.to_vec());
    let other = bed.other_store.to_string();
    let upper = hash.to_uppercase();
    for path in [
        format!("/images/{store}/{hash}/thumb.png"),
        format!("/images/{store}/{hash}/thumb.webp"),
        format!("/images/{store}/{hash}/huge.jpg"),
        format!("/images/{store}/{hash}/thumb"),
        format!("/images/{store}/{hash}/..%2Fthumb.jpg"),
        format!("/images/{store}/{upper}/thumb.jpg"),
        format!("/images/{store}/{}/thumb.jpg", "0".repeat(64)),
        format!("/images/{other}/{hash}/thumb.jpg"),
        format!("/images/{store}/%2e%2e/thumb.jpg"),
        format!("/images/{store}/../thumb.jpg"),
        format!("/images/../{hash}/thumb.jpg"),
        format!("/images/{store}/{hash}/../secret"),
        format!("/images/{store}/{hash}"),
        "/images/".to_owned(),
    ] {
        let reply = get(&bed, &path, &[]).await;
        assert_eq!((reply.status(), reply.code().as_str()), (404, "not-found"), "{path}");
        assert_eq!(reply.header("cache-control"), Some("no-store"));
    }
    let post = bed.send(request("POST", url(&image, "thumb"), None, &[])).await;
    assert_eq!((post.status(), post.header("allow")), (405, Some("GET, HEAD, OPTIONS")));
    bed.recorded.down.set(true);
    let down = get(&bed, url(&image, "thumb"), &[]).await;
    assert_eq!((down.status(), down.header("cache-control")), (503, Some("no-store")));
}
