//! The director's edition: its length, its first page, and the editions of `pantau report`.

use super::LANGS;
use super::agree::pdf_text;
use super::month::ReportedSite;
use super::paper::{assert_readable, english_words};
use gateway::config::{Config, load_config_text};
use gateway::domain::claim_verdict::{ClaimVerdict, NotClaimedReason};
use gateway::domain::indicator::{
    CompletenessShares, DailyValues, Indicator, IndicatorInput, IndicatorSpec, InputSource,
    PointReadings, SiteIndicators, Uncertainty, ValueOrigin,
};
use gateway::domain::ledger::{EntryKind, EntryStatement, EntryTime, LedgerEntry, QuantityBasis};
use gateway::domain::period::Period;
use gateway::domain::{ExactNumber, UtcMs};
use gateway::evidence::NO_EVIDENCE;
use gateway::i18n::Language;
use gateway::indicators::all_indicators;
use gateway::report::content::{ReportInputs, build_director_report};
use gateway::report::render::render_director_pdf;
use jiff::civil::Date;
use serde_json::Value as Json;
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

/// 2027-02-01 in Jakarta, milliseconds since 1970 UTC: every period of the tests is over.
const NOW: UtcMs = UtcMs(1_801_414_800_000);
const NOW_DAY: Date = Date::constant(2027, 2, 1);
const PAGES_MAX: usize = 8;
/// Assets of the demo's site by the first part of the ids of their figures.
const ASSETS: [(&str, &str); 8] = [
    ("plts", "plts"),
    ("pump", "pump"),
    ("tank", "tank"),
    ("catchment", "roof"),
    ("bsf", "bsf"),
    ("meter", "meter"),
    ("methane", "bsf"),
    ("waste", "bsf"),
];
/// Figures with values by day.
const DAILY: [(&str, f64); 10] = [
    ("plts.generation", 10.0),
    ("plts.self_use", 3.0),
    ("pump.volume", 6.0),
    ("pump.energy", 1.0),
    ("tank.volume_last", 22.0),
    ("tank.inflow", 6.0),
    ("catchment.rain", 9.0),
    ("bsf.temperature_mean", 29.7),
    ("meter.import", 3.0),
    ("meter.export", 7.0),
];
/// Written figures: id, quantity, target.
const WRITTEN: [(&str, f64, f64); 9] = [
    ("bsf-fed", 371.0, 350.0),
    ("bsf-maggot", 91.0, 95.0),
    ("bsf-kasgot", 81.7, 80.0),
    ("jelantah", 71.9, 80.0),
    ("belt-waste", 1.25, 2.0),
    ("money-saved", 3_050_000_000.0, 4_000_000_000.0),
    ("beneficiaries", 412.0, 400.0),
    ("waste-sorted", 330.0, 400.0),
    ("proklim-activities", 3.0, 4.0),
];

pub(super) fn demo_config(report: &str) -> Config {
    let demo = include_str!("../../../gateway/assets/demo.toml");
    let text = format!("{demo}\n{report}");
    load_config_text(&text, Path::new("demo.toml"), &|_| None).unwrap()
}

fn days_of(period: Period) -> Vec<Date> {
    let days = std::iter::successors(Some(period.first()), |day| day.tomorrow().ok());
    days.take_while(|day| *day <= period.last()).collect()
}

fn whole() -> CompletenessShares {
    CompletenessShares {
        all: Some(1.0),
        daylight: Some(1.0),
    }
}

fn indicator(
    spec: &IndicatorSpec<'_>,
    asset: Option<&str>,
    value: f64,
    period: Period,
) -> Indicator {
    let point = match asset {
        Some("plts") => "inverter.ac_energy_total",
        Some("pump") => "pump-flow.volume_total",
        Some("tank") => "level.level",
        Some("roof") => "rain.rain_total",
        Some("bsf") => "bsf-bin.temp_core",
        _ => "meter.ac_energy_import",
    };
    let readings = PointReadings {
        point: point.into(),
        day_shares: days_of(period).iter().map(|_| Some(1.0)).collect(),
        ..PointReadings::default()
    };
    Indicator {
        id: spec.id.into(),
        asset: asset.map(Arc::from),
        period,
        value: Ok(value),
        unit: spec.unit.into(),
        uncertainty: Uncertainty {
            tier1_pct: Some(10.0),
            gum: None,
            is_least: false,
            ..Uncertainty::default()
        },
        completeness: whole(),
        origin: ValueOrigin::Meter,
        side: spec.side,
        method: spec.method,
        equation: spec.equation,
        inputs: vec![IndicatorInput {
            symbol: "x",
            value: Some(value),
            unit: spec.unit.into(),
            from: InputSource::Point(readings),
            rule: "",
            parts: Vec::new(),
        }],
        factors: Vec::new(),
        claim: ClaimVerdict::Claimable,
        remarks: Vec::new(),
    }
}

