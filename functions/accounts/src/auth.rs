//! `/auth`: accounts, sign-in and sessions.

pub mod close;
mod expel;
mod explained;
pub mod jwks;
pub mod login;
pub mod logout;
pub mod me;
pub mod memberships;
pub mod password;
pub mod refresh;
pub mod register;
pub mod session;
pub mod throttle;
