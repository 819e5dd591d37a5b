//! Starting again what was killed, as a platform does with a crashed process.
//!
//! Guarantees: while a `Keeper` lives, a process of its stack that has ended is started again on its old port with its old
//! data; dropping it stops the stack. Relies on: `Stack::mend`.

use crate::checkout::Checkout;
use crate::stack::Stack;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often it looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// Keeps a stack running.
pub struct Keeper {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Keeper {
    /// Takes the stack over.
    pub fn of(checkout: &Checkout, mut stack: Stack) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, checkout) = (stop.clone(), checkout.clone());
        let thread = thread::spawn(move || {
            while !stopped.load(Ordering::Relaxed) {
                if let Err(error) = stack.mend(&checkout) {
                    // It is tried again; the suite finds out by itself that nobody answers, and this says why.
                    eprintln!("cannot start again what was killed: {error:#}");
                }
                thread::sleep(INTERVAL);
            }
        });
        Self { stop, thread: Some(thread) }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
