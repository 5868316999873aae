//! What the chapters make of a hand-made account.

use super::explain::{explain, substituted};
use super::{Change, Matter, Past, digits, document};
use crate::config::{Config, load_text};
use crate::model::UtcMs;
use crate::model::decimal::Decimal;
use crate::model::factor::{Doubt, Headline};
use crate::model::indicator::{
    Account, Completeness, Daily, Indicator, Input, Origin, Readings, Remark, Side, Source,
    Uncertainty,
};
use crate::model::ledger::{Entry, Known, Sort, Statement, When};
use crate::report::document::{Block, Document};
use crate::report::figure::Status;
use crate::report::value::{Kind, Value};
use crate::report::{Format, render};
use crate::words::Lang;
use jiff::civil::date;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;

const NOW: UtcMs = UtcMs(1_796_090_400_000);
const FACTOR: &str = "grid.sumatera.2019.cm5050_exante";

fn config() -> Config {
    let text = include_str!("../../assets/demo.toml");
    load_text(text, Path::new("demo.toml"), &|_| None).unwrap_or_else(|faults| panic!("{faults}"))
}

fn input(symbol: &'static str, value: f64, unit: &str, from: Source) -> Input {
    let (value, unit) = (Some(value), Arc::from(unit));
    Input {
        symbol,
        value,
        unit,
        from,
    }
}

fn figure(id: &str, asset: Option<&str>, value: f64, unit: &str) -> Indicator {
    Indicator {
        id: id.into(),
        asset: asset.map(Arc::from),
        period: "2026-11".parse().unwrap(),
        value: Ok(value),
        unit: unit.into(),
        uncertainty: Uncertainty::default(),
        completeness: Completeness {
            all: Some(0.97),
            daylight: Some(0.96),
        },
        origin: Origin::Meter,
        side: Side::Neutral,
        method: "G.5",
        equation: "E = ΣΔE",
        inputs: Vec::new(),
        factors: Vec::new(),
        headline: Headline::Firm,
        remarks: Vec::new(),
    }
}

fn generation() -> Indicator {
    let readings = Readings {
        point: "inverter.ac_energy_total".into(),
        first: Some((UtcMs(1_793_466_000_000), 8123.4)),
        last: Some((NOW, 8357.967)),
        good: 258_000,
        expected: 259_200,
        gaps: 2,
        longest_gap_ms: 4_320_000,
    };
    let mut one = figure("plts.generation", Some("plts"), 234.567, "kWh");
    one.inputs = vec![input("ΣΔE", 234.567, "kWh", Source::Point(readings))];
    one
}

fn gross(config: &Config) -> Indicator {
    let mut one = figure("co2.gross", Some("plts"), 0.220_492_98, "tCO2");
    one.side = Side::Benefit;
    one.method = "C.3";
    one.equation = "BE = E_used / 1000 · EF · (1 + TDL)";
    one.uncertainty.tier1_pct = Some(10.0);
    one.headline = Headline::Provisional(Doubt::NoPage);
    one.factors = vec![Arc::clone(config.factors.find(FACTOR).unwrap())];
    one.inputs = vec![
        input(
            "E_used",
            234.567,
            "kWh",
            Source::Indicator("plts.generation".into()),
        ),
        input("EF", 0.93, "tCO2/MWh", Source::Factor(FACTOR.into())),
        input("TDL", 0.0, "", Source::Setting("losses".to_owned())),
    ];
    one
}

fn net() -> Indicator {
    let mut one = figure("co2.net", Some("plts"), 0.218_1, "tCO2");
    one.side = Side::Benefit;
    one.method = "C.9";
    one.equation = "BE − PE − LE";
    one.uncertainty.tier1_pct = Some(10.0);
    one.headline = Headline::Provisional(Doubt::NoPage);
    one.inputs = vec![input(
        "BE",
        0.2181,
        "tCO2",
        Source::Indicator("co2.gross".into()),
    )];
    one
}

