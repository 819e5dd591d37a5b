//! Ids: a prefix that names the kind and 26 characters of lower-case Crockford base32 over a UUIDv7.
//!
//! Guarantees: an id has exactly one spelling, sorts by the time it was made, and a parsed id is of its kind.
//! Relies on: RFC 9562 section 5.7 for the UUID's layout.

use std::fmt;
use std::marker::PhantomData;

/// The digits of Crockford's base32, lower case.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 128 bits at 5 bits a digit.
const LENGTH: usize = 26;

/// What an id names; the prefix is part of every printed id.
pub trait Kind {
    /// The prefix with its underscore, such as `prd_`.
    const PREFIX: &'static str;
}

macro_rules! kinds {
    ($($marker:ident $alias:ident $prefix:literal $what:literal;)*) => {$(
        #[doc = concat!("Marks the id of ", $what, ".")]
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub struct $marker;
        impl Kind for $marker {
            const PREFIX: &'static str = $prefix;
        }
        #[doc = concat!("The id of ", $what, ": `", $prefix, "…`.")]
        pub type $alias = Id<$marker>;
    )*};
}

kinds! {
    Store StoreId "str_" "a store";
    User UserId "usr_" "a user";
    Session SessionId "ses_" "a user's session";
    Product ProductId "prd_" "a product";
    Variant VariantId "var_" "a product's variant";
    Image ImageId "img_" "a product's image";
    Job JobId "job_" "a job";
    Location LocationId "loc_" "a stock location";
    Event EventId "evt_" "an event";
    Key KeyId "key_" "an API key";
    Hold HoldId "hld_" "a hold";
    Order OrderId "ord_" "an order";
    Alert AlertId "alr_" "a low-stock alert";
    Webhook WebhookId "whk_" "a webhook endpoint";
    Delivery DeliveryId "dlv_" "the delivery of an event to an endpoint";
}

/// A typed, time-sortable id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id<K> {
    bits: u128,
    kind: PhantomData<K>,
}

impl<K: Kind> Id<K> {
    /// A new id for a moment (Unix milliseconds) and ten random bytes.
    pub fn new(at_ms: i64, random: [u8; 10]) -> Self {
        let at_ms = u64::try_from(at_ms).unwrap_or(0);
        let uuid = uuid::Builder::from_unix_timestamp_millis(at_ms, &random).into_uuid();
        Self { bits: uuid.as_u128(), kind: PhantomData }
    }

    /// The id that `text` spells; `None` for another prefix, length, alphabet or a number over 128 bits.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self { bits: bits(K::PREFIX, text)?, kind: PhantomData })
    }
}

/// Whether `text` spells an id with that prefix.
pub fn is_spelt(prefix: &str, text: &str) -> bool {
    bits(prefix, text).is_some()
}

fn bits(prefix: &str, text: &str) -> Option<u128> {
    let digits = text.strip_prefix(prefix).filter(|digits| digits.len() == LENGTH)?;
    digits.bytes().try_fold(0_u128, |bits, digit| {
        let value = DIGITS.iter().position(|known| *known == digit)?;
        bits.checked_mul(32)?.checked_add(u128::try_from(value).ok()?)
    })
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::PREFIX)?;
        for place in (0..LENGTH).rev() {
            let digit = usize::try_from((self.bits >> (place * 5)) & 31).unwrap_or(0);
            let letter = DIGITS.get(digit).copied().unwrap_or(b'0');
            fmt::Write::write_char(f, char::from(letter))?;
        }
        Ok(())
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn id_format_unchanged() {
        let id = ProductId::new(1_700_000_000_000, [0xab; 10]);
        assert_eq!(id.to_string(), "prd_01hf7yat00fentqaxbnentqaxb");
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        for text in ["", "prd_", "str_01hf7yat00fapaqaxbneyqpfbb", "prd_01HF7YAT00FAPAQAXBNEYQPFBB"] {
            assert_eq!(ProductId::parse(text), None, "{text}");
        }
        assert_eq!(ProductId::parse("prd_zzzzzzzzzzzzzzzzzzzzzzzzzz"), None, "more than 128 bits");
        assert_eq!(ProductId::parse("prd_01hf7yat00fapaqaxbneyqpfbu"), None, "u is no digit");
    }

    proptest! {
        #[test]
        fn prints_and_parses_back(at_ms in 0i64..281_474_976_710_655, random: [u8; 10]) {
            let id = StoreId::new(at_ms, random);
            prop_assert_eq!(StoreId::parse(&id.to_string()), Some(id));
        }

        #[test]
        fn sorts_by_time(a in 0i64..1_000_000, b in 0i64..1_000_000, random: [u8; 10]) {
            let (first, second) = (StoreId::new(a, random).to_string(), StoreId::new(b, random).to_string());
            prop_assert_eq!(a.cmp(&b), first.cmp(&second));
        }
    }
}
