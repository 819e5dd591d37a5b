//! What a deployment sets, parsed once an instance.
//!
//! Guarantees: settings that cannot be used are refused with a sentence that names the setting and holds no secret;
//! in production a key for development, a set of token keys that cannot sign, an open door to every origin and
//! deliveries to the machine itself are such settings. Relies on: the host, which reads the texts.

use crate::cors::Cors;
use crate::limits::Limits;
use storeroom_operations::Capability;
use storeroom_ports::Targets;
use storeroom_web::master::MasterKey;
use storeroom_web::memory::Memory;
use storeroom_web::passwords::{Cost, Passwords};
use storeroom_web::secrets::Secrets;
use storeroom_web::tokens::TokenKeys;

/// Where the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// On a developer's machine: keys for development are taken.
    Local,
    /// For others: they are not.
    Production,
}

/// The texts of a deployment's settings; empty where one is not set.
#[derive(Clone, Copy, Default)]
pub struct Texts<'a> {
    /// `ENVIRONMENT`: `local` or `production`.
    pub environment: &'a str,
    /// `TOKEN_KEYS`: the keys of the access tokens, a JWKS with a private half.
    pub token_keys: &'a str,
    /// `MASTER_KEY`: what other keys are derived from.
    pub master_key: &'a str,
    /// `RATE_LIMITS`: `on`, `off` or requests a minute by class.
    pub rate_limits: &'a str,
    /// `CORS_ORIGINS`: the origins that may call from a browser, with commas between; may be empty.
    pub cors_origins: &'a str,
    /// `WEBHOOK_TARGETS`: `public` or `local`; may be empty, which is `public`.
    pub webhook_targets: &'a str,
}

/// The settings of an instance. They hold caches that may vanish with it, nothing else.
pub struct Settings {
    /// Keys and the hashing of passwords.
    pub secrets: Secrets,
    /// Counts requests; `None` when limits are off.
    pub limits: Option<Limits>,
    /// Which origins may call from a browser.
    pub cors: Cors,
    /// Where deliveries may go.
    pub targets: Targets,
    /// What the host offers.
    pub capabilities: &'static [Capability],
    /// What large requests take of the process's memory.
    pub memory: Memory,
}

/// A setting that cannot be used: a sentence that names it, for the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsError(pub String);

impl Mode {
    /// The mode that `ENVIRONMENT` says.
    pub fn parse(environment: &str) -> Result<Self, SettingsError> {
        match environment {
            "local" => Ok(Self::Local),
            "production" => Ok(Self::Production),
            "" => Err(not_set("ENVIRONMENT")),
            _ => Err(error("ENVIRONMENT must be `local` or `production`")),
        }
    }

    /// The token of a database server. In production no server is spoken to without one.
    pub fn database_token(self, text: &str) -> Result<Option<&str>, SettingsError> {
        match (self, text) {
            (Self::Production, "") => Err(not_set("DATABASE_TOKEN")),
            (Self::Local, "") => Ok(None),
            _ => Ok(Some(text)),
        }
    }
}

impl Settings {
    /// Settings from a deployment's texts.
    pub fn parse(texts: &Texts<'_>, capabilities: &'static [Capability]) -> Result<Self, SettingsError> {
        let mode = Mode::parse(texts.environment)?;
        let limits = Limits::parse(present("RATE_LIMITS", texts.rate_limits)?);
        Ok(Self {
            secrets: secrets(texts, mode)?,
            limits: limits.map_err(|sentence| named("RATE_LIMITS", sentence))?,
            cors: cors(texts.cors_origins, mode)?,
            targets: targets(texts.webhook_targets, mode)?,
            capabilities,
            memory: Memory::default(),
        })
    }
}

