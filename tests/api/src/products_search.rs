//! `GET /products?q=…`: full text, prices and low stock, with every sort and every other filter.

use crate::product::{create, mug, path, publish, simple};
use serde_json::{Value, json};
use storeroom_domain::Role;
use storeroom_sql::{Args, Rows};
use storeroom_testbed::{Testbed, request};

const SORTS: [&str; 8] =
    ["created_at", "-created_at", "updated_at", "-updated_at", "title", "-title", "price", "-price"];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

async fn titles(bed: &Testbed, query: &str) -> Vec<String> {
    let reply = bed.call(Role::Viewer, "GET", &format!("/api/pms/products?limit=250&{query}"), None).await;
    assert_eq!((reply.status(), reply.round_trips), (200, 1), "{query}: {}", reply.text());
    let items = reply.json()["items"].clone();
    items.as_array().unwrap().iter().map(|item| item["title"].as_str().unwrap().to_owned()).collect()
}

async fn found(bed: &Testbed, text: &str) -> Vec<String> {
    titles(bed, &format!("q={}", encoded(text))).await
}

fn product(title: &str, description: &str, tags: &[&str], skus: &[&str]) -> Value {
    let option = json!({"name": "No", "values": (0..skus.len()).map(|n| n.to_string()).collect::<Vec<_>>()});
    let variant = |(n, sku): (usize, &&str)| json!({"sku": sku, "option_values": {"No": n.to_string()}, "price": {"amount": 100, "currency": "EUR"}});
    let variants: Vec<Value> = skus.iter().enumerate().map(variant).collect();
    json!({"title": title, "description": description, "tags": tags, "options": [option], "variants": variants})
}

#[tokio::test]
async fn finds_words_in_whatever_order_and_field() {
    let bed = Testbed::new().await;
    create(&bed, product("Red mug", "Keeps coffee warm", &["stoneware"], &["AB-12/3", "AB-12/4"])).await;
    bed.clock.advance(1);
    create(&bed, product("Blue mug", "Keeps tea warm", &["summer sale"], &["CD-1"])).await;
    bed.clock.advance(1);
    create(&bed, product("Teapot", "For two", &[], &["AB-2"])).await;
    for (text, expected) in [
        ("mug", vec!["Blue mug", "Red mug"]),
        ("MUG red", vec!["Red mug"]),
        ("red mug", vec!["Red mug"]),
        ("warm stone re", vec!["Red mug"]),
        ("tea", vec!["Teapot", "Blue mug"]),
        ("t", vec!["Teapot", "Blue mug"]),
        ("coffee tea", vec![]),
        ("ug", vec![]),
        ("AB-12/3", vec!["Red mug"]),
        ("ab-12", vec!["Red mug"]),
        ("AB-1", vec!["Red mug"]),
        ("AB-", vec!["Teapot", "Red mug"]),
        ("AB-12/4 stoneware", vec!["Red mug"]),
        // A phrase does not run from one SKU into the next, nor from a tag into one.
        ("3-AB", vec![]),
        ("sale-CD", vec![]),
        ("summer-sale", vec!["Blue mug"]),
    ] {
        assert_eq!(found(&bed, text).await, expected, "{text}");
    }
}

#[tokio::test]
async fn letters_are_found_however_they_are_typed() {
    let bed = Testbed::new().await;
    let names = [
        "Grüße aus Łódź",
        "Smørrebrød",
        "Cœur brûlé",
        "Þórður",
        "Đorđe",
        "Ærø",
        "ISPARTA ışık",
        "Ħal Għaxaq",
        "STRAẞE",
        "Ελλάδα",
        "Кофе",
        "قهوة",
        "咖啡杯",
    ];
    for (n, name) in names.iter().enumerate() {
        create(&bed, product(name, "", &[], &[&format!("S{n}")])).await;
    }
    for (text, name) in [
        ("grusse lodz", "Grüße aus Łódź"),
        ("GRÜSSE ŁÓDŹ", "Grüße aus Łódź"),
        ("gru\u{308}ße", "Grüße aus Łódź"),
        ("smorrebrod", "Smørrebrød"),
        ("SMØRRE", "Smørrebrød"),
        ("coeur brule", "Cœur brûlé"),
        ("cœ", "Cœur brûlé"),
        ("thordur", "Þórður"),
        ("dorde", "Đorđe"),
        ("aero", "Ærø"),
        ("isik", "ISPARTA ışık"),
        ("hal ghaxaq", "Ħal Għaxaq"),
        ("strasse", "STRAẞE"),
        ("ΕΛΛΆΔ", "Ελλάδα"),
        ("КОФ", "Кофе"),
        ("قهوة", "قهوة"),
        ("咖啡", "咖啡杯"),
    ] {
        assert_eq!(found(&bed, text).await, [name], "{text}");
    }
}

