//! Targets of figures that hold for a part of the period.

use super::ReportInputs;
use super::context::ReportContext;
use super::targets::find_target;
use super::tests::{NOW, test_account, test_config, test_indicator};
use crate::domain::ExactNumber;
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, LedgerEntry, QuantityBasis};
use crate::i18n::Language;

/// Targets as (number, indicator, unit, period, quantity).
type Aim<'a> = (u64, &'a str, &'a str, &'a str, i64);

fn entry((id, indicator, unit, period, quantity): &Aim<'_>) -> LedgerEntry {
    LedgerEntry {
        id: *id,
        statement: EntryStatement {
            sort: EntryKind::Target,
            indicator: (*indicator).into(),
            what: String::new(),
            quantity: ExactNumber::with_places(*quantity, 0),
            unit: (*unit).into(),
            when: EntryTime::Period(period.parse().unwrap()),
            known: QuantityBasis::Declared,
            who: "Siti".to_owned(),
            note: String::new(),
            attachments: Vec::new(),
            supersedes: None,
        },
        recorded_at: NOW,
        recorded_by: "siti".to_owned(),
        superseded_by: None,
    }
}

/// Target of a figure of the days `own` in a report of `whole`,
/// with the days that it is for and the days of the figure.
fn days_target(
    id: &str,
    unit: &str,
    (own, whole): (&str, &str),
    aims: &[Aim<'_>],
) -> Option<(f64, u32, u32)> {
    let config = test_config();
    let mut account = test_account(&config);
    account.period = whole.parse().unwrap();
    let mut one = test_indicator(id, Some("plts"), 1.0, unit);
    one.period = own.parse().unwrap();
    let entries: Vec<LedgerEntry> = aims.iter().map(entry).collect();
    let book = ReportContext::new(ReportInputs {
        entries: &entries,
        ..ReportInputs::of_account(&config, &account, NOW, Language::Id)
    });
    let found = find_target(&book, EntryKind::Target, &one)?;
    let (covered, days) = found.days;
    Some((found.value, covered, days))
}

/// The target alone, where it is for all days of the figure.
fn target(id: &str, unit: &str, days: (&str, &str), aims: &[Aim<'_>]) -> Option<f64> {
    let (value, covered, all) = days_target(id, unit, days, aims)?;
    (covered == all).then_some(value)
}

#[test]
fn a_part_of_the_period_owes_its_part_of_the_target() {
    let year = ("plts-generation", "kWh", "2026", 3650);
    let aim =
        |id, (of, unit, period, quantity): (&'static str, &'static str, &'static str, i64)| {
            (id, of, unit, period, quantity)
        };
    let close = |found: Option<f64>, wanted: f64, case: &str| {
        let found = found.unwrap_or_else(|| panic!("no target: {case}"));
        assert!((found - wanted).abs() < 1e-9, "{case}: {found}");
    };
    let of = |own: &str, whole: &str, aims: &[Aim<'_>]| {
        target("plts.generation", "kWh", (own, whole), aims)
    };
    // A plant begun on 1 July, and one that ended on 31 March.
    let aims = [aim(1, year)];
    close(of("2026", "2026", &aims), 3650.0, "whole year");
    close(
        of("2026-07-01..2026-12-31", "2026", &aims),
        1840.0,
        "since July",
    );
    close(
        of("2026-01-01..2026-03-31", "2026", &aims),
        900.0,
        "until March",
    );
    close(of("2026-03-01..2026-03-01", "2026", &aims), 10.0, "one day");
    // A target for exactly these days is not divided, and the newest of several counts.
    let own = ("plts-generation", "kWh", "2026-07-01..2026-12-31", 2000);
    let newer = ("plts-generation", "kWh", "2026-07-01..2026-12-31", 2100);
    let aims = [aim(1, year), aim(2, own), aim(3, newer)];
    close(
        of("2026-07-01..2026-12-31", "2026", &aims),
        2100.0,
        "own days",
    );
    // Months that fill the days of the plant are added up.
    let months: Vec<Aim<'_>> = [(1, "2026-10"), (2, "2026-11"), (3, "2026-12")]
        .map(|(id, month)| (id, "plts-generation", "kWh", month, 300))
        .to_vec();
    close(
        of("2026-10-01..2026-12-31", "2026", &months),
        900.0,
        "three months",
    );
    close(
        of("2026-Q4", "2026-Q4", &months),
        900.0,
        "a quarter of months",
    );
    // Months with a gap are a target for their own days.
    let partly = |own| days_target("plts.generation", "kWh", (own, "2026"), &months);
    assert_eq!(partly("2026"), Some((900.0, 92, 365)));
    assert_eq!(partly("2026-07-01..2026-12-31"), Some((900.0, 92, 184)));
    // The target of a week is its own, and does not hide the months around it.
    let mut weeks = months.clone();
    weeks.push((9, "plts-generation", "kWh", "2026-W47", 55));
    close(
        of("2026-Q4", "2026-Q4", &weeks),
        900.0,
        "months beside a week",
    );
    close(of("2026-W47", "2026-W47", &weeks), 55.0, "the week");
}

#[test]
fn a_target_in_another_unit_or_for_another_figure_is_none() {
    let aims = [(1, "plts-generation", "m3", "2026", 4)];
    let days = ("2026-07-01..2026-12-31", "2026");
    assert_eq!(target("plts.generation", "kWh", days, &aims), None);
    let aims = [(1, "plts-generation", "kWh", "2026", 4)];
    assert_eq!(target("plts.export", "kWh", days, &aims), None);
}

#[test]
fn a_target_of_a_number_of_people_is_not_divided() {
    let aims = [(1, "batik-members", "orang", "2026", 24)];
    let days = ("2026-07-01..2026-12-31", "2026");
    assert_eq!(
        target("ledger.batik-members", "orang", days, &aims),
        Some(24.0)
    );
}
