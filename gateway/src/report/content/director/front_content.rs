//! Content of the first page.

use super::comparison::Comparison;
use super::director_context::DirectorContext;
use super::front_figures::front_figures;
use super::front_plot;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::Indicator;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::report::content::chosen_headlines::ChosenFigure;
use crate::report::content::context::ReportContext;
use crate::report::content::{
    display_names, emissions, indicator_figures, revised_since, significant_digits, summary,
};
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::figure::KeyFigure;
use crate::report::render::front_page::{FrontFigure, FrontPage, FrontSigner};
use crate::report::render::number_format;

/// Message keys of the roles of those who sign, in the order of the configuration.
const ROLES: [&str; 3] = [
    "chapters-col-prepared",
    "chapters-col-checked",
    "chapters-col-approved",
];
/// Names in the line on what is provisional; further ones are counted.
const NAMES_MAX: usize = 3;
/// Reasons for which figures of the page are to be checked, and that are told there.
const REASONS_MAX: usize = 3;
/// Change since the period before, as a share of it, beyond which only the numbers are shown.
const CHANGE_MAX: f64 = 9.995;

pub(crate) fn front_page(desk: &DirectorContext<'_>) -> FrontPage {
    let book = &desk.book;
    let all = front_figures(book);
    let known: Vec<&Indicator> = all
        .iter()
        .filter_map(|one| one.as_ref().ok().copied())
        .collect();
    let signers = &book.matter.config.report.signers;
    let signer = |place: usize| FrontSigner {
        role: book.message(ROLES[place]),
        name: signers[place].name.clone(),
        office: signers[place].office.clone(),
    };
    let mut figures: Vec<FrontFigure> = all.iter().map(|one| front_figure(desk, one)).collect();
    let (mut remark, is_doubtful) = remark_line(book, &known, missing_count(&figures));
    if let Some(line) = revised_since::revised_line(book) {
        format!("{remark} {line}").trim().clone_into(&mut remark);
    }
    tell_reasons_once(&mut figures, &book.message("chapters-director-same-reason"));
    FrontPage {
        before: desk.before_name(),
        figures,
        chart: front_plot::front_plot(book, &known),
        remark,
        is_doubtful,
        signers: [signer(0), signer(1), signer(2)],
    }
}

/// Writes a reason out at the first of the figures that have no number for it, and `same` at those
/// that follow.
fn tell_reasons_once(figures: &mut [FrontFigure], same: &str) {
    let mut last: Option<String> = None;
    for one in figures {
        let CellValue::Missing(why) = &mut one.figure.value else {
            last = None;
            continue;
        };
        let why_told = last.replace(why.clone());
        if why_told.as_ref() == Some(why) {
            same.clone_into(why);
        }
    }
}

fn front_figure(desk: &DirectorContext<'_>, chosen: &ChosenFigure<'_>) -> FrontFigure {
    let book = &desk.book;
    let one = match chosen {
        Ok(one) => *one,
        Err((id, asset)) => return absent_figure(book, id, asset.as_deref()),
    };
    let mut figure = summary::headline_figure(book, one);
    figure.label = desk.dated_name(one, figure.label);
    let is_number = matches!(figure.value, CellValue::Number(_));
    let bounds = match is_number {
        true if figure.is_at_least => at_least_text(desk, one),
        true => bounds_text(desk, one),
        false => String::new(),
    };
    let (before, change) = before_texts(desk, one, is_number);
    FrontFigure {
        figure,
        bounds,
        before,
        change,
    }
}

/// "At least" of a lower bound, with its half-width: ends on both sides would say too much.
fn at_least_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let said = desk.book.message("chapters-director-at-least");
    match half_width_text(desk, one) {
        width if width.is_empty() => said,
        width => format!("{said}, {width}"),
    }
}

/// Row of a figure that the site chose and that there is not in this period.
fn absent_figure(book: &ReportContext<'_>, id: &str, asset: Option<&str>) -> FrontFigure {
    let name = book.indicator_name(id);
    let label = match asset {
        Some(asset) => format!("{name} · {}", book.asset_name(asset)),
        None => name,
    };
    let why = book.message("chapters-director-absent");
    let place = format!("front/{}/{id}", asset.unwrap_or_default());
    FrontFigure {
        figure: KeyFigure::new(&place, &label, CellValue::Missing(why), ValueKind::Mixed),
        bounds: String::new(),
        before: number_format::NO_VALUE.to_owned(),
        change: String::new(),
    }
}

