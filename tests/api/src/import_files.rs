//! Files that are refused: nothing of them is left.

use crate::product::faults;
use crate::sheets::{CSV, NDJSON, due, import, send, send_as};
use serde_json::json;
use storeroom_domain::Role;
use storeroom_sql::{Args, Value};
use storeroom_testbed::{Reply, Testbed, content_digest, request};

/// How many jobs and files there are.
async fn left(bed: &Testbed) -> (i64, usize) {
    (count(bed, "SELECT count(*) FROM jobs").await, bed.recorded.files.borrow().len())
}

async fn count(bed: &Testbed, sql: &'static str) -> i64 {
    let rows = bed.sql(sql, Args::new()).await;
    let Value::Integer(count) = rows[0][0] else { panic!("{rows:?}") };
    count
}

#[tokio::test]
async fn a_file_that_is_none_leaves_nothing() {
    let bed = Testbed::new().await;
    // Enough for a part to be put away before the fault is found.
    let good: String = (0..3_000).map(|n| format!("Product {n},SKU-{n}\n")).collect();
    for (file, expected) in [
        (b"".to_vec(), "/lines/1 required"),
        (b"title;sku\nA;B\n".to_vec(), "/lines/1 wrong_separator"),
        (b"title,price_minor\nA,1\n".to_vec(), "/lines/1/sku required"),
        (b"title,sku,colour\nA,B,red\n".to_vec(), "/lines/1/colour unknown_column"),
        (b"title,sku\nGr\xf6\xdfe,B\n".to_vec(), "/lines/2 wrong_encoding"),
        (b"\xff\xfet\0i\0".to_vec(), "/lines/1 wrong_encoding"),
        (format!("title,sku\n{good}Last,SKU-7\n").into_bytes(), "/lines/3002/sku duplicate"),
        (format!("title,sku\n{good}\"Last,X\n").into_bytes(), "/lines/3002 open_quote"),
        (format!("title,sku\n{good}Last\n").into_bytes(), "/lines/3002 wrong_length"),
    ] {
        let reply = send(&bed, CSV, file).await;
        assert_eq!((reply.status(), reply.code().as_str()), (422, "validation-failed"), "{}", reply.text());
        assert_eq!(faults(&reply), [expected]);
        assert_eq!(left(&bed).await, (0, 0), "{expected}");
    }
    let reply = send(&bed, NDJSON, "{\"title\":\"A\"}\n{oops}\n").await;
    assert_eq!(faults(&reply), ["/lines/2 malformed"]);
    let reply = send(&bed, "application/json", "{}").await;
    assert_eq!((reply.status(), reply.code().as_str()), (415, "unsupported-media-type"));
    assert_eq!(left(&bed).await, (0, 0));
}

#[tokio::test]
async fn a_mark_at_the_beginning_is_taken() {
    let bed = Testbed::new().await;
    let job = import(&bed, "text/csv; charset=utf-8", "\u{feff}title,sku\r\nA,B\r\n").await;
    assert_eq!((&job["created"], &job["failed"]), (&json!(1), &json!(0)));
}

#[tokio::test]
async fn who_may_not_write_products_leaves_nothing() {
    let bed = Testbed::new().await;
    for (role, status) in [(Role::Viewer, 403), (Role::Fulfilment, 403), (Role::Editor, 202)] {
        let file = b"title,sku\nA,B\n".to_vec();
        let reply = send_as(&bed, &bed.member(role), "", CSV, file, &[]).await;
        assert_eq!(reply.status(), status, "{}", reply.text());
        assert_eq!(left(&bed).await, if status == 202 { (1, 1) } else { (0, 0) });
    }
    let reply = send_as(&bed, &bed.stranger, "", CSV, b"title,sku\nA,B\n".to_vec(), &[]).await;
    assert_eq!(reply.status(), 404, "{}", reply.text());
    assert_eq!(left(&bed).await, (1, 1));
}

#[tokio::test]
async fn the_same_request_again_makes_no_other_job() {
    let bed = Testbed::new().await;
    let key = [("idempotency-key", "import-1")];
    let once = |file: &'static str| {
        let bed = &bed;
        async move { send_as(bed, &bed.member(Role::Editor), "", CSV, file.into(), &key).await }
    };
    let refused = once("title,sku\nA,B,C\n").await;
    assert_eq!(refused.status(), 422, "what was refused may be tried again with its key");
    let first = once("title,sku\nA,B\n").await;
    let again = once("title,sku\nA,B\n").await;
    assert_eq!((first.status(), again.status()), (202, 202));
    assert_eq!((again.text(), again.header("location")), (first.text(), first.header("location")));
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(left(&bed).await, (1, 1), "and no file");
    let other = once("title,sku\nA,C\n").await;
    assert_eq!((other.status(), other.code().as_str()), (422, "idempotency-key-reused"));
    assert_eq!(left(&bed).await, (1, 1));
    assert_eq!(count(&bed, "SELECT count(*) FROM idempotency_keys").await, 1);
}