#[tokio::test]
async fn whatever_is_typed_is_no_syntax() {
    let bed = Testbed::new().await;
    create(&bed, product("Near or not \"quoted\" and star*", "", &[], &["S-1"])).await;
    let long = "ab ".repeat(66);
    for text in [
        "\"",
        "\"\"\"",
        "a\"b",
        "' OR 1=1 --",
        "NEAR(",
        "AND",
        "OR",
        "NOT",
        "a AND",
        "NOT a",
        "*",
        "a*",
        "^near",
        "-near",
        "+",
        "(",
        ")",
        "text:near",
        "store:x",
        "{text}",
        "near/2",
        "\\",
        ";",
        "%",
        "_",
        "🎉",
        "🎉 near",
        "\u{202e}near",
        "\u{200d}",
        "\u{e000}",
        "\u{301}",
        "\u{94d}",
        "½",
        "①",
        "…",
        "near…",
        "a-b-c-d-e-f-g-h-i-j-k-l-m",
        &long[..198],
    ] {
        found(&bed, text).await;
    }
    for text in ["NEAR OR", "\"quoted\"", "star*", "-near", "🎉 near", "not AND", "near…"] {
        assert_eq!(found(&bed, text).await.len(), 1, "{text}");
    }
    for text in ["*", "--", "🎉", "\"\"", "…"] {
        assert_eq!(found(&bed, text).await.len(), 0, "{text}: nothing to look for finds nothing");
        assert_eq!(titles(&bed, &format!("sort=price&q={}", encoded(text))).await.len(), 0, "{text}");
    }
    let too_long = format!("/api/pms/products?q={}", "a".repeat(201));
    assert_eq!(bed.call(Role::Viewer, "GET", &too_long, None).await.status(), 400);
}

#[tokio::test]
async fn what_is_found_follows_every_write() {
    let bed = Testbed::new().await;
    let made = create(&bed, mug()).await;
    let send = async |method: &str, body: Option<Value>| {
        let reply = bed.call_with(Role::Owner, method, &path(&made), body, &[("if-match", "*")]).await;
        assert!(reply.status() < 300, "{}", reply.text());
    };
    assert_eq!(found(&bed, "becher mug-l").await.len(), 1);
    send("PATCH", Some(json!({"title": "Tasse"}))).await;
    assert_eq!((found(&bed, "becher").await.len(), found(&bed, "tasse blue").await.len()), (0, 1));
    send("PATCH", Some(json!({"tags": ["green"]}))).await;
    assert_eq!((found(&bed, "blue").await.len(), found(&bed, "green").await.len()), (0, 1));
    let mut replaced = mug();
    replaced["variants"][0]["sku"] = json!("CUP-S");
    send("PUT", Some(replaced)).await;
    assert_eq!((found(&bed, "mug-s").await.len(), found(&bed, "cup-s").await.len()), (0, 1));
    send("DELETE", None).await;
    assert_eq!((found(&bed, "cup-s").await.len(), kept(&bed).await), (0, 0));
}

async fn kept(bed: &Testbed) -> i64 {
    let rows = bed.sql("SELECT count(*) FROM product_search WHERE text IS NOT NULL", Args::new()).await;
    Rows(rows).integer(0, 0).unwrap()
}

/// What the index has written since it was made: a number that grows with each write.
async fn written(bed: &Testbed) -> i64 {
    let sql = "SELECT count(*) + coalesce(sum(length(block)), 0) FROM product_search_data";
    Rows(bed.sql(sql, Args::new()).await).integer(0, 0).unwrap()
}

#[tokio::test]
async fn a_version_with_the_same_text_writes_nothing_into_the_index() {
    let bed = Testbed::new().await;
    let made = create(&bed, mug()).await;
    let before = written(&bed).await;
    let changed = async |method: &str, path: String, body: Option<Value>| {
        let reply = bed.call_with(Role::Owner, method, &path, body, &[("if-match", "*")]).await;
        assert!(reply.status() < 300, "{}", reply.text());
    };
    changed("POST", format!("{}/publish", path(&made)), None).await;
    changed("PUT", path(&made), Some(mug())).await;
    changed("PATCH", path(&made), Some(json!({"category": "Cups"}))).await;
    changed("POST", format!("{}/archive", path(&made)), None).await;
    assert_eq!(written(&bed).await, before);
    changed("PATCH", path(&made), Some(json!({"title": "Cup"}))).await;
    assert_ne!(written(&bed).await, before);
}