/// Both ends of emissions, the half-width of everything else. Of emissions it is told also when the
/// bounds are not known.
pub(crate) fn bounds_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let is_emission = emissions::is_emission(&one.id);
    let width = significant_digits::half_width(one).filter(|width| *width > 0.0);
    match (&one.value, width) {
        // A lower bound of the uncertainty gives no ends.
        (Ok(value), Some(width)) if is_emission && !one.uncertainty.is_least => {
            let [low, high] = emission_bounds(desk, one, *value, width);
            let args = [("low", &*low), ("high", &*high)];
            desk.book.format_message("chapters-director-between", &args)
        }
        (Ok(_), Some(_)) => half_width_text(desk, one),
        _ if is_emission => desk.book.message("chapters-director-no-bounds"),
        _ => String::new(),
    }
}

/// The half-width with its sign and unit; empty when it is not known.
pub(crate) fn half_width_text(desk: &DirectorContext<'_>, one: &Indicator) -> String {
    let width = significant_digits::half_width(one).filter(|width| *width > 0.0);
    width.map_or_else(String::new, |width| {
        let format = desk.number_format(one);
        let width = desk.rounded_width(one, width);
        let (lang, decimals) = (desk.book.lang, format.shown_decimals());
        let width = number_format::format_quantity(lang, width, &format.unit, decimals);
        number_format::half_width(lang, &width, one.uncertainty.is_least)
    })
}

/// Ends of the 95 % interval of emissions as texts: the lower one rounded down, the upper one up.
pub(crate) fn emission_bounds(
    desk: &DirectorContext<'_>,
    one: &Indicator,
    value: f64,
    width: f64,
) -> [String; 2] {
    let format = desk.number_format(one);
    let decimals = i32::from(format.decimals);
    let low = round_decimals(value - width, decimals, RoundingMode::Down);
    let high = round_decimals(value + width, decimals, RoundingMode::Up);
    let (lang, shown) = (desk.book.lang, format.shown_decimals());
    [
        number_format::format_number(lang, low, shown),
        number_format::format_quantity(lang, high, &format.unit, shown),
    ]
}

/// The figure of the period before and the change since; without a number "–" and why. Where this
/// period has no number, its reason takes the place of the second text.
fn before_texts(desk: &DirectorContext<'_>, one: &Indicator, is_number: bool) -> (String, String) {
    let alone = |text: String| (text, String::new());
    match desk.comparison(one) {
        Comparison::Number(before) if is_number => {
            let change = change_text(desk, one, before);
            (desk.quantity(one, before), change)
        }
        Comparison::Number(before) => alone(desk.quantity(one, before)),
        Comparison::None => alone(desk.book.message("report-gap")),
        Comparison::Unlike(word, _) if is_number => (number_format::NO_VALUE.to_owned(), word),
        Comparison::Unlike(word, _) => alone(word),
    }
}

/// Change since the period before in percent of it, with its sign.
fn change_text(desk: &DirectorContext<'_>, one: &Indicator, before: f64) -> String {
    let format = desk.number_format(one);
    let Ok(now) = &one.value else {
        return String::new();
    };
    // From the printed numbers, so that a reader can check it.
    let (now, before) = (format.round(*now), format.round(before));
    if before <= 0.0 {
        return String::new();
    }
    let change = (now - before) / before;
    if change.abs() > CHANGE_MAX {
        return String::new();
    }
    // A change below one percent would read as none.
    let decimals = u8::from(change.abs() < 0.01 && change != 0.0);
    let text = number_format::format_percent(desk.book.lang, change, decimals);
    if change > 0.0 {
        format!("+{text}")
    } else {
        text
    }
}

/// Sentences on what is to be checked: one for each reason, with the figures that it is about.
fn doubt_lines(book: &ReportContext<'_>, known: &[&Indicator]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&Indicator>)> = Vec::new();
    let is_doubtful = |one: &&&Indicator| one.value.is_ok() && one.claim == ClaimVerdict::Doubtful;
    for one in known.iter().filter(is_doubtful) {
        let why = indicator_figures::doubt_sentence(book, one);
        let why = why.unwrap_or_else(|| indicator_figures::verdict_sentence(book, one.claim));
        match groups.iter().position(|(known, _)| *known == why) {
            Some(at) => groups[at].1.push(one),
            None if groups.len() < REASONS_MAX => groups.push((why, vec![one])),
            // The page has room for some; the chapter on doubts has all.
            None => {}
        }
    }
    let line = |(why, figures): (String, Vec<&Indicator>)| {
        let args = [("figures", &*names_text(book, &figures)), ("why", &*why)];
        book.format_message("chapters-director-doubtful", &args)
    };
    groups.into_iter().map(line).collect()
}

