//! Verdict on the fuel of a genset by the litres for a kilowatt-hour.

use super::ledger_entries::entry_in;
use super::site::SITE_DEVICES;
use super::{HOUR, TestSite, find_figure, has_remark, parse_time};
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use crate::domain::indicator::SiteIndicators;

const IMPLAUSIBLE: ClaimVerdict = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);

const SET: &str = "[[asset]]\nid = 'set'\nkind = 'genset'\nrating_kw = 5\ndensity_kg_l = 0.84\n\
    energy = 'inverter.energy'\n";

/// The site of November 2026 with a set that gave these kilowatt-hours, with its fuel in `keys`.
async fn set_with(keys: &str, kwh: f64, litres: f64) -> TestSite {
    let devices = SITE_DEVICES.replace("every = \"1m\"", "every = \"1h\"");
    let village = TestSite::new(&format!("{devices}{SET}{keys}\n"));
    let start = parse_time("2026-10-31T17:00:00Z").0;
    let counter = |whole: f64| {
        let hours = (0..=720_i32).map(|hour| {
            let value = 50.0 + whole * f64::from(hour) / 720.0;
            (start + i64::from(hour) * HOUR, Some(value))
        });
        hours.collect()
    };
    let (energy, fuel) = (counter(kwh), counter(litres / 1000.0));
    let columns = vec![("inverter.energy", energy), ("pump.volume", fuel)];
    village.store_readings(columns).await;
    village
}

fn claims(found: &SiteIndicators) -> [ClaimVerdict; 4] {
    [
        "genset.energy",
        "genset.fuel",
        "genset.specific_fuel",
        "genset.co2",
    ]
    .map(|id| find_figure(found, id, "set").claim)
}

#[tokio::test]
async fn measured_fuel_that_no_set_burns_is_not_claimed_and_unusual_fuel_is_to_be_checked() {
    let (firm, checked) = (ClaimVerdict::Claimable, ClaimVerdict::Doubtful);
    for (kwh, litres, energy, fuel) in [
        (273.0, 12.0, checked, IMPLAUSIBLE),
        (273.0, 900.0, checked, IMPLAUSIBLE),
        (273.0, 49.0, checked, checked),
        (273.0, 300.0, checked, checked),
        (273.0, 100.0, firm, firm),
        // Less than an hour of full power: a step of the meter would decide.
        (4.0, 0.1, firm, firm),
    ] {
        let village = set_with("fuel = 'pump.volume'", kwh, litres).await;
        let found = village.indicators("2026-11").await;
        let [of_energy, rest @ ..] = claims(&found);
        assert_eq!(of_energy, energy, "{kwh} kWh, {litres} L");
        for (of, id) in rest.into_iter().zip(["fuel", "specific_fuel", "co2"]) {
            // The factors of the CO2 have verdicts of their own.
            let fits = of == fuel || (id == "co2" && of > fuel && !of.is_withheld());
            assert!(fits, "{kwh} kWh, {litres} L: {id} {of:?}");
        }
        let told = find_figure(&found, "genset.co2", "set");
        let is_told = has_remark(told, "account-implausible-fuel");
        assert_eq!(is_told, fuel == IMPLAUSIBLE, "{:?}", told.remarks);
    }
}

#[tokio::test]
async fn bought_fuel_need_not_be_burnt_in_the_period_and_is_to_be_checked() {
    let own = "fuel_ledger = 'fuel'\n[[indicator]]\nid = 'fuel'\nunit = 'L'\n\
               name = { id = 'BBM', en = 'Fuel' }";
    let village = set_with(own, 273.0, 0.0).await;
    let entries = vec![entry_in("L", "fuel", 12)];
    village.store.append_ledger(entries, "siti").await.unwrap();
    let found = village.indicators("2026-11").await;
    let [energy, fuel, specific, co2] = claims(&found);
    assert_eq!(energy, ClaimVerdict::Claimable);
    for claim in [fuel, specific, co2] {
        assert_eq!(claim, ClaimVerdict::Doubtful);
    }
}
