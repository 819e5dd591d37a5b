//! `PATCH /dashboard/targets`: a merge patch, RFC 7396, as one UPDATE and one round trip.
//!
//! Guarantees: what is left out stays, what is null is cleared; an event tells of what has changed, and of nothing else.

use storeroom_domain::{EventId, EventType};
use storeroom_operations::Problem;
use storeroom_operations::shapes::dashboard::TargetsPatch;
use storeroom_operations::shapes::product::Money;
use storeroom_sql::{Batch, Value, events, stock};
use storeroom_web::{Answer, Call, Shown};

/// A target: its member, its column, the argument of its new value, the argument whether it is said, and the argument of
/// its currency.
struct Target {
    member: &'static str,
    column: &'static str,
    value: &'static str,
    said: &'static str,
    currency: Option<&'static str>,
}

const TARGETS: [Target; 4] = [
    Target {
        member: "daily_revenue",
        column: "daily_revenue_minor",
        value: "daily_revenue",
        said: "daily_revenue_said",
        currency: Some("daily_revenue_currency"),
    },
    Target {
        member: "daily_orders",
        column: "daily_orders",
        value: "daily_orders",
        said: "daily_orders_said",
        currency: None,
    },
    Target {
        member: "monthly_revenue",
        column: "monthly_revenue_minor",
        value: "monthly_revenue",
        said: "monthly_revenue_said",
        currency: Some("monthly_revenue_currency"),
    },
    Target {
        member: "monthly_orders",
        column: "monthly_orders",
        value: "monthly_orders",
        said: "monthly_orders_said",
        currency: None,
    },
];

const DOCUMENT: &str = "SELECT document, NULL AS version FROM sales_target_documents WHERE store_id = :store";

/// Changes what the store wants to sell, and answers with all of it.
pub async fn set(call: &Call<'_>) -> Result<Answer, Problem> {
    let patch: TargetsPatch = call.input()?;
    call.about("dashboard");
    let mut batch = call.write();
    let event: EventId = call.new_id();
    batch.set("event_id", event.to_string());
    bind(&mut batch, patch);
    stock::guard_faults(&mut batch, "wrong_currency", foreign());
    // Before the change, so that it can be told from what is there.
    events::append_if_told(&mut batch, EventType::DashboardTargetsUpdated, &told());
    batch.run(upsert());
    call.commit_and_show(batch, Shown { status: 200, document: DOCUMENT.into(), location: None }).await
}

fn bind(batch: &mut Batch, patch: TargetsPatch) {
    let amount = |money: &Option<Option<Money>>| money.as_ref().map(|money| money.as_ref().map(|m| m.amount));
    let currency = |money: Option<Option<Money>>| money.flatten().map(|money| money.currency);
    let values = [
        amount(&patch.daily_revenue),
        patch.daily_orders,
        amount(&patch.monthly_revenue),
        patch.monthly_orders,
    ];
    let currencies = [currency(patch.daily_revenue), None, currency(patch.monthly_revenue), None];
    for ((target, value), currency) in TARGETS.iter().zip(values).zip(currencies) {
        batch.set(target.said, i64::from(value.is_some()));
        batch.set(target.value, value.flatten().map_or(Value::Null, Value::from));
        if let Some(name) = target.currency {
            batch.set(name, currency);
        }
    }
}

/// The amounts that are not in the store's currency, as faults.
fn foreign() -> String {
    let faults = TARGETS.iter().filter_map(|target| {
        let currency = target.currency?;
        Some(format!(
            "SELECT '/{}/currency', 'must be the currency of the store, ' || s.currency || '.' FROM stores s \
             WHERE s.id = :store AND :{currency} <> s.currency",
            target.member
        ))
    });
    faults.collect::<Vec<_>>().join(" UNION ALL ")
}

/// The event's data: the members that the patch changes, as they will be. No row when it changes nothing.
fn told() -> String {
    let changes = TARGETS.iter().map(|target| {
        let Target { member, column, value, said, currency } = target;
        let shown = match currency {
            Some(_) => format!(
                "CASE WHEN :{value} IS NULL THEN 'null' ELSE json_object('amount', :{value}, 'currency', s.currency) END"
            ),
            None => format!("coalesce(:{value}, 'null')"),
        };
        format!(
            "SELECT '{member}' AS member, {shown} AS shown FROM stores s LEFT JOIN sales_targets t ON t.store_id = s.id \
             WHERE s.id = :store AND :{said} = 1 AND t.{column} IS NOT :{value}"
        )
    });
    format!(
        "SELECT 'dashboard' AS subject, (SELECT seq FROM stores WHERE id = :store) AS version, data \
         FROM (SELECT json_group_object(member, json(shown)) AS data, count(*) AS changed FROM ({})) WHERE changed > 0",
        changes.collect::<Vec<_>>().join(" UNION ALL ")
    )
}

fn upsert() -> String {
    let columns = TARGETS.iter().map(|target| target.column).collect::<Vec<_>>().join(", ");
    let values = TARGETS.iter().map(|target| format!(":{}", target.value)).collect::<Vec<_>>().join(", ");
    let change = |Target { column, said, .. }: &Target| {
        format!("{column} = CASE WHEN :{said} = 1 THEN excluded.{column} ELSE {column} END")
    };
    format!(
        "INSERT INTO sales_targets (store_id, {columns}) VALUES (:store, {values}) \
         ON CONFLICT (store_id) DO UPDATE SET {}",
        TARGETS.iter().map(change).collect::<Vec<_>>().join(", ")
    )
}
