//! Page 1 says the same wherever it is shown, and says why.

use super::tests::{NOW, all_figures, test_account, test_config, test_indicator, test_input};
use super::{ReportInputs, build_director_report, build_document, build_page_one, headline_figure};
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{
    DataEvent, Indicator, IndicatorRemark, InputSource, SiteIndicators,
};
use crate::domain::measured_since::{PeriodEnd, SINCE_ARG};
use crate::domain::sample_import::SampleImport;
use crate::i18n::Language;
use crate::report::render::cell_value::CellValue;
use crate::report::render::document::ReportDocument;
use crate::report::render::figure::KeyFigure;
use crate::report::render::html::{escape_html, render_html_section};
use crate::report::render::number_format::NO_VALUE;
use crate::report::render::short_text::render_short_text;
use proptest::prelude::*;
use std::sync::Arc;

const RESET: &str = "account-lower-bound";

fn inputs<'a>(config: &'a Config, account: &'a SiteIndicators, lang: Language) -> ReportInputs<'a> {
    ReportInputs::of_account(config, account, NOW, lang)
}

fn late(time: &str) -> IndicatorRemark {
    IndicatorRemark::new(PeriodEnd::Begin.remarks().total).with_arg(SINCE_ARG, time)
}

/// Visible parts of a figure: name, number, status, bound and time since when.
fn seen(one: &KeyFigure) -> String {
    let value = match &one.value {
        CellValue::Number(value) => format!("{value:?}"),
        CellValue::Missing(why) => why.clone(),
        _ => String::new(),
    };
    let (status, label) = (one.status.key(), &one.label);
    let bounds = (one.is_at_least, one.is_least, one.shown_width(), one.since);
    format!("{label} | {value} | {status} | {bounds:?}")
}

fn summary_of(document: &ReportDocument) -> Vec<&KeyFigure> {
    let all = all_figures(document).into_iter();
    all.filter(|one| one.id.starts_with("summary/")).collect()
}