/// A total or a target of the ledger.
fn written_figure(id: &str, figure: &str, value: f64, period: Period) -> Indicator {
    let definitions = demo_config("").definitions;
    let unit = definitions.find(id).unwrap().unit.to_string();
    let spec = IndicatorSpec::new("", &unit, "F.1", "Σ q");
    Indicator {
        id: figure.into(),
        uncertainty: Uncertainty::default(),
        completeness: CompletenessShares::default(),
        origin: ValueOrigin::Manual,
        inputs: Vec::new(),
        ..indicator(&spec, None, value, period)
    }
}

/// All figures that a site like the demo's can have, each with a value.
pub(super) fn full_account(period: Period, scale: f64) -> SiteIndicators {
    let mut indicators = Vec::new();
    let days = days_of(period);
    let length = f64::from(u32::try_from(days.len()).unwrap());
    for spec in all_indicators() {
        let folder = spec.id.split('.').next().unwrap();
        let daily = DAILY.iter().find(|(id, _)| *id == spec.id);
        let is_flow = !["degC", "%"].contains(&spec.unit) && !spec.id.starts_with("tank.volume");
        let value = match daily {
            Some((_, a_day)) if is_flow => a_day * length * scale,
            Some((_, state)) => *state,
            None => 12.3 * scale,
        };
        let asset = ASSETS.iter().find(|(of, _)| *of == folder);
        let asset = asset.map(|(_, asset)| *asset);
        match folder {
            "co2" => {
                for asset in [Some("plts"), None] {
                    indicators.push(indicator(spec, asset, 0.08 * length * scale, period));
                }
            }
            "site" => indicators.push(indicator(spec, None, value, period)),
            _ if asset.is_some() => indicators.push(indicator(spec, asset, value, period)),
            // The demo has no genset and no compost.
            _ => {}
        }
    }
    for (id, quantity, target) in WRITTEN {
        let figure = format!("ledger.{id}");
        let aim = format!("ledger.{id}.target");
        indicators.push(written_figure(id, &figure, quantity * scale, period));
        indicators.push(written_figure(id, &aim, target, period));
    }
    SiteIndicators {
        period,
        now: NOW,
        revision: "3e1c9a52".to_owned(),
        indicators,
        sources: Vec::new(),
        daily: DAILY
            .iter()
            .map(|one| daily_values(*one, &days, scale))
            .collect(),
        events: Vec::new(),
        events_left_out: 16,
    }
}

fn daily_values((id, a_day): (&str, f64), days: &[Date], scale: f64) -> DailyValues {
    let spec = all_indicators().find(|spec| spec.id == id).unwrap();
    let folder = id.split('.').next().unwrap();
    let asset = ASSETS.iter().find(|(of, _)| *of == folder);
    let day = |day: &Date| (*day, Some(a_day * scale), whole());
    DailyValues {
        id: id.into(),
        asset: asset.map(|(_, asset)| Arc::from(*asset)),
        unit: spec.unit.into(),
        days: days.iter().map(day).collect(),
    }
}

/// An entry of each written figure for each week of the period.
fn weekly_entries(period: Period) -> Vec<LedgerEntry> {
    let definitions = demo_config("").definitions;
    let weeks = days_of(period).into_iter().step_by(7);
    let all = weeks.flat_map(|day| WRITTEN.iter().map(move |(id, ..)| (day, *id)));
    let entry = |(number, (day, id)): (u64, (Date, &str))| LedgerEntry {
        id: number,
        statement: EntryStatement {
            sort: EntryKind::Record,
            indicator: id.into(),
            what: String::new(),
            quantity: ExactNumber::with_places(15, 1),
            unit: definitions.find(id).unwrap().unit.clone(),
            when: EntryTime::Day(day),
            known: QuantityBasis::Declared,
            who: "Siti".to_owned(),
            note: String::new(),
            attachments: Vec::new(),
            supersedes: None,
        },
        recorded_at: NOW,
        recorded_by: "siti".to_owned(),
        superseded_by: None,
    };
    (1_u64..).zip(all).map(entry).collect()
}

/// The target of each written figure for the period.
fn target_entries(period: Period) -> Vec<LedgerEntry> {
    let definitions = demo_config("").definitions;
    let like = weekly_entries(period).swap_remove(0);
    let target = |(number, (id, _, target)): (u64, (&str, f64, f64))| {
        let mut entry = like.clone();
        entry.id = number;
        let said = &mut entry.statement;
        said.sort = EntryKind::Target;
        said.indicator = id.into();
        said.unit = definitions.find(id).unwrap().unit.clone();
        said.quantity = Some(ExactNumber::Float(target));
        said.when = EntryTime::Period(period);
        entry
    };
    (100_000_u64..).zip(WRITTEN).map(target).collect()
}

