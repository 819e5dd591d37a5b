//! Jobs whose runners die, race, or meet a database that fails: nothing is lost and nothing is done twice.

use crate::product::{log, log_types};
use crate::sheets::{CSV, due, export, finished, path, read, send, send_as};
use futures::future::join_all;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use storeroom_domain::Role;
use storeroom_sql::Args;
use storeroom_testbed::{Fault, Testbed};

/// A lease's length and a little more.
const LEASE_MS: i64 = 30_001;

/// A file with more rows than a slice, of which one is at fault.
fn file() -> String {
    let line = |n: usize| match n {
        150 => "Bad,BAD,x\n".to_owned(),
        _ => format!("Product {n},SKU-{n},{n}\n"),
    };
    let lines: String = (0..250).map(line).collect();
    format!("title,sku,price_minor\n{lines}")
}

/// Whether all of the file was applied once: as many events as products, one a product, and the counts of the job.
async fn is_done_once(bed: &Testbed, job: &Value) {
    let job = finished(bed, job).await;
    assert_eq!(
        (&job["state"], &job["created"], &job["updated"], &job["unchanged"], &job["failed"]),
        (&json!("done"), &json!(249), &json!(0), &json!(0), &json!(1))
    );
    let mut made: BTreeMap<String, usize> = BTreeMap::new();
    for event in log(bed, Role::Owner).await {
        if event["type"].as_str().unwrap().starts_with("product.") {
            assert_eq!(event["type"], "product.created");
            *made.entry(event["subject"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    assert_eq!((made.len(), made.values().max()), (249, Some(&1)));
    let titles: Vec<String> = export(bed, "csv")
        .await
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().to_owned())
        .collect();
    let expected: Vec<String> = (0..250).filter(|n| *n != 150).map(|n| format!("Product {n}")).collect();
    assert_eq!(titles, expected, "in the order of the file");
    assert_eq!(crate::sheets::errors(bed, &job).await, ["152 BAD /variants/0/price wrong_type"]);
    let ends = log_types(bed).await.iter().filter(|kind| *kind == "job.finished").count();
    assert_eq!(ends, 1);
    assert!(bed.recorded.files.borrow().is_empty());
}

/// More polls than a run takes: each call of the database is one at least.
const POLLS: usize = 16;

/// Lets a runner go on for so many polls, then lets the database fail in that way and the runner end; whether it had not
/// ended before. Then its lease runs out.
async fn fails_after(bed: &Testbed, polls: usize, fault: Fault) -> bool {
    bed.database.turns.borrow_mut().extend([1; POLLS]);
    let mut run = Box::pin(storeroom_products::import::due::run(&bed.ports));
    for _ in 0..polls {
        if futures::poll!(&mut run).is_ready() {
            bed.database.turns.borrow_mut().clear();
            return false;
        }
    }
    bed.database.fault.set(fault);
    let _ = run.await;
    bed.database.fault.set(Fault::None);
    bed.database.turns.borrow_mut().clear();
    bed.clock.advance(LEASE_MS);
    true
}

/// Lets the database fail in that way at each call of a run; at how many it did.
async fn fails_everywhere(fault: Fault) -> usize {
    let mut count = 0;
    for polls in 0..POLLS {
        let bed = Testbed::new().await;
        let job = send(&bed, CSV, file()).await.json();
        count += usize::from(fails_after(&bed, polls, fault).await);
        is_done_once(&bed, &job).await;
    }
    count
}

#[tokio::test]
async fn a_line_that_is_cut_anywhere_loses_and_doubles_nothing() {
    // Before anything, in the middle of the rows, behind all of them and before the end, and after it.
    for step in [0, 3, 9, 17, 25, 27] {
        assert!(fails_everywhere(Fault::CutBefore(step)).await >= 7);
    }
}

#[tokio::test]
async fn a_step_that_fails_anywhere_loses_and_doubles_nothing() {
    for step in [0, 7, 14, 18] {
        assert!(fails_everywhere(Fault::StepFails(step)).await >= 7);
    }
}

#[tokio::test]
async fn an_answer_that_got_lost_is_no_reason_to_do_it_again() {
    assert!(fails_everywhere(Fault::AnswerLost).await >= 7);
}

#[tokio::test]
async fn a_runner_that_dies_is_taken_over_where_it_was() {
    let mut died = 0;
    for polls in 0..POLLS {
        let bed = Testbed::new().await;
        let job = send(&bed, CSV, file()).await.json();
        bed.database.turns.borrow_mut().extend([1; POLLS]);
        {
            let mut run = Box::pin(storeroom_products::import::due::run(&bed.ports));
            let mut is_alive = true;
            for _ in 0..polls {
                is_alive = is_alive && futures::poll!(&mut run).is_pending();
            }
            died += usize::from(is_alive);
        }
        bed.database.turns.borrow_mut().clear();
        bed.clock.advance(LEASE_MS);
        is_done_once(&bed, &job).await;
    }
    assert!(died >= 7, "{died}");
}

#[tokio::test]
async fn two_runners_do_nothing_twice() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    let runs = (0..4).map(|_| storeroom_products::import::due::run(&bed.ports));
    for ended in join_all(runs).await {
        ended.unwrap();
    }
    is_done_once(&bed, &job).await;
}

#[tokio::test]
async fn a_runner_whose_lease_ran_out_does_nothing_more() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    let mut late = Box::pin(storeroom_products::import::due::run(&bed.ports));
    // It has the lease, and is on its way to the first rows.
    for _ in 0..3 {
        assert!(futures::poll!(&mut late).is_pending());
    }
    bed.clock.advance(LEASE_MS);
    storeroom_products::import::due::run(&bed.ports).await.unwrap();
    let _ = late.await;
    is_done_once(&bed, &job).await;
}

#[tokio::test]
async fn a_job_whose_file_is_gone_fails_and_says_so() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    bed.recorded.files.borrow_mut().clear();
    due(&bed).await;
    let failed = read(&bed, &job).await;
    assert_eq!(failed["state"], json!("failed"));
    assert!(failed["problem"].as_str().unwrap().contains("Import the file again"), "{failed}");
    assert_eq!(log_types(&bed).await, ["job.finished"]);
}

