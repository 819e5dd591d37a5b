//! `GET /.well-known/jwks.json`, RFC 7517.

use storeroom_web::{Answer, Call};

/// For how long others may keep the keys, in seconds: a new key is published that long before it signs.
const MAX_AGE_S: i64 = 300;

/// The public keys of the access tokens.
pub fn read(call: &Call<'_>) -> Answer {
    Answer::json(200, call.secrets.tokens.published(call.now)).public(MAX_AGE_S).hashed()
}
