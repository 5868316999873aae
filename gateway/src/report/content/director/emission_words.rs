//! Chapter on avoided emissions in words: how much with its bounds, in place of what, and what the
//! numbers do not say.

use super::director_context::DirectorContext;
use super::front_content::{bounds_text, emission_bounds, half_width_text};
use crate::config::Asset;
use crate::domain::indicator::Indicator;
use crate::report::content::context::{ReportContext, text_cell};
use crate::report::content::figure_names::names_text;
use crate::report::content::{
    display_names, emissions, factor_annex, figure_marks, indicator_figures, significant_digits,
};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::document::{CalloutTone, ReportBlock};
use crate::report::render::figure::FigureStatus;

/// Ids of the emissions of the chapter.
const SHOWN: [&str; 3] = ["co2.net", "waste.net", "methane.lifetime"];
/// Factors that are named for an asset.
const FACTORS_MAX: usize = 2;

pub(crate) fn emission_blocks(desk: &DirectorContext<'_>) -> Vec<ReportBlock> {
    let book = &desk.book;
    let mut blocks = Vec::new();
    blocks.extend(provisional_callout(book));
    blocks.extend(unclaimed_sentences(book));
    for one in emissions::headline_emissions(book) {
        blocks.push(ReportBlock::Paragraph(claim_sentence(desk, one)));
    }
    let assets: Vec<&Asset> = book.assets().collect();
    let reasons = assets
        .iter()
        .filter_map(|asset| replaced_sentence(desk, asset));
    blocks.extend(reasons.map(ReportBlock::Paragraph));
    blocks.extend(balance_table(desk));
    blocks.extend(lifetime_sentences(desk));
    if !blocks.is_empty() {
        blocks.push(book.paragraph("carbon-limits-text", &[]));
    }
    blocks
}

/// Sentences on assets that claim nothing, and why.
fn unclaimed_sentences(book: &ReportContext<'_>) -> Vec<ReportBlock> {
    let account = book.matter.account;
    let sentence = |asset: &Asset| {
        let gross = account.find("co2.gross", Some(&asset.id))?;
        let why = gross.value.as_ref().err()?;
        // A plant with a net says why it has none.
        if account.find("co2.net", Some(&asset.id)).is_some() {
            return None;
        }
        let name = format!("{} · {}", book.indicator_name("co2.net"), asset.name);
        let why = display_names::remark_sentence(book.lang, why);
        Some(book.paragraph("director-no-claim", &[("name", &name), ("why", &why)]))
    };
    book.assets().filter_map(sentence).collect()
}

/// Box on provisional emissions, which marks every page of the report.
fn provisional_callout(book: &ReportContext<'_>) -> Option<ReportBlock> {
    let known = book.indicators().iter().filter(|one| one.value.is_ok());
    // Of those that the chapter shows: own emissions without a net stand in the full edition.
    let shown = known.filter(|one| SHOWN.iter().any(|id| **id == *one.id));
    let verdict = |one: &Indicator| indicator_figures::provisional_verdict(book, one);
    let marked: Vec<&Indicator> = shown.filter(|one| verdict(one).is_some()).collect();
    let first = verdict(marked.first()?)?;
    let why = indicator_figures::verdict_sentence(book, first);
    let figures = names_text(book, &marked);
    let args = [("why", &*why), ("figures", &*figures)];
    Some(book.callout(CalloutTone::Provisional, "carbon-provisional", &args))
}

/// Sentence on how much was avoided, between which bounds; or why no number may be claimed.
fn claim_sentence(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let book = &desk.book;
    let name = figure_marks::dated_label(book, one, book.full_name(one));
    let why = match &one.value {
        Err(why) => Some(display_names::remark_sentence(book.lang, why)),
        Ok(_) if indicator_figures::is_insufficient(book, one) => {
            Some(book.message("chapters-director-too-little"))
        }
        Ok(_) => indicator_figures::withheld_reason(book, one),
    };
    let (Ok(value), None) = (&one.value, &why) else {
        let why = why.unwrap_or_default();
        let args = [("name", &*name), ("why", &*why)];
        return book.format_message("chapters-director-no-claim", &args);
    };
    let amount = desk.bounded_quantity(one, *value);
    let width = significant_digits::half_width(one).filter(|width| *width > 0.0);
    let mut text = if one.uncertainty.is_least && width.is_some() {
        let width = half_width_text(desk, one);
        let args = [("name", &*name), ("amount", &*amount), ("width", &*width)];
        book.format_message("chapters-director-claim-least", &args)
    } else if let Some(width) = width {
        let [low, high] = emission_bounds(desk, one, *value, width);
        let args = [
            ("name", &*name),
            ("amount", &*amount),
            ("low", &*low),
            ("high", &*high),
        ];
        book.format_message("chapters-director-claim", &args)
    } else {
        let args = [("name", &*name), ("amount", &*amount)];
        book.format_message("chapters-director-claim-unbounded", &args)
    };
    if *value < 0.0 {
        text = format!("{text} {}", book.message("chapters-director-burden"));
    }
    text
}