#[tokio::test]
async fn rows_that_the_database_always_refuses_end_the_job() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    let refuse = "CREATE TRIGGER refused BEFORE INSERT ON products WHEN new.title = 'Product 120' \
        BEGIN SELECT RAISE(ABORT, 'refused by the test'); END";
    bed.sql(refuse, Args::new()).await;
    let failed = finished(&bed, &job).await;
    assert_eq!((&failed["state"], &failed["created"]), (&json!("failed"), &json!(100)));
    assert!(failed["problem"].as_str().unwrap().contains("however often"), "{failed}");
    assert_eq!(log_types(&bed).await.iter().filter(|kind| *kind == "job.finished").count(), 1);
    assert!(bed.recorded.files.borrow().is_empty(), "what is left of its file is gone");
}

#[tokio::test]
async fn a_file_store_that_is_down_for_long_ends_no_job() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    bed.recorded.down.set(true);
    for _ in 0..50 {
        storeroom_products::import::due::run(&bed.ports).await.unwrap();
        bed.clock.advance(5_000);
    }
    bed.recorded.down.set(false);
    is_done_once(&bed, &job).await;
}

#[tokio::test]
async fn a_part_that_could_not_be_deleted_goes_with_the_job() {
    let bed = Testbed::new().await;
    let lines: String = (0..2_500).map(|n| format!("Product {n},SKU-{n}\n")).collect();
    let job = send(&bed, CSV, format!("title,sku\n{lines}")).await.json();
    assert_eq!(bed.recorded.files.borrow().len(), 3);
    // As after runners that could delete neither of the first two.
    let args = Args::new().with("job", job["id"].as_str().unwrap());
    bed.sql("UPDATE jobs SET part = 2 WHERE id = :job", args).await;
    assert_eq!(finished(&bed, &job).await["created"], json!(500));
    assert!(bed.recorded.files.borrow().is_empty());
}

#[tokio::test]
async fn a_job_that_cannot_go_on_ends() {
    let bed = Testbed::new().await;
    let job = send(&bed, CSV, file()).await.json();
    let args = Args::new().with("job", job["id"].as_str().unwrap());
    bed.sql("UPDATE jobs SET tries = 20 WHERE id = :job", args).await;
    due(&bed).await;
    assert_eq!(read(&bed, &job).await["state"], json!("failed"));
    assert!(bed.recorded.files.borrow().is_empty(), "what is left of its file is gone");
}

#[tokio::test]
async fn an_upload_whose_answer_got_lost_is_queued_once() {
    for step in 0..14 {
        let bed = Testbed::new().await;
        let key = [("idempotency-key", "k")];
        let post = || send_as(&bed, &bed.members[4].1, "", CSV, file().into_bytes(), &key);
        bed.database.fault.set(Fault::CutBefore(step));
        let first = post().await;
        bed.database.fault.set(Fault::None);
        assert!(matches!(first.status(), 202 | 503), "{}", first.text());
        let again = post().await;
        assert_eq!(again.status(), 202, "{}", again.text());
        let jobs = bed.call(Role::Viewer, "GET", "/api/pms/jobs", None).await.json();
        assert_eq!(jobs["items"].as_array().unwrap().len(), 1, "{step}");
        is_done_once(&bed, &again.json()).await;
        assert_eq!(bed.call(Role::Viewer, "GET", &path(&again.json(), ""), None).await.status(), 200);
        break_into_uploads(&bed).await;
    }
}

/// What is left of uploads that never ended goes after a day.
async fn break_into_uploads(bed: &Testbed) {
    bed.clock.advance(86_400_000);
    due(bed).await;
    let left = bed.sql("SELECT count(*) FROM jobs WHERE state = 'uploading'", Args::new()).await;
    assert_eq!(left[0][0], storeroom_sql::Value::from(0));
}