/// An account with these marks on the figures that page 1 has.
fn marked_account(config: &Config, marks: &[(usize, u8, u8, u8)], period: &str) -> SiteIndicators {
    let mut account = test_account(config);
    account.period = period.parse().unwrap();
    for (place, one) in account.indicators.iter_mut().enumerate() {
        one.period = account.period;
        let (verdict, share, bound, value) = marks[place % marks.len()];
        one.claim = ClaimVerdict::ALL[verdict % ClaimVerdict::ALL.len()];
        one.completeness.all = Some(f64::from(share) / 100.0);
        one.completeness.daylight = one.completeness.all;
        match bound {
            0 => one.remarks.push(IndicatorRemark::new(RESET)),
            1 => one.remarks.push(late("2026-11-12T10:12:00")),
            _ => {}
        }
        if value == 0 {
            one.value = Err(IndicatorRemark::new("analyse-status-implausible-readings"));
        }
    }
    account
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn page_1_the_screen_the_message_and_the_pages_show_the_same_figures_with_the_same_marks(
        marks in prop::collection::vec((0_usize..11, 60_u8..=100, 0_u8..4, 0_u8..5), 1..6),
        period in prop::sample::select(vec![
            "2026-11-28", "2026-W48", "2026-11", "2026-12", "2026-Q4", "2026",
            "2026-11-03..2026-11-20",
        ]),
        is_english in any::<bool>(),
    ) {
        let lang = if is_english { Language::En } else { Language::Id };
        let config = test_config();
        let account = marked_account(&config, &marks, period);
        let matter = inputs(&config, &account, lang);
        let screen = build_page_one(matter, None);
        let screen_figures = summary_of(&screen);
        let of_screen: Vec<String> = screen_figures.iter().map(|one| seen(one)).collect();
        prop_assert!(!of_screen.is_empty());
        // The director's first page tells a reason once; the text of the others refers to it.
        let (front, _) = build_director_report(matter, None);
        let of_front: Vec<String> = front.figures.iter().map(|one| seen(&one.figure)).collect();
        prop_assert_eq!(of_front.len(), of_screen.len());
        for (front, screen) in of_front.iter().zip(&of_screen) {
            let parts = |text: &str| text.split(" | ").map(str::to_owned).collect::<Vec<_>>();
            let (front, screen) = (parts(front), parts(screen));
            prop_assert_eq!(&front[0], &screen[0]);
            prop_assert_eq!(&front[2..], &screen[2..]);
            let same = lang.text("chapters-director-same-reason");
            prop_assert!(front[1] == screen[1] || front[1] == same, "{front:?} {screen:?}");
        }
        let full = build_document(matter);
        let of_full: Vec<String> = summary_of(&full).into_iter().map(seen).collect();
        prop_assert_eq!(&of_full[..of_screen.len()], &of_screen[..]);
        // The message has a line for each, with its marks.
        let text = render_short_text(&screen);
        for one in &screen_figures {
            let line = text.lines().find(|line| line.contains(&format!("• {}:", one.label)));
            prop_assert!(line.is_some(), "{} in\n{text}", one.label);
            let least = one.is_at_least && matches!(one.value, CellValue::Number(_));
            let is_told = line.unwrap_or_default().contains(&lang.text("report-lower"));
            prop_assert!(!least || is_told, "{line:?}");
        }
        prop_assert!(text.contains(&front.remark.join("\n")), "{text}");
        assert_one_line(&front.remark, lang);
        // Pages that people quote from.
        for one in &account.indicators {
            let place = [one.asset.as_deref(), Some(&*one.id)];
            let place: Vec<&str> = place.into_iter().flatten().collect();
            let id = format!("summary/{}", place.join("/"));
            let Some(shown) = screen_figures.iter().find(|shown| shown.id == id) else {
                continue;
            };
            let page = headline_figure(matter, one);
            let named = KeyFigure { label: shown.label.clone(), ..page };
            prop_assert_eq!(seen(&named), seen(shown));
        }
    }
}

#[test]
fn a_screen_and_a_message_have_the_marks_and_the_period_before_of_page_1() {
    let config = test_config();
    let of_period = |period: &str| {
        let mut account = test_account(&config);
        account.period = period.parse().unwrap();
        let whole = account.period;
        account
            .indicators
            .iter_mut()
            .for_each(|one| one.period = whole);
        account
    };
    let before = of_period("2026-10");
    for (period, is_running, lang) in [
        ("2026-12", true, Language::En),
        ("2026-12", true, Language::Id),
        ("2026-11", false, Language::Id),
    ] {
        let account = of_period(period);
        let matter = inputs(&config, &account, lang);
        let (front, _) = build_director_report(matter, Some(&before));
        let screen = build_page_one(matter, Some(&before));
        let html = render_html_section(&screen, "summary", &|_| None);
        let text = render_short_text(&screen);
        let word = |status: &str| lang.text(&format!("report-status-{status}"));
        for said in [&html, &text] {
            assert_eq!(said.contains(&word("running")), is_running, "{said}");
        }
        for end in ["(", "; "] {
            assert!(
                !text.contains(&format!("{end}{})", word("final"))),
                "{text}"
            );
        }
        let mut compared = 0;
        for one in &front.figures {
            let shown = summary_of(&screen);
            let shown = shown.iter().find(|shown| shown.label == one.figure.label);
            let is_told = one.before != NO_VALUE && one.before != lang.text("report-gap");
            if is_told {
                compared += 1;
                let beside = &shown.unwrap().beside;
                assert!(beside.contains(&one.before), "{beside}");
                assert!(beside.starts_with(&front.before), "{beside}");
                assert!(html.contains(&escape_html(beside)), "{html}");
            }
        }
        assert!(compared > 0, "{period}");
    }
}

