//! Which events an endpoint gets.
//!
//! Guarantees: names of types and topics that there are, none of them covered by another; so an event is queued for an
//! endpoint once.

use serde_json::json;
use storeroom_domain::event::{is_known, topic};
use storeroom_operations::{Code, Fault, Problem};

/// Types of events and topics; none is all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Topics(Vec<String>);

impl Topics {
    /// The names as a client sent them, in their order; those that another one covers are left out.
    pub fn of(names: Vec<String>) -> Result<Self, Problem> {
        let unknown = names.iter().enumerate().filter(|(_, name)| !is_known(name));
        let faults: Vec<Fault> = unknown.map(|(place, _)| fault(place)).collect();
        if !faults.is_empty() {
            return Err(Problem::with_faults(Code::ValidationFailed, faults));
        }
        let is_covered =
            |name: &String| topic(name) != name && names.iter().any(|other| other == topic(name));
        Ok(Self(names.iter().filter(|name| !is_covered(name)).cloned().collect()))
    }

    /// As the column `types`, JSON.
    pub fn json(&self) -> String {
        json!(self.0).to_string()
    }
}

fn fault(place: usize) -> Fault {
    let detail = "is no type of event and no topic, such as `order.paid` or `product`.".to_owned();
    Fault { pointer: format!("/types/{place}"), code: "unknown_value", detail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topics(names: &[&str]) -> Result<String, Vec<String>> {
        let topics = Topics::of(names.iter().map(|name| (*name).to_owned()).collect());
        topics
            .map(|topics| topics.json())
            .map_err(|problem| problem.faults.into_iter().map(|fault| fault.pointer).collect())
    }

    #[test]
    fn a_type_under_its_topic_is_said_already() {
        assert_eq!(topics(&[]), Ok("[]".to_owned()));
        let names = ["order.paid", "product", "order", "product.deleted", "stock.low"];
        assert_eq!(topics(&names), Ok(r#"["product","order","stock.low"]"#.to_owned()));
    }

    #[test]
    fn what_there_is_not_is_named() {
        let names = ["order.payed", "order", "*", "webhook.test"];
        assert_eq!(
            topics(&names),
            Err(vec!["/types/0".to_owned(), "/types/2".to_owned(), "/types/3".to_owned()])
        );
    }
}
