//! Work after the answer, for which the platform lets a request live on
//! (<https://developers.cloudflare.com/workers/runtime-apis/context/#waituntil>).

use std::future::Future;
use std::pin::Pin;
use storeroom_ports::Later;
use worker::Context;

/// The context of a request.
pub struct Afterwards(pub Context);

impl Later for Afterwards {
    fn run(&self, work: Pin<Box<dyn Future<Output = ()>>>) {
        self.0.wait_until(work);
    }
}
