//! Nothing: worker-build 0.8.7 depends on this crate and does not use it.