fn account(config: &Config) -> Account {
    let mut ratio = figure("plts.pr", Some("plts"), 0.0, "%");
    ratio.value = Err(Remark::new("analyse-status-undefined-no-irradiance-data"));
    let mut poor = figure("pump.volume", Some("pump"), 812.0, "m3");
    poor.completeness.all = Some(0.62);
    let mut fed = figure("ledger.bsf-fed", None, 412.5, "kg");
    fed.origin = Origin::Manual;
    fed.completeness = Completeness::default();
    let target = figure("ledger.bsf-fed.target", None, 400.0, "kg");
    let days = (1..=30_i8).map(|day| {
        let known = Completeness {
            all: Some(0.97),
            daylight: Some(if day == 9 { 0.0 } else { 0.96 }),
        };
        (
            date(2026, 11, day),
            (day != 9).then(|| 8.0 + f64::from(day) / 7.0),
            known,
        )
    });
    Account {
        period: "2026-11".parse().unwrap(),
        revision: "3e1c9a52".to_owned(),
        indicators: vec![generation(), ratio, poor, gross(config), net(), fed, target],
        daily: vec![Daily {
            id: "plts.generation".into(),
            asset: Some("plts".into()),
            unit: "kWh".into(),
            days: days.collect(),
        }],
        events: Vec::new(),
        events_left_out: 0,
    }
}

