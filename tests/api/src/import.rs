//! `POST /products/import`: a file becomes products.

use crate::product::{create, log, log_types, mug, publish, simple};
use crate::sheets::{CSV, NDJSON, due, errors, export, finished, import, path, read, send, send_as};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_testbed::Testbed;

/// Products with every awkward thing.
async fn stock_up(bed: &Testbed) {
    publish(bed, mug()).await;
    let two: Vec<Value> = (0..200)
        .map(|n| json!({"sku": format!("SHIRT-{n}"), "option_values": {"A": (n % 20).to_string(), "B": (n / 20).to_string()}}))
        .collect();
    let values = |count: usize| (0..count).map(|n| n.to_string()).collect::<Vec<_>>();
    create(
        bed,
        json!({"title": "200 shirts", "options": [{"name": "A", "values": values(20)}, {"name": "B", "values": values(10)}],
            "variants": two}),
    )
    .await;
    create(
        bed,
        json!({"title": "=1+1, \"quoted\" 'and' so; on", "description": "a\r\nb\nc\td \"e\"\n", "category": " spaces ",
            "tags": ["ä,b", "\"", "=x", "'"], "attributes": {"a\"b": "c,\nd", "empty": "", "שלום": "مرحبا"},
            "external_id": "@id;1", "variants": [{"sku": "=SKU,\"1\"", "barcode": "+49"}]}),
    )
    .await;
    create(bed, json!({"title": "👩‍👩‍👧 שלום עולם"})).await;
    create(bed, json!({"title": " leading and trailing ", "description": " \n"})).await;
    let scheduled = create(bed, simple("Later", "LATER")).await;
    let at = json!({"publish_at": "2027-01-01T00:00:00.123Z"});
    let path = format!("{}/publish", crate::product::path(&scheduled));
    assert_eq!(bed.call(Role::Owner, "POST", &path, Some(at)).await.status(), 200);
    let old = create(bed, simple("Old", "OLD")).await;
    let path = format!("{}/archive", crate::product::path(&old));
    assert_eq!(bed.call(Role::Owner, "POST", &path, None).await.status(), 200);
}

#[tokio::test]
async fn an_export_makes_the_same_export_in_an_empty_store() {
    let full = Testbed::new().await;
    stock_up(&full).await;
    for (format, media) in [("csv", CSV), ("ndjson", NDJSON)] {
        let file = export(&full, format).await;
        let empty = Testbed::new().await;
        let job = import(&empty, media, file.clone()).await;
        assert_eq!(
            (&job["state"], &job["failed"]),
            (&json!("done"), &json!(0)),
            "{:?}",
            errors(&empty, &job).await
        );
        assert_eq!((&job["total"], &job["created"], &job["done"]), (&json!(7), &json!(7), &json!(7)));
        assert_eq!(export(&empty, format).await, file);
        for other in ["csv", "ndjson"] {
            assert_eq!(
                export(&empty, other).await,
                export(&full, other).await,
                "{format} says as much as {other}"
            );
        }
        assert!(empty.recorded.files.borrow().is_empty(), "the parts of the file are gone");
    }
}

#[tokio::test]
async fn a_store_that_has_the_products_stays_as_it_is() {
    let bed = Testbed::new().await;
    publish(&bed, mug()).await;
    create(&bed, simple("Plain", "PLAIN")).await;
    let file = export(&bed, "csv").await;
    let job = import(&bed, CSV, file.clone()).await;
    assert_eq!((&job["unchanged"], &job["done"], &job["failed"]), (&json!(2), &json!(2), &json!(0)));
    assert_eq!(export(&bed, "csv").await, file);
    assert_eq!(log(&bed, Role::Owner).await.len(), 4, "two products, one published, and the job's end");
}

#[tokio::test]
async fn a_job_is_answered_at_once_and_tells_how_far_it_is() {
    let bed = Testbed::new().await;
    let lines: String = (0..250).map(|n| format!("Product {n},SKU-{n},{n}\n")).collect();
    let reply = send(&bed, CSV, format!("title,sku,price_minor\n{lines}")).await;
    assert_eq!((reply.status(), reply.round_trips), (202, 2), "{}", reply.text());
    let job = reply.json();
    assert_eq!(reply.header("location"), Some(path(&job, "").as_str()));
    assert_eq!(
        job,
        json!({"id": job["id"], "kind": "import", "state": "queued", "dry_run": false, "total": 250, "done": 0,
            "created": 0, "updated": 0, "unchanged": 0, "failed": 0, "errors_url": null, "problem": null, "version": 1,
            "created_at": "2026-11-20T09:30:00.000Z", "finished_at": null})
    );
    let ended = finished(&bed, &job).await;
    assert_eq!(
        (&ended["state"], &ended["done"], &ended["created"]),
        (&json!("done"), &json!(250), &json!(250))
    );
    let log = log(&bed, Role::Viewer).await;
    let told: Vec<&Value> = log.iter().filter(|event| event["subject"] == job["id"]).collect();
    let types: Vec<&Value> = told.iter().map(|event| &event["type"]).collect();
    assert_eq!(types, ["job.progress", "job.progress", "job.finished"]);
    assert_eq!(
        told[0]["data"],
        json!({"state": "running", "done": 100, "created": 100, "updated": 0, "unchanged": 0, "failed": 0,
            "errors_url": null, "version": 2})
    );
    assert_eq!(told[2]["data"], ended);
    assert_eq!(told[0]["actor"], json!(bed.member(Role::Editor).identity.user.to_string()));
    assert_eq!(told[2]["version"], ended["version"]);
    let titles: Vec<String> = export(&bed, "csv")
        .await
        .lines()
        .skip(1)
        .map(|line| line.split(',').nth(2).unwrap().to_owned())
        .collect();
    assert_eq!(
        titles,
        (0..250).map(|n| format!("Product {n}")).collect::<Vec<_>>(),
        "in the order of the file"
    );
    log_types(&bed).await;
}