#[test]
fn what_was_issued_before_is_told_where_a_figure_has_moved() {
    use super::{EarlierIssue, HeadlineRecord, MovedHeadline, RevisedSince};
    use crate::domain::UtcMs;
    use crate::domain::issued_report::IssueWay;
    let config = test_config();
    let account = test_account(&config);
    let record = HeadlineRecord::clone;
    let now = super::headline_records(inputs(&config, &account, Language::En));
    let less = |one: &HeadlineRecord| HeadlineRecord {
        value: one.value.map(|value| value - 2.0),
        ..record(one)
    };
    let moved = MovedHeadline {
        before: now.first().map(less),
        now: now.first().map(record),
    };
    let issue = EarlierIssue {
        number: 1,
        at: UtcMs(0),
        via: IssueWay::Api,
        by: String::new(),
    };
    for (moved, is_told) in [(Vec::new(), false), (vec![moved], true)] {
        let revised = RevisedSince {
            issues: vec![issue.clone()],
            count: 1,
            changes: crate::evidence::ChangesSince::default(),
            moved,
        };
        let matter = ReportInputs {
            revised: Some(&revised),
            ..inputs(&config, &account, Language::En)
        };
        let (front, _) = build_director_report(matter, None);
        let text = render_short_text(&build_page_one(matter, None));
        let line = super::revised_since::revised_line(&super::context::ReportContext::new(matter));
        assert_eq!(line.is_some(), is_told);
        // By how much, not only that.
        let by = line.as_deref().is_none_or(|line| line.contains("(+2"));
        assert!(by, "{line:?}");
        let line = line.unwrap_or_else(|| "(issue 1)".to_owned());
        for said in [&front.remark.join("\n"), &text] {
            assert_eq!(said.contains(&line), is_told, "{said}");
        }
    }
}

/// Remark of page 1 of an account of these figures.
fn remark(all: Vec<Indicator>) -> String {
    let config = test_config();
    let mut account = test_account(&config);
    account.indicators = all;
    let (front, _) = build_director_report(inputs(&config, &account, Language::En), None);
    assert_one_line(&front.remark, Language::En);
    front.remark.join("\n")
}

/// The line has the length of a line, and the notes that it names are those that follow.
#[track_caller]
fn assert_one_line(remark: &[String], lang: Language) {
    let (line, notes) = remark.split_first().unwrap();
    assert!(line.chars().count() <= 100, "{line}");
    let letters: Vec<char> = ('a'..='z').take(notes.len()).collect();
    for (letter, note) in letters.iter().zip(notes) {
        assert!(note.starts_with(&format!("({letter}) ")), "{note}");
    }
    let Some(last) = letters.last() else {
        assert!(!line.contains("(a)"), "{line}");
        return;
    };
    let span = match last {
        'a' => "(a)".to_owned(),
        _ => format!("(a)–({last})"),
    };
    let ways = ["more", "notes"].map(|way| {
        let key = format!("chapters-page-one-{way}");
        lang.text_with(&key, &[("span", &span)])
    });
    assert!(
        ways.iter().any(|way| line.contains(way)),
        "{line}: {ways:?}"
    );
}

#[test]
fn the_line_of_page_1_has_the_length_of_a_line_however_much_there_is_to_say() {
    let config = test_config();
    for lang in [Language::En, Language::Id] {
        let mut account = test_account(&config);
        for (place, one) in account.indicators.iter_mut().enumerate() {
            one.claim = ClaimVerdict::Doubtful;
            let amount = IndicatorRemark::new("account-unusual-amount")
                .with_arg("entry", place)
                .with_arg("amount", 12_000)
                .with_arg("unit", "kg")
                .with_arg("most", 10_000);
            one.remarks = vec![amount, late("2026-11-12T10:12:00")];
        }
        let (front, _) = build_director_report(inputs(&config, &account, lang), None);
        assert_one_line(&front.remark, lang);
        assert!(front.remark.len() > 4, "{:?}", front.remark);
        // Of one figure, the line has the reason itself.
        let mut one = energy();
        one.claim = ClaimVerdict::ALL[0];
        account.indicators = vec![one];
        let (front, _) = build_director_report(inputs(&config, &account, lang), None);
        assert_one_line(&front.remark, lang);
        assert_eq!(front.remark.len(), 1, "{:?}", front.remark);
    }
}