fn secrets(texts: &Texts<'_>, mode: Mode) -> Result<Secrets, SettingsError> {
    let tokens = TokenKeys::parse(present("TOKEN_KEYS", texts.token_keys)?);
    let tokens = tokens.map_err(|bad| SettingsError(bad.0))?;
    let master = MasterKey::parse(present("MASTER_KEY", texts.master_key)?);
    let master = master.map_err(|bad| named("MASTER_KEY", bad.0))?;
    if mode == Mode::Production {
        check_for_production(&tokens, &master)?;
    }
    Ok(Secrets { tokens, master, passwords: Passwords::new(Cost::STANDARD) })
}

fn check_for_production(tokens: &TokenKeys, master: &MasterKey) -> Result<(), SettingsError> {
    if tokens.verifier.has_dev_keys() {
        let sentence =
            "TOKEN_KEYS holds a key for development (its kid begins with dev-): make one for production";
        return Err(error(sentence));
    }
    if tokens.signer.is_none() {
        let sentence = "TOKEN_KEYS holds no private half (`d`), so that nobody could sign in";
        return Err(error(sentence));
    }
    if master.is_dev() {
        return Err(error(
            "MASTER_KEY is a key for development (it begins with dev-): make one for production",
        ));
    }
    Ok(())
}

fn cors(text: &str, mode: Mode) -> Result<Cors, SettingsError> {
    let cors = Cors::parse(text).map_err(|sentence| named("CORS_ORIGINS", sentence))?;
    match cors.without_tls() {
        Some(origin) if mode == Mode::Production => {
            Err(SettingsError(format!("CORS_ORIGINS holds {origin}: it must begin with https://")))
        }
        _ => Ok(cors),
    }
}

fn targets(text: &str, mode: Mode) -> Result<Targets, SettingsError> {
    match (text, mode) {
        ("" | "public", _) => Ok(Targets::Public),
        ("local", Mode::Local) => Ok(Targets::Local),
        ("local", Mode::Production) => Err(error(
            "WEBHOOK_TARGETS must be `public` in production: `local` opens this machine to deliveries",
        )),
        _ => Err(error("WEBHOOK_TARGETS must be `public` or `local`")),
    }
}

fn present<'a>(name: &str, text: &'a str) -> Result<&'a str, SettingsError> {
    if text.is_empty() { Err(not_set(name)) } else { Ok(text) }
}

fn not_set(name: &str) -> SettingsError {
    SettingsError(format!("{name} is not set"))
}

/// The sentence, with the setting's name before it where it does not say it.
fn named(name: &str, sentence: String) -> SettingsError {
    SettingsError(if sentence.contains(name) { sentence } else { format!("{name}: {sentence}") })
}

