//! `/stores`: stores and their settings.

pub mod create;
pub mod list;
pub mod patch;
pub mod read;
pub mod settings;