fn entry(id: u64, known: Known, quantity: i64) -> Entry {
    Entry {
        id,
        statement: Statement {
            sort: Sort::Record,
            indicator: "bsf-fed".into(),
            what: "lot 7".to_owned(),
            quantity: Decimal::new(quantity, 1),
            unit: "kg".into(),
            when: When::Day(date(2026, 11, 7)),
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

fn report(lang: Lang) -> Document {
    report_of(lang, &[], None)
}

fn report_of(lang: Lang, changes: &[Change], past: Option<&Past>) -> Document {
    let config = config();
    let entries = [
        entry(1, Known::Weighed, 4000),
        entry(2, Known::Declared, 125),
    ];
    document(Matter {
        config: &config,
        account: &account(&config),
        entries: &entries,
        changes,
        changes_left_out: 0,
        past,
        digest: "ab",
        asset: None,
        issued: NOW,
        lang,
    })
}

fn figures(document: &Document) -> Vec<&crate::report::figure::Figure> {
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let found = blocks.filter_map(|block| match block {
        Block::Figures(figures) => Some(&figures.items),
        _ => None,
    });
    found.flatten().collect()
}

#[test]
fn the_report_of_a_month_is_written_in_every_format_and_language() {
    for lang in [Lang::Id, Lang::En] {
        let document = report(lang);
        for format in [Format::Pdf, Format::Xlsx, Format::Csv, Format::Json] {
            let bytes = render(&document, format).unwrap();
            assert!(bytes.len() > 1000, "{format:?}");
        }
        let text = String::from_utf8(render(&document, Format::Csv).unwrap()).unwrap();
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
    let change = Change {
        at: NOW,
        kind: "configuration",
        places: vec!["[[asset]] plts".to_owned()],
        before_after: (
            "aaaaaaaaaaaa-bbbbbbbb".into(),
            "cccccccccccc-bbbbbbbb".into(),
        ),
    };
    let empty = Change {
        places: Vec::new(),
        ..change.clone()
    };
    let past = Past {
        number: "1.1".to_owned(),
        in_force: "cccccccccccc-bbbbbbbb".to_owned(),
    };
    for lang in [Lang::Id, Lang::En] {
        let document = report_of(lang, &[change.clone(), empty.clone()], Some(&past));
        let text = String::from_utf8(render(&document, Format::Csv).unwrap()).unwrap();
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
    let document = report(Lang::Id);
    let all = figures(&document);
    let volume = all
        .iter()
        .find(|one| one.id == "summary/pump/pump.volume")
        .unwrap();
    assert!(matches!(&volume.value, Value::Missing(why) if why.contains("62%")));
    assert_eq!(volume.status, Status::Insufficient);
}

#[test]
fn a_claim_has_the_digits_that_its_uncertainty_bears_and_is_marked_provisional() {
    let document = report(Lang::Id);
    assert!(document.is_provisional());
    let all = figures(&document);
    let net = all
        .iter()
        .find(|one| one.id == "summary/plts/co2.net")
        .unwrap();
    assert_eq!(net.kind, Kind::claim("t\u{a0}CO₂", 2));
    assert_eq!(net.status, Status::Provisional);
    assert!(net.notes.iter().any(|note| note.contains("halaman resmi")));
}

#[test]
fn a_target_stands_beside_what_was_reached() {
    let document = report(Lang::En);
    let tables = document.sections[0].blocks.iter();
    let mut tables = tables.filter_map(|block| match block {
        Block::Table(table) => Some(table),
        _ => None,
    });
    let targets = tables.find(|table| table.id == "targets").unwrap();
    assert_eq!(targets.rows.len(), 1);
    assert_eq!(targets.rows[0][2], Value::Number(400.0));
    assert_eq!(targets.rows[0][4], Value::Number(412.5 / 400.0));
}

#[test]
fn the_way_down_reaches_the_meter_and_the_factor() {
    let config = config();
    let account = account(&config);
    let found = explain(&account, "co2.net", None, Lang::Id).unwrap();
    let text = found.text(&config, &account, Lang::Id);
    for part in [
        "234,567 / 1000 · 0,93 · (1 + 0)",
        "inverter.ac_energy_total",
        "8.123,4\u{a0}kWh",
        "2 celah",
        FACTOR,
        "sementara",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let json = found.json(&config, &account, Lang::En);
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
    let config = config();
    let account = account(&config);
    let unknown = explain(&account, "co2.nett", None, Lang::En).unwrap_err();
    assert_eq!(unknown.near.as_deref(), Some("co2.net"));
    assert!(explain(&account, "plts.generation", Some("pump"), Lang::En).is_err());
}

#[test]
fn figures_that_stand_on_each_other_in_a_ring_end() {
    let config = config();
    let mut account = account(&config);
    let mut ring = figure("site.water", None, 1.0, "m3");
    ring.inputs = vec![
        input("a", 1.0, "m3", Source::Indicator("site.self_use".into())),
        input("b", 1.0, "m3", Source::Indicator("site.self_use".into())),
    ];
    let mut other = figure("site.self_use", None, 1.0, "kWh");
    other.inputs = vec![
        input("a", 1.0, "m3", Source::Indicator("site.water".into())),
        input("b", 1.0, "m3", Source::Indicator("site.water".into())),
    ];
    account.indicators.extend([ring, other]);
    let found = explain(&account, "site.water", None, Lang::En).unwrap();
    assert!(found.text(&config, &account, Lang::En).lines().count() < 2000);
}

#[test]
fn numbers_take_the_place_of_whole_symbols_alone() {
    let mut one = figure("plts.self_sufficiency", None, 62.0, "%");
    one.equation = "100 · E_self / (E_self + E_import)";
    one.inputs = vec![
        input("E", 9.0, "kWh", Source::Constant("")),
        input("E_self", 1000.5, "kWh", Source::Constant("")),
        input("E_import", -2.0, "kWh", Source::Constant("")),
    ];
    let text = substituted(Lang::En, &one);
    assert_eq!(text, "100 · 1,000.5 / (1,000.5 + (−2))");
}

proptest! {
    #[test]
    fn no_equation_and_no_symbol_makes_the_reader_panic(
        equation in "\\PC{0,40}",
        symbol in "\\PC{0,4}",
        value in -1e12..1e12_f64,
    ) {
        let mut one = figure("plts.generation", None, value, "kWh");
        one.equation = Box::leak(equation.into_boxed_str());
        let symbol = Box::leak(symbol.into_boxed_str());
        one.inputs = vec![input(symbol, value, "kWh", Source::Constant(""))];
        let _ = substituted(Lang::Id, &one);
    }

    #[test]
    fn a_benefit_is_never_printed_larger_than_it_is(
        value in -1e6..1e6_f64,
        percent in proptest::option::of(0.01..200.0_f64),
    ) {
        let mut one = figure("co2.net", None, value, "tCO2");
        one.side = Side::Benefit;
        one.uncertainty.tier1_pct = percent;
        let config = crate::ledger::Definitions::built_in();
        let printed = digits::rounded(&config, Lang::Id, &one, value);
        prop_assert!(printed <= value + value.abs() * 1e-9 + 1e-9);
    }
}
