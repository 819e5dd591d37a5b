//! Secrets of endpoints and the signatures of deliveries, after the Standard Webhooks specification
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).
//!
//! Guarantees: a secret is derived from the master key and stored nowhere; a delivery has one signature for each secret
//! that is good, the newest first.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac_sha256::HMAC;
use storeroom_domain::Timestamp;
use storeroom_web::master::MasterKey;

/// How a secret begins; what follows is base64 of the key's bytes.
const SECRET_PREFIX: &str = "whsec_";

/// Says who sends.
const USER_AGENT: &str = "Storeroom-Webhooks/1";

/// Whose secrets sign.
#[derive(Debug, Clone)]
pub struct Signer {
    /// The endpoint's id.
    pub endpoint: String,
    /// The numbers of its secrets that are good, the newest first.
    pub generations: Vec<i64>,
}

/// The secret of an endpoint's generation as it is given out.
pub fn secret(master: &MasterKey, endpoint: &str, generation: i64) -> String {
    format!("{SECRET_PREFIX}{}", STANDARD.encode(key(master, endpoint, generation)))
}

fn key(master: &MasterKey, endpoint: &str, generation: i64) -> [u8; 32] {
    master.mac(&format!("webhook|v1|{endpoint}|{generation}"))
}

impl Signer {
    /// The headers of an attempt to deliver the event.
    pub fn headers(
        &self,
        master: &MasterKey,
        event_id: &str,
        now: Timestamp,
        body: &str,
    ) -> Vec<(&'static str, String)> {
        let timestamp = now.ms().div_euclid(1_000).to_string();
        let signatures: Vec<String> = self
            .generations
            .iter()
            .map(|number| self.signature(master, *number, event_id, &timestamp, body))
            .collect();
        vec![
            ("content-type", "application/json".to_owned()),
            ("user-agent", USER_AGENT.to_owned()),
            ("webhook-id", event_id.to_owned()),
            ("webhook-timestamp", timestamp),
            ("webhook-signature", signatures.join(" ")),
        ]
    }

    fn signature(
        &self,
        master: &MasterKey,
        generation: i64,
        id: &str,
        timestamp: &str,
        body: &str,
    ) -> String {
        let mut mac = HMAC::new(key(master, &self.endpoint, generation));
        mac.update(format!("{id}.{timestamp}."));
        mac.update(body);
        format!("v1,{}", STANDARD.encode(mac.finalize()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENDPOINT: &str = "whk_01kafmh4m0e1s70w3gje1s70w3";

    #[test]
    fn signed_delivery_format_unchanged() {
        let master = MasterKey::parse("dev-master-key-for-tests").ok().unwrap();
        assert_eq!(secret(&master, ENDPOINT, 1), SECRET);
        let signer = Signer { endpoint: ENDPOINT.to_owned(), generations: vec![2, 1] };
        let now = Timestamp::from_ms(1_795_167_000_999);
        let headers = signer.headers(&master, "evt_1", now, "{}");
        let value = |name| headers.iter().find(|(known, _)| *known == name).unwrap().1.as_str();
        assert_eq!((value("webhook-id"), value("webhook-timestamp")), ("evt_1", "1795167000"));
        assert_eq!(value("webhook-signature"), SIGNATURES);
    }

    const SECRET: &str = "whsec_IgeR2LnEt2SvcL4mUzp7+LN4T6/SkEFMmyN856F9Cnc=";
    const SIGNATURES: &str =
        "v1,MCtawoOugu9RUcx5uI4s82hMPmKq4JTtqe+DobYIcD8= v1,QMxM7V0d/HtzSwV65YnR+xqEzI2kp3b5vIUvwT37OWI=";
}
