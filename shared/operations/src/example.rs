//! Values that fit a shape, made from its description.
//!
//! Guarantees: `validate` finds no fault in them (tested for the body and the answer of every operation).

use crate::schema::{Format, Object, Schema};
use serde_json::{Map, Value, json};

/// How much of an object an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only what is required; what can be `null` is, lists and maps are empty.
    Least,
    /// Every member; a list or a map has one item.
    Fullest,
}

/// An object of that shape.
pub fn object(shape: &Object, extent: Extent) -> Value {
    let shown = shape.fields.iter().filter(|field| field.required || extent == Extent::Fullest);
    shown.map(|field| (field.name.to_owned(), value(&field.schema, extent))).collect::<Map<_, _>>().into()
}

/// A value of that kind.
pub fn value(schema: &Schema, extent: Extent) -> Value {
    let is_least = extent == Extent::Least;
    match schema {
        Schema::Text { min, format, .. } => json!(text(*min, *format)),
        Schema::Integer { min, .. } => json!(min),
        Schema::Boolean => json!(true),
        Schema::OneOf(words) => json!(words.first()),
        Schema::List { .. } if is_least => json!([]),
        Schema::List { items, .. } => json!([value(items, extent)]),
        Schema::Object(shape) => object(shape, extent),
        Schema::Map { .. } if is_least => json!({}),
        Schema::Map { values, .. } => json!({"a": value(values, extent)}),
        Schema::Nullable(_) if is_least => Value::Null,
        Schema::Nullable(inner) => value(inner, extent),
        Schema::Anything => json!(true),
    }
}