fn energy() -> Indicator {
    test_indicator("plts.generation", Some("plts"), 281.0, "kWh")
}

#[test]
fn the_line_of_page_1_says_why_a_figure_is_at_least() {
    let mut one = energy();
    one.remarks.push(IndicatorRemark::new(RESET));
    let said = remark(vec![one]);
    let why = "At least – Energy generated: Part of the count was lost (a device was reset";
    assert!(said.contains(why), "{said}");
    let mut one = energy();
    one.remarks.push(late("2026-11-12T10:12:00"));
    let said = remark(vec![one]);
    let why = "The readings begin on 12 November 2026 10:12; what was before is not in it.";
    assert!(said.contains(why), "{said}");
}

#[test]
fn the_line_of_page_1_names_the_figures_that_make_another_one_a_bound() {
    let source = |id: &str| InputSource::Indicator {
        id: id.into(),
        asset: Some("plts".into()),
    };
    let mut made = energy();
    made.remarks.push(IndicatorRemark::new(RESET));
    let mut given = test_indicator("plts.export", Some("plts"), 100.0, "kWh");
    given.remarks.push(IndicatorRemark::new(RESET));
    let mut net = test_indicator("co2.net", Some("plts"), 0.1, "tCO2");
    net.inputs = vec![
        test_input("E", 281.0, "kWh", source("plts.generation")),
        test_input("X", 100.0, "kWh", source("plts.export")),
    ];
    let passed = |key: &str| IndicatorRemark::new(key).with_arg("figure", "plts.export");
    net.remarks.push(passed("account-passed-lower-bound"));
    let said = remark(vec![net.clone(), made.clone(), given.clone()]);
    let why = "Energy generated, Energy exported to the grid: Part of the count was lost";
    assert!(said.contains(why), "{said}");
    net.remarks = vec![passed("account-passed-either-bound")];
    net.claim = ClaimVerdict::Doubtful;
    let said = remark(vec![net, made, given]);
    let why = "The true value may be higher or lower. Energy generated, Energy exported";
    assert!(said.contains(why), "{said}");
}

#[test]
fn a_refused_total_of_the_site_is_explained_down_to_each_asset() {
    use super::explain::explain_indicator;
    let config = test_config();
    let mut account = test_account(&config);
    let refused = |asset: Option<&str>, id: &str| {
        let mut one = test_indicator(id, asset, 0.0, "kWh");
        one.value = Err(IndicatorRemark::new("analyse-status-implausible-readings"));
        one.inputs = Vec::new();
        one
    };
    let mut withheld = test_indicator("plts.generation", Some("roof"), 9.0, "kWh");
    withheld.claim = ClaimVerdict::ALL[10];
    account.indicators = vec![
        refused(Some("plts"), "plts.generation"),
        withheld,
        refused(None, "site.generation"),
    ];
    for lang in [Language::En, Language::Id] {
        let found = explain_indicator(&account, "site.generation", None, lang).unwrap();
        let text = found.text(&config, &account, lang);
        for name in ["PLTS irigasi", "Atap balai desa"] {
            let line = lang.text_with("chapters-explain-left-out", &[("asset", name)]);
            assert!(text.contains(&line), "{line} in\n{text}");
        }
        assert_eq!(found.json(&config, &account, lang).below.len(), 2);
    }
    // What a total counts is not said to be left out.
    let part = test_indicator("plts.generation", Some("plts"), 9.0, "kWh");
    let mut total = test_indicator("site.generation", None, 9.0, "kWh");
    let from = InputSource::Indicator {
        id: "plts.generation".into(),
        asset: Some("plts".into()),
    };
    total.inputs = vec![test_input("x", 9.0, "kWh", from)];
    total.equation = "Σ x";
    account.indicators = vec![part, total];
    let found = explain_indicator(&account, "site.generation", None, Language::En).unwrap();
    let text = found.text(&config, &account, Language::En);
    assert!(!text.contains("Not in it"), "{text}");
}

