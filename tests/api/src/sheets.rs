//! Files of products on their way in and out, as tests send and read them.

use serde_json::Value;
use storeroom_domain::Role;
use storeroom_testbed::{Member, Reply, Testbed, request};

/// The content type of CSV.
pub const CSV: &str = "text/csv";
/// The content type of NDJSON.
pub const NDJSON: &str = "application/x-ndjson";

/// Sends a file as an editor.
pub async fn send(bed: &Testbed, media: &str, file: impl Into<Vec<u8>>) -> Reply {
    send_as(bed, &bed.member(Role::Editor), "", media, file.into(), &[]).await
}

/// Sends a file to `/products/import` with that query.
pub async fn send_as(
    bed: &Testbed,
    member: &Member,
    query: &str,
    media: &str,
    file: Vec<u8>,
    headers: &[(&str, &str)],
) -> Reply {
    let (token, store) = (format!("Bearer {}", member.token), bed.store.to_string());
    let mut all = vec![("authorization", token.as_str()), ("x-store-id", &store), ("content-type", media)];
    all.extend(headers);
    bed.send(request("POST", &format!("/api/pms/products/import{query}"), Some(file), &all)).await
}

/// Sends a file that is taken, and lets its job run to its end; the job's document.
pub async fn import(bed: &Testbed, media: &str, file: impl Into<Vec<u8>>) -> Value {
    let reply = send(bed, media, file).await;
    assert_eq!(reply.status(), 202, "{}", reply.text());
    finished(bed, &reply.json()).await
}

/// Lets due work run until the job has come to its end; its document.
pub async fn finished(bed: &Testbed, job: &Value) -> Value {
    for _ in 0..1_000 {
        due(bed).await;
        let job = read(bed, job).await;
        if !job["finished_at"].is_null() {
            return job;
        }
        bed.clock.advance(1_000);
    }
    panic!("the job does not come to its end: {job}");
}

/// Does what is due by now.
pub async fn due(bed: &Testbed) {
    storeroom_gateway::due::run(&bed.ports, bed.secrets()).await.unwrap();
}

/// The job as it is now.
pub async fn read(bed: &Testbed, job: &Value) -> Value {
    let reply = bed.call(Role::Viewer, "GET", &path(job, ""), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{}", reply.text());
    reply.json()
}

/// A job's address, with what follows it.
pub fn path(job: &Value, rest: &str) -> String {
    format!("/api/pms/jobs/{}{rest}", job["id"].as_str().unwrap())
}

/// What was wrong with the rows of a job: line, SKU, pointer and code of each.
pub async fn errors(bed: &Testbed, job: &Value) -> Vec<String> {
    let reply = bed.call(Role::Viewer, "GET", &path(job, "/errors?format=ndjson"), None).await;
    let text = body(reply).await;
    let told = text.lines().map(|line| {
        let error: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| error[name].as_str().unwrap_or("-").to_owned();
        format!("{} {} {} {}", error["line"], text("sku"), text("pointer"), text("code"))
    });
    told.collect()
}

/// All products as a file.
pub async fn export(bed: &Testbed, format: &str) -> String {
    let path = format!("/api/pms/products/export?format={format}");
    body(bed.call(Role::Viewer, "GET", &path, None).await).await
}

/// The whole body of an answer that is a stream.
///
/// # Panics
/// When it is none, or broke off.
pub async fn body(reply: Reply) -> String {
    assert_eq!(reply.status(), 200, "{}", reply.text());
    let mut stream = reply.stream().expect("a stream");
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        assert!(!chunk.is_empty(), "a chunk without bytes");
        bytes.extend(chunk);
    }
    assert!(!stream.is_broken());
    String::from_utf8(bytes).unwrap()
}
