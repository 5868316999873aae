//! Tests of the chapters with a hand-made account.

use super::explain::{explain_indicator, substitute_numbers};
use super::{PastRevision, ReportInputs, RevisionChange, build_document, significant_digits};
use crate::config::{Config, load_config_text};
use crate::domain::ExactNumber;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::{ClaimVerdict, ProvisionalReason};
use crate::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorInput, IndicatorRemark, InputSource,
    PointReadings, RoundingDirection, SiteIndicators, Uncertainty, ValueOrigin,
};
use crate::domain::ledger::{EntryKind, EntryStatement, EntryTime, LedgerEntry, QuantityBasis};
use crate::i18n::Language;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{ReportBlock, ReportDocument};
use crate::report::render::figure::FigureStatus;
use crate::report::render::{ReportFormat, render_document};
use jiff::civil::date;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

pub(super) const NOW: UtcMs = UtcMs(1_796_090_400_000);
const FACTOR: &str = "grid.sumatera.2019.cm5050_exante";

pub(super) fn test_config() -> Config {
    let text = include_str!("../../../assets/demo.toml");
    load_config_text(text, Path::new("demo.toml"), &|_| None)
        .unwrap_or_else(|faults| panic!("{faults}"))
}

pub(super) fn test_input(
    symbol: &'static str,
    value: f64,
    unit: &str,
    from: InputSource,
) -> IndicatorInput {
    let (value, unit) = (Some(value), Arc::from(unit));
    IndicatorInput {
        symbol,
        value,
        unit,
        from,
        rule: "",
        parts: Vec::new(),
    }
}

/// Input that is another figure.
fn figure_input(symbol: &'static str, value: f64, unit: &str, id: &str) -> IndicatorInput {
    let from = InputSource::Indicator {
        id: id.into(),
        asset: Some("plts".into()),
    };
    test_input(symbol, value, unit, from)
}

pub(super) fn test_indicator(id: &str, asset: Option<&str>, value: f64, unit: &str) -> Indicator {
    Indicator {
        id: id.into(),
        asset: asset.map(Arc::from),
        period: "2026-11".parse().unwrap(),
        value: Ok(value),
        unit: unit.into(),
        uncertainty: Uncertainty::default(),
        completeness: CompletenessShares {
            all: Some(0.97),
            daylight: Some(0.96),
        },
        origin: ValueOrigin::Meter,
        side: RoundingDirection::Neutral,
        method: "G.5",
        equation: "E = ΣΔE",
        inputs: Vec::new(),
        factors: Vec::new(),
        claim: ClaimVerdict::Claimable,
        remarks: Vec::new(),
    }
}

fn generation_indicator() -> Indicator {
    let readings = PointReadings {
        imports: Vec::new(),
        redated: Vec::new(),
        day_shares: (1..=30)
            .map(|day: u8| Some(f64::from(u8::from(day != 9))))
            .collect(),
        point: "inverter.ac_energy_total".into(),
        first: Some((UtcMs(1_793_466_000_000), 8123.4)),
        last: Some((NOW, 8357.967)),
        good: 258_000,
        expected: 259_200,
        gaps: 2,
        longest_gap_ms: 4_320_000,
    };
    let mut one = test_indicator("plts.generation", Some("plts"), 234.567, "kWh");
    one.inputs = vec![test_input(
        "ΣΔE",
        234.567,
        "kWh",
        InputSource::Point(readings),
    )];
    one
}

/// Avoided emissions by a factor whose official page is not attached.
fn avoided_emissions(id: &str, tonnes: f64) -> Indicator {
    let mut one = test_indicator(id, Some("plts"), tonnes, "tCO2");
    one.side = RoundingDirection::Benefit;
    one.uncertainty.tier1_pct = Some(10.0);
    one.claim = ClaimVerdict::Provisional(ProvisionalReason::NoPage);
    one
}

