//! Roles and permissions: the one table of who may do what.
//!
//! Guarantees: `Role::permissions` is the only place where a role gets a permission; each role of the ladder has
//! what the contract's table gives it.

/// What an operation asks for, printed as `<area>:<verb>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// See products, also drafts.
    ProductsRead,
    /// Create, change and delete products.
    ProductsWrite,
    /// Publish, unpublish and archive products.
    ProductsPublish,
    /// See stock.
    InventoryRead,
    /// Move stock.
    InventoryWrite,
    /// See orders.
    OrdersRead,
    /// Place and move orders.
    OrdersWrite,
    /// See the dashboard.
    DashboardRead,
    /// Read the event feed and join the room.
    EventsRead,
    /// Deliver events of a shop system.
    WebhooksIngest,
    /// Manage webhook endpoints.
    WebhooksManage,
    /// Manage API keys.
    KeysManage,
    /// Invite, change and remove members.
    MembersManage,
    /// Read the audit log.
    AuditRead,
    /// Change the store's settings and grant `owner`.
    StoreManage,
}

impl Permission {
    /// The permission as clients see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ProductsRead => "products:read",
            Self::ProductsWrite => "products:write",
            Self::ProductsPublish => "products:publish",
            Self::InventoryRead => "inventory:read",
            Self::InventoryWrite => "inventory:write",
            Self::OrdersRead => "orders:read",
            Self::OrdersWrite => "orders:write",
            Self::DashboardRead => "dashboard:read",
            Self::EventsRead => "events:read",
            Self::WebhooksIngest => "webhooks:ingest",
            Self::WebhooksManage => "webhooks:manage",
            Self::KeysManage => "keys:manage",
            Self::MembersManage => "members:manage",
            Self::AuditRead => "audit:read",
            Self::StoreManage => "store:manage",
        }
    }
}

/// A member's role in one store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Looks, changes nothing.
    Viewer,
    /// Keeps the catalogue.
    Editor,
    /// Keeps stock and orders.
    Fulfilment,
    /// Runs the shop.
    Admin,
    /// Owns the shop.
    Owner,
}

use Permission as P;

/// Every role, weakest first.
pub const ROLES: [Role; 5] = [Role::Viewer, Role::Editor, Role::Fulfilment, Role::Admin, Role::Owner];

const VIEWER: &[P] = &[P::ProductsRead, P::InventoryRead, P::DashboardRead, P::EventsRead];
const EDITOR: &[P] = &[P::ProductsWrite, P::ProductsPublish];
const FULFILMENT: &[P] = &[P::InventoryWrite, P::OrdersRead, P::OrdersWrite, P::WebhooksIngest];
const ADMIN: &[P] = &[P::WebhooksManage, P::KeysManage, P::MembersManage, P::AuditRead];
const OWNER: &[P] = &[P::StoreManage];

impl Role {
    /// The role's name as clients and tables spell it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Fulfilment => "fulfilment",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    /// The role of that name.
    pub fn parse(name: &str) -> Option<Self> {
        ROLES.into_iter().find(|role| role.as_str() == name)
    }

    /// Everything the role may do.
    pub fn permissions(self) -> Vec<Permission> {
        let parts: &[&[P]] = match self {
            Self::Viewer => &[VIEWER],
            Self::Editor => &[VIEWER, EDITOR],
            Self::Fulfilment => &[VIEWER, FULFILMENT],
            Self::Admin => &[VIEWER, EDITOR, FULFILMENT, ADMIN],
            Self::Owner => &[VIEWER, EDITOR, FULFILMENT, ADMIN, OWNER],
        };
        parts.concat()
    }

    /// Whether the role has the permission.
    pub fn may(self, permission: Permission) -> bool {
        self.permissions().contains(&permission)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for role in ROLES {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        assert_eq!(Role::parse("root"), None);
    }

    #[test]
    fn the_ladder_is_the_contracts() {
        assert!(Role::Viewer.may(P::ProductsRead) && !Role::Viewer.may(P::ProductsWrite));
        assert!(Role::Editor.may(P::ProductsPublish) && !Role::Editor.may(P::OrdersRead));
        assert!(Role::Fulfilment.may(P::OrdersWrite) && !Role::Fulfilment.may(P::ProductsWrite));
        assert!(Role::Admin.may(P::AuditRead) && !Role::Admin.may(P::StoreManage));
        assert_eq!(Role::Owner.permissions().len(), 15);
    }
}