/// Sentence on what the asset takes the place of, with the factor for that.
fn replaced_sentence(desk: &DirectorContext<'_>, asset: &Asset) -> Option<String> {
    let book = &desk.book;
    let name = asset.name.to_string();
    let period = book.matter.account.period;
    let held = asset.baselines().iter();
    let held = held.filter(|one| one.days.within(period).is_some());
    let codes: Vec<&str> = held.map(|one| one.kind.code()).collect();
    let mut replaced: Vec<String> = Vec::new();
    for code in codes.iter().filter(|code| **code != "NONE") {
        let code = code.to_lowercase().replace('_', "-");
        let text = book.message(&format!("chapters-baseline-{code}"));
        if !replaced.contains(&text) {
            replaced.push(text);
        }
    }
    let has_baseline = !codes.is_empty();
    let (key, instead) = if !replaced.is_empty() {
        ("energy", replaced.join("; "))
    } else if has_baseline {
        let why = book.message("chapters-carbon-none-text");
        return Some(format!("{name}: {why}"));
    } else {
        let waste = asset.kind.settings().organic_waste();
        let fate = waste.and_then(|waste| waste.disposal)?.fate;
        (
            "waste",
            book.message(&format!("chapters-fate-{}", fate.word())),
        )
    };
    let args = [("asset", &*name), ("instead", &*instead)];
    let mut text = book.format_message(&format!("chapters-director-instead-{key}"), &args);
    // Factors of waste are many and say nothing to a director.
    if has_baseline {
        // A heating value or a density turns litres into energy, and is no emission factor.
        let emitting = asset.factors().into_iter();
        let emitting = emitting.filter(|factor| factor.unit.text().contains("CO2"));
        for factor in emitting.take(FACTORS_MAX) {
            let value = display_names::format_quantity(book.lang, factor.value, factor.unit.text());
            let year = factor
                .year
                .map_or_else(String::new, |year| year.to_string());
            let status = factor_annex::factor_status_text(book, factor);
            let args = [("value", &*value), ("year", &*year), ("status", &*status)];
            let key = match factor.year {
                Some(_) => "chapters-director-factor",
                None => "chapters-director-factor-undated",
            };
            text = format!("{text} {}", book.format_message(key, &args));
        }
    }
    Some(text)
}

/// Gross, own emissions, leakage and net with their bounds, a row for each source.
fn balance_table(desk: &DirectorContext<'_>) -> Option<ReportBlock> {
    let book = &desk.book;
    let columns = book.columns([
        ("source-of", ValueKind::Text),
        ("gross", ValueKind::Mixed),
        ("own-emissions", ValueKind::Mixed),
        ("leakage", ValueKind::Mixed),
        ("net", ValueKind::Mixed),
        ("mass-unit", ValueKind::Text),
        ("bounds", ValueKind::Text),
        ("status", ValueKind::Text),
    ]);
    let mut table = book.table("balance", "director-balance", columns);
    let nets = book.indicators().iter();
    let nets = nets.filter(|one| ["co2.net", "waste.net"].contains(&&*one.id));
    // With a single asset the total of the site repeats its numbers.
    let of_assets = nets.clone().filter(|one| one.asset.is_some());
    let several = of_assets
        .clone()
        .filter(|one| &*one.id == "co2.net")
        .count()
        > 1;
    let shown = nets.filter(|one| one.asset.is_some() || &*one.id == "waste.net" || several);
    table.rows = shown
        .filter(|one| one.value.is_ok())
        .map(|one| balance_row(desk, one))
        .collect();
    let table = table.without_empty_columns();
    (!table.rows.is_empty()).then_some(ReportBlock::Table(table))
}

fn balance_row(desk: &DirectorContext<'_>, net: &Indicator) -> Vec<CellValue> {
    let book = &desk.book;
    let account = book.matter.account;
    let of_energy = &*net.id == "co2.net";
    let ids = if of_energy {
        ["co2.gross", "co2.project", "co2.leakage"]
    } else {
        ["methane.annual", "waste.project", ""]
    };
    let claimed = indicator_figures::claimed_value(book, net);
    // Beside a net figure that is not claimed, its parts would be read as one.
    let is_claimed = matches!(claimed, CellValue::Number(_));
    let [gross, project, leakage] = ids.map(|id| {
        let part = account.find(id, net.asset.as_deref());
        let part = part.filter(|part| is_claimed && part.value.is_ok());
        part.map_or(CellValue::Empty, |part| {
            indicator_figures::claimed_value(book, part)
        })
    });
    let state = indicator_figures::figure_status(book, net);
    let state = match state {
        FigureStatus::Final => String::new(),
        other => book.message(&format!("report-status-{}", other.key())),
    };
    let bounds = if is_claimed {
        bounds_text(desk, net)
    } else {
        String::new()
    };
    vec![
        CellValue::Text(source_name(book, net, of_energy)),
        gross,
        project,
        leakage,
        claimed,
        text_cell(book.unit_text(&net.unit)),
        text_cell(bounds),
        text_cell(state),
    ]
}

fn source_name(book: &ReportContext<'_>, net: &Indicator, of_energy: bool) -> String {
    match net.asset.as_deref() {
        Some(asset) => book.asset_name(asset),
        None if of_energy => book.message("chapters-carbon-site"),
        None => book.message("chapters-waste-together"),
    }
}

/// Methane over the lifetime of a deposit, which is no figure of the period.
fn lifetime_sentences(desk: &DirectorContext<'_>) -> Vec<ReportBlock> {
    let book = &desk.book;
    let all = book
        .indicators()
        .iter()
        .filter(|one| &*one.id == "methane.lifetime");
    let told = all.filter_map(|one| {
        let value = one.value.as_ref().ok()?;
        let is_claimed = !one.claim.is_withheld();
        is_claimed.then(|| {
            let (name, amount) = (book.full_name(one), desk.bounded_quantity(one, *value));
            let args = [("name", &*name), ("amount", &*amount)];
            book.paragraph("director-lifetime", &args)
        })
    });
    told.collect()
}