#[tokio::test]
async fn stores_find_their_own() {
    let bed = Testbed::new().await;
    create(&bed, simple("Mug", "M")).await;
    let (store, token) = (bed.other_store.to_string(), format!("Bearer {}", bed.stranger.token));
    let headers = [("x-store-id", store.as_str()), ("authorization", token.as_str())];
    let theirs = simple("Mug of theirs", "M").to_string().into_bytes();
    let made = [headers.as_slice(), &[("content-type", "application/json")]].concat();
    assert_eq!(bed.send(request("POST", "/api/pms/products", Some(theirs), &made)).await.status(), 201);
    assert_eq!(found(&bed, "mug").await, ["Mug"]);
    let theirs = bed.send(request("GET", "/api/pms/products?q=mug", None, &headers)).await.json();
    assert_eq!(
        (theirs["items"].as_array().unwrap().len(), &theirs["items"][0]["title"]),
        (1, &json!("Mug of theirs"))
    );
}

#[tokio::test]
async fn the_public_finds_what_is_published() {
    let bed = Testbed::new().await;
    create(&bed, simple("Secret mug", "SECRET")).await;
    publish(&bed, simple("Public mug", "PUBLIC")).await;
    let later = create(&bed, simple("Later mug", "LATER")).await;
    let at = json!({"publish_at": "2026-11-20T09:31:00Z"});
    bed.call(Role::Owner, "POST", &format!("{}/publish", path(&later)), Some(at)).await;
    let public = async |text: &str| {
        let path = format!("/api/pms/catalog/products?q={text}&store={}", bed.store);
        let items = bed.send(request("GET", &path, None, &[])).await.json()["items"].clone();
        items
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["title"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(public("mug").await, ["Public mug"]);
    bed.clock.advance(60_000);
    assert_eq!(public("mug").await, ["Later mug", "Public mug"]);
    assert_eq!(public("later").await, ["Later mug"]);
    assert_eq!(public("secret").await, [""; 0]);
}

/// Three products with two prices each, one with one of its two prices, and one without any.
async fn priced(bed: &Testbed) {
    for (title, prices) in [
        ("A", [Some(100), Some(500)]),
        ("B", [Some(200), Some(300)]),
        ("C", [Some(200), Some(9_000)]),
        ("D", [None, Some(400)]),
        ("E", [None, None]),
    ] {
        let mut product = product(title, "", &[], &[&format!("{title}1"), &format!("{title}2")]);
        for (n, price) in prices.into_iter().enumerate() {
            product["variants"][n]["price"] =
                json!(price.map(|amount| json!({"amount": amount, "currency": "EUR"})));
        }
        create(bed, product).await;
        bed.clock.advance(1);
    }
}

#[tokio::test]
async fn prices_filter_and_sort() {
    let bed = Testbed::new().await;
    priced(&bed).await;
    for (query, expected) in [
        ("sort=price", vec!["A", "B", "C", "D", "E"]),
        ("sort=-price", vec!["D", "C", "B", "A", "E"]),
        ("sort=price&price_min=250", vec!["A", "B", "C", "D"]),
        ("sort=price&price_max=150", vec!["A"]),
        ("sort=price&price_min=150&price_max=250", vec!["B", "C"]),
        // Between the prices of A there is none.
        ("sort=price&price_min=350&price_max=450", vec!["D"]),
        ("sort=price&price_min=9001", vec![]),
        ("sort=price&price_min=200&price_max=200", vec!["B", "C"]),
        ("sort=title&price_max=200&q=c", vec!["C"]),
    ] {
        assert_eq!(titles(&bed, query).await, expected, "{query}");
    }
    for query in
        ["price_min=2&price_max=1", "price_min=-1", "price_max=1.5", "price_min=99999999999999999999"]
    {
        let reply = bed.call(Role::Viewer, "GET", &format!("/api/pms/products?{query}"), None).await;
        assert_eq!((reply.status(), reply.code().as_str()), (400, "malformed-request"), "{query}");
    }
}

#[tokio::test]
async fn the_lowest_price_follows_the_variants() {
    let bed = Testbed::new().await;
    let made = create(&bed, mug()).await;
    assert_eq!(titles(&bed, "price_max=1200").await.len(), 1);
    let mut dearer = mug();
    dearer["variants"][0]["price"]["amount"] = json!(1600);
    bed.call_with(Role::Owner, "PUT", &path(&made), Some(dearer), &[("if-match", "*")]).await;
    assert_eq!(
        (titles(&bed, "price_max=1200").await.len(), titles(&bed, "price_max=1500").await.len()),
        (0, 1)
    );
}

#[tokio::test]
async fn low_stock_is_as_of_now() {
    let bed = Testbed::new().await;
    let many = publish(&bed, simple("Many", "MANY")).await;
    bed.clock.advance(1);
    publish(&bed, simple("Few", "FEW")).await;
    for (sku, on_hand) in [("MANY", 10), ("FEW", 2)] {
        let args = Args::new()
            .with("store", bed.store.to_string())
            .with("sku", sku)
            .with("on_hand", i64::from(on_hand));
        bed.sql(
            "UPDATE levels SET on_hand = :on_hand WHERE store_id = :store \
             AND variant_id = (SELECT id FROM variants WHERE store_id = :store AND sku = :sku)",
            args,
        )
        .await;
    }
    let low = async |wanted: &str| titles(&bed, &format!("low_stock={wanted}")).await;
    assert_eq!((low("true").await, low("false").await), (vec!["Few".to_owned()], vec!["Many".to_owned()]));
    let hold = json!({"lines": [{"variant_id": many["variants"][0]["id"], "quantity": 6}], "expires_in": 60});
    let held = bed.call_with(
        Role::Owner,
        "POST",
        "/api/pms/inventory/holds",
        Some(hold),
        &[("idempotency-key", "h")],
    );
    assert_eq!(held.await.status(), 201);
    assert_eq!(low("true").await, ["Few", "Many"]);
    bed.clock.advance(60_000);
    assert_eq!(low("true").await, ["Few"], "what has expired holds nothing");
    assert_eq!(titles(&bed, "low_stock=true&q=many").await, [""; 0]);
}

/// So many levels that may be low that they are not gathered any more: the same products are found.
#[tokio::test]
async fn low_stock_is_the_same_when_much_is_low() {
    let bed = Testbed::new().await;
    create(&bed, simple("Low", "LOW")).await;
    bed.clock.advance(1);
    create(&bed, simple("Enough", "ENOUGH")).await;
    let args = || Args::new().with("store", bed.store.to_string());
    let enough = "UPDATE levels SET on_hand = 2000 WHERE store_id = :store \
        AND variant_id = (SELECT id FROM variants WHERE store_id = :store AND sku = 'ENOUGH')";
    bed.sql(enough, args()).await;
    let low = async |wanted: &str| titles(&bed, &format!("sort=title&low_stock={wanted}")).await;
    let few = (low("true").await, low("false").await);
    assert_eq!(few, (vec!["Low".to_owned()], vec!["Enough".to_owned()]));
    let many = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 1099) \
        INSERT INTO variants (store_id, id, product_id, sku, option_values, position) \
        SELECT :store, printf('var_%026d', n), (SELECT product_id FROM variants WHERE store_id = :store AND sku = 'LOW'), \
        'LOW-' || n, '{}', n + 1 FROM n";
    bed.sql(many, args()).await;
    assert_eq!((low("true").await, low("false").await), few);
    // A threshold of a level's own makes more of them low.
    let own = "UPDATE levels SET threshold = 2000 WHERE store_id = :store \
        AND variant_id = (SELECT id FROM variants WHERE store_id = :store AND sku = 'ENOUGH')";
    bed.sql(own, args()).await;
    assert_eq!(low("true").await, ["Enough", "Low"]);
    bed.sql("DELETE FROM variants WHERE store_id = :store AND sku LIKE 'LOW%'", args()).await;
    assert_eq!((low("true").await, low("false").await), (vec!["Enough".to_owned()], vec!["Low".to_owned()]));
}

/// Few that match are put in order, many are looked for in order: both give the same pages.
#[tokio::test]
async fn many_matches_come_in_the_same_order_as_few() {
    let bed = Testbed::new().await;
    for n in 0..9 {
        create(&bed, simple(&format!("Mug {}", n * 5 % 9), &format!("S{n}"))).await;
        bed.clock.advance(1);
    }
    let few: Vec<Vec<String>> = {
        let mut all = Vec::new();
        for sort in SORTS {
            all.push(titles(&bed, &format!("q=mug&sort={sort}")).await);
        }
        all
    };
    // Matches that the filter leaves out make many of them.
    bed.sql(MANY, Args::new().with("store", bed.store.to_string()).with("now", bed.ports.clock.now().ms()))
        .await;
    bed.sql(
        "INSERT INTO revisions (store_id, subject, version, at, actor, request_id, document) \
         SELECT store_id, id, 1, created_at, 'system', 'test', '{}' FROM products WHERE status = 'archived'",
        Args::new(),
    )
    .await;
    assert_eq!(kept(&bed).await, 9 + 1_200);
    for (sort, few) in SORTS.into_iter().zip(few) {
        assert_eq!(titles(&bed, &format!("q=mug&status=draft&sort={sort}")).await, few, "{sort}");
        let page = titles(&bed, &format!("q=mug&sort={sort}")).await;
        assert_eq!(page.len(), 250, "{sort}");
    }
}

const MANY: &str = "WITH RECURSIVE n(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 1199) \
    INSERT INTO products (store_id, id, handle, title, description, status, tags, attributes, options, version, \
    created_at, updated_at) SELECT :store, printf('prd_%026d', n), 'many-' || n, 'Mug and more ' || n, '', 'archived', \
    '[]', '{}', '[]', 1, :now, :now FROM n";
