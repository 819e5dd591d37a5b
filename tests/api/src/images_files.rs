//! The files of images: stored once, kept while something shows them, removed when nothing does, and only then.

use crate::picture::{add, images_of, jpeg, send, stored};
use crate::product::{create, mug, path, simple};
use async_trait::async_trait;
use futures::FutureExt;
use serde_json::Value;
use std::rc::Rc;
use storeroom_bad_input::GIF;
use storeroom_domain::Role;
use storeroom_pictures::limits::MAX_BYTES;
use storeroom_ports::{Blob, Blobs, Down, Part};
use storeroom_sql::Args;
use storeroom_testbed::{ManualClock, Recorded, Testbed, request};
use storeroom_web::{BodyError, Incoming};

const HOUR_MS: i64 = 3_600_000;

async fn due(bed: &Testbed) -> usize {
    storeroom_images::due::run(&bed.ports).await.unwrap()
}

async fn remove(bed: &Testbed, product: &Value, image: &Value) {
    let path = format!("{}/{}", images_of(product), image["id"].as_str().unwrap());
    let reply = bed.call_with(Role::Editor, "DELETE", &path, None, &[("if-match", "*")]).await;
    assert_eq!(reply.status(), 204, "{}", reply.text());
}

async fn notes(bed: &Testbed) -> usize {
    bed.sql("SELECT sha256 FROM image_files", Args::new()).await.len()
}

/// That every image that a product shows has all its files.
async fn assert_whole(bed: &Testbed) {
    let shown = bed.sql("SELECT store_id, sha256, extension, rendition FROM images", Args::new()).await;
    let files = stored(bed);
    for row in shown {
        let [store, hash, extension, rendition] = row.try_into().unwrap();
        let text = |value: &storeroom_sql::Value| match value {
            storeroom_sql::Value::Text(text) => text.to_string(),
            other => panic!("{other:?}"),
        };
        let original = format!("original.{}", text(&extension));
        let sizes = ["thumb", "card", "page"].map(|size| format!("{size}.{}", text(&rendition)));
        for file in sizes.iter().chain([&original]) {
            let name = format!("{}/{}/{file}", text(&store), text(&hash));
            assert!(files.contains(&name), "{name} is shown and gone");
        }
    }
}

#[tokio::test]
async fn the_same_content_is_stored_once_and_stays_while_somebody_shows_it() {
    let bed = Testbed::new().await;
    let [one, two] = [create(&bed, mug()).await, create(&bed, simple("Two", "TWO")).await];
    let first = add(&bed, &one, GIF.to_vec()).await;
    let second = add(&bed, &two, GIF.to_vec()).await;
    assert_eq!((&first["urls"], stored(&bed).len(), notes(&bed).await), (&second["urls"], 4, 1));
    remove(&bed, &one, &first).await;
    bed.clock.advance(2 * HOUR_MS);
    assert_eq!((due(&bed).await, stored(&bed).len()), (0, 4));
    remove(&bed, &two, &second).await;
    assert_eq!((due(&bed).await, stored(&bed).len()), (0, 4), "not at once");
    bed.clock.advance(HOUR_MS - 1);
    assert_eq!(due(&bed).await, 0);
    bed.clock.advance(1);
    assert_eq!((due(&bed).await, stored(&bed).len(), notes(&bed).await), (1, 0, 0));
    assert_eq!(due(&bed).await, 0);
    add(&bed, &one, GIF.to_vec()).await;
    assert_whole(&bed).await;
}

#[tokio::test]
async fn what_a_replaced_image_and_a_deleted_product_leave_goes() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let image = add(&bed, &product, GIF.to_vec()).await;
    let place = format!("{}/{}", images_of(&product), image["id"].as_str().unwrap());
    send(&bed, "PUT", &place, jpeg(8, 8, [1; 3]), &[("if-match", "*")]).await;
    bed.clock.advance(HOUR_MS);
    assert_eq!((due(&bed).await, stored(&bed).len()), (1, 4));
    assert_whole(&bed).await;
    let deleted = bed.call_with(Role::Owner, "DELETE", &path(&product), None, &[("if-match", "*")]).await;
    assert_eq!(deleted.status(), 204, "{}", deleted.text());
    bed.clock.advance(HOUR_MS);
    assert_eq!((due(&bed).await, stored(&bed).len(), notes(&bed).await), (1, 0, 0));
}

