//! Files of products over the wire: in, through a job, and out again.

use crate::cases::{Process, beside_cron, kill};
use crate::shop::{Member, Reply, Shop};
use serde_json::{Value, json};
use std::rc::Rc;
use std::time::{Duration, Instant};
use storeroom_domain::Role;

const PATH: &str = "/api/pms/products/import";
/// How long a job of a case may take.
const DONE_WITHIN: Duration = Duration::from_secs(120);
/// How long due work waits where nobody runs it by itself.
const BETWEEN_LOOKS: Duration = Duration::from_millis(500);

async fn send(shop: &Shop, who: &Member, media: &str, file: Vec<u8>) -> Reply {
    let (token, store) = (format!("Bearer {}", who.token), shop.store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", &store), ("content-type", media)];
    shop.send("POST", PATH, Some(file), &headers).await
}

/// Sends a file that is taken; the job.
async fn begin(shop: &Shop, file: &str) -> Value {
    let reply = send(shop, &shop.owner, "text/csv", file.as_bytes().to_vec()).await;
    assert_eq!(reply.status, 202, "{}", reply.text);
    reply.json()
}

async fn read(shop: &Shop, job: &Value) -> Value {
    let path = format!("/api/pms/jobs/{}", job["id"].as_str().unwrap());
    let reply = shop.call(&shop.viewer, "GET", &path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.json()
}

/// Follows the feed until the job has ended; the job.
async fn finish(shop: &Shop, job: &Value) -> Value {
    let deadline = Instant::now() + DONE_WITHIN;
    let mut cursor = "1.0".to_owned();
    loop {
        if !shop.websockets {
            // A host without alarms is asked by a scheduler.
            assert_eq!(shop.call(&shop.owner, "POST", "/api/pms/due", None).await.status, 200);
        }
        let wait = if shop.websockets { "&wait=5" } else { "" };
        let path = format!("/api/pms/events?types=job&after={cursor}{wait}");
        let feed = shop.call(&shop.viewer, "GET", &path, None).await.json();
        let mut events = feed["events"].as_array().unwrap_or_else(|| panic!("{feed}")).iter();
        if events.any(|event| event["type"] == "job.finished" && event["subject"] == job["id"]) {
            return read(shop, job).await;
        }
        feed["cursor"].as_str().unwrap().clone_into(&mut cursor);
        assert!(Instant::now() < deadline, "{}", read(shop, job).await);
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

async fn export(shop: &Shop, format: &str) -> String {
    let path = format!("/api/pms/products/export?format={format}");
    let reply = shop.call(&shop.viewer, "GET", &path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
    reply.text
}

fn file(count: usize) -> String {
    let line = |n: usize| {
        format!(
            "product-{n},\"Product {n}, \"\"large\"\" 😀\",\"line one\r\nline two =1+1\",published,\
             \"[\"\"ä\"\",\"\"b,c\"\"]\",SKU-{n},{n},EUR\r\n"
        )
    };
    let lines: String = (0..count).map(line).collect();
    format!("handle,title,description,status,tags,sku,price_minor,currency\r\n{lines}")
}

pub async fn a_file_goes_in_and_comes_out_again(shop: Rc<Shop>) {
    let job = finish(&shop, &begin(&shop, &file(450)).await).await;
    assert_eq!(
        (&job["state"], &job["created"], &job["failed"]),
        (&json!("done"), &json!(450), &json!(0)),
        "{job}"
    );
    let (csv, ndjson) = (export(&shop, "csv").await, export(&shop, "ndjson").await);
    assert_eq!(ndjson.lines().count(), 450);
    let again = finish(&shop, &begin(&shop, &csv).await).await;
    assert_eq!((&again["unchanged"], &again["failed"]), (&json!(450), &json!(0)), "{again}");
    assert_eq!(export(&shop, "csv").await, csv);
}

pub async fn a_bad_file_leaves_nothing(shop: Rc<Shop>) {
    for (file, pointer) in [
        ("title;sku\nA;B\n".as_bytes().to_vec(), "/lines/1"),
        (b"title,sku\nGr\xf6\xdfe,A\n".to_vec(), "/lines/2"),
        (format!("{}\"open", file(3_000)).into_bytes(), "/lines/6002"),
    ] {
        let reply = send(&shop, &shop.owner, "text/csv", file).await;
        assert_eq!((reply.status, reply.code().as_str()), (422, "validation-failed"), "{}", reply.text);
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{}", reply.text);
    }
    let jobs = shop.call(&shop.viewer, "GET", "/api/pms/jobs", None).await.json();
    assert_eq!(jobs["items"], json!([]));
    let refused = send(&shop, &shop.viewer, "text/csv", file(1).into_bytes()).await;
    assert_eq!((refused.status, refused.code().as_str()), (403, "forbidden"));
    assert_eq!(shop.log().await, [] as [Value; 0]);
}

pub async fn a_signed_file_says_its_hash_ahead(shop: Rc<Shop>) {
    let key = shop.create_key(Role::Editor).await;
    let body = file(2).into_bytes();
    let sent = async |digest: Option<&[u8]>| {
        let mut headers = shop.signature(&key, &shop.signing(), "POST", PATH, &body);
        headers.push(("content-type", "text/csv".to_owned()));
        headers.extend(digest.map(storeroom_testbed::content_digest));
        let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        shop.send("POST", PATH, Some(body.clone()), &headers).await
    };
    let without = sent(None).await;
    assert_eq!((without.status, without.code().as_str()), (401, "unauthenticated"));
    let other = sent(Some(b"another body")).await;
    assert_eq!((other.status, other.code().as_str()), (401, "signature-invalid"));
    let good = sent(Some(&body)).await;
    assert_eq!(good.status, 202, "{}", good.text);
    assert_eq!(finish(&shop, &good.json()).await["created"], json!(2));
}

/// Kills the host again and again while the job runs.
pub async fn a_job_goes_on_whatever_dies(shop: Rc<Shop>) {
    const COUNT: usize = 3_000;
    let job = begin(&shop, &file(COUNT)).await;
    let mut met = 0;
    while met < 3 && is_at_work(&shop, &job).await {
        kill(Process::Host).await;
        met += 1;
    }
    assert!(met > 0, "no kill met a runner at work");
    println!("{met} kills met a runner at work");
    while is_at_work(&shop, &job).await {}
    let job = read(&shop, &job).await;
    assert_eq!(
        (&job["created"], &job["updated"], &job["failed"]),
        (&json!(COUNT), &json!(0), &json!(0)),
        "{job}"
    );
    assert_eq!(export(&shop, "ndjson").await.lines().count(), COUNT);
    let args = storeroom_sql::Args::new().with("store", shop.store.to_string());
    let told = shop
        .sql(&["SELECT count(*), count(DISTINCT subject) FROM events WHERE store_id = :store AND type LIKE 'product.%'"], &args)
        .await;
    let count = storeroom_sql::Value::from(i64::try_from(COUNT).unwrap());
    assert_eq!(told[0], [count.clone(), count], "each product was made once");
}

/// Waits until the job gets further, and has due work run meanwhile, because a kill may have swallowed the alarm; whether it
/// did, and is not at its end.
async fn is_at_work(shop: &Shop, job: &Value) -> bool {
    let before = read(shop, job).await["done"].clone();
    let progress = async {
        loop {
            let now = read(shop, job).await;
            if !now["finished_at"].is_null() || now["done"] != before {
                return now["finished_at"].is_null();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    beside_cron(shop, progress).await
}
