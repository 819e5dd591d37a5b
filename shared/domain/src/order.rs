//! An order's states, and what leads from one to the next.
//!
//! Guarantees: `TRANSITIONS` is the state machine; the guards, what a refusal says is allowed, and the page about orders
//! in the documentation come from here.

/// Where an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderState {
    /// Placed; its stock is kept until it expires.
    Pending,
    /// Paid; its stock is kept until it is shipped.
    Paid,
    /// Shipped; its stock has left.
    Fulfilled,
    /// With the customer.
    Delivered,
    /// Called off before it was shipped; its stock is available again.
    Cancelled,
    /// Not paid in time; its stock is available again.
    Expired,
    /// Sent back, whole or in part.
    Returned,
}

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OrderAction {
    /// It is paid.
    Pay,
    /// It is shipped.
    Fulfil,
    /// It arrives.
    Deliver,
    /// It is called off.
    Cancel,
    /// Its time runs out: nobody asks for it.
    Expire,
    /// It comes back.
    Return,
}

use OrderAction as Action;
use OrderState::{Cancelled, Delivered, Expired, Fulfilled, Paid, Pending, Returned};

/// Every allowed change of state. What was returned in part may be returned further.
pub const TRANSITIONS: [(OrderState, OrderAction, OrderState); 9] = [
    (Pending, Action::Pay, Paid),
    (Pending, Action::Cancel, Cancelled),
    (Pending, Action::Expire, Expired),
    (Paid, Action::Fulfil, Fulfilled),
    (Paid, Action::Cancel, Cancelled),
    (Fulfilled, Action::Deliver, Delivered),
    (Fulfilled, Action::Return, Returned),
    (Delivered, Action::Return, Returned),
    (Returned, Action::Return, Returned),
];

/// Every state, in the order of an order's life.
pub const STATES: [OrderState; 7] = [Pending, Paid, Fulfilled, Delivered, Cancelled, Expired, Returned];

impl OrderState {
    /// The state as clients and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Pending => "pending",
            Paid => "paid",
            Fulfilled => "fulfilled",
            Delivered => "delivered",
            Cancelled => "cancelled",
            Expired => "expired",
            Returned => "returned",
        }
    }

    /// The states that a client may lead it to.
    pub fn allowed(self) -> Vec<OrderState> {
        let edges = TRANSITIONS.iter().filter(|(from, action, _)| *from == self && *action != Action::Expire);
        edges.map(|(.., to)| *to).collect()
    }
}

impl OrderAction {
    /// The action's name, which is also the last word of the path that asks for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pay => "pay",
            Self::Fulfil => "fulfil",
            Self::Deliver => "deliver",
            Self::Cancel => "cancel",
            Self::Expire => "expire",
            Self::Return => "return",
        }
    }

    /// The states it starts from.
    pub fn sources(self) -> Vec<OrderState> {
        TRANSITIONS.iter().filter(|(_, action, _)| *action == self).map(|(from, ..)| *from).collect()
    }

    /// The state it leads to.
    pub fn target(self) -> OrderState {
        match self {
            Self::Pay => Paid,
            Self::Fulfil => Fulfilled,
            Self::Deliver => Delivered,
            Self::Cancel => Cancelled,
            Self::Expire => Expired,
            Self::Return => Returned,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Section 6 of the contract.
    #[test]
    fn the_machine_is_the_contracts() {
        assert_eq!(Pending.allowed(), [Paid, Cancelled]);
        assert_eq!(Paid.allowed(), [Fulfilled, Cancelled]);
        assert_eq!(Fulfilled.allowed(), [Delivered, Returned]);
        assert_eq!(Delivered.allowed(), [Returned]);
        for end in [Cancelled, Expired] {
            assert_eq!(end.allowed(), []);
        }
    }

    #[test]
    fn an_action_leads_to_one_state() {
        for (_, action, to) in TRANSITIONS {
            assert_eq!(action.target(), to);
        }
        assert_eq!(Action::Cancel.sources(), [Pending, Paid]);
        assert_eq!(Action::Return.sources(), [Fulfilled, Delivered, Returned]);
    }
}
