//! `cargo xtask deploy-check`: everything about a deployment that can be known before it.
//!
//! Guarantees: each check that fails is one sentence that says what to change; nothing is sent anywhere.
//! Relies on: `wrangler deploy --dry-run` for the bundle; the tests for the routes of spin.toml.

use crate::checkout::Checkout;
use crate::command::output;
use crate::progress::Progress;
use crate::setup::{self, node};
use crate::tokens::in_file;
use crate::{secrets, spin, worker};
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use flate2::Compression;
use flate2::write::GzEncoder;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use storeroom_operations::table::operations;
use storeroom_web::master::MasterKey;
use storeroom_web::tokens::TokenKeys;

/// What wrangler.toml requires as a secret, and so must not hold.
const SECRETS: [&str; 3] = ["DATABASE_TOKEN", "TOKEN_KEYS", "MASTER_KEY"];

/// The size that Cloudflare takes, gzipped, on the paid plan.
const MAX_GZIPPED: usize = 10 * 1024 * 1024;

/// Options of `cargo xtask deploy-check`.
#[derive(Args)]
pub struct Options {
    /// The token keys of the deployment, a JWKS file: must be fit for production and able to sign.
    #[arg(long, value_name = "FILE")]
    token_keys: Option<PathBuf>,
    /// The master key of the deployment: must be fit for production.
    #[arg(long, value_name = "FILE")]
    master_key: Option<PathBuf>,
}

/// Checks the Worker's bundle, the Spin manifest and the settings.
pub fn run(checkout: &Checkout, options: &Options) -> Result<()> {
    let mut progress = Progress::new(setup::TO_RUN.len() + 4);
    setup::install(checkout, &setup::TO_RUN, &mut progress)?;
    progress.step("building the Worker", || worker::build(checkout))?;
    let size = progress.step("wrangler deploy --dry-run", || dry_run(checkout))?;
    progress.step("spin.toml against the routes", || spin_manifest(checkout))?;
    progress.step("settings and secrets", || {
        let text = fs::read_to_string(checkout.path("wrangler.toml")).context("there is no wrangler.toml")?;
        settings(&text)?;
        options.token_keys.as_deref().map_or(Ok(()), token_keys)?;
        options.master_key.as_deref().map_or(Ok(()), master_key)
    })?;
    println!(
        "\nThe Worker has {} KB gzipped. Set the secrets that README.md names, then `npx wrangler deploy`.",
        size / 1024
    );
    println!(
        "Sign-in by password needs Cloudflare's paid plan: Argon2id takes more CPU than the free plan's 10 ms."
    );
    Ok(())
}

/// Bundles as a deployment would and returns the size of the modules, gzipped.
fn dry_run(checkout: &Checkout) -> Result<usize> {
    let folder = checkout.state("dry-run")?;
    let _ = fs::remove_dir_all(&folder);
    let mut wrangler = node::command(checkout, "wrangler/bin/wrangler.js")?;
    wrangler.args(["deploy", "--dry-run", "--outdir"]).arg(&folder);
    wrangler.env("WRANGLER_SEND_METRICS", "false").env("NO_COLOR", "1");
    output(&mut wrangler).context("wrangler refuses wrangler.toml or the bundle")?;
    let size = gzipped(&folder)?;
    if size > MAX_GZIPPED {
        bail!("the Worker has {size} bytes gzipped, more than the {MAX_GZIPPED} that Cloudflare takes.");
    }
    Ok(size)
}

/// The size of a bundle's modules, gzipped each, without source maps.
pub fn gzipped(folder: &Path) -> Result<usize> {
    let mut total = 0;
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        let is_module = path.extension().is_some_and(|ending| ending == "js" || ending == "wasm");
        if is_module {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
            encoder.write_all(&fs::read(&path)?)?;
            total += encoder.finish()?.len();
        }
    }
    Ok(total)
}

/// Every operation's family has a component, and every component is built from this workspace.
fn spin_manifest(checkout: &Checkout) -> Result<()> {
    let text = fs::read_to_string(checkout.path("spin.toml")).context("there is no spin.toml")?;
    for operation in operations() {
        let family = operation.family();
        if !text.contains(&format!("[component.{family}]")) {
            bail!("spin.toml has no component `{family}`, which {} belongs to.", operation.row().path);
        }
    }
    for component in spin::components(checkout)? {
        let artefact = format!("{}.wasm", component.replace('-', "_"));
        if !text.contains(&artefact) {
            bail!("spin.toml names no source {artefact}: the component {component} would not be deployed.");
        }
    }
    Ok(())
}

