//! A page of a list that is sorted by one key, newest first: see [`storeroom_web::page`].

pub use storeroom_web::page::Page;