/// Pages of the edition as text.
pub(super) fn edition_pages(
    config: &Config,
    account: &SiteIndicators,
    lang: Language,
) -> Vec<String> {
    let period = account.period;
    let before = full_account(period.before(NOW_DAY), 0.9);
    let mut entries = weekly_entries(period);
    entries.extend(target_entries(period));
    let inputs = ReportInputs {
        config,
        account,
        entries: &entries,
        changes: &[],
        changes_left_out: 0,
        past: None,
        revised: None,
        evidence: &NO_EVIDENCE,
        asset: None,
        issued: NOW,
        lang,
    };
    let (front, document) = build_director_report(inputs, Some(&before));
    let pdf = render_director_pdf(&front, &document).unwrap();
    if let Some(place) = std::env::var_os("PANTAU_REPORT_SAMPLE") {
        let name = format!("director-{period}-{}.pdf", lang.code());
        std::fs::write(Path::new(&place).join(name), &pdf).unwrap();
    }
    assert_readable(&pdf, &period.to_string());
    let text = pdf_text(&pdf).expect("pdftotext: use tests/run");
    if lang == Language::Id {
        assert_eq!(english_words(&text), BTreeSet::new(), "{period}");
    }
    let pages = text.trim_end_matches('\u{c}').split('\u{c}');
    let pages: Vec<String> = pages.map(|page| page.replace('\u{a0}', " ")).collect();
    // What is provisional and why is one line of page 1, whatever the figures are.
    let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (remark, first) = (words(&front.remark[0]), &pages[0]);
    let is_there = first.lines().any(|line| words(line).contains(&remark));
    assert!(is_there, "{remark} in\n{first}");
    pages
}

#[test]
fn a_month_a_quarter_and_a_year_have_eight_pages_at_most() {
    for period in ["2026-10", "2026-Q4", "2026"] {
        let account = full_account(period.parse().unwrap(), 1.0);
        for lang in LANGS {
            let pages = edition_pages(&demo_config(""), &account, lang);
            let count = pages.len();
            assert!((3..=PAGES_MAX).contains(&count), "{period}: {count} pages");
            let text = pages.concat();
            // A character that no font has is drawn as a question mark, a word that the catalogue
            // lacks as its key.
            for wrong in ["?", "chapters-", "report-", "indicator-"] {
                assert!(!text.contains(wrong), "{period}: {wrong} in\n{text}");
            }
        }
    }
}

#[test]
fn the_first_page_has_figures_targets_last_period_and_signatures_and_no_methods() {
    let signers =
        "[report]\nprepared = 'Siti Rahayu, Petugas'\napproved = 'Rina Kartika, Direktur'";
    for (lang, parts) in [
        (
            Language::Id,
            [
                "Oktober 2026",
                "September 2026",
                "Target",
                "310 kWh",
                "2,2 sampai 2,8 t CO₂",
                "371,0 kg",
                "350,0 kg",
                "106%",
                "Rp 3.050.000.000",
                "412 orang",
                "Disiapkan oleh",
                "Diperiksa oleh",
                "Disetujui oleh",
                "Nama dan jabatan",
                "Produksi energi PLTS per hari",
            ],
        ),
        (
            Language::En,
            [
                "October 2026",
                "September 2026",
                "Target",
                "310 kWh",
                "2.2 to 2.8 t CO₂",
                "371.0 kg",
                "350.0 kg",
                "106%",
                "Rp 3,050,000,000",
                "412 people",
                "Prepared by",
                "Checked by",
                "Approved by",
                "Name and function",
                "Energy generated by day",
            ],
        ),
    ] {
        let account = full_account("2026-10".parse().unwrap(), 1.0);
        let pages = edition_pages(&demo_config(signers), &account, lang);
        let first = &pages[0];
        for part in parts
            .iter()
            .chain(&["Desa Impian", "Siti Rahayu", "Rina Kartika", "Direktur"])
        {
            assert!(first.contains(part), "{part} is not in\n{first}");
        }
        for wrong in ["⁾", "G.5", "C.9", "F.1"] {
            assert!(!first.contains(wrong), "{wrong} in\n{first}");
        }
    }
}