fn gross_emissions(config: &Config) -> Indicator {
    let mut one = avoided_emissions("co2.gross", 0.220_492_98);
    one.method = "C.3";
    one.equation = "BE = E_used / 1000 · EF · (1 + TDL)";
    one.factors = vec![Arc::clone(config.factors.find(FACTOR).unwrap())];
    one.inputs = vec![
        figure_input("E_used", 234.567, "kWh", "plts.generation"),
        test_input("EF", 0.93, "tCO2/MWh", InputSource::Factor(FACTOR.into())),
        test_input("TDL", 0.0, "", InputSource::Setting("losses".to_owned())),
    ];
    one
}

fn net_emissions() -> Indicator {
    let mut one = avoided_emissions("co2.net", 0.218_1);
    one.method = "C.9";
    one.equation = "BE − PE − LE";
    one.inputs = vec![figure_input("BE", 0.2181, "tCO2", "co2.gross")];
    one
}

pub(super) fn test_account(config: &Config) -> SiteIndicators {
    let mut ratio = test_indicator("plts.pr", Some("plts"), 0.0, "%");
    ratio.value = Err(IndicatorRemark::new(
        "analyse-status-undefined-no-irradiance-data",
    ));
    let mut poor = test_indicator("pump.volume", Some("pump"), 812.0, "m3");
    poor.completeness.all = Some(0.62);
    let mut fed = test_indicator("ledger.bsf-fed", None, 412.5, "kg");
    fed.origin = ValueOrigin::Manual;
    fed.completeness = CompletenessShares::default();
    let target = test_indicator("ledger.bsf-fed.target", None, 400.0, "kg");
    // The target of a measured figure is an entry under its id, of which there are no records.
    let mut unwritten = test_indicator("ledger.plts-generation", None, 0.0, "kWh");
    unwritten.value = Err(IndicatorRemark::new("analyse-status-no-data"));
    let aim = test_indicator("ledger.plts-generation.target", None, 250.0, "kWh");
    let days = (1..=30_i8).map(|day| {
        let known = CompletenessShares {
            all: Some(0.97),
            daylight: Some(if day == 9 { 0.0 } else { 0.96 }),
        };
        (
            date(2026, 11, day),
            (day != 9).then(|| 8.0 + f64::from(day) / 7.0),
            known,
        )
    });
    SiteIndicators {
        period: "2026-11".parse().unwrap(),
        now: NOW,
        revision: "3e1c9a52".to_owned(),
        indicators: vec![
            generation_indicator(),
            ratio,
            poor,
            gross_emissions(config),
            net_emissions(),
            fed,
            target,
            unwritten,
            aim,
        ],
        sources: Vec::new(),
        daily: vec![DailyValues {
            id: "plts.generation".into(),
            asset: Some("plts".into()),
            unit: "kWh".into(),
            days: days.collect(),
        }],
        events: Vec::new(),
        events_left_out: 0,
    }
}