fn error(sentence: &str) -> SettingsError {
    SettingsError(sentence.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use storeroom_web::tokens::Signer;

    /// 32 bytes.
    const MASTER: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const DEV_MASTER: &str = "dev-master-key-of-the-tests";

    struct Given {
        texts: Texts<'static>,
        kid: &'static str,
        is_private: bool,
    }

    fn production() -> Given {
        let texts = Texts {
            environment: "production",
            token_keys: "",
            master_key: MASTER,
            rate_limits: "on",
            cors_origins: "https://shop.example, https://admin.example:8443",
            webhook_targets: "public",
        };
        Given { texts, kid: "2026-11", is_private: true }
    }

    fn with(change: impl Fn(&mut Given)) -> Given {
        let mut given = production();
        change(&mut given);
        given
    }

    fn parse(given: &Given) -> Result<Settings, String> {
        let signer = Signer::generate(given.kid);
        let keys = if given.is_private { signer.secret_jwks() } else { signer.jwks() };
        let texts = Texts { token_keys: &keys, ..given.texts };
        Settings::parse(&texts, &[]).map_err(|error| {
            assert!(!error.0.contains(MASTER), "{}", error.0);
            error.0
        })
    }

    fn refusal(change: impl Fn(&mut Given)) -> String {
        parse(&with(change)).err().unwrap_or_default()
    }

    #[test]
    fn production_takes_what_is_fit_for_it() {
        let settings = parse(&production()).unwrap();
        assert!(settings.limits.is_some() && settings.secrets.tokens.signer.is_some());
        assert!(!settings.secrets.master.is_dev());
        assert!(parse(&with(|given| given.texts.cors_origins = "")).is_ok());
        assert!(parse(&with(|given| given.texts.rate_limits = "off")).unwrap().limits.is_none());
        assert!(parse(&with(|given| given.texts.rate_limits = "read=10,auth=2")).is_ok());
    }

    #[test]
    fn production_refuses_what_is_not_and_names_it() {
        assert!(refusal(|given| given.kid = "dev-1").contains("TOKEN_KEYS"));
        assert!(refusal(|given| given.is_private = false).contains("TOKEN_KEYS"));
        for master in ["", "AAECAwQF", "not base64", DEV_MASTER] {
            assert!(refusal(|given| given.texts.master_key = master).contains("MASTER_KEY"), "{master}");
        }
        for origins in ["*", "http://shop.example", "https://shop.example, *", "null", "shop.example"] {
            let sentence = refusal(|given| given.texts.cors_origins = origins);
            assert!(sentence.contains("CORS_ORIGINS"), "{origins}: {sentence}");
        }
    }

    #[test]
    fn a_developer_may_use_all_of_it() {
        let local = with(|given| {
            given.texts.environment = "local";
            given.texts.master_key = DEV_MASTER;
            given.texts.cors_origins = "http://127.0.0.1:5173";
            given.kid = "dev-1";
            given.is_private = false;
        });
        assert!(parse(&local).unwrap().secrets.tokens.signer.is_none());
    }

    #[test]
    fn missing_and_bad_settings_are_named() {
        assert_eq!(refusal(|given| given.texts.environment = ""), "ENVIRONMENT is not set");
        assert_eq!(refusal(|given| given.texts.rate_limits = ""), "RATE_LIMITS is not set");
        assert_eq!(refusal(|given| given.texts.master_key = ""), "MASTER_KEY is not set");
        assert!(refusal(|given| given.texts.environment = "staging").contains("ENVIRONMENT"));
        assert!(refusal(|given| given.texts.rate_limits = "maybe").contains("RATE_LIMITS"));
        let texts = Texts { token_keys: "", ..production().texts };
        let missing = Settings::parse(&texts, &[]).err();
        assert_eq!(missing, Some(SettingsError("TOKEN_KEYS is not set".to_owned())));
        let texts = Texts { token_keys: "{}", ..production().texts };
        assert!(Settings::parse(&texts, &[]).is_err_and(|error| error.0.contains("TOKEN_KEYS")));
    }

    #[test]
    fn deliveries_reach_this_machine_only_in_development() {
        let targets = |environment: &'static str, targets: &'static str| {
            let given = with(|given| {
                given.texts.environment = environment;
                given.texts.webhook_targets = targets;
            });
            parse(&given).map(|settings| settings.targets)
        };
        for environment in ["local", "production"] {
            assert_eq!(targets(environment, ""), Ok(Targets::Public));
            assert_eq!(targets(environment, "public"), Ok(Targets::Public));
            for bad in ["Local", "private", " ", "*"] {
                assert!(targets(environment, bad).unwrap_err().contains("WEBHOOK_TARGETS"), "{bad}");
            }
        }
        assert_eq!(targets("local", "local"), Ok(Targets::Local));
        assert!(targets("production", "local").unwrap_err().contains("WEBHOOK_TARGETS"));
    }

    #[test]
    fn production_gives_its_database_a_token() {
        let missing = SettingsError("DATABASE_TOKEN is not set".to_owned());
        assert_eq!(Mode::Production.database_token(""), Err(missing));
        assert_eq!(Mode::Production.database_token("t"), Ok(Some("t")));
        assert_eq!(Mode::Local.database_token(""), Ok(None));
        assert_eq!(Mode::Local.database_token("t"), Ok(Some("t")));
    }
}
