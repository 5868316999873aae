//! Tests of the verdicts in a document: what is withheld, and that no missing value is final.

use super::tests::{all_figures, test_account, test_config, test_indicator};
use super::{ReportInputs, build_director_report, build_document, indicator_figures};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{CompletenessShares, IndicatorRemark, SiteIndicators};
use crate::i18n::Language;
use crate::report::render::cell_value::CellValue;
use crate::report::render::document::{ReportBlock, ReportDocument};
use crate::report::render::figure::FigureStatus;
use crate::report::render::short_text::render_short_text;
use proptest::prelude::*;

const NOW: UtcMs = UtcMs(1_796_090_400_000);

fn inputs<'a>(config: &'a Config, account: &'a SiteIndicators, lang: Language) -> ReportInputs<'a> {
    ReportInputs::of_account(config, account, NOW, lang)
}

fn document(account: &SiteIndicators, lang: Language) -> ReportDocument {
    build_document(inputs(&test_config(), account, lang))
}

#[test]
fn every_number_in_a_column_of_values_is_that_of_a_named_figure() {
    let config = test_config();
    let mut account = test_account(&config);
    let more = [
        "export",
        "import",
        "self_use",
        "specific_yield",
        "final_yield",
        "losses",
        "poa",
    ];
    let more = more.map(|id| test_indicator(&format!("plts.{id}"), Some("plts"), 12.25, "kWh"));
    account.indicators.extend(more);
    let mut tables = Vec::new();
    for section in &document(&account, Language::En).sections {
        for block in &section.blocks {
            let ReportBlock::Table(table) = block else {
                continue;
            };
            let find = |id: &str| table.columns.iter().position(|one| one.id == id);
            // Other tables are of factors and settings.
            let is_of_figures = find("indicator").or_else(|| find("line")).is_some();
            let column = find("value").filter(|_| is_of_figures);
            for (row, cells) in table.rows.iter().enumerate() {
                let Some(column) = column else { break };
                if !matches!(cells[column], CellValue::Number(_)) {
                    continue;
                }
                // The workbook writes it as a formula over the calculation of this figure.
                let key = table.figures.get(&(row, column));
                let known = |key: &String| {
                    let (asset, id) = key.rsplit_once('/').unzip();
                    account.find(id.unwrap_or(key), asset).is_some()
                };
                assert!(key.is_some_and(known), "{} {row}: {key:?}", table.id);
                tables.push(table.id.clone());
            }
        }
    }
    for id in ["more/plts", "lines-co2/plts"] {
        assert!(tables.iter().any(|one| one == id), "{id}: {tables:?}");
    }
}

#[test]
fn a_figure_without_a_value_is_never_final() {
    let config = test_config();
    let mut account = test_account(&config);
    for one in &mut account.indicators {
        one.value = Err(IndicatorRemark::new("analyse-status-no-data"));
    }
    for lang in [Language::Id, Language::En] {
        let document = document(&account, lang);
        let all = all_figures(&document);
        assert!(!all.is_empty());
        for figure in all {
            assert_eq!(figure.status, FigureStatus::Missing, "{}", figure.id);
        }
    }
}

#[test]
fn every_reason_takes_the_number_out_of_page_1_and_the_message_and_leaves_it_in_the_chapter() {
    let config = test_config();
    for verdict in ClaimVerdict::ALL {
        let mut account = test_account(&config);
        for one in &mut account.indicators {
            if ["plts.generation", "co2.net"].contains(&&*one.id) {
                one.value = Ok(7777.0);
                one.claim = verdict;
            }
            // What the net is computed from is as good.
            if &*one.id == "co2.gross" {
                one.claim = verdict;
            }
        }
        for lang in [Language::Id, Language::En] {
            let document = document(&account, lang);
            let of_page_1 = all_figures(&document)
                .into_iter()
                .filter(|one| one.id.starts_with("summary/plts/"))
                .collect::<Vec<_>>();
            assert_eq!(of_page_1.len(), 2, "{verdict:?}");
            for figure in of_page_1 {
                let is_shown = matches!(figure.value, CellValue::Number(_));
                assert_eq!(
                    is_shown,
                    !verdict.is_withheld(),
                    "{verdict:?} {}",
                    figure.id
                );
                let is_final = figure.status == FigureStatus::Final;
                assert_eq!(is_final, verdict == ClaimVerdict::Claimable, "{verdict:?}");
            }
            let text = render_short_text(&document);
            let has = ["7777", "7.777", "7,777"]
                .iter()
                .any(|number| text.contains(number));
            assert_eq!(has, !verdict.is_withheld(), "{verdict:?}\n{text}");
            let mut chapter = all_figures(&document).into_iter();
            let chapter = chapter
                .find(|one| one.id == "plts/plts.generation")
                .unwrap();
            assert_eq!(chapter.value, CellValue::Number(7777.0), "{verdict:?}");
        }
    }
}