fn test_entry(id: u64, known: QuantityBasis, quantity: i64) -> LedgerEntry {
    LedgerEntry {
        id,
        statement: EntryStatement {
            sort: EntryKind::Record,
            indicator: "bsf-fed".into(),
            what: "lot 7".to_owned(),
            quantity: ExactNumber::with_places(quantity, 1),
            unit: "kg".into(),
            when: EntryTime::Day(date(2026, 11, 7)),
            known,
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

#[test]
fn chosen_figures_come_first_also_in_the_full_edition_and_its_records() {
    let mut config = test_config();
    let account = test_account(&config);
    config.report.headlines = ["ledger.bsf-fed", "plts.generation", "ledger.songket"]
        .map(|id| crate::config::ChosenHeadline {
            id: id.into(),
            asset: None,
        })
        .to_vec();
    let records = super::headline_records(ReportInputs::of_account(
        &config,
        &account,
        NOW,
        Language::En,
    ));
    let ids: Vec<&str> = records.iter().map(|one| &*one.id).collect();
    assert_eq!(
        ids,
        [
            "ledger.bsf-fed",
            "plts.generation",
            "co2.net",
            "pump.volume"
        ]
    );
}

/// Target of November 2026, in tenths of the unit.
fn test_target(id: u64, (indicator, unit): (&str, &str), tenths: i64) -> LedgerEntry {
    let mut entry = test_entry(id, QuantityBasis::Declared, tenths);
    let said = &mut entry.statement;
    said.sort = EntryKind::Target;
    (said.indicator, said.unit) = (indicator.into(), unit.into());
    said.when = EntryTime::Period("2026-11".parse().unwrap());
    entry
}

fn test_report(lang: Language) -> ReportDocument {
    report_with_changes(lang, &[], None)
}

fn report_with_changes(
    lang: Language,
    changes: &[RevisionChange],
    past: Option<&PastRevision>,
) -> ReportDocument {
    let config = test_config();
    let entries = [
        test_entry(1, QuantityBasis::Weighed, 4000),
        test_entry(2, QuantityBasis::Declared, 125),
        test_target(3, ("bsf-fed", "kg"), 4000),
        test_target(4, ("plts-generation", "kWh"), 2500),
    ];
    build_document(ReportInputs {
        entries: &entries,
        changes,
        past,
        ..ReportInputs::of_account(&config, &test_account(&config), NOW, lang)
    })
}

pub(super) fn all_figures(
    document: &ReportDocument,
) -> Vec<&crate::report::render::figure::KeyFigure> {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let found = blocks.filter_map(|block| match block {
        ReportBlock::Figures(figures) => Some(&figures.items),
        _ => None,
    });
    found.flatten().collect()
}

#[test]
fn the_report_of_a_month_is_written_in_every_format_and_language() {
    for lang in [Language::Id, Language::En] {
        let document = test_report(lang);
        for format in [
            ReportFormat::Pdf,
            ReportFormat::Xlsx,
            ReportFormat::Csv,
            ReportFormat::Json,
        ] {
            let bytes = render_document(&document, format).unwrap();
            assert!(bytes.len() > 1000, "{format:?}");
        }
        let text =
            String::from_utf8(render_document(&document, ReportFormat::Csv).unwrap()).unwrap();
        for key in [
            "chapters-",
            "indicator-",
            "analyse-",
            "report-",
            "factor-",
            "event-",
        ] {
            assert!(
                !text.contains(key),
                "a key without words ({}): {key}",
                lang.code()
            );
        }
    }
}

#[test]
fn a_change_of_the_configuration_is_an_event_and_an_old_revision_is_told() {
    let change = RevisionChange {
        at: NOW,
        kind: "configuration",
        places: vec!["[[asset]] plts".to_owned()],
        before_after: (
            "aaaaaaaaaaaa-bbbbbbbb".into(),
            "cccccccccccc-bbbbbbbb".into(),
        ),
    };
    let empty = RevisionChange {
        places: Vec::new(),
        ..change.clone()
    };
    let past = PastRevision {
        number: "1.1".to_owned(),
        in_force: "cccccccccccc-bbbbbbbb".to_owned(),
    };
    for lang in [Language::Id, Language::En] {
        let document = report_with_changes(lang, &[change.clone(), empty.clone()], Some(&past));
        let text =
            String::from_utf8(render_document(&document, ReportFormat::Csv).unwrap()).unwrap();
        for part in ["[[asset]] plts", "aaaaaaaaaaaa-bbbbbbbb", " 1.1 "] {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        for key in ["chapters-", "event-"] {
            assert!(!text.contains(key), "{key} in\n{text}");
        }
    }
}

#[test]
fn what_was_hardly_measured_is_no_headline() {
    let document = test_report(Language::Id);
    let all = all_figures(&document);
    let volume = all
        .iter()
        .find(|one| one.id == "summary/pump/pump.volume")
        .unwrap();
    assert!(matches!(&volume.value, CellValue::Missing(why) if why.contains("62%")));
    assert_eq!(volume.status, FigureStatus::Insufficient);
}

#[test]
fn a_claim_has_the_digits_that_its_uncertainty_bears_and_is_marked_provisional() {
    let document = test_report(Language::Id);
    assert!(document.is_provisional());
    let all = all_figures(&document);
    let net = all
        .iter()
        .find(|one| one.id == "summary/plts/co2.net")
        .unwrap();
    assert_eq!(net.kind, ValueKind::claim("t\u{a0}CO₂", 2));
    assert_eq!(net.status, FigureStatus::Provisional);
    assert!(net.notes.iter().any(|note| note.contains("dokumen resmi")));
}

#[test]
fn a_target_stands_beside_what_was_reached() {
    let document = test_report(Language::En);
    let tables = document.sections[0].blocks.iter();
    let mut tables = tables.filter_map(|block| match block {
        ReportBlock::Table(table) => Some(table),
        _ => None,
    });
    let targets = tables.find(|table| table.id == "targets").unwrap();
    // One line for each target: of what was weighed, and of what was measured.
    let with_target = |target: f64| {
        let mut rows = targets.rows.iter();
        rows.find(|row| row[2] == CellValue::Number(target))
            .unwrap()
    };
    assert_eq!(targets.rows.len(), 2);
    assert_eq!(with_target(400.0)[4], CellValue::Number(412.5 / 400.0));
    assert!(matches!(with_target(250.0)[4], CellValue::Number(_)));
    // The target of a measured figure is told beside that figure alone.
    let figures = all_figures(&document);
    assert!(
        figures
            .iter()
            .all(|one| !one.id.contains("ledger.plts-generation"))
    );
}

#[test]
fn the_way_down_reaches_the_meter_and_the_factor() {
    let config = test_config();
    let account = test_account(&config);
    let found = explain_indicator(&account, "co2.net", None, Language::Id).unwrap();
    let text = found.text(&config, &account, Language::Id);
    for part in [
        "234,567 [kWh] / 1000 · 0,93 [t\u{a0}CO₂/MWh] · (1 + 0)",
        "inverter.ac_energy_total",
        "8.123,4\u{a0}kWh",
        "2 kali data kosong",
        FACTOR,
        "sementara",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = found.json(&config, &account, Language::En);
    let json = serde_json::to_value(json).unwrap();
    assert_eq!(json["below"][0]["indicator"]["id"], "co2.gross");
    assert_eq!(
        json["below"][0]["below"][0]["indicator"]["id"],
        "plts.generation"
    );
    assert_eq!(json["indicator"]["provisional"], true);
}

#[test]
fn a_figure_that_is_not_there_is_told_with_the_nearest() {
    let config = test_config();
    let account = test_account(&config);
    let unknown = explain_indicator(&account, "co2.nett", None, Language::En).unwrap_err();
    assert_eq!(unknown.near.as_deref(), Some("co2.net"));
    assert!(explain_indicator(&account, "plts.generation", Some("pump"), Language::En).is_err());
}

#[test]
fn figures_that_stand_on_each_other_in_a_ring_end() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut ring = test_indicator("site.water", None, 1.0, "m3");
    ring.inputs = vec![
        figure_input("a", 1.0, "m3", "site.self_use"),
        figure_input("b", 1.0, "m3", "site.self_use"),
    ];
    let mut other = test_indicator("site.self_use", None, 1.0, "kWh");
    other.inputs = vec![
        figure_input("a", 1.0, "m3", "site.water"),
        figure_input("b", 1.0, "m3", "site.water"),
    ];
    account.indicators.extend([ring, other]);
    let found = explain_indicator(&account, "site.water", None, Language::En).unwrap();
    assert!(found.text(&config, &account, Language::En).lines().count() < 2000);
}

#[test]
fn numbers_take_the_place_of_whole_symbols_alone() {
    let mut one = test_indicator("plts.self_sufficiency", None, 62.0, "%");
    one.equation = "100 · E_self / (E_self + E_import)";
    one.inputs = vec![
        test_input("E", 9.0, "kWh", InputSource::Constant("")),
        test_input("E_self", 1000.5, "kWh", InputSource::Constant("")),
        test_input("E_import", -2.0, "kWh", InputSource::Constant("")),
    ];
    let text = substitute_numbers(Language::En, &one);
    assert_eq!(text, "100 · 1,000.5 [kWh] / (1,000.5 [kWh] + (−2 [kWh]))");
}

proptest! {
    #[test]
    fn no_equation_and_no_symbol_makes_the_reader_panic(
        equation in "\\PC{0,40}",
        symbol in "\\PC{0,4}",
        value in -1e12..1e12_f64,
    ) {
        let mut one = test_indicator("plts.generation", None, value, "kWh");
        one.equation = Box::leak(equation.into_boxed_str());
        let symbol = Box::leak(symbol.into_boxed_str());
        one.inputs = vec![test_input(symbol, value, "kWh", InputSource::Constant(""))];
        let _ = substitute_numbers(Language::Id, &one);
    }

    #[test]
    fn a_benefit_is_never_printed_larger_than_it_is(
        value in -1e6..1e6_f64,
        percent in proptest::option::of(0.01..200.0_f64),
    ) {
        let mut one = test_indicator("co2.net", None, value, "tCO2");
        one.side = RoundingDirection::Benefit;
        one.uncertainty.tier1_pct = percent;
        let config = crate::ledger::IndicatorDefinitions::built_in();
        let printed = significant_digits::round_as_printed(&config, Language::Id, &one, value);
        prop_assert!(printed <= value + value.abs() * 1e-9 + 1e-9);
    }
    #[test]
    fn a_half_width_has_two_digits_at_most_and_ends_where_its_value_ends(
        value in prop_oneof![Just(0.0), -1e9..1e9_f64, -1.0..1.0_f64],
        width in prop_oneof![1e-9..1.0_f64, 1.0..1e9_f64],
        unit in prop_oneof![Just("kWh"), Just("degC"), Just("L"), Just("tCO2"), Just("")],
        is_claim: bool,
    ) {
        let mut one = test_indicator("plts.generation", None, value, unit);
        one.uncertainty.gum = Some(width);
        if is_claim {
            one.side = RoundingDirection::Benefit;
        }
        let config = crate::ledger::IndicatorDefinitions::built_in();
        let kind = significant_digits::figure_number_kind(&config, Language::En, &one);
        let (ValueKind::Number(of_value), ValueKind::Number(of_width)) =
            (&kind, kind.uncertainty_kind())
        else {
            panic!("{kind:?}");
        };
        prop_assert_eq!(of_value.decimals, of_width.decimals);
        let shown = of_width.round(width);
        // Never less than it is, and never zero.
        prop_assert!(shown > 0.0 && shown >= width * (1.0 - 1e-6), "{} {}", width, shown);
        let last_digit = 10_f64.powi(-i32::from(of_width.decimals));
        prop_assert!(shown / last_digit < 10.5, "{} {}", width, shown);
    }
}

#[test]
fn money_by_a_tariff_is_printed_to_the_rupiah_and_other_effects_as_claims() {
    let definitions = crate::ledger::IndicatorDefinitions::built_in();
    for (unit, printed) in [("IDR", 628_846.0), ("kgCO2e", 620_000.0)] {
        let mut one = test_indicator("ledger.pln-hemat.effect", None, 628_846.9, unit);
        one.side = RoundingDirection::Benefit;
        let found =
            significant_digits::round_as_printed(&definitions, Language::En, &one, 628_846.9);
        assert!((found - printed).abs() < 1e-6, "{unit}: {found}");
    }
}
