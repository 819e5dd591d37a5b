//! `/locations`: the places where stock is.

pub mod create;
pub mod list;

/// The document of a location, over the columns of `locations o`.
const DOCUMENT: &str = "json_object('id', o.id, 'name', o.name, 'is_default', json(iif(o.is_default, 'true', 'false')), \
    'created_at', strftime('%Y-%m-%dT%H:%M:%fZ', o.created_at / 1000.0, 'unixepoch'))";