#[tokio::test]
async fn an_upload_that_never_ended_is_deleted_after_a_day() {
    let bed = Testbed::new().await;
    let good: String = (0..5_500).map(|n| format!("Product {n},SKU-{n}\n")).collect();
    // The store of files goes down before the fault is found, so nothing can be tidied up.
    let reply = send(&bed, CSV, format!("title,sku\n{good}")).await;
    assert_eq!(reply.status(), 202);
    let job = reply.json()["id"].as_str().unwrap().to_owned();
    let args = Args::new().with("job", job.as_str()).with("at", bed.ports.clock.now().ms() + 86_400_000);
    bed.sql("UPDATE jobs SET state = 'uploading', due_at = :at, parts = 0, total = 0 WHERE id = :job", args)
        .await;
    assert_eq!(left(&bed).await, (1, 6));
    assert_eq!(bed.call(Role::Owner, "GET", &format!("/api/pms/jobs/{job}"), None).await.status(), 404);
    bed.clock.advance(86_399_999);
    due(&bed).await;
    assert_eq!(left(&bed).await, (1, 6));
    bed.clock.advance(1);
    due(&bed).await;
    assert_eq!(left(&bed).await, (0, 0));
}

#[tokio::test]
async fn an_upload_that_ends_after_it_was_deleted_is_refused() {
    // Whoever tidies up is still at it, could not delete anything and tries later, or is done.
    for (is_down, is_done) in [(false, false), (true, true), (false, true)] {
        let bed = Testbed::new().await;
        let lines: String = (0..1_500).map(|n| format!("Product {n},SKU-{n}\n")).collect();
        bed.database.turns.borrow_mut().extend([0, 1]);
        let mut upload = Box::pin(send(&bed, CSV, format!("title,sku\n{lines}")));
        assert!(futures::poll!(&mut upload).is_pending());
        assert_eq!(left(&bed).await, (1, 2), "all of it came, and it is about to be a job");
        bed.clock.advance(86_400_000);
        bed.recorded.down.set(is_down);
        let mut tidies = Box::pin(storeroom_products::import::due::run(&bed.ports));
        if is_done {
            tidies.as_mut().await.unwrap();
        } else {
            bed.database.turns.borrow_mut().extend([0, 1]);
            while count(&bed, "SELECT count(*) FROM jobs WHERE lease IS NULL").await > 0 {
                assert!(futures::poll!(&mut tidies).is_pending());
            }
        }
        bed.recorded.down.set(false);
        let reply = upload.await;
        assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"), "{}", reply.text());
        assert!(reply.text().contains("longer than a day"), "{}", reply.text());
        if !is_done {
            tidies.await.unwrap();
        }
        assert_eq!(left(&bed).await, (0, 0));
    }
}

#[tokio::test]
async fn a_job_is_forgotten_after_thirty_days() {
    let bed = Testbed::new().await;
    import(&bed, CSV, "title,sku\nA,B\nC,D\n").await;
    import(&bed, CSV, "title,sku,weight_grams\nA,X,heavy\n").await;
    bed.clock.advance(30 * 86_400_000 - 10);
    due(&bed).await;
    assert_eq!(left(&bed).await, (2, 0));
    bed.clock.advance(10);
    due(&bed).await;
    assert_eq!(left(&bed).await, (0, 0));
    assert_eq!(count(&bed, "SELECT count(*) FROM job_errors").await, 0);
}

#[tokio::test]
async fn the_file_store_may_be_down() {
    let bed = Testbed::new().await;
    bed.recorded.down.set(true);
    let reply = send(&bed, CSV, "title,sku\nA,B\n").await;
    assert_eq!((reply.status(), reply.code().as_str()), (503, "unavailable"));
    bed.recorded.down.set(false);
    // A store that does not answer may have kept a part, so the note stays until due work has looked.
    assert_eq!(left(&bed).await, (1, 0));
    bed.clock.advance(25 * 3_600_000);
    due(&bed).await;
    assert_eq!(left(&bed).await, (0, 0));
    let reply = send(&bed, CSV, "title,sku\nA,B\n").await;
    bed.recorded.down.set(true);
    due(&bed).await;
    bed.recorded.down.set(false);
    assert_eq!(crate::sheets::finished(&bed, &reply.json()).await["created"], json!(1));
}

/// Sends a file that a key signs; the signature is over `signed`, the digest is of `promised`.
async fn send_signed(bed: &Testbed, file: &[u8], signed: &[u8], promised: Option<&[u8]>) -> Reply {
    const PATH: &str = "/api/pms/products/import";
    let key = bed.api_key(bed.store, Role::Editor).await;
    let mut headers = bed.signature(&key, &bed.signing(), "POST", PATH, signed);
    headers.push(("content-type", CSV.to_owned()));
    headers.extend(promised.map(content_digest));
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
    bed.send(request("POST", PATH, Some(file.to_vec()), &headers)).await
}

#[tokio::test]
async fn a_signed_file_says_its_hash_ahead() {
    let bed = Testbed::new().await;
    let (file, other) = (b"title,sku\nA,B\n".as_slice(), b"title,sku\nA,C\n".as_slice());
    for (signed, promised, code) in [
        (file, None, "unauthenticated"),
        (file, Some(other), "signature-invalid"),
        (other, Some(file), "signature-invalid"),
        // What was signed and promised is not what comes.
        (other, Some(other), "signature-invalid"),
    ] {
        let reply = send_signed(&bed, file, signed, promised).await;
        assert_eq!((reply.status(), reply.code().as_str()), (401, code), "{}", reply.text());
        assert_eq!(left(&bed).await, (0, 0));
    }
    let reply = send_signed(&bed, file, file, Some(file)).await;
    assert_eq!(reply.status(), 202, "{}", reply.text());
    assert_eq!(left(&bed).await, (1, 1));
}
