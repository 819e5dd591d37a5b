//! What a deployment sets, parsed once an isolate.

use crate::limits::Limits;
use storeroom_operations::Capability;
use storeroom_web::tokens::Verifier;

/// Where the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On a developer's machine: keys for development are taken.
    Local,
    /// For others: they are not.
    Production,
}

/// The settings of an isolate. They hold caches that may vanish with it, nothing else.
pub struct Settings {
    /// Checks access tokens.
    pub verifier: Verifier,
    /// Counts requests; `None` when limits are off.
    pub limits: Option<Limits>,
    /// What the host offers.
    pub capabilities: &'static [Capability],
}

/// A setting that cannot be used: a sentence that names it, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(pub String);

impl Settings {
    /// Settings from the deployment's texts: `ENVIRONMENT`, `TOKEN_KEYS` and `RATE_LIMITS`.
    pub fn parse(
        environment: &str,
        token_keys: &str,
        rate_limits: &str,
        capabilities: &'static [Capability],
    ) -> Result<Self, SettingsError> {
        let mode = mode(environment)?;
        let verifier = Verifier::new(token_keys).map_err(|bad| SettingsError(bad.0))?;
        if mode == Mode::Production && verifier.has_dev_keys() {
            let sentence =
                "TOKEN_KEYS holds a key for development (its kid begins with dev-): make one for production";
            return Err(SettingsError(sentence.to_owned()));
        }
        let limits = match rate_limits {
            "on" => Some(Limits::default()),
            "off" => None,
            _ => return Err(SettingsError("RATE_LIMITS must be `on` or `off`".to_owned())),
        };
        Ok(Self { verifier, limits, capabilities })
    }
}

fn mode(environment: &str) -> Result<Mode, SettingsError> {
    match environment {
        "local" => Ok(Mode::Local),
        "production" => Ok(Mode::Production),
        _ => Err(SettingsError("ENVIRONMENT must be `local` or `production`".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_web::tokens::Signer;

    fn parse(environment: &str, kid: &str, limits: &str) -> Result<Settings, String> {
        Settings::parse(environment, &Signer::generate(kid).jwks(), limits, &[]).map_err(|error| error.0)
    }

    #[test]
    fn development_keys_stay_at_home() {
        assert!(parse("local", "dev-1", "off").is_ok_and(|settings| settings.limits.is_none()));
        assert!(parse("production", "2026-11", "on").is_ok_and(|settings| settings.limits.is_some()));
        assert!(parse("production", "dev-1", "on").is_err_and(|error| error.contains("TOKEN_KEYS")));
    }

    #[test]
    fn bad_settings_are_named() {
        assert!(parse("staging", "k", "on").is_err_and(|error| error.contains("ENVIRONMENT")));
        assert!(parse("local", "k", "maybe").is_err_and(|error| error.contains("RATE_LIMITS")));
        assert!(Settings::parse("local", "", "on", &[]).is_err_and(|error| error.0.contains("TOKEN_KEYS")));
    }
}
