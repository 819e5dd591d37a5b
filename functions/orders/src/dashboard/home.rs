//! Where a store's days begin, and what it is paid in.
//!
//! What a day is stands in the database, and when it begins is decided in Rust: so a read of figures by days takes two
//! trips, this one first.

use storeroom_domain::{LocalDate, Zone};
use storeroom_operations::Problem;
use storeroom_sql::Args;
use storeroom_web::Call;

/// A store's time zone and currency.
#[derive(Debug)]
pub struct Home {
    /// The zone.
    pub zone: Zone,
    /// Its name.
    pub timezone: String,
    /// ISO 4217.
    pub currency: String,
}

impl Home {
    /// Reads them; access is checked on the way.
    pub async fn read(call: &Call<'_>) -> Result<Self, Problem> {
        let found = call.read("SELECT timezone, currency FROM stores WHERE id = :store", Args::new()).await?;
        let (timezone, currency) = (found.rows.text(0, 0).unwrap_or("UTC"), found.rows.text(0, 1));
        let zone = Zone::parse(timezone).ok_or_else(|| call.fault("a store in no known time zone"))?;
        Ok(Self { zone, timezone: timezone.to_owned(), currency: currency.unwrap_or_default().to_owned() })
    }

    /// The date there at the moment of the request.
    pub fn today(&self, call: &Call<'_>) -> LocalDate {
        self.zone.date_at(call.now)
    }
}
