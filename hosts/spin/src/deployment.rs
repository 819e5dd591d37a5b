//! What a deployment sets, and the ports that follow from it.
//!
//! Guarantees: the variables are read once an instance; settings that cannot be used are an error at every request,
//! never a default. In production a database server is spoken to over TLS and with a token only.
//! Relies on: `spin:variables`, whose values do not change while an instance lives, and `spin.toml`, which gives each
//! component these variables.

use crate::CAPABILITIES;
use crate::blobs::KeyValue;
use crate::clock::SystemClock;
use crate::log::StandardStreams;
use crate::outbound::Outbound;
use crate::random::SystemRandom;
use crate::rooms::NoRooms;
use crate::sqlite::Sqlite;
use spin_sdk::variables;
use std::cell::RefCell;
use std::rc::Rc;
use storeroom_gateway::settings::{Mode, Settings, SettingsError, Texts};
use storeroom_hrana::{Hrana, InvalidAddress};
use storeroom_ports::{Database, Direct, MemoryCache, Ports, Targets};

/// What `database_url` says by default: a name that never resolves (RFC 6761), since `allowed_outbound_hosts` takes
/// no empty entry.
const NO_DATABASE: &str = "https://unused.invalid";

/// How long one call to the database may take.
const DATABASE_TIMEOUT_MS: u32 = 10_000;

/// The ports and settings of an instance.
pub struct Deployment {
    /// The ports.
    pub ports: Ports,
    /// The settings.
    pub settings: Settings,
}

thread_local! {
    static CURRENT: RefCell<Option<Rc<Deployment>>> = const { RefCell::new(None) };
}

/// This instance's deployment. Two requests that come first at once may both read it; the later one stays.
pub async fn current() -> Result<Rc<Deployment>, SettingsError> {
    if let Some(known) = CURRENT.with_borrow(Clone::clone) {
        return Ok(known);
    }
    let read = Rc::new(Deployment::read().await?);
    CURRENT.set(Some(read.clone()));
    Ok(read)
}

impl Deployment {
    async fn read() -> Result<Self, SettingsError> {
        let environment = variable("environment").await?;
        let token_keys = variable("token_keys").await?;
        let master_key = variable("master_key").await?;
        let rate_limits = variable("rate_limits").await?;
        let cors_origins = variable("cors_origins").await?;
        let webhook_targets = variable("webhook_targets").await?;
        let address =
            Address { url: variable("database_url").await?, token: variable("database_token").await? };
        let texts = Texts {
            environment: &environment,
            token_keys: &token_keys,
            master_key: &master_key,
            rate_limits: &rate_limits,
            cors_origins: &cors_origins,
            webhook_targets: &webhook_targets,
        };
        let settings = Settings::parse(&texts, CAPABILITIES)?;
        let database = address.database(Mode::parse(&environment)?)?;
        Ok(Self { ports: ports(database, settings.targets), settings })
    }
}

async fn variable(name: &str) -> Result<String, SettingsError> {
    variables::get(name).await.map_err(|error| SettingsError(format!("the variable {name}: {error}")))
}

fn ports(database: Rc<dyn Database>, targets: Targets) -> Ports {
    Ports {
        database,
        rooms: Rc::new(NoRooms),
        blobs: Rc::new(KeyValue),
        http: Rc::new(Outbound),
        targets,
        clock: Rc::new(SystemClock),
        random: Rc::new(SystemRandom),
        log: Rc::new(StandardStreams),
        couriers: None,
        limiter: None,
        cache: Some(Rc::new(MemoryCache::default())),
        later: None,
    }
}

/// Where a libSQL server is.
struct Address {
    url: String,
    token: String,
}

impl Address {
    /// The libSQL server at the address, or Spin's own SQLite when there is none.
    fn database(&self, mode: Mode) -> Result<Rc<dyn Database>, SettingsError> {
        if self.is_none() {
            return Ok(Rc::new(Direct(Sqlite)));
        }
        let is_local = mode == Mode::Local;
        let is_fit = self.url.starts_with("https://") || (is_local && self.url.starts_with("http://"));
        if !is_fit {
            let sentence = "database_url must begin with https:// (or http:// if the environment is `local`)";
            return Err(SettingsError(sentence.to_owned()));
        }
        let token = mode.database_token(&self.token)?;
        let server = Hrana::new(Rc::new(Outbound), &self.url, token, DATABASE_TIMEOUT_MS);
        Ok(Rc::new(Direct(server.map_err(|InvalidAddress(sentence)| SettingsError(sentence))?)))
    }

    fn is_none(&self) -> bool {
        matches!(self.url.trim_end_matches('/'), "" | NO_DATABASE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(url: &str) -> Address {
        Address { url: url.to_owned(), token: "token".to_owned() }
    }

    #[test]
    fn the_default_is_spins_own_database() {
        for url in ["", NO_DATABASE, "https://unused.invalid/"] {
            let own = Address { url: url.to_owned(), token: String::new() };
            assert!(own.is_none() && own.database(Mode::Production).is_ok(), "{url}");
        }
        assert!(!address("https://db.example").is_none());
    }

    #[test]
    fn production_speaks_tls() {
        for url in ["http://db.example", "libsql://db.example", "db.example"] {
            assert!(address(url).database(Mode::Production).is_err(), "{url}");
        }
        assert!(address("http://127.0.0.1:8080").database(Mode::Local).is_ok());
        assert!(address("https://db.example").database(Mode::Production).is_ok());
    }

    #[test]
    fn production_has_a_token() {
        let bare = Address { url: "https://db.example".to_owned(), token: String::new() };
        let refused = bare.database(Mode::Production).err();
        assert!(refused.is_some_and(|error| error.0.contains("DATABASE_TOKEN")));
        assert!(bare.database(Mode::Local).is_ok());
    }
}
