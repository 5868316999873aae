//! Declarations with dates: baselines that follow each other, days of operation, capacity.

use super::site::SITE_DEVICES;
use super::{
    HOUR, TestSite, assert_figure_close, assert_missing, figure_value, find_figure, has_remark,
    parse_time,
};
use crate::domain::indicator::{Indicator, SiteIndicators};
use proptest::prelude::*;

const EXANTE: &str = "kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_exante'";
const EXPOST: &str = "kind = 'GRID', factor = 'grid.sumatera.2019.cm5050_expost'";

fn plant(keys: &str) -> String {
    format!(
        "{SITE_DEVICES}[[asset]]\nid = 'plts'\nkind = 'plts'\nsystem = 'off-grid'\n\
         energy = 'inverter.energy'\n{keys}\n"
    )
}

/// Counter that grows by `kwh` each day of 2026, read at midnight.
fn year_of(kwh: f64) -> Vec<(i64, Option<f64>)> {
    let start = parse_time("2025-12-31T17:00:00Z").0;
    let day = |day: i32| {
        (
            start + i64::from(day) * 24 * HOUR,
            Some(f64::from(day) * kwh),
        )
    };
    (0..=365).map(day).collect()
}

async fn village_of(text: &str) -> TestSite {
    let village = TestSite::new(text);
    village
        .store_readings(vec![("inverter.energy", year_of(10.0))])
        .await;
    village
}

async fn year_2026(keys: &str) -> SiteIndicators {
    village_of(&plant(keys)).await.indicators("2026").await
}

fn args_of<'a>(figure: &'a Indicator, key: &str) -> Vec<&'a str> {
    let of_key = figure.remarks.iter().filter(|remark| remark.key == key);
    of_key
        .flat_map(|remark| remark.args.iter().map(|(_, text)| &**text))
        .collect()
}

#[tokio::test]
async fn each_baseline_of_a_list_claims_its_own_days() {
    let keys = format!(
        "capacity_kwp = 2.2\nbaseline = [{{ {EXANTE}, until = 2026-06-30 }}, \
         {{ {EXPOST}, since = 2026-07-01 }}]"
    );
    let found = year_2026(&keys).await;
    let wanted = (181.0 * 0.93 + 184.0 * 0.94) * 10.0 / 1000.0;
    for (id, asset) in [("co2.gross", "plts"), ("co2.net", "plts"), ("co2.net", "")] {
        assert_figure_close(&found, id, asset, wanted);
    }
    let gross = find_figure(&found, "co2.gross", "plts");
    let told = args_of(gross, "account-baseline-segment");
    let first = ["2026-01-01", "2026-06-30", "GRID", "1.6833"];
    let second = ["2026-07-01", "2026-12-31", "GRID", "1.7296"];
    assert_eq!(told, [first, second].concat());
    assert_eq!((gross.equation, gross.inputs.len()), ("Σ x", 2));
    assert_eq!(gross.factors.len(), 2);
    // A month has one of the two, and needs no sum.
    let village = village_of(&plant(&keys)).await;
    let july = village.indicators("2026-07").await;
    assert_figure_close(&july, "co2.gross", "plts", 31.0 * 0.94 * 10.0 / 1000.0);
    assert!(!has_remark(
        find_figure(&july, "co2.gross", "plts"),
        "account-baseline-part"
    ));
}

#[tokio::test]
async fn days_between_two_baselines_are_not_claimed() {
    let keys = format!(
        "capacity_kwp = 2.2\nbaseline = [{{ {EXPOST}, since = 2026-10-01 }}, \
         {{ {EXANTE}, until = 2026-03-31 }}, \
         {{ kind = 'NONE', since = 2026-04-01, until = 2026-05-31 }}]"
    );
    let found = year_2026(&keys).await;
    let wanted = (90.0 * 0.93 + 92.0 * 0.94) * 10.0 / 1000.0;
    assert_figure_close(&found, "co2.gross", "plts", wanted);
    let gross = find_figure(&found, "co2.gross", "plts");
    let told = args_of(gross, "account-baseline-unclaimed");
    assert_eq!(told, ["2026-04-01", "2026-05-31"]);
    for (id, asset) in [("co2.gross", "plts"), ("co2.net", "plts"), ("co2.net", "")] {
        let told = args_of(find_figure(&found, id, asset), "account-baseline-days");
        assert_eq!(told, ["182", "365"], "{id}");
    }
    let village = village_of(&plant(&keys)).await;
    let april = village.indicators("2026-04").await;
    assert_missing(&april, "co2.gross", "plts", "account-baseline-none");
    let august = village.indicators("2026-08").await;
    assert_missing(&august, "co2.gross", "plts", "account-baseline-later");
}