/// The answer that made a job, with what its events say since.
async fn folded(bed: &Testbed, answer: &Value) -> Value {
    let mut job = answer.clone();
    for event in log(bed, Role::Viewer).await {
        if event["subject"] == answer["id"] {
            job.as_object_mut().unwrap().extend(event["data"].as_object().unwrap().clone());
            assert_eq!(job["version"], event["version"]);
        }
    }
    job
}

#[tokio::test]
async fn whoever_follows_the_events_has_the_job_as_it_is() {
    let bed = Testbed::new().await;
    create(&bed, simple("Product 7", "SKU-7")).await;
    let lines: String =
        (0..450).map(|n| format!("Product {n},SKU-{n},{}\n", if n == 150 { "x" } else { "" })).collect();
    let answer = send(&bed, CSV, format!("title,sku,price_minor\n{lines}")).await.json();
    // Each commit waits, so that there is a moment to look before and after it.
    bed.database.turns.borrow_mut().extend([1; 16]);
    let mut run = Box::pin(storeroom_products::import::due::run(&bed.ports));
    let mut done = vec![json!(0)];
    while futures::poll!(&mut run).is_pending() {
        let job = read(&bed, &answer).await;
        assert_eq!(folded(&bed, &answer).await, job);
        done.push(job["done"].clone());
    }
    done.dedup();
    assert_eq!(done, [0, 100, 199, 299, 399, 449]);
    let job = read(&bed, &answer).await;
    assert_eq!((&job["state"], &job["failed"], &job["version"]), (&json!("done"), &json!(1), &json!(6)));
    assert_eq!(folded(&bed, &answer).await, job);
}

#[tokio::test]
async fn a_file_adds_variants_to_a_product_that_is_there() {
    let bed = Testbed::new().await;
    let before = create(&bed, mug()).await;
    let variants = [("MUG-S", "S"), ("MUG-L", "L"), ("MUG-XL", "XL")]
        .map(|(sku, size)| json!({"sku": sku, "option_values": {"Size": size}}));
    let row = json!({"title": "Mug", "options": [{"name": "Size", "values": ["S", "L", "XL"]}], "variants": variants});
    let job = import(&bed, NDJSON, row.to_string()).await;
    assert_eq!((&job["updated"], &job["failed"]), (&json!(1), &json!(0)), "{:?}", errors(&bed, &job).await);
    let after = bed.call(Role::Viewer, "GET", &crate::product::path(&before), None).await.json();
    let ids = |product: &Value| -> Vec<Value> {
        product["variants"].as_array().unwrap().iter().map(|variant| variant["id"].clone()).collect()
    };
    assert_eq!(ids(&after)[..2], ids(&before)[..2]);
    assert_eq!((after["variants"][2]["sku"].as_str(), ids(&after).len()), (Some("MUG-XL"), 3));
}

