//! The names of `ureq` that worker-build 0.8.7 calls, in a build that downloads nothing.
//!
//! Guarantees: every request fails with one sentence. Relies on: xtask, which gives worker-build the three programs
//! that it would otherwise download.

use std::fmt;

/// Why no request is made.
#[derive(Debug)]
pub struct Error;

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("this worker-build downloads nothing: run it by `cargo xtask build worker`")
    }
}

impl std::error::Error for Error {}

pub struct Agent;
pub struct Config;
pub struct ConfigBuilder;
pub struct Request;
pub struct Response;
pub struct Body;

impl Agent {
    pub fn config_builder() -> ConfigBuilder {
        ConfigBuilder
    }

    pub fn get(&self, _url: &str) -> Request {
        Request
    }
}

impl ConfigBuilder {
    pub fn tls_config(self, _config: tls::TlsConfig) -> Self {
        self
    }

    pub fn build(self) -> Config {
        Config
    }
}

impl Config {
    pub fn new_agent(&self) -> Agent {
        Agent
    }
}

impl Request {
    pub fn call(self) -> Result<Response, Error> {
        Err(Error)
    }
}

impl Response {
    pub fn body_mut(&mut self) -> Body {
        Body
    }
}

impl Body {
    pub fn as_reader(&mut self) -> std::io::Empty {
        std::io::empty()
    }
}

pub mod tls {
    //! The TLS settings that worker-build asks for.

    pub struct TlsConfig;
    pub struct TlsConfigBuilder;

    pub enum TlsProvider {
        NativeTls,
    }

    pub enum RootCerts {
        PlatformVerifier,
    }

    impl TlsConfig {
        pub fn builder() -> TlsConfigBuilder {
            TlsConfigBuilder
        }
    }

    impl TlsConfigBuilder {
        pub fn provider(self, _provider: TlsProvider) -> Self {
            self
        }

        pub fn root_certs(self, _certificates: RootCerts) -> Self {
            self
        }

        pub fn build(self) -> TlsConfig {
            TlsConfig
        }
    }
}