/// Number of figures of the page that are printed without a number.
fn missing_count(figures: &[FrontFigure]) -> usize {
    let is_missing = |one: &&FrontFigure| matches!(one.figure.value, CellValue::Missing(_));
    figures.iter().filter(is_missing).count()
}

/// One line on what is provisional and why, and how many figures are without a number; and whether
/// there is something.
fn remark_line(book: &ReportContext<'_>, known: &[&Indicator], missing: usize) -> (String, bool) {
    let mut all: Vec<String> = summary::past_revision_text(book).into_iter().collect();
    all.extend(doubt_lines(book, known));
    let provisional = |one: &Indicator| {
        let verdict = indicator_figures::provisional_verdict(book, one);
        verdict.filter(|_| one.value.is_ok())
    };
    let marked = known.iter().filter(|one| provisional(one).is_some());
    let marked: Vec<&Indicator> = marked.copied().collect();
    if !marked.is_empty() {
        let verdict = ClaimVerdict::combine(marked.iter().filter_map(|one| provisional(one)));
        // The text of the verdict says "provisional:" first, and so does this line.
        let why = book.message(&verdict.message_key());
        let why = why.split_once(": ").map_or(&*why, |(_, why)| why);
        let names = names_text(book, &marked);
        let args = [("figures", &*names), ("why", why)];
        all.push(book.format_message("chapters-director-provisional", &args));
    }
    let is_running = book.matter.account.period.last() >= book.today();
    if is_running {
        let until = number_format::time(book.lang, book.matter.issued, &book.zone);
        all.push(book.format_message("chapters-director-running", &[("until", &until)]));
    }
    if missing > 0 {
        let count = missing.to_string();
        all.push(book.format_message("chapters-director-refused", &[("count", &count)]));
    }
    if all.is_empty() {
        return (book.message("chapters-director-firm"), false);
    }
    (all.join(" "), true)
}

/// Names of figures, each once, with the number of those that are left out.
pub(crate) fn names_text(book: &ReportContext<'_>, all: &[&Indicator]) -> String {
    let mut names: Vec<String> = Vec::new();
    for one in all {
        let name = book.indicator_name(&one.id);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    let more = names.len().saturating_sub(NAMES_MAX);
    names.truncate(NAMES_MAX);
    let text = names.join(", ");
    if more == 0 {
        return text;
    }
    let more = more.to_string();
    let args = [("names", &*text), ("count", &*more)];
    display_names::to_sentence(&book.format_message("chapters-director-more-names", &args))
        .trim_end_matches('.')
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure(value: CellValue) -> FrontFigure {
        FrontFigure {
            figure: KeyFigure::new("front/a", "a", value, ValueKind::Mixed),
            bounds: String::new(),
            before: String::new(),
            change: String::new(),
        }
    }

    #[test]
    fn every_figure_without_a_number_is_counted_whatever_the_reason() {
        let reasons = ["61% measured", "not claimed", "no data"];
        let mut all = reasons
            .map(|why| figure(CellValue::Missing(why.to_owned())))
            .to_vec();
        all.push(figure(CellValue::Number(1.0)));
        assert_eq!(missing_count(&all), 3);
    }

    #[test]
    fn a_reason_is_written_once_for_figures_that_follow_each_other() {
        let missing = |why: &str| figure(CellValue::Missing(why.to_owned()));
        let mut all = [
            missing("60%"),
            missing("60%"),
            missing("60%"),
            missing("refused"),
            figure(CellValue::Number(1.0)),
            missing("refused"),
        ];
        tell_reasons_once(&mut all, "same");
        let said = all.map(|one| match one.figure.value {
            CellValue::Missing(why) => why,
            _ => String::new(),
        });
        assert_eq!(said, ["60%", "same", "same", "refused", "", "refused"]);
    }
}