#[tokio::test]
async fn the_days_of_baselines_that_follow_each_other_are_one_stretch() {
    let keys = format!(
        "capacity_kwp = 2.2\nbaseline = [{{ {EXANTE}, since = 2026-03-01, until = 2026-06-30 }}, \
         {{ {EXPOST}, since = 2026-07-01 }}]"
    );
    let found = year_2026(&keys).await;
    for (id, asset) in [("co2.gross", "plts"), ("co2.net", "plts"), ("co2.net", "")] {
        let told = args_of(find_figure(&found, id, asset), "account-baseline-part");
        assert_eq!(told, ["2026-03-01", "2026-12-31"], "{id}");
    }
}

#[tokio::test]
async fn a_share_of_biodiesel_that_changes_counts_from_its_day() {
    let set = |blends: &str| {
        format!(
            "capacity_kwp = 2.2\nbaseline = {{ kind = 'GENSET', rating_kw = 5, \
             litres_per_kwh = 0.4, density_kg_l = 0.84, biodiesel = [{blends}] }}\n\
             leakage = {{ replaced = 'scrapped', statement = 'letter' }}"
        )
    };
    let gross = async |blends: &str| {
        let found = year_2026(&set(blends)).await;
        figure_value(&found, "co2.net", "plts")
    };
    let none = gross("{ from = 2025-01-01, share = 0.0 }").await;
    let changed =
        gross("{ from = 2025-01-01, share = 0.35 }, { from = 2026-07-01, share = 0.4 }").await;
    let wanted = none * (181.0 * 0.65 + 184.0 * 0.6) / 365.0;
    assert!((changed - wanted).abs() < 1e-9, "{changed} {wanted}");
}

#[tokio::test]
async fn project_emissions_are_those_of_the_claimed_days() {
    let project = "project = { import = 'meter.import', \
                   factor = 'grid.sumatera.2019.cm5050_exante' }";
    let keys = |baseline: &str| format!("capacity_kwp = 2.2\n{project}\nbaseline = {baseline}");
    let project = async |baseline: String| {
        let village = village_of(&plant(&keys(&baseline))).await;
        village
            .store_readings(vec![("meter.import", year_of(1.0))])
            .await;
        let found = village.indicators("2026").await;
        figure_value(&found, "co2.project", "plts")
    };
    let whole = project(format!("{{ {EXANTE} }}")).await;
    assert!((whole - 365.0 * 0.93 / 1000.0).abs() < 1e-9, "{whole}");
    let second = project(format!("{{ {EXANTE}, since = 2026-07-01 }}")).await;
    assert!((second - 184.0 * 0.93 / 1000.0).abs() < 1e-9, "{second}");
}

#[tokio::test]
async fn an_asset_counts_from_its_first_day_to_its_last() {
    let days = "since = 2026-07-01\nuntil = 2026-09-30\ncapacity_kwp = 2.2";
    let village = village_of(&plant(&format!("{days}\nbaseline = {{ {EXANTE} }}"))).await;
    let year = village.indicators("2026").await;
    assert_figure_close(&year, "plts.generation", "plts", 920.0);
    assert_figure_close(&year, "site.generation", "", 920.0);
    assert_figure_close(&year, "co2.net", "", 920.0 * 0.93 / 1000.0);
    let made = find_figure(&year, "plts.generation", "plts");
    assert_eq!(made.period.to_string(), "2026-07-01..2026-09-30");
    let told = args_of(made, "account-asset-part");
    assert_eq!(told, ["2026-07-01", "2026-09-30"]);
    assert_eq!(
        args_of(
            find_figure(&year, "co2.gross", "plts"),
            "account-asset-part"
        )
        .len(),
        2
    );
    // Its days without operation are days of the year, on which nothing is expected.
    let daily = year
        .daily
        .iter()
        .find(|one| &*one.id == "plts.generation")
        .unwrap();
    assert_eq!(daily.days.len(), 365);
    let (date, value, shares) = &daily.days[10];
    assert_eq!(
        (date.to_string(), *value, shares.all),
        ("2026-01-11".to_owned(), None, None)
    );
    let august = village.indicators("2026-08").await;
    assert!(!has_remark(
        find_figure(&august, "plts.generation", "plts"),
        "account-asset-part"
    ));
    for period in ["2026-06", "2026-10"] {
        let found = village.indicators(period).await;
        assert_eq!(
            found.find("plts.generation", Some("plts")),
            None,
            "{period}"
        );
        assert_eq!(found.find("site.generation", None), None, "{period}");
    }
}

