//! Storeroom on Cloudflare Workers: one Worker with every function, a `Writer` object a database, a `Room` object a
//! store, a `Courier` object a webhook endpoint.
//!
//! Guarantees: nothing of the business is decided here; a host's types become the ports' and back. Memory holds
//! caches only, which may vanish with the isolate.
//! Relies on: an object being one instance with one thread at a time
//! (<https://developers.cloudflare.com/durable-objects/concepts/what-are-durable-objects/>).

mod afterwards;
mod blobs;
mod courier;
mod couriers;
mod cron;
mod database;
mod edge_cache;
mod exchange;
mod follower;
mod http_client;
mod isolate;
mod js;
mod limiter;
mod log;
mod log_page;
mod objects;
mod platform;
mod queue;
mod room;
mod room_storage;
mod rooms;
mod sockets;
mod writer;

use storeroom_gateway::{All, handle};
use worker::{Context, Env, Result, ScheduleContext, ScheduledEvent, event, web_sys};

/// A request.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, context: Context) -> Result<web_sys::Response> {
    let isolate = match isolate::get(&env) {
        Ok(isolate) => isolate,
        Err(sentence) => return isolate::refusal(&sentence),
    };
    let ports = isolate.ports_of(&env, context);
    let response = handle(&All, &ports, &isolate.settings, exchange::request(&request)).await;
    match &response.body {
        storeroom_web::Body::Room(join) => rooms::join(&env, join, &request).await,
        _ => exchange::response(exchange::encoded_for_client(response, &request)),
    }
}

/// Once a minute.
#[event(scheduled)]
async fn scheduled(_event: ScheduledEvent, env: Env, _context: ScheduleContext) {
    cron::run(&env).await;
}
