//! The types of events and who may read them.
//!
//! Guarantees: every event in the log has one of these types; `visible_to` is the only rule of who sees what.

use crate::role::{Permission, Role};

macro_rules! event_types {
    ($($variant:ident $name:literal $about:literal;)*) => {
        /// What happened, printed as `<topic>.<what>`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum EventType {$(
            #[doc = $about]
            $variant,
        )*}

        /// Every type.
        pub const EVENT_TYPES: &[EventType] = &[$(EventType::$variant,)*];

        impl EventType {
            /// The type as clients see it.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

event_types! {
    ProductCreated "product.created" "A product was made.";
    ProductUpdated "product.updated" "A product's content changed.";
    ProductPublished "product.published" "A product became public.";
    ProductUnpublished "product.unpublished" "A product went back to draft.";
    ProductArchived "product.archived" "A product was put away.";
    ProductDeleted "product.deleted" "A product is gone.";
    ImageAdded "image.added" "A product got an image.";
    ImageUpdated "image.updated" "An image of a product was replaced, moved or described anew.";
    ImageRemoved "image.removed" "A product lost an image.";
    StockAdjusted "stock.adjusted" "Stock was counted, corrected, or got another threshold.";
    StockTransferred "stock.transferred" "Stock went from one location to another.";
    StockLow "stock.low" "What is available of a level fell to its threshold.";
    StockReplenished "stock.replenished" "A level that was low has enough again.";
    HoldCreated "hold.created" "Stock was set aside.";
    HoldCommitted "hold.committed" "Held stock left.";
    HoldReleased "hold.released" "A hold was given up.";
    HoldExpired "hold.expired" "A hold's time ran out.";
    OrderCreated "order.created" "An order was placed.";
    OrderPaid "order.paid" "An order was paid.";
    OrderFulfilled "order.fulfilled" "An order was shipped.";
    OrderDelivered "order.delivered" "An order arrived.";
    OrderCancelled "order.cancelled" "An order was called off.";
    OrderExpired "order.expired" "An order was not paid in time.";
    OrderReturned "order.returned" "An order was sent back, whole or in part.";
    OrderRefunded "order.refunded" "Money of an order was given back.";
    SalesUpdated "sales.updated" "The figures of a day's sales changed.";
    DashboardTargetsUpdated "dashboard.targets_updated" "The targets of the dashboard changed.";
    StoreUpdated "store.updated" "The store's settings changed.";
    MemberAdded "member.added" "Somebody became a member.";
    MemberChanged "member.changed" "A member's role changed.";
    MemberRemoved "member.removed" "Somebody is no member any more.";
    KeyCreated "key.created" "An API key was made.";
    KeyRotated "key.rotated" "An API key got a new secret.";
    KeyRevoked "key.revoked" "An API key is good no more.";
    KeyExpiring "key.expiring" "An API key expires soon.";
    JobProgress "job.progress" "A job got further.";
    JobFinished "job.finished" "A job came to its end.";
    WebhookDisabled "webhook.disabled" "A webhook endpoint gets no more events until somebody activates it.";
}

impl EventType {
    /// Whether what the public sees of a store may be another after it: its products, or what is available of them.
    pub fn touches_catalog(self) -> bool {
        use EventType as E;
        match self {
            E::ProductCreated | E::ProductUpdated | E::ProductPublished => true,
            E::ProductUnpublished | E::ProductArchived | E::ProductDeleted => true,
            E::ImageAdded | E::ImageUpdated | E::ImageRemoved => true,
            E::StockAdjusted | E::StockTransferred | E::StockLow | E::StockReplenished => true,
            E::HoldCreated | E::HoldCommitted | E::HoldReleased | E::HoldExpired => true,
            E::OrderCreated | E::OrderCancelled | E::OrderExpired | E::OrderReturned => true,
            E::StoreUpdated => true,
            // What is paid was kept before; what is shipped goes from what is kept and what is on hand alike.
            E::OrderPaid | E::OrderFulfilled | E::OrderDelivered | E::OrderRefunded => false,
            E::SalesUpdated | E::DashboardTargetsUpdated => false,
            E::MemberAdded | E::MemberChanged | E::MemberRemoved => false,
            E::KeyCreated | E::KeyRotated | E::KeyRevoked | E::KeyExpiring => false,
            E::JobProgress | E::JobFinished | E::WebhookDisabled => false,
        }
    }
}

/// Whether it is a type of event, or the topic of one.
pub fn is_known(name: &str) -> bool {
    EVENT_TYPES.iter().any(|known| known.as_str() == name || topic(known.as_str()) == name)
}

/// The topics that not every role may read, with what they need; all others need only `events:read`.
const GUARDED_TOPICS: [(&str, Permission); 4] = [
    ("order", Permission::OrdersRead),
    ("key", Permission::KeysManage),
    ("member", Permission::MembersManage),
    ("webhook", Permission::WebhooksManage),
];

/// The topics that a role may not read: a feed leaves their events out.
pub fn hidden_topics(role: Role) -> Vec<&'static str> {
    GUARDED_TOPICS.iter().filter(|(_, needs)| !role.may(*needs)).map(|(topic, _)| *topic).collect()
}

/// Whether a role may read an event of that type.
pub fn visible_to(role: Role, event_type: &str) -> bool {
    !hidden_topics(role).contains(&topic(event_type))
}

/// The topic of a type: what stands before its first dot.
pub fn topic(event_type: &str) -> &str {
    event_type.split('.').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customers_and_secrets_are_hidden_from_viewers() {
        assert!(visible_to(Role::Viewer, "product.created"));
        for hidden in ["order.created", "key.rotated", "member.added", "webhook.disabled"] {
            assert!(!visible_to(Role::Viewer, hidden), "{hidden}");
            assert!(visible_to(Role::Owner, hidden), "{hidden}");
        }
        assert!(visible_to(Role::Fulfilment, "order.paid"));
        assert_eq!(EventType::ProductCreated.as_str(), "product.created");
    }

    #[test]
    fn types_and_topics_are_known() {
        for known in ["order", "order.paid", "webhook.disabled", "sales"] {
            assert!(is_known(known), "{known}");
        }
        for unknown in ["", "order.", "orde", "order.payed", "Order", "order.paid.", "webhook.test"] {
            assert!(!is_known(unknown), "{unknown}");
        }
    }
}
