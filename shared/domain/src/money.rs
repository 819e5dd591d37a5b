//! Money: integer minor units of one currency. Never a float.
//!
//! Guarantees: a `Currency` is an active code of ISO 4217 (2024), written in capitals.

use std::fmt;

/// The active codes of ISO 4217, without funds, metals and test codes.
const CODES: &str = "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP \
BYN BZD CAD CDF CHF CLP CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF \
GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD \
LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR \
PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY \
TTD TWD TZS UAH UGX USD UYU UZS VED VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG";

/// The largest amount in minor units that is taken: it survives a JavaScript number, also a thousand times over.
pub const MAX_AMOUNT: i64 = 1_000_000_000_000;

/// A currency by its ISO 4217 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The currency of an active code in capitals, else `None`.
    pub fn parse(code: &str) -> Option<Self> {
        let known = CODES.split_whitespace().any(|known| known == code);
        known.then(|| code.as_bytes().try_into().ok()).flatten().map(Self)
    }

    /// The code, such as `EUR`.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_iso_codes_only() {
        assert_eq!(Currency::parse("EUR").map(|c| c.to_string()), Some("EUR".to_owned()));
        for code in ["", "eur", "EURO", "XXX", "EU", "EUR USD", "R U"] {
            assert_eq!(Currency::parse(code), None, "{code}");
        }
    }
}