/// Whether the text of wrangler.toml is fit for production.
fn settings(wrangler: &str) -> Result<()> {
    let wrangler = without_comments(wrangler);
    let value = |name: &str| value(&wrangler, name);
    if value("ENVIRONMENT") != Some("\"production\"") {
        bail!(
            "wrangler.toml must say ENVIRONMENT = \"production\": anything else takes keys for development."
        );
    }
    if value("RATE_LIMITS").is_none_or(|limits| limits.contains("off")) {
        bail!("wrangler.toml must say RATE_LIMITS = \"on\" or give numbers: off is for load tests.");
    }
    if value("CORS_ORIGINS").is_some_and(|origins| origins.contains('*') || origins.contains("http://")) {
        bail!("wrangler.toml must list origins that begin with https:// in CORS_ORIGINS.");
    }
    if value("WEBHOOK_TARGETS").is_some_and(|targets| targets.contains("local")) {
        bail!("wrangler.toml must say WEBHOOK_TARGETS = \"public\": local is for development.");
    }
    let required = value("required").context("wrangler.toml has no `required` under [secrets]")?;
    for name in SECRETS {
        if value(name).is_some() {
            bail!(
                "wrangler.toml holds {name}: it is a secret, set it with `npx wrangler secret put {name}`."
            );
        }
        if !required.contains(&format!("\"{name}\"")) {
            bail!(
                "wrangler.toml must require {name} under [secrets], so that no deployment goes without it."
            );
        }
    }
    if value("DATABASE_URL").is_none() {
        bail!("wrangler.toml sets no DATABASE_URL under [vars]: without it every request is answered 503.");
    }
    Ok(())
}

fn without_comments(toml: &str) -> String {
    let lines = toml.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

/// What stands behind `name =` on a line of its own.
fn value<'a>(toml: &'a str, name: &str) -> Option<&'a str> {
    toml.lines().find_map(|line| {
        let (known, value) = line.split_once('=')?;
        (known.trim().trim_matches(['"', '\'']) == name).then_some(value.trim())
    })
}

fn token_keys(file: &Path) -> Result<()> {
    let keys = TokenKeys::parse(&secrets::read(file)?).map_err(|bad| in_file(file, bad))?;
    if keys.verifier.has_dev_keys() {
        bail!("{} holds a key for development: make one for production.", file.display());
    }
    if keys.signer.is_none() {
        bail!("{} holds no private half: nobody could sign in.", file.display());
    }
    Ok(())
}

fn master_key(file: &Path) -> Result<()> {
    let key = MasterKey::parse(&secrets::read(file)?);
    let key = key.map_err(|bad| anyhow!("{}: {}", file.display(), bad.0))?;
    if key.is_dev() {
        bail!("{} is a key for development: make one by `cargo xtask master-key`.", file.display());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{master_key, settings, token_keys};
    use crate::secrets;
    use std::path::PathBuf;
    use storeroom_web::tokens::Signer;

    const FIT: &str = "# TOKEN_KEYS = \"…\"\n[vars]\nENVIRONMENT = \"production\"\nRATE_LIMITS = \"on\"\nCORS_ORIGINS = \"\"\n\
        WEBHOOK_TARGETS = \"public\"\nDATABASE_URL = \"https://db.example\"\n[secrets]\nrequired = [\"DATABASE_TOKEN\", \"TOKEN_KEYS\", \"MASTER_KEY\"]\n";

    fn refusal(wrangler: &str) -> String {
        settings(wrangler).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn settings_fit_for_production_pass() {
        assert_eq!(refusal(FIT), "");
        assert_eq!(refusal(&FIT.replace("\"on\"", "\"read=600,auth=10\"")), "");
        assert_eq!(refusal(&FIT.replace("CORS_ORIGINS = \"\"", "CORS_ORIGINS = \"https://a.example\"")), "");
    }

    #[test]
    fn the_setting_that_is_not_fit_is_named() {
        for (from, to, name) in [
            ("\"production\"", "\"local\"", "ENVIRONMENT"),
            ("\"on\"", "\"off\"", "RATE_LIMITS"),
            ("CORS_ORIGINS = \"\"", "CORS_ORIGINS = \"*\"", "CORS_ORIGINS"),
            ("CORS_ORIGINS = \"\"", "CORS_ORIGINS = \"http://a.example\"", "CORS_ORIGINS"),
            ("\"public\"", "\"local\"", "WEBHOOK_TARGETS"),
            ("DATABASE_URL", "# DATABASE_URL", "DATABASE_URL"),
            ("[vars]", "[vars]\nTOKEN_KEYS = '{}'", "TOKEN_KEYS"),
            ("[vars]", "[vars]\n\"MASTER_KEY\" = \"…\"", "MASTER_KEY"),
            ("[vars]", "[vars]\n  DATABASE_TOKEN=\"…\"", "DATABASE_TOKEN"),
            ("\"DATABASE_TOKEN\", ", "", "DATABASE_TOKEN"),
            ("required", "wanted", "[secrets]"),
        ] {
            let sentence = refusal(&FIT.replace(from, to));
            assert!(sentence.contains(name), "{to}: {sentence}");
        }
    }

    #[test]
    fn files_for_development_are_refused() {
        let folder = std::env::temp_dir().join(format!("storeroom-deploy-check-{}", std::process::id()));
        let file = |name: &str, text: &str| -> PathBuf {
            let path = folder.join(name);
            secrets::write(&path, text).unwrap();
            path
        };
        let signer = Signer::generate("2026-11");
        assert!(token_keys(&file("good.json", &signer.secret_jwks())).is_ok());
        assert!(token_keys(&file("public.json", &signer.jwks())).is_err());
        assert!(token_keys(&file("dev.json", &Signer::generate("dev-1").secret_jwks())).is_err());
        assert!(master_key(&file("good", &secrets::new_master_key().unwrap())).is_ok());
        assert!(master_key(&file("dev", "dev-master-key-of-a-test")).is_err());
        assert!(master_key(&file("short", "AAAA")).is_err());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