#[tokio::test]
async fn a_crash_between_the_files_and_the_image_leaves_nothing_for_long() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    bed.recorded.down.set(true);
    let reply = send(&bed, "POST", &images_of(&product), GIF.to_vec(), &[]).await;
    assert_eq!((reply.status(), reply.header("retry-after")), (503, Some("1")), "{}", reply.text());
    assert_eq!((notes(&bed).await, stored(&bed).len()), (1, 0));
    let now = bed.call(Role::Viewer, "GET", &path(&product), None).await.json();
    assert_eq!(now, product, "nothing was changed");
    bed.clock.advance(HOUR_MS);
    assert_eq!((due(&bed).await, notes(&bed).await), (0, 1), "the store is down: it is tried again");
    bed.recorded.down.set(false);
    let busy = send(&bed, "POST", &images_of(&product), GIF.to_vec(), &[]).await;
    assert_eq!(busy.status(), 503, "while a remover has it: {}", busy.text());
    bed.clock.advance(storeroom_images::due::LEASE_MS);
    assert_eq!((due(&bed).await, notes(&bed).await), (1, 0));
    add(&bed, &product, GIF.to_vec()).await;
    assert_whole(&bed).await;
}

#[tokio::test]
async fn who_sends_a_file_again_keeps_it_from_going() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let image = add(&bed, &product, GIF.to_vec()).await;
    remove(&bed, &product, &image).await;
    bed.clock.advance(HOUR_MS - 1);
    // Sent again and refused after its files were noted: they are there for another hour.
    bed.recorded.down.set(true);
    send(&bed, "POST", &images_of(&product), GIF.to_vec(), &[]).await;
    bed.recorded.down.set(false);
    bed.clock.advance(1);
    assert_eq!((due(&bed).await, stored(&bed).len()), (0, 4));
    bed.clock.advance(HOUR_MS - 1);
    assert_eq!((due(&bed).await, stored(&bed).len()), (1, 0));
}

#[tokio::test]
async fn a_file_that_is_shown_is_not_taken_even_where_its_note_says_it_is_due() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    add(&bed, &product, GIF.to_vec()).await;
    bed.sql("UPDATE image_files SET due_at = 0", Args::new()).await;
    bed.clock.advance(9 * HOUR_MS);
    assert_eq!((due(&bed).await, stored(&bed).len()), (0, 4));
}

/// An image store that takes its time.
struct Slow {
    files: Rc<Recorded>,
    clock: Rc<ManualClock>,
    takes_ms: i64,
}

#[async_trait(?Send)]
impl Blobs for Slow {
    async fn check(&self) -> Result<(), Down> {
        Blobs::check(self.files.as_ref()).await
    }

    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Down> {
        self.clock.advance(self.takes_ms);
        self.files.put(name, bytes).await
    }

    async fn get(&self, name: &str, part: Option<Part>) -> Result<Option<Blob>, Down> {
        self.files.get(name, part).await
    }

    async fn delete(&self, name: &str) -> Result<(), Down> {
        self.clock.advance(self.takes_ms);
        self.files.delete(name).await
    }
}

fn slowed(mut bed: Testbed, takes_ms: i64) -> Testbed {
    bed.ports.blobs = Rc::new(Slow { files: bed.recorded.clone(), clock: bed.clock.clone(), takes_ms });
    bed
}

#[tokio::test]
async fn an_upload_that_takes_too_long_changes_nothing() {
    // Four files are put.
    let bed = slowed(Testbed::new().await, HOUR_MS / 8);
    let product = create(&bed, mug()).await;
    let reply = send(&bed, "POST", &images_of(&product), GIF.to_vec(), &[]).await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"), "{}", reply.text());
    let now = bed.call(Role::Viewer, "GET", &path(&product), None).await.json();
    assert_eq!((now, notes(&bed).await), (product, 1));
    let bed = slowed(Testbed::new().await, HOUR_MS / 8 - 1);
    let product = create(&bed, mug()).await;
    add(&bed, &product, GIF.to_vec()).await;
    assert_whole(&bed).await;
}

