//! `GET /dashboard`.
//!
//! Two trips: see `home`. The rest is one statement, so all of it is of one moment; meanwhile the room is asked.

use super::figures::{TITLE, by_product, sum};
use super::home::Home;
use super::range::Range;
use futures::future::join;
use storeroom_domain::order::STATES;
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_sql::documents::{COMMITTED, HELD};
use storeroom_web::{Answer, Call};

/// How many orders have expired that nothing has settled yet: only those are counted.
const EXPIRED: &str = "(SELECT count(*) FROM orders INDEXED BY orders_pending_by_store WHERE store_id = :store \
    AND state = 'pending' AND expires_at <= :now)";

/// How webhooks stand, both ways.
const WEBHOOKS: &str = "(SELECT json_object('active', count(*) FILTER (WHERE stopped IS NULL), \
    'failing', count(*) FILTER (WHERE stopped IS NULL AND failing_since IS NOT NULL), \
    'stopped', count(*) FILTER (WHERE stopped IS NOT NULL), \
    'rejected', (SELECT count(*) FROM webhook_inbox INDEXED BY webhook_inbox_rejected WHERE store_id = :store \
        AND state = 'rejected')) FROM webhook_endpoints WHERE store_id = :store)";

/// Answers with the store at a glance.
pub async fn glance(call: &Call<'_>) -> Result<Answer, Problem> {
    let (home, room) = join(Home::read(call), call.ports.rooms.check()).await;
    let home = home?;
    let today = home.today(call);
    let args = Args::new()
        .with("today", Range { from: today, to: today }.span(call, &home)?)
        .with("last_30_days", Range::last_30_days(today).span(call, &home)?)
        .with("timezone", home.timezone)
        .with("room", if room.is_ok() { "ok" } else { "down" });
    let found = call.read(&document(), args).await?;
    let document = found.rows.text(0, 0).ok_or_else(|| call.fault("a store without a dashboard"))?;
    Ok(Answer::json(200, document))
}

fn document() -> String {
    format!(
        "SELECT json_object('currency', s.currency, 'timezone', :timezone, \
         'as_of', strftime('%Y-%m-%dT%H:%M:%fZ', :now / 1000.0, 'unixepoch'), 'today', json({today}), \
         'last_30_days', json({last_30_days}), 'orders_by_state', json({states}), 'best_sellers', json({best}), \
         'low_stock', json({low}), 'room', :room, 'webhooks', json({WEBHOOKS}), 'targets', json(t.document)) AS document \
         FROM stores s CROSS JOIN sales_target_documents t ON t.store_id = s.id WHERE s.id = :store",
        today = sum("today"),
        last_30_days = sum("last_30_days"),
        states = orders_by_state(),
        best = best_sellers(),
        low = low_stock(),
    )
}

fn orders_by_state() -> String {
    let counts = STATES.map(|state| {
        let state = state.as_str();
        let due = match state {
            "pending" => format!(" - {EXPIRED}"),
            "expired" => format!(" + {EXPIRED}"),
            _ => String::new(),
        };
        format!(
            "'{state}', coalesce((SELECT orders FROM order_counts WHERE store_id = :store AND state = '{state}'), 0){due}"
        )
    });
    format!("json_object({})", counts.join(", "))
}

fn best_sellers() -> String {
    format!(
        "(SELECT json_group_array(json(seller)) FROM (SELECT json_object('product_id', t.product_id, 'title', {TITLE}, \
         'units', t.units, 'revenue', json_object('amount', t.revenue_minor, 'currency', s.currency)) AS seller \
         FROM {} AS t WHERE t.units > 0 ORDER BY t.units DESC, t.revenue_minor DESC, t.product_id LIMIT 5))",
        by_product("last_30_days")
    )
}

fn low_stock() -> String {
    format!(
        "json_object('count', (SELECT count(*) FROM alerts INDEXED BY alerts_open_by_id WHERE store_id = :store \
            AND closed_at IS NULL), \
         'items', (SELECT json_group_array(json(level)) FROM (SELECT json_object('variant_id', l.variant_id, \
            'sku', v.sku, 'location_id', l.location_id, 'available', l.on_hand - {HELD} - {COMMITTED}, \
            'threshold', coalesce(l.threshold, s.low_stock_default)) AS level \
            FROM alerts a INDEXED BY alerts_open_by_id \
            CROSS JOIN levels l ON l.store_id = a.store_id AND l.variant_id = a.variant_id \
                AND l.location_id = a.location_id \
            CROSS JOIN variants v ON v.store_id = a.store_id AND v.id = a.variant_id \
            WHERE a.store_id = :store AND a.closed_at IS NULL ORDER BY a.id DESC LIMIT 10)))"
    )
}
