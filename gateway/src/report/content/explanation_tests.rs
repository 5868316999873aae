//! Tests of explanations, and of the status of figures.

use super::context::ReportContext;
use super::explain::explain_indicator;
use super::tests::{NOW, test_account, test_config, test_indicator, test_input};
use super::{ReportInputs, build_document, display_names, indicator_figures};
use crate::config::Config;
use crate::domain::claim_verdict::{ClaimVerdict, NotClaimedReason, ProvisionalReason};
use crate::domain::indicator::{
    CONSTANT_NAMES, Indicator, IndicatorRemark, InputSource, SiteIndicators,
};
use crate::i18n::Language;
use crate::report::render::cell_value::CellValue;
use crate::report::render::document::ReportBlock;
use crate::report::render::figure::FigureStatus;

fn inputs<'a>(config: &'a Config, account: &'a SiteIndicators) -> ReportInputs<'a> {
    ReportInputs::of_account(config, account, NOW, Language::Id)
}

#[test]
fn a_refused_explanation_says_what_to_ask_for() {
    let config = test_config();
    let account = test_account(&config);
    let refused = |id: &str, asset: Option<&str>| {
        let unknown = explain_indicator(&account, id, asset, Language::En).unwrap_err();
        unknown.message(Language::En)
    };
    for (id, asset, wanted) in [
        ("co2.nett", None, "Did you mean: co2.net?"),
        ("foo", None, "--explain all"),
        (
            "plts.generation",
            Some("pump"),
            "plts.generation is a figure of plts",
        ),
    ] {
        let said = refused(id, asset);
        assert!(said.contains(wanted), "{said}");
        assert!(said.contains("/api/v1/indicators"), "{said}");
    }
}

#[test]
fn an_explanation_calls_a_figure_final_or_running_as_the_report_does() {
    let config = test_config();
    let mut account = test_account(&config);
    account.indicators = vec![test_indicator("meter.energy", Some("meter"), 5.0, "kWh")];
    for (days_ago, wanted) in [(5, "so far"), (0, "final")] {
        account.now.0 = NOW.0 - days_ago * 86_400_000;
        let found = explain_indicator(&account, "meter.energy", Some("meter"), Language::En);
        let text = found.unwrap().text(&config, &account, Language::En);
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
}

#[test]
fn an_explanation_says_what_to_do_about_a_figure_that_is_no_headline() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut text_of = |change: &dyn Fn(&mut Indicator), lang| {
        let mut one = test_indicator("meter.energy", Some("meter"), 5.0, "kWh");
        change(&mut one);
        account.indicators = vec![one];
        let found = explain_indicator(&account, "meter.energy", Some("meter"), lang).unwrap();
        found.text(&config, &account, lang)
    };
    let little = |one: &mut Indicator| one.completeness.all = Some(0.3);
    let implausible = |one: &mut Indicator| {
        one.claim = ClaimVerdict::NotClaimed(NotClaimedReason::Implausible);
    };
    let unread =
        |one: &mut Indicator| one.value = Err(IndicatorRemark::new("analyse-status-no-data"));
    for (change, wanted) in [
        (&little as &dyn Fn(&mut Indicator), "pantau import"),
        (&implausible, "current transformer"),
        (&unread, "Choose a period with data"),
    ] {
        let text = text_of(change, Language::En);
        assert!(text.contains("What to do: "), "{text}");
        assert!(text.contains(wanted), "{wanted} in\n{text}");
    }
    assert!(!text_of(&|_| (), Language::En).contains("What to do: "));
}

#[test]
fn every_constant_and_every_part_of_a_record_has_a_name_in_both_languages() {
    let definitions = crate::ledger::IndicatorDefinitions::built_in();
    for lang in [Language::Id, Language::En] {
        for what in CONSTANT_NAMES {
            assert!(
                lang.find_text(&format!("chapters-constant-{what}"))
                    .is_some(),
                "{what}"
            );
        }
        for part in ["target", "baseline", "effect"] {
            let id = format!("ledger.bsf-maggot.{part}");
            let name = display_names::indicator_name(&definitions, lang, &id);
            let of = display_names::indicator_name(&definitions, lang, "ledger.bsf-maggot");
            assert!(name.contains(&of) && name.len() > of.len(), "{name}");
        }
    }
}

#[test]
fn a_year_has_no_thousands_separator_whatever_stands_before_it() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut one = test_indicator("methane.annual", Some("bsf"), 1.0, "tCO2e");
    one.equation = "W · (y − x + 1) / 2";
    let year = |symbol| test_input(symbol, 2026.0, "", InputSource::Constant("period"));
    one.inputs = vec![
        test_input("W", 2.0, "t", InputSource::Constant("period")),
        year("y"),
        year("x"),
    ];
    account.indicators.push(one);
    for lang in [Language::Id, Language::En] {
        let found = explain_indicator(&account, "methane.annual", Some("bsf"), lang).unwrap();
        let text = found.text(&config, &account, lang);
        assert!(
            text.contains("y = 2026 ←") && text.contains("(2026 − 2026"),
            "{text}"
        );
        // Nor does any text of the catalogue write one so.
        let sheet = match lang {
            Language::Id => include_str!("../../../assets/words/id.ftl"),
            Language::En => include_str!("../../../assets/words/en.ftl"),
        };
        for line in sheet.lines() {
            let grouped = ["1.9", "2.0", "1,9", "2,0"].into_iter().any(|start| {
                line.match_indices(start).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let digits = line[at + start.len()..].chars();
                    let digits = digits.take_while(char::is_ascii_digit).count();
                    digits == 2 && before.is_none_or(|one| !one.is_ascii_digit() && one != '.')
                })
            });
            assert!(!grouped, "{line}");
        }
    }
}

#[test]
fn tables_of_further_figures_say_the_status_of_each() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut many: Vec<Indicator> = ["plts.export", "plts.import", "plts.self_use", "plts.pr"]
        .into_iter()
        .chain(["plts.specific_yield", "plts.final_yield", "plts.insolation"])
        .map(|id| test_indicator(id, Some("plts"), 5.0, "kWh"))
        .collect();
    many[6].completeness.daylight = Some(0.3);
    account.indicators.extend(many);
    let document = build_document(inputs(&config, &account));
    let blocks = document.sections.iter().flat_map(|section| &section.blocks);
    let mut tables = blocks.filter_map(|block| match block {
        ReportBlock::Table(table) => Some(table),
        _ => None,
    });
    let table = tables.find(|table| table.id == "more/plts").unwrap();
    let place = table
        .columns
        .iter()
        .position(|one| one.id == "status")
        .unwrap();
    let states: Vec<&CellValue> = table.rows.iter().map(|row| &row[place]).collect();
    assert!(!states.is_empty());
    for state in &states {
        assert!(
            matches!(state, CellValue::Text(text) if !text.is_empty()),
            "{states:?}"
        );
    }
    let poor = CellValue::Text(Language::Id.text("report-status-insufficient"));
    assert!(states.contains(&&poor), "{states:?}");
}

#[test]
fn what_is_provisional_and_hardly_measured_is_insufficient() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut one = test_indicator("meter.energy", Some("meter"), 5.0, "kWh");
    one.claim = ClaimVerdict::Provisional(ProvisionalReason::NoPage);
    one.completeness.all = Some(0.2);
    account.indicators = vec![one];
    let book = ReportContext::new(inputs(&config, &account));
    let status = indicator_figures::figure_status(&book, &account.indicators[0]);
    assert_eq!(status, FigureStatus::Insufficient);
}
