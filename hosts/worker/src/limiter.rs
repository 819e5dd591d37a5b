//! Cloudflare's rate limiter, one binding a class (`[[ratelimits]]` in wrangler.toml).
//!
//! Guarantees: a class without a binding is not limited; a limiter that fails stops nobody.
//! Relies on: counts that the machines of one Cloudflare location share, and share late: they stop floods and are not
//! exact (<https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/>).

use crate::log;
use async_trait::async_trait;
use storeroom_ports::{Level, Limiter};
use wasm_bindgen::JsCast;
use worker::js_sys::{JsString, Reflect};
use worker::{Env, RateLimiter};

/// The bindings that begin with `LIMIT_`.
pub struct PlatformLimiter(pub Env);

#[async_trait(?Send)]
impl Limiter for PlatformLimiter {
    async fn allows(&self, class: &'static str, who: &str) -> bool {
        let Some(limiter) = self.binding(class) else { return true };
        match limiter.limit(who.to_owned()).await {
            Ok(outcome) => outcome.success,
            Err(error) => {
                log::line(Level::Warn, "limiter failed", &error.to_string());
                true
            }
        }
    }
}

impl PlatformLimiter {
    fn binding(&self, class: &str) -> Option<RateLimiter> {
        let name = JsString::from(binding_name(class)?);
        let binding = Reflect::get(&self.0, &name).ok().filter(|binding| !binding.is_undefined())?;
        // `Env::rate_limiter` also asks for the name of the binding's class. If the platform renamed that, the limiter
        // would look like one that is not bound, and nobody would hear of it.
        Some(RateLimiter::unchecked_from_js(binding))
    }
}

fn binding_name(class: &str) -> Option<&'static str> {
    match class {
        "read" => Some("LIMIT_READ"),
        "write" => Some("LIMIT_WRITE"),
        "auth" => Some("LIMIT_AUTH"),
        "upload" => Some("LIMIT_UPLOAD"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_is_bound_in_wrangler_toml() {
        let configuration = include_str!("../../../wrangler.toml");
        for (class, quota) in [("read", 600), ("write", 300), ("auth", 10), ("upload", 30)] {
            let name = binding_name(class).unwrap();
            let (_, rest) = configuration.split_once(&format!("name = \"{name}\"\n")).expect(name);
            let table = rest.split("[[").next().unwrap_or_default();
            assert!(
                table.contains(&format!("simple = {{ limit = {quota}, period = 60 }}")),
                "{name}: {table}"
            );
        }
        assert_eq!(binding_name("free"), None);
    }
}
