//! A webhook endpoint and a delivery to it for the table of who may do what.

use serde_json::{Value, json};
use storeroom_bad_input::Line;
use storeroom_domain::Role;
use storeroom_operations::operation::Row;
use storeroom_testbed::Testbed;

/// An endpoint where nobody listens, and an event on its way there.
pub struct Webhooks {
    endpoint: String,
    delivery: String,
}

impl Webhooks {
    /// An endpoint of the bed's store.
    pub async fn of(bed: &Testbed) -> Self {
        let url = json!({"url": "http://127.0.0.1:1/"});
        let endpoint = id(&bed.call(Role::Owner, "POST", "/api/pms/webhooks", Some(url)).await.json());
        let product = json!({"title": "On its way"});
        assert_eq!(bed.call(Role::Owner, "POST", "/api/pms/products", Some(product)).await.status(), 201);
        let list = format!("/api/pms/webhooks/{endpoint}/deliveries");
        let delivery = id(&bed.call(Role::Owner, "GET", &list, None).await.json()["items"][0]);
        Self { endpoint, delivery }
    }

    /// The request with their ids, where it is about them.
    pub fn fill(&self, row: &Row, line: Line) -> Line {
        let id = match row.path {
            path if path.starts_with("/api/pms/webhooks/{id}") => &self.endpoint,
            path if path.starts_with("/api/pms/deliveries/{id}") => &self.delivery,
            _ => return line,
        };
        Line { path: row.path.replace("{id}", id), ..line }
    }
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id: {thing}")).to_owned()
}