fn text(min: usize, format: Format) -> String {
    match format {
        Format::Line | Format::Lines | Format::Handle | Format::Password => "a".repeat(min.max(1)),
        Format::Id(prefix) => format!("{prefix}{}", "0".repeat(26)),
        Format::Time => "2026-11-20T09:30:00.000Z".to_owned(),
        Format::Date => "2026-11-20".to_owned(),
        Format::Currency => "EUR".to_owned(),
        Format::Email => "ann@example.org".to_owned(),
        Format::Timezone => "Europe/Berlin".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operation::Answer;
    use crate::shapes::{
        account, audit, dashboard, event, incoming, inventory, job, key, member, product, revision, store,
    };
    use crate::table::operations;
    use crate::validate::validate;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    const EXTENTS: [Extent; 2] = [Extent::Least, Extent::Fullest];

    fn examples(shape: &'static Object) -> [Value; 2] {
        EXTENTS.map(|extent| {
            let example = object(shape, extent);
            assert_eq!(validate(&Schema::Object(shape), &example), [], "{}: {example}", shape.name);
            example
        })
    }

    #[test]
    fn fit_every_body_and_every_answer() {
        for operation in operations() {
            let row = operation.row();
            if let Some(body) = &row.body {
                body.shapes().for_each(|shape| drop(examples(shape)));
                let mut least = body.shapes().map(|shape| object(shape, Extent::Least));
                assert!(
                    !body.optional || least.all(|least| least == json!({})),
                    "{}: left out, it is empty",
                    row.name
                );
            }
            if let Answer::Json(shape) | Answer::Table(shape) = row.answer {
                examples(shape);
            }
        }
    }

    /// The type takes whatever the shape allows.
    fn takes<T: DeserializeOwned>(shape: &'static Object) {
        for example in examples(shape) {
            let read = serde_json::from_value::<T>(example.clone());
            assert!(read.is_ok(), "{}: {:?}: {example}", shape.name, read.err());
        }
        let unknown = json!({"unknown_member": 1});
        assert!(serde_json::from_value::<T>(unknown).is_err(), "{} takes what it does not know", shape.name);
    }

    /// The type says what the shape says, member by member and in that order.
    fn says<T: DeserializeOwned + Serialize>(shape: &'static Object) {
        for example in examples(shape) {
            let read: T = serde_json::from_value(example.clone()).unwrap();
            let text = serde_json::to_string(&read).unwrap();
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), example, "{}", shape.name);
            let mut from = 0;
            for field in shape.fields.iter().filter(|field| example.get(field.name).is_some()) {
                let name = format!("\"{}\":", field.name);
                let place = text.get(from..).and_then(|rest| rest.find(&name));
                from += place.unwrap_or_else(|| panic!("{}: {name} is out of order in {text}", shape.name));
            }
        }
    }

    #[test]
    fn types_take_their_bodies() {
        takes::<account::RegisterInput>(&account::REGISTER_INPUT);
        takes::<account::LoginInput>(&account::LOGIN_INPUT);
        takes::<account::RefreshInput>(&account::REFRESH_INPUT);
        takes::<account::UserPatch>(&account::USER_PATCH);
        takes::<account::PasswordInput>(&account::PASSWORD_INPUT);
        takes::<account::AcceptInput>(&account::ACCEPT_INPUT);
        takes::<store::StoreInput>(&store::STORE_INPUT);
        takes::<store::StorePatch>(&store::STORE_PATCH);
        takes::<member::InviteInput>(&member::INVITE_INPUT);
        takes::<member::MemberPatch>(&member::MEMBER_PATCH);
        takes::<key::KeyInput>(&key::KEY_INPUT);
        takes::<key::RotateInput>(&key::ROTATE_INPUT);
        takes::<inventory::LocationInput>(&inventory::LOCATION_INPUT);
        takes::<inventory::AdjustInput>(&inventory::ADJUST_INPUT);
        takes::<inventory::SetInput>(&inventory::SET_INPUT);
        takes::<inventory::TransferInput>(&inventory::TRANSFER_INPUT);
        takes::<inventory::ThresholdsInput>(&inventory::THRESHOLDS_INPUT);
        takes::<inventory::ReconcileInput>(&inventory::RECONCILE_INPUT);
        takes::<dashboard::TargetsPatch>(&dashboard::TARGETS_PATCH);
        takes::<product::ProductInput>(&product::PRODUCT_INPUT);
        takes::<product::PublishInput>(&product::PUBLISH_INPUT);
        incoming::PRODUCT_KINDS.iter().for_each(|kind| takes::<incoming::ProductEvent>(kind));
        incoming::INVENTORY_KINDS.iter().for_each(|kind| takes::<incoming::InventoryEvent>(kind));
        incoming::ORDER_KINDS.iter().for_each(|kind| takes::<incoming::OrderEvent>(kind));
    }

    #[test]
    fn types_say_their_shapes() {
        says::<job::Job>(&job::JOB);
        says::<account::User>(&account::USER);
        says::<account::Membership>(&account::MEMBERSHIP);
        says::<account::Me>(&account::ME);
        says::<account::SignedIn>(&account::SIGNED_IN);
        says::<account::Registration>(&account::REGISTRATION);
        says::<store::Store>(&store::STORE);
        says::<member::Member>(&member::MEMBER);
        says::<member::Invite>(&member::INVITE);
        says::<key::Key>(&key::KEY);
        says::<key::NewKey>(&key::NEW_KEY);
        says::<key::KeyUsage>(&key::KEY_USAGE);
        says::<audit::AuditEntry>(&audit::AUDIT_ENTRY);
        says::<audit::AuditVerdict>(&audit::AUDIT_VERDICT);
        says::<event::Event>(&event::EVENT);
        says::<inventory::Location>(&inventory::LOCATION);
        says::<inventory::Level>(&inventory::LEVEL);
        says::<inventory::Movement>(&inventory::MOVEMENT);
        says::<inventory::Alert>(&inventory::ALERT);
        says::<inventory::Reconciliation>(&inventory::RECONCILIATION);
        says::<dashboard::Dashboard>(&dashboard::DASHBOARD);
        says::<dashboard::SalesReport>(&dashboard::SALES_REPORT);
        says::<dashboard::SoldProduct>(&dashboard::SOLD_PRODUCT);
        says::<dashboard::Targets>(&dashboard::TARGETS);
        says::<dashboard::SalesUpdated>(&dashboard::SALES_UPDATED);
        says::<product::Product>(&product::PRODUCT);
        says::<revision::Revision>(&revision::REVISION);
        says::<revision::WholeRevision>(&revision::WHOLE_REVISION);
        says::<product::CatalogProduct>(&product::CATALOG_PRODUCT);
    }
}
