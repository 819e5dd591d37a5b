//! What is sent: an event as the feed shows it, with its store, and its time under the name that the Standard Webhooks
//! specification recommends.

use serde_json::json;
use storeroom_domain::{Timestamp, WebhookId};
use storeroom_web::Call;

macro_rules! moment {
    () => {
        "strftime('%Y-%m-%dT%H:%M:%fZ', at / 1000.0, 'unixepoch')"
    };
}

/// The body of a delivery, over `deliveries d`.
pub const OF_DELIVERY: &str = concat!(
    "(SELECT json_object('type', type, 'timestamp', ",
    moment!(),
    ", 'store_id', store_id, 'id', id, 'seq', seq, 'subject', subject, 'version', version, 'at', ",
    moment!(),
    ", 'actor', actor, 'request_id', request_id, 'data', json(data)) FROM events \
     WHERE store_id = d.store_id AND seq = d.seq)"
);

/// The body of a test, which is no event of the log.
pub fn of_test(call: &Call<'_>, id: &str, endpoint: WebhookId, now: Timestamp) -> String {
    let at = now.to_string();
    json!({
        "type": "webhook.test", "timestamp": at, "store_id": call.store, "id": id, "seq": 0,
        "subject": endpoint.to_string(), "version": 0, "at": at, "actor": call.actor(),
        "request_id": call.request_id, "data": {},
    })
    .to_string()
}
