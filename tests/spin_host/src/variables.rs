//! Variables: the application's values, what a component sees of them, and `spin:variables`.
//!
//! Guarantees that a host does not start with a required variable unset or a value nobody declared, and that a
//! component reads its own variables only, never those of the application.

use std::collections::BTreeMap;

use wasmtime::component::{Accessor, HasSelf};

use crate::bindings::spin::variables::variables::{Error, Host, HostWithStore};
use crate::error::{HostError, Result};
use crate::guest::GuestState;
use crate::manifest::Variable;
use crate::template;

/// Values by name.
pub type Values = BTreeMap<String, String>;

/// The value of every application variable: the given one, else the default.
pub fn application_values(declared: &BTreeMap<String, Variable>, given: &Values) -> Result<Values> {
    if let Some(unknown) = given.keys().find(|name| !declared.contains_key(*name)) {
        return Err(HostError::Variable(format!("{unknown} was given a value but is not in the manifest")));
    }
    declared.iter().map(|(name, variable)| Ok((name.clone(), value_of(name, variable, given)?))).collect()
}

fn value_of(name: &str, variable: &Variable, given: &Values) -> Result<String> {
    check_name(name).map_err(HostError::Variable)?;
    if variable.required == variable.default.is_some() {
        return Err(HostError::Variable(format!("{name} must either be required or have a default")));
    }
    let value = given.get(name).or(variable.default.as_ref()).cloned();
    value.ok_or_else(|| HostError::Variable(format!("{name} is required and was given no value")))
}

/// A component's own variables, expanded from their templates.
pub fn component_values(templates: &Values, application: &Values) -> Result<Values> {
    templates.iter().map(|(name, text)| Ok((name.clone(), expanded(name, text, application)?))).collect()
}

fn expanded(name: &str, text: &str, application: &Values) -> Result<String> {
    check_name(name).map_err(HostError::Variable)?;
    template::expand(text, application).map_err(|reason| HostError::Variable(format!("{name}: {reason}")))
}

/// Spin's rule for names: lower-case letters, digits and single underscores between them, a letter first.
fn check_name(name: &str) -> std::result::Result<(), String> {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase());
    if starts_well && name.chars().all(allowed) && !name.ends_with('_') && !name.contains("__") {
        return Ok(());
    }
    Err(format!(
        "{name:?} is no valid name: lower-case letters, digits and single underscores, a letter first"
    ))
}

impl Host for GuestState {}

impl<T: Send> HostWithStore<T> for HasSelf<GuestState> {
    async fn get(
        guest: &Accessor<T, Self>,
        name: String,
    ) -> wasmtime::Result<std::result::Result<String, Error>> {
        if let Err(reason) = check_name(&name) {
            return Ok(Err(Error::InvalidName(reason)));
        }
        let value = guest.with(|mut access| access.get().grants.variables.get(&name).cloned());
        Ok(value.ok_or(Error::Undefined(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(default: Option<&str>) -> BTreeMap<String, Variable> {
        let text = match default {
            Some(value) => format!("default = {value:?}"),
            None => "required = true".to_owned(),
        };
        [("token".to_owned(), toml::from_str(&text).unwrap())].into()
    }

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_given_value_beats_the_default() {
        let declared = declared(Some("plain"));
        assert_eq!(application_values(&declared, &values(&[])).unwrap()["token"], "plain");
        assert_eq!(application_values(&declared, &values(&[("token", "given")])).unwrap()["token"], "given");
    }

    #[test]
    fn a_required_variable_without_a_value_is_refused() {
        let refusal = application_values(&declared(None), &values(&[])).unwrap_err();
        assert!(refusal.to_string().contains("token is required"));
    }

    #[test]
    fn a_value_that_nobody_declared_is_refused() {
        let refusal =
            application_values(&declared(None), &values(&[("token", "x"), ("tokn", "x")])).unwrap_err();
        assert!(refusal.to_string().contains("tokn"));
    }

    #[test]
    fn a_variable_is_required_or_has_a_default_but_not_both() {
        for text in ["", "required = true\ndefault = \"x\""] {
            let declared = [("token".to_owned(), toml::from_str(text).unwrap())].into();
            assert!(application_values(&declared, &values(&[])).is_err(), "{text}");
        }
    }

    #[test]
    fn a_component_sees_its_templates_expanded_and_nothing_else() {
        let own = component_values(
            &values(&[("url", "https://{{ host }}/")]),
            &values(&[("host", "a"), ("b", "c")]),
        );
        assert_eq!(own.unwrap(), values(&[("url", "https://a/")]));
        assert!(component_values(&values(&[("url", "{{ nobody }}")]), &values(&[])).is_err());
    }

    #[test]
    fn names_follow_spins_rule() {
        for good in ["a", "abc", "a1b2", "a_1_b"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in ["", "aX", "1a", "_x", "x_", "a__b", "x-y", "x.y"] {
            assert!(check_name(bad).is_err(), "{bad}");
        }
    }
}