/// A body of which the first bytes come, and then nothing.
struct Rests(Option<Vec<u8>>);

#[async_trait(?Send)]
impl Incoming for Rests {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BodyError> {
        match self.0.take() {
            Some(bytes) => Ok(Some(bytes)),
            None => futures::future::pending().await,
        }
    }
}

#[tokio::test]
async fn bodies_that_would_fill_the_memory_are_told_to_come_back() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let (store, token) = (bed.store.to_string(), format!("Bearer {}", bed.member(Role::Editor).token));
    let headers =
        [("authorization", token.as_str()), ("x-store-id", store.as_str()), ("content-type", "image/jpeg")];
    let mut resting: Vec<_> = (0..5)
        .map(|_| {
            let mut sent = request("POST", &images_of(&product), None, &headers);
            sent.body = Box::new(Rests(Some(vec![0; MAX_BYTES])));
            Box::pin(bed.send(sent))
        })
        .collect();
    assert!(resting.iter_mut().all(|sent| sent.as_mut().now_or_never().is_none()));
    let refused = send(&bed, "POST", &images_of(&product), vec![0; MAX_BYTES], &[]).await;
    assert_eq!((refused.status(), refused.code().as_str()), (503, "unavailable"), "{}", refused.text());
    assert_eq!(refused.header("retry-after"), Some("1"));
    create(&bed, simple("A small body", "SMALL")).await;
    drop(resting);
    add(&bed, &product, GIF.to_vec()).await;
}

#[tokio::test]
async fn bodies_with_a_signature_that_nobody_has_checked_leave_room_for_others() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let store = bed.store.to_string();
    let headers = [("x-api-key", "made up"), ("x-store-id", store.as_str()), ("content-type", "image/jpeg")];
    let sent = || {
        let mut sent = request("POST", &images_of(&product), None, &headers);
        sent.body = Box::new(Rests(Some(vec![0; MAX_BYTES])));
        Box::pin(bed.send(sent))
    };
    let mut resting = [sent(), sent()];
    assert!(resting.iter_mut().all(|sent| sent.as_mut().now_or_never().is_none()));
    assert_eq!(sent().await.status(), 503);
    add(&bed, &product, jpeg(4_000, 3_000, [7; 3])).await;
}

#[tokio::test]
async fn a_remover_that_is_slow_stops_before_its_lease_ends() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    let mut images = Vec::new();
    for shade in 0..4 {
        images.push(add(&bed, &product, jpeg(8, 8, [shade * 50; 3])).await);
    }
    for image in &images {
        remove(&bed, &product, image).await;
    }
    bed.clock.advance(HOUR_MS);
    // Seven names a picture: two pictures take not quite a minute, and after the third none is begun.
    let bed = slowed(bed, 60_000 / 15);
    assert_eq!((due(&bed).await, notes(&bed).await), (3, 1));
    bed.clock.advance(storeroom_images::due::LEASE_MS);
    assert_eq!((due(&bed).await, stored(&bed).len()), (1, 0));
}

#[tokio::test]
async fn many_who_send_and_remove_the_same_file_lose_none_that_is_shown() {
    let bed = Testbed::new().await;
    let product = create(&bed, mug()).await;
    for round in 0..6 {
        let images = images_of(&product);
        let send_one = || send(&bed, "POST", &images, GIF.to_vec(), &[]);
        let (a, removed, b, also_removed) = futures::join!(send_one(), due(&bed), send_one(), due(&bed));
        for reply in [&a, &b] {
            assert!(matches!(reply.status(), 201 | 503), "{}", reply.text());
        }
        assert!(removed + also_removed <= 1);
        assert_whole(&bed).await;
        let now = bed.call(Role::Viewer, "GET", &path(&product), None).await.json();
        for image in now["images"].as_array().unwrap() {
            remove(&bed, &product, image).await;
        }
        bed.clock.advance(HOUR_MS + round);
    }
    due(&bed).await;
    assert_eq!((stored(&bed).len(), notes(&bed).await), (0, 0));
}
