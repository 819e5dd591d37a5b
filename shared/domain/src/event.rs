//! The types of events and who may read them.
//!
//! Guarantees: every event in the log has one of these types; `visible_to` is the only rule of who sees what.

use crate::role::{Permission, Role};

/// What happened, printed as `<subject>.<what>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventType {
    /// A product was made.
    ProductCreated,
    /// A product's content changed.
    ProductUpdated,
    /// A product became public.
    ProductPublished,
    /// A product went back to draft.
    ProductUnpublished,
    /// A product was put away.
    ProductArchived,
    /// A product is gone.
    ProductDeleted,
    /// Stock was counted, corrected, or got another threshold.
    StockAdjusted,
    /// Stock went from one location to another.
    StockTransferred,
    /// What is available of a level fell to its threshold.
    StockLow,
    /// A level that was low has enough again.
    StockReplenished,
    /// Stock was set aside.
    HoldCreated,
    /// Held stock left.
    HoldCommitted,
    /// A hold was given up.
    HoldReleased,
    /// A hold's time ran out.
    HoldExpired,
    /// An order was placed.
    OrderCreated,
    /// An order was paid.
    OrderPaid,
    /// An order was shipped.
    OrderFulfilled,
    /// An order arrived.
    OrderDelivered,
    /// An order was called off.
    OrderCancelled,
    /// An order was not paid in time.
    OrderExpired,
    /// An order was sent back, whole or in part.
    OrderReturned,
    /// Money of an order was given back.
    OrderRefunded,
    /// The figures of a day's sales changed.
    SalesUpdated,
    /// The targets of the dashboard changed.
    DashboardTargetsUpdated,
    /// The store's settings changed.
    StoreUpdated,
    /// Somebody became a member.
    MemberAdded,
    /// A member's role changed.
    MemberChanged,
    /// Somebody is no member any more.
    MemberRemoved,
    /// An API key was made.
    KeyCreated,
    /// An API key got a new secret.
    KeyRotated,
    /// An API key is good no more.
    KeyRevoked,
    /// An API key expires soon.
    KeyExpiring,
}

impl EventType {
    /// The type as clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProductCreated => "product.created",
            Self::ProductUpdated => "product.updated",
            Self::ProductPublished => "product.published",
            Self::ProductUnpublished => "product.unpublished",
            Self::ProductArchived => "product.archived",
            Self::ProductDeleted => "product.deleted",
            Self::StockAdjusted => "stock.adjusted",
            Self::StockTransferred => "stock.transferred",
            Self::StockLow => "stock.low",
            Self::StockReplenished => "stock.replenished",
            Self::HoldCreated => "hold.created",
            Self::HoldCommitted => "hold.committed",
            Self::HoldReleased => "hold.released",
            Self::HoldExpired => "hold.expired",
            Self::OrderCreated => "order.created",
            Self::OrderPaid => "order.paid",
            Self::OrderFulfilled => "order.fulfilled",
            Self::OrderDelivered => "order.delivered",
            Self::OrderCancelled => "order.cancelled",
            Self::OrderExpired => "order.expired",
            Self::OrderReturned => "order.returned",
            Self::OrderRefunded => "order.refunded",
            Self::SalesUpdated => "sales.updated",
            Self::DashboardTargetsUpdated => "dashboard.targets_updated",
            Self::StoreUpdated => "store.updated",
            Self::MemberAdded => "member.added",
            Self::MemberChanged => "member.changed",
            Self::MemberRemoved => "member.removed",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyRevoked => "key.revoked",
            Self::KeyExpiring => "key.expiring",
        }
    }
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
}