#[test]
fn a_negative_net_of_waste_stands_on_page_1_beside_the_gain_with_its_uncertainty() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut waste = account
        .indicators
        .iter()
        .find(|one| &*one.id == "co2.net")
        .unwrap()
        .clone();
    waste.id = "waste.net".into();
    waste.asset = None;
    waste.value = Ok(-0.5);
    waste.uncertainty.gum = Some(0.2);
    account.indicators.push(waste);
    let document = document(&account, Language::En);
    let page_1 = all_figures(&document).into_iter();
    let net = page_1
        .filter(|one| one.id.starts_with("summary/"))
        .find(|one| one.id.ends_with("waste.net"))
        .unwrap();
    assert_eq!(net.value, CellValue::Number(-0.5));
    assert_eq!(net.shown_width(), Some(0.2));
    let text = render_short_text(&document);
    assert!(text.contains("−0.5") || text.contains("-0.5"), "{text}");
}

#[test]
fn a_width_that_is_a_lower_bound_says_so_on_page_1() {
    let config = test_config();
    let mut account = test_account(&config);
    for one in &mut account.indicators {
        one.uncertainty.is_least = one.uncertainty.tier1_pct.is_some();
    }
    for (lang, word) in [(Language::Id, "minimal ±"), (Language::En, "at least ±")] {
        let text = render_short_text(&document(&account, lang));
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn a_figure_of_a_period_that_is_not_over_is_never_final_and_a_lower_bound_says_at_least() {
    let config = test_config();
    let mut account = test_account(&config);
    let generation = account
        .indicators
        .iter_mut()
        .find(|one| &*one.id == "plts.generation");
    let said = IndicatorRemark::new("account-lower-bound");
    generation.unwrap().remarks.push(said);
    for (lang, so_far, least) in [
        (Language::Id, "sejauh ini", "paling sedikit"),
        (Language::En, "so far", "at least"),
    ] {
        // 25 November 2026.
        let running = |lang| ReportInputs {
            issued: UtcMs(1_795_600_000_000),
            ..inputs(&config, &account, lang)
        };
        let document = build_document(running(lang));
        for figure in all_figures(&document) {
            assert_ne!(figure.status, FigureStatus::Final, "{}", figure.id);
        }
        assert!(document.is_running());
        let text = render_short_text(&document);
        assert!(text.contains(so_far) && text.contains(least), "{text}");
        let (front, _) = build_director_report(running(lang), None);
        let bounds: Vec<&String> = front.figures.iter().map(|one| &one.bounds).collect();
        assert!(
            bounds.iter().any(|one| one.starts_with(least)),
            "{bounds:?}"
        );
    }
}

#[test]
fn a_counter_by_difference_is_a_headline_with_its_share() {
    let config = test_config();
    let mut account = test_account(&config);
    let volume = account
        .indicators
        .iter_mut()
        .find(|one| &*one.id == "pump.volume");
    let said = IndicatorRemark::new("account-by-difference");
    volume.unwrap().remarks.push(said);
    let document = document(&account, Language::En);
    let mut all = all_figures(&document).into_iter();
    let volume = all
        .find(|one| one.id == "summary/pump/pump.volume")
        .unwrap();
    assert_eq!(volume.value, CellValue::Number(812.0));
    assert_eq!(volume.status, FigureStatus::ByDifference);
    assert_eq!(volume.completeness, Some(0.62));
}

/// Figures of a plant that has the same energy every day as another one.
fn doubled_account() -> SiteIndicators {
    let config = test_config();
    let mut account = test_account(&config);
    let said = IndicatorRemark::new("account-same-series");
    let said = said.with_arg("asset", "PLTS").with_arg("other", "Meter");
    for one in &mut account.indicators {
        if ["plts.generation", "co2.gross", "co2.net"].contains(&&*one.id) {
            one.claim = ClaimVerdict::combine([one.claim, ClaimVerdict::Doubtful]);
            one.remarks.push(said.clone());
        }
    }
    account
}

#[test]
fn page_1_of_both_editions_names_the_two_assets_that_are_perhaps_one() {
    let config = test_config();
    let account = doubled_account();
    for (lang, mark) in [
        (Language::En, "To be checked"),
        (Language::Id, "Perlu diperiksa"),
    ] {
        let page = document(&account, lang);
        let mut all = all_figures(&page).into_iter();
        let net = all.find(|one| one.id == "summary/plts/co2.net").unwrap();
        assert_eq!(net.status, FigureStatus::Doubtful);
        let told = net.notes.join(" ");
        assert!(told.contains("PLTS") && told.contains("Meter"), "{told}");
        let (front, _) = build_director_report(inputs(&config, &account, lang), None);
        assert!(front.is_doubtful);
        let said = front.remark.join("\n");
        for part in [mark, "PLTS", "Meter", "[[relation]]"] {
            assert!(said.contains(part), "{said}");
        }
    }
}

#[test]
fn both_editions_have_one_status() {
    let config = test_config();
    for is_doubted in [false, true] {
        let mut account = test_account(&config);
        account.indicators.retain(|one| one.value.is_ok());
        for one in &mut account.indicators {
            one.factors.clear();
            one.remarks.clear();
            one.completeness = CompletenessShares::default();
            let is_marked = is_doubted && &*one.id == "plts.generation";
            let verdict = [ClaimVerdict::Claimable, ClaimVerdict::Doubtful];
            one.claim = verdict[usize::from(is_marked)];
        }
        let full = document(&account, Language::En);
        let (front, short) = build_director_report(inputs(&config, &account, Language::En), None);
        let found = [
            full.is_provisional(),
            short.is_provisional(),
            front.is_doubtful,
        ];
        assert_eq!(found, [is_doubted; 3], "{:?}", front.remark);
        // The word beside the title is what the page says, in both editions.
        let badge = is_doubted.then_some("report-status-doubtful");
        assert_eq!(full.standing.badge, badge, "{:?}", front.remark);
        assert_eq!(short.standing.badge, badge);
    }
}

#[test]
fn page_1_says_for_each_figure_its_own_reason() {
    let config = test_config();
    let mut account = doubled_account();
    let unusual = IndicatorRemark::new("account-unusual-amount")
        .with_arg("entry", 7)
        .with_arg("amount", 12_000)
        .with_arg("unit", "kg")
        .with_arg("most", 10_000);
    let fed = account.indicators.iter_mut();
    let fed: Vec<_> = fed.filter(|one| &*one.id == "ledger.bsf-fed").collect();
    assert!(!fed.is_empty());
    for one in fed {
        one.claim = ClaimVerdict::Doubtful;
        one.remarks.push(unusual.clone());
    }
    let (front, _) = build_director_report(inputs(&config, &account, Language::En), None);
    let said = front.remark.join("\n");
    let (energy, entry) = said.split_once("To be checked \u{2013} Organic").unwrap();
    assert!(energy.contains("[[relation]]") && !energy.contains("fed to maggots"));
    assert!(
        entry.contains("12,000 kg") || entry.contains("12000 kg"),
        "{entry}"
    );
}

proptest! {
    #[test]
    fn no_figure_has_a_better_status_than_what_it_is_computed_from(
        claims in prop::array::uniform3(0..ClaimVerdict::ALL.len()),
        shares in prop::array::uniform3(0.5..1.0),
    ) {
        let config = test_config();
        let mut account = test_account(&config);
        let chain = ["plts.generation", "co2.gross", "co2.net"];
        for (place, id) in chain.iter().enumerate() {
            let one = account.indicators.iter_mut().find(|one| *one.id == **id).unwrap();
            one.claim = ClaimVerdict::ALL[claims[place]];
            one.completeness.daylight = Some(shares[place]);
        }
        let page = document(&account, Language::En);
        let all = all_figures(&page);
        let rank = |id: &str| {
            let mut all = all.iter().filter(|one| one.id.ends_with(&format!("plts/{id}")));
            indicator_figures::status_rank(all.next().unwrap().status)
        };
        for pair in chain.windows(2) {
            prop_assert!(rank(pair[0]) <= rank(pair[1]), "{pair:?}");
        }
    }
}

#[test]
fn what_stands_on_too_few_readings_is_insufficient_and_not_provisional() {
    let mut account = test_account(&test_config());
    for one in &mut account.indicators {
        if &*one.id == "plts.generation" {
            one.completeness.daylight = Some(0.6);
        }
    }
    let page = document(&account, Language::En);
    let mut all = all_figures(&page).into_iter();
    let net = all.find(|one| one.id == "summary/plts/co2.net").unwrap();
    assert_eq!(net.status, FigureStatus::Insufficient);
    assert!(
        matches!(net.value, CellValue::Missing(_)),
        "{:?}",
        net.value
    );
}