#[test]
fn a_site_without_a_claim_has_no_empty_row_of_co2_and_says_why() {
    let config = test_config();
    let mut account = test_account(&config);
    let mut gross = test_indicator("co2.gross", Some("plts"), 0.0, "tCO2");
    gross.value = Err(IndicatorRemark::new("account-no-baseline"));
    let mut aimed = test_indicator("ledger.co2-net", None, 0.0, "tCO2");
    aimed.value = Err(IndicatorRemark::new("account-not-written"));
    account.indicators = vec![energy(), gross, aimed];
    for lang in [Language::En, Language::Id] {
        let matter = inputs(&config, &account, lang);
        let full = build_document(matter);
        for one in summary_of(&full) {
            assert!(!one.id.contains("co2"), "{}", seen(one));
        }
        let (_, director) = build_director_report(matter, None);
        let blocks = director.sections.iter().filter(|one| one.id == "carbon");
        let text = format!("{blocks:?}", blocks = blocks.collect::<Vec<_>>());
        let why = if lang == Language::En {
            "no figure is claimed. No claim: no baseline is declared."
        } else {
            "PLTS irigasi"
        };
        assert!(text.contains(why), "{text}");
        assert!(!text.contains("Callout"), "{text}");
    }
}

#[test]
fn a_burden_stands_beside_the_gain_that_a_site_chose_also_on_a_full_page() {
    let figures = |net: f64| {
        let mut all: Vec<Indicator> = ["methane.annual", "waste.project"]
            .map(|id| test_indicator(id, Some("bin"), 3.0, "tCO2e"))
            .to_vec();
        all.push(test_indicator("waste.net", Some("bin"), net, "tCO2e"));
        let others = ["plts.pr", "plts.generation", "plts.export", "plts.self_use"];
        all.extend(others.map(|id| test_indicator(id, Some("plts"), 5.0, "kWh")));
        all.extend(
            ["pump.volume", "pump.energy"].map(|id| test_indicator(id, Some("pump"), 5.0, "m3")),
        );
        all
    };
    let few = [
        "methane.annual",
        "plts.generation",
        "pump.volume",
        "plts.pr",
    ];
    let full = [
        "plts.pr",
        "methane.annual",
        "plts.generation",
        "plts.export",
        "plts.self_use",
        "pump.volume",
        "pump.energy",
        "ledger.songket",
    ];
    let energy_alone = ["plts.pr", "plts.generation", "plts.export", "plts.self_use"];
    for (chosen, net, place) in [
        (&few[..], -1.0, Some(1)),
        (&few[..], 1.0, None),
        (&full[..], -1.0, Some(2)),
        (&energy_alone[..], -1.0, None),
    ] {
        let mut config = test_config();
        let choose = |id: &&str| crate::config::ChosenHeadline {
            id: (*id).into(),
            asset: None,
        };
        config.report.headlines = chosen.iter().map(choose).collect();
        let mut account = test_account(&config);
        account.indicators = figures(net);
        let page = build_page_one(inputs(&config, &account, Language::En), None);
        let shown = summary_of(&page);
        let ids = || shown.iter().map(|one| &*one.id);
        let found = ids().position(|id| id == "summary/bin/waste.net");
        assert_eq!(found, place, "{chosen:?} {net}");
        assert!(shown.len() <= 8 && ids().any(|id| id.ends_with("plts.generation")));
    }
}