#[test]
fn what_must_not_be_claimed_is_a_dash_with_its_reason_and_chosen_figures_are_shown() {
    let chosen = "[report]\nheadlines = ['co2.net', 'tank.fill_last', 'ledger.songket', \
                  'plts/plts.pr']";
    let mut account = full_account("2026-10".parse().unwrap(), 1.0);
    for one in account
        .indicators
        .iter_mut()
        .filter(|one| one.id.starts_with("co2."))
    {
        one.claim = ClaimVerdict::NotClaimed(NotClaimedReason::UpperBound);
    }
    let pages = edition_pages(&demo_config(chosen), &account, Language::En);
    let first = &pages[0];
    for part in [
        "Tank fill level at the end of the",
        // None of them has values by day: the plot shows something else.
        "Energy generated by day",
        "Performance ratio (PR)",
        // Nobody wrote down any songket: the figure was chosen and stands there.
        "Songket made",
        "There is no such figure in this period.",
        "the number is an upper bound",
    ] {
        assert!(first.contains(part), "{part} is not in\n{first}");
    }
    assert!(!first.contains("Energy generated ·"), "{first}");
    // 0.08 t a day, rounded down.
    let all = pages.concat();
    assert!(!all.contains("2.4 t CO"), "{all}");
}

#[test]
fn an_uncertainty_that_is_a_lower_bound_gives_no_ends() {
    let mut account = full_account("2026-10".parse().unwrap(), 1.0);
    for one in account
        .indicators
        .iter_mut()
        .filter(|one| one.id.starts_with("co2."))
    {
        one.uncertainty.is_least = true;
    }
    let pages = edition_pages(&demo_config(""), &account, Language::En);
    assert!(pages[0].contains("at least ± 0.3 t CO₂"), "{}", pages[0]);
    let all = pages.concat();
    assert!(!all.contains("2.2 to 2.8"), "{all}");
}

#[test]
fn the_command_makes_the_directors_edition_and_the_full_one_on_request() {
    let site = ReportedSite::new();
    let report: Json = {
        let bytes = std::fs::read(site.report_file("id", "json")).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    };
    let content = report["evidence"]["content"].as_str().unwrap();
    let short = std::fs::read(site.report_file("id", "pdf")).unwrap();
    let full = std::fs::read(site.edition_file("id", "full")).unwrap();
    let [short, full] = [short, full].map(|pdf| pdf_text(&pdf).expect("pdftotext: use tests/run"));
    // The same report: the hash of its content does not depend on the edition.
    assert!(short.contains(content) && full.contains(content), "{short}");
    let pages = |text: &str| text.trim_end_matches('\u{c}').split('\u{c}').count();
    assert!(pages(&short) <= PAGES_MAX, "{}", pages(&short));
    assert!(pages(&full) > pages(&short));
    assert!(short.contains("Disetujui oleh") && !full.contains("Disetujui oleh"));
    let output = site.run(&["report", "2025-11", "--edition", "fulll"], "id");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("director") && said.contains("full"), "{said}");
}

/// Letters of a text without the spaces and line ends that the layout puts between them.
fn letters(text: &str) -> String {
    text.split_whitespace().collect()
}

/// A name of exactly so many letters, in words.
fn long_name(word: &str, length: usize) -> String {
    let all = std::iter::repeat_n(word, length)
        .collect::<Vec<_>>()
        .join(" ");
    let mut cut: String = all.chars().take(length).collect();
    if cut.ends_with(' ') {
        cut.pop();
        cut.push('n');
    }
    cut
}

#[test]
fn names_up_to_their_limit_stand_whole_on_the_first_page_and_above_every_other() {
    for word in ["Sukamaju", "Wonokerto-Pandansari", "WWWMMM"] {
        let (site, name) = (long_name(word, 60), long_name(word, 58));
        let office = long_name("Kepala Divisi Tanggung Jawab Sosial", 60);
        let report = format!(
            "[report]\nprepared = '{name}; {office}'\nchecked = '{name}; {office}'\n\
             approved = '{name}; {office}'"
        );
        let demo = include_str!("../../../gateway/assets/demo.toml");
        let demo = demo.replace("\"Desa Impian\"", &format!("\"{site}\""));
        let text = format!("{demo}\n{report}");
        let config = load_config_text(&text, Path::new("demo.toml"), &|_| None).unwrap();
        let account = full_account("2026-10".parse().unwrap(), 1.0);
        for lang in LANGS {
            let pages = edition_pages(&config, &account, lang);
            // Columns side by side are one line of the text each.
            let first = letters(&pages[0]);
            assert!(first.contains(&letters(&site)), "{site} in\n{}", pages[0]);
            for part in name.split([' ', '-']).chain(office.split(' ')) {
                let found = first.matches(part).count();
                assert!(found >= 3, "{part}: {found} in\n{}", pages[0]);
            }
            for page in &pages[1..] {
                assert!(letters(page).contains(&letters(&site)), "{site} in\n{page}");
            }
        }
    }
}