#[tokio::test]
async fn what_the_file_does_not_say_stays() {
    let bed = Testbed::new().await;
    let before = publish(&bed, mug()).await;
    let job = import(&bed, CSV, "title,sku,price_minor\nNew name,MUG-S,999\n,MUG-L,\n").await;
    // A public product must have its prices.
    assert_eq!(errors(&bed, &job).await, ["3 MUG-L /variants/1/price required"]);
    let job = import(&bed, CSV, "title,sku,price_minor,currency\nNew name,MUG-S,999,EUR\n,MUG-L,1,\n").await;
    assert_eq!((&job["updated"], &job["failed"]), (&json!(1), &json!(0)));
    let reply = bed.call(Role::Viewer, "GET", &crate::product::path(&before), None).await;
    let mut expected = before.clone();
    expected["title"] = json!("New name");
    expected["variants"][0]["price"]["amount"] = json!(999);
    expected["variants"][1]["price"]["amount"] = json!(1);
    expected["version"] = json!(3);
    expected["updated_at"] = reply.json()["updated_at"].clone();
    assert_eq!(reply.json(), expected);
    let job = import(&bed, NDJSON, r#"{"title":"New name","category":null,"attributes":{"a":"b"},"variants":[{"sku":"MUG-L","barcode":"7"}]}"#).await;
    assert_eq!(job["updated"], json!(1));
    let after = bed.call(Role::Viewer, "GET", &crate::product::path(&before), None).await.json();
    assert_eq!((&after["category"], &after["attributes"]), (&Value::Null, &json!({"a": "b"})));
    assert_eq!(
        after["variants"].as_array().unwrap().len(),
        1,
        "a variant that the file leaves out is removed"
    );
    assert_eq!(
        (&after["variants"][0]["barcode"], &after["variants"][0]["price"]["amount"]),
        (&json!("7"), &json!(1))
    );
}

#[tokio::test]
async fn rows_at_fault_are_told_and_the_others_are_taken() {
    let bed = Testbed::new().await;
    create(&bed, simple("One", "ONE")).await;
    create(&bed, simple("Two", "TWO")).await;
    let file = "title,sku,price_minor,currency,status,handle\n\
        Good,A,1,EUR,published,good\n\
        Dollars,B,1,USD,,dollars\n\
        Free,C,,,published,free\n\
        Fraction,D,1.5,,,fraction\n\
        Mixed,ONE,1,,,mixed\n\
        ,TWO,1,,,\n\
        Taken,E,1,,,one\n\
        Last,F,1,,,last\n";
    let job = import(&bed, CSV, file).await;
    assert_eq!(
        (&job["state"], &job["total"], &job["created"], &job["failed"]),
        (&json!("done"), &json!(7), &json!(2), &json!(5))
    );
    assert_eq!(
        errors(&bed, &job).await,
        [
            "3 B /variants/0/price/currency wrong_currency",
            "4 C /variants/0/price required",
            "5 D /variants/0/price wrong_type",
            "6 ONE /variants ambiguous",
            "8 E  handle-taken",
        ]
    );
    assert_eq!(job["errors_url"], json!(path(&job, "/errors")));
    let reply = bed.call(Role::Viewer, "GET", &path(&job, "/errors"), None).await;
    assert_eq!(reply.header("content-disposition"), Some("attachment; filename=\"errors.csv\""));
    let csv = crate::sheets::body(reply).await;
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("line,sku,pointer,code,detail"));
    assert_eq!(
        lines.next(),
        Some("3,B,/variants/0/price/currency,wrong_currency,\"must be the currency of the store, EUR.\"")
    );
    assert_eq!(lines.count(), 4);
}

#[tokio::test]
async fn a_dry_run_writes_no_product() {
    let bed = Testbed::new().await;
    create(&bed, simple("One", "ONE")).await;
    let before = export(&bed, "csv").await;
    let file = b"title,sku,weight_grams\nOther,ONE,\nNew,NEW,\nBad,BAD,1kg\n".to_vec();
    let reply = send_as(&bed, &bed.member(Role::Editor), "?dry_run=true", CSV, file, &[]).await;
    assert_eq!(reply.status(), 202, "{}", reply.text());
    let job = finished(&bed, &reply.json()).await;
    assert_eq!(
        (&job["dry_run"], &job["created"], &job["updated"], &job["failed"]),
        (&json!(true), &json!(1), &json!(1), &json!(1))
    );
    assert_eq!(export(&bed, "csv").await, before);
}

#[tokio::test]
async fn jobs_take_turns_and_other_stores_see_none() {
    let bed = Testbed::new().await;
    let lines: String = (0..300).map(|n| format!("Product {n},SKU-{n}\n")).collect();
    let large = send(&bed, CSV, format!("title,sku\n{lines}")).await.json();
    let small = send(&bed, CSV, "title,sku\nSmall,SMALL\n").await.json();
    due(&bed).await;
    let log = log(&bed, Role::Viewer).await;
    let ends: Vec<&Value> =
        log.iter().filter(|event| event["type"] == "job.finished").map(|event| &event["subject"]).collect();
    assert_eq!(ends, [&small["id"], &large["id"]], "the small one is done while the large one runs");
    let list = bed.call(Role::Viewer, "GET", "/api/pms/jobs", None).await.json();
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    let page = bed.call(Role::Viewer, "GET", "/api/pms/jobs?limit=1", None).await.json();
    let next = format!("/api/pms/jobs?limit=1&cursor={}", page["next_cursor"].as_str().unwrap());
    let second = bed.call(Role::Viewer, "GET", &next, None).await.json();
    assert_eq!([&page["items"][0], &second["items"][0]], [&list["items"][0], &list["items"][1]]);
    assert_eq!(read(&bed, &small).await["state"], json!("done"));
    let (token, other) = (format!("Bearer {}", bed.stranger.token), bed.other_store.to_string());
    let headers = [("authorization", token.as_str()), ("x-store-id", other.as_str())];
    for rest in ["", "/errors"] {
        let request = storeroom_testbed::request("GET", &path(&large, rest), None, &headers);
        assert_eq!(bed.send(request).await.status(), 404);
    }
}
