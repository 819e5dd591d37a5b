//! `cargo xtask token-key`: the keys that sign and check the access tokens of a deployment.
//!
//! Guarantees: the file can be read by this user alone and none is overwritten; a rotated set takes the tokens of the
//! key before until it ends, and holds one private half. Relies on: `storeroom_web::tokens` for what a set may be.

use crate::secrets;
use crate::tokens::{in_file, milliseconds_now};
use anyhow::{Result, anyhow, bail};
use clap::Args;
use std::path::{Path, PathBuf};
use storeroom_web::tokens::{BadKeySet, DEV_KID, Jwk, KeySet, Signer, TokenKeys};

/// Options of `cargo xtask token-key`.
#[derive(Args)]
pub struct Options {
    /// The new key's name, such as the month: 2026-11.
    #[arg(long)]
    kid: String,
    /// Where the set goes, a secret. Keep it out of the checkout.
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
    /// The set whose keys the new one takes the place of.
    #[arg(long, value_name = "FILE")]
    rotate: Option<PathBuf>,
    /// How long tokens of the keys before are still taken; 0 drops a key that leaked at once.
    #[arg(long, value_name = "HOURS", default_value_t = 24, requires = "rotate")]
    keep_hours: u32,
}

/// Makes the set.
pub fn run(options: &Options) -> Result<()> {
    if options.kid.starts_with(DEV_KID) {
        bail!("a name that begins with dev- is for development keys, which a deployment refuses.");
    }
    if options.out.exists() {
        bail!("{} is there already: nothing was written.", options.out.display());
    }
    let before = options.rotate.as_deref().map(load).transpose()?;
    let before = before.unwrap_or(KeySet { keys: Vec::new() });
    let now_s = i64::try_from(milliseconds_now() / 1000)?;
    let ends_at_s = now_s.saturating_add(i64::from(options.keep_hours) * 3_600);
    let set = rotated(&before, &Signer::generate(&options.kid), now_s, ends_at_s);
    let set = set.map_err(|bad| anyhow!("nothing was written: {}.", bad.0))?;
    secrets::write(&options.out, &set.to_json())?;
    println!("{} holds TOKEN_KEYS: {}.", options.out.display(), described(&set));
    Ok(())
}

fn load(file: &Path) -> Result<KeySet> {
    let text = secrets::read(file)?;
    TokenKeys::parse(&text).and_then(|_| KeySet::parse(&text)).map_err(|bad| in_file(file, bad))
}

/// The set with a new key that signs; the others end at `ends_at_s` or when they were to end anyway.
fn rotated(before: &KeySet, new: &Signer, now_s: i64, ends_at_s: i64) -> Result<KeySet, BadKeySet> {
    let retired = before.keys.iter().map(|key| Jwk {
        d: None,
        exp: Some(key.exp.map_or(ends_at_s, |end_s| end_s.min(ends_at_s))),
        ..key.clone()
    });
    let kept = retired.filter(|key| !key.has_ended(now_s));
    let set = KeySet { keys: std::iter::once(new.secret_jwk()).chain(kept).collect() };
    TokenKeys::parse(&set.to_json()).map(|_| set)
}

fn described(set: &KeySet) -> String {
    let texts = set.keys.iter().map(|key| match key.exp {
        Some(end_s) => format!("{} is taken until {end_s} (Unix seconds)", key.kid),
        None => format!("{} signs", key.kid),
    });
    texts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::{KeySet, Options, Signer, rotated, run};
    use std::os::unix::fs::PermissionsExt;
    use std::path::PathBuf;
    use storeroom_web::tokens::TokenKeys;

    const NOW_S: i64 = 1_795_167_000;
    const DAY_S: i64 = 86_400;

    fn names(set: &KeySet) -> Vec<(&str, bool, Option<i64>)> {
        set.keys.iter().map(|key| (key.kid.as_str(), key.d.is_some(), key.exp)).collect()
    }

    fn next(before: &KeySet, kid: &str, now_s: i64) -> KeySet {
        rotated(before, &Signer::generate(kid), now_s, now_s + DAY_S).unwrap()
    }

    #[test]
    fn old_keys_end_and_are_dropped_then() {
        let first = next(&KeySet { keys: Vec::new() }, "one", NOW_S);
        assert_eq!(names(&first), [("one", true, None)]);
        let second = next(&first, "two", NOW_S);
        assert_eq!(names(&second), [("two", true, None), ("one", false, Some(NOW_S + DAY_S))]);
        let third = next(&second, "three", NOW_S + 60);
        let ends = [Some(NOW_S + 60 + DAY_S), Some(NOW_S + DAY_S)];
        assert_eq!(names(&third), [("three", true, None), ("two", false, ends[0]), ("one", false, ends[1])]);
        let later = next(&third, "four", NOW_S + DAY_S);
        assert_eq!(names(&later).iter().map(|key| key.0).collect::<Vec<_>>(), ["four", "three", "two"]);
    }

    #[test]
    fn a_key_that_leaked_is_dropped_at_once() {
        let first = next(&KeySet { keys: Vec::new() }, "one", NOW_S);
        let second = next(&first, "two", NOW_S);
        let new = rotated(&second, &Signer::generate("three"), NOW_S, NOW_S).unwrap();
        assert_eq!(names(&new), [("three", true, None)]);
    }

    #[test]
    fn a_set_that_a_deployment_would_refuse_is_not_made() {
        let first = next(&KeySet { keys: Vec::new() }, "one", NOW_S);
        assert!(rotated(&first, &Signer::generate("one"), NOW_S, NOW_S + 1).is_err());
        let full = (2..=8).fold(first, |set, n| next(&set, &n.to_string(), NOW_S));
        assert!(rotated(&full, &Signer::generate("9"), NOW_S, NOW_S + 1).is_err());
    }

    #[test]
    fn files_are_private_and_never_overwritten() {
        let folder = std::env::temp_dir().join(format!("storeroom-token-key-{}", std::process::id()));
        let options = |kid: &str, out: &str, rotate: Option<PathBuf>| Options {
            kid: kid.to_owned(),
            out: folder.join(out),
            rotate,
            keep_hours: 24,
        };
        let first = options("2026-11", "first.json", None);
        run(&first).unwrap();
        let text = std::fs::read_to_string(&first.out).unwrap();
        assert_eq!(std::fs::metadata(&first.out).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(TokenKeys::parse(&text).unwrap().signer.is_some());
        assert!(run(&options("2026-12", "first.json", None)).is_err());
        let second = options("2026-12", "second.json", Some(first.out.clone()));
        run(&second).unwrap();
        let keys = TokenKeys::parse(&std::fs::read_to_string(&second.out).unwrap()).unwrap();
        assert_eq!(keys.signer.unwrap().kid(), "2026-12");
        assert_eq!(std::fs::read_to_string(&first.out).unwrap(), text, "the old file stays as it was");
        assert!(run(&options("dev-1", "third.json", None)).is_err() && !folder.join("third.json").exists());
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