#[test]
fn readings_that_an_import_replaced_are_told_on_page_1_with_who_and_when() {
    let config = test_config();
    let mut account = test_account(&config);
    let event = |kind: &'static str, by: &str| DataEvent {
        at: NOW,
        until: None,
        of: "meter.kwh".into(),
        kind,
        before_after: None,
        import: Some(Arc::new(SampleImport {
            id: 3,
            point: "meter.kwh".into(),
            file: "e.csv".to_owned(),
            sha256: String::new(),
            by: by.to_owned(),
            at: NOW,
            interval_ms: 0,
        })),
        redated: None,
    };
    for (kind, is_told) in [("imported_over", true), ("imported", false)] {
        account.events = vec![event(kind, "Sari Dewi")];
        let text = render_short_text(&build_page_one(
            inputs(&config, &account, Language::En),
            None,
        ));
        assert_eq!(
            text.contains("replaced by imported ones"),
            is_told,
            "{text}"
        );
        assert_eq!(text.contains("Sari Dewi"), is_told, "{text}");
    }
}

#[test]
fn a_figure_of_some_days_of_the_period_says_which_wherever_it_is_shown() {
    let part = |key: &str| {
        IndicatorRemark::new(key)
            .with_arg("first", "2026-11-16")
            .with_arg("last", "2026-11-30")
    };
    let config = test_config();
    for key in ["account-baseline-part", "account-asset-part"] {
        let mut account = test_account(&config);
        let mut net = test_indicator("co2.net", Some("plts"), 0.32, "tCO2");
        net.remarks.push(part(key));
        let mut total = test_indicator("co2.net", None, 0.32, "tCO2");
        let of = |asset: &str| InputSource::Indicator {
            id: "co2.net".into(),
            asset: Some(asset.into()),
        };
        total.inputs = vec![test_input("x", 0.32, "tCO2", of("plts"))];
        account.indicators = vec![net, total];
        for (lang, wanted) in [
            (Language::En, "(counted 16–30 November 2026)"),
            (Language::Id, "(dihitung 16–30 November 2026)"),
        ] {
            let matter = inputs(&config, &account, lang);
            let (front, director) = build_director_report(matter, None);
            let full = build_document(matter);
            let is_told = |text: &str| text.contains(wanted);
            assert!(
                front.figures.iter().any(|one| is_told(&one.figure.label)),
                "{key}"
            );
            let named = |section: &str, of: &ReportDocument| {
                let blocks = of.sections.iter().filter(|one| one.id == section);
                format!("{:?}", blocks.collect::<Vec<_>>())
            };
            assert!(is_told(&named("carbon", &director)), "{key}");
            assert!(is_told(&named("carbon", &full)), "{key}");
        }
        // A plant beside it that claims the whole month.
        account
            .indicators
            .push(test_indicator("co2.net", Some("roof"), 0.5, "tCO2"));
        account.indicators[1]
            .inputs
            .push(test_input("x", 0.5, "tCO2", of("roof")));
        let (front, _) = build_director_report(inputs(&config, &account, Language::En), None);
        let wanted = "(in part counted 16–30 November 2026 only)";
        let labels: Vec<&str> = front.figures.iter().map(|one| &*one.figure.label).collect();
        assert!(labels.iter().any(|one| one.contains(wanted)), "{labels:?}");
    }
}

#[test]
fn page_1_says_what_was_counted_across_a_gap_that_began_before_the_period() {
    let mut one = energy();
    one.claim = ClaimVerdict::Doubtful;
    one.uncertainty.reach.down = 21.0;
    let said = IndicatorRemark::new("account-opening-gap")
        .with_arg("amount", "21")
        .with_arg("unit", "kWh")
        .with_arg("begin", "2026-10-29T10:00:00")
        .with_arg("end", "2026-11-02T09:00:00")
        .with_arg("rest", "260");
    one.remarks.push(said);
    let said = remark(vec![one]);
    for part in ["At most", "21 kWh", "29 October 2026", "260 kWh"] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("To be checked"), "{said}");
}