#[tokio::test]
async fn the_completeness_of_a_plant_begun_in_the_middle_is_that_of_its_part() {
    let devices = |text: String| text.replace("every = \"1m\"", "every = \"1h\"");
    let start = parse_time("2026-11-15T17:00:00Z").0;
    let hours =
        (0..=15 * 24_i32).map(|hour| (start + i64::from(hour) * HOUR, Some(0.3 * f64::from(hour))));
    let hours: Vec<_> = hours.collect();
    let share = async |days: &str| {
        let text = devices(plant(&format!("{days}capacity_kwp = 2.2")));
        let village = TestSite::new(&text);
        village
            .store_readings(vec![("inverter.energy", hours.clone())])
            .await;
        let found = village.indicators("2026-11").await;
        find_figure(&found, "plts.generation", "plts")
            .completeness
            .all
            .unwrap()
    };
    assert!(share("").await < 0.51);
    assert!(share("since = 2026-11-16\n").await > 0.99);
}

#[tokio::test]
async fn a_capacity_that_changes_splits_the_yield_at_its_day() {
    let keys = "capacity_kwp = 2.0\n\
                changes = [{ since = 2026-07-01, capacity_kwp = 5.0, ac_rating_kw = 5.0 }]";
    let village = village_of(&plant(keys)).await;
    let found = village.indicators("2026").await;
    let wanted = 1810.0 / 2.0 + 1840.0 / 5.0;
    for id in ["plts.specific_yield", "plts.final_yield"] {
        assert_figure_close(&found, id, "plts", wanted);
        let told = args_of(find_figure(&found, id, "plts"), "account-capacity-changed");
        assert_eq!(told, ["2026-07-01"]);
    }
    let hours = 24.0 * (181.0 * 2.0 + 184.0 * 5.0);
    assert_figure_close(
        &found,
        "plts.capacity_factor",
        "plts",
        100.0 * 3650.0 / hours,
    );
    let mut parts = 0.0;
    for half in ["2026-01-01..2026-06-30", "2026-07-01..2026-12-31"] {
        let found = village.indicators(half).await;
        parts += figure_value(&found, "plts.specific_yield", "plts");
        let figure = find_figure(&found, "plts.specific_yield", "plts");
        assert!(!has_remark(figure, "account-capacity-changed"));
    }
    assert!((parts - wanted).abs() < 1e-9);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn two_segments_add_up_to_the_whole(cut in 1_i64..364, kwh in 1.0..20.0_f64) {
        let last = jiff::civil::date(2026, 1, 1) + jiff::Span::new().days(cut - 1);
        let next = last.tomorrow().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let gross = |baseline: String| {
            let text = plant(&format!("capacity_kwp = 2.2\nbaseline = {baseline}"));
            runtime.block_on(async {
                let village = TestSite::new(&text);
                village.store_readings(vec![("inverter.energy", year_of(kwh))]).await;
                figure_value(&village.indicators("2026").await, "co2.gross", "plts")
            })
        };
        let (first, second) = (
            format!("{{ {EXANTE}, until = {last} }}"),
            format!("{{ {EXANTE}, since = {next} }}"),
        );
        let whole = gross(format!("{{ {EXANTE} }}"));
        let both = gross(format!("[{first}, {second}]"));
        prop_assert!((whole - both).abs() < 1e-9 * whole);
        let parts = gross(first) + gross(second);
        prop_assert!((whole - parts).abs() < 1e-9 * whole);
    }
}
