//! [`page_one`]: the figures of page 1 with their marks, and the one line on what is doubtful about
//! them. The director's first page, the short edition on a screen, its text to share and the
//! headlines of the full edition are made of it, so that they say the same.

use super::chosen_headlines::ChosenFigure;
use super::context::ReportContext;
use super::page_one_choice::page_one_choice;
use super::{display_names, figure_marks, indicator_figures, revised_since, summary};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::Indicator;
use crate::domain::value_bound::ValueBound;
use crate::report::render::cell_value::{CellValue, ValueKind};
use crate::report::render::figure::KeyFigure;
use crate::report::render::number_format;

/// Names in the line on what is provisional; further ones are counted.
const NAMES_MAX: usize = 3;
/// Reasons for which figures of the page are to be checked, and that are told there.
const DOUBT_REASONS_MAX: usize = 3;
/// Reasons of lower bounds in the line; the chapters have all of them.
const BOUND_REASONS_MAX: usize = 2;
/// Beginning of the ids of the figures.
const SUMMARY: &str = "summary";

/// Page 1.
#[derive(Debug)]
pub(crate) struct PageOne<'a> {
    /// The figures in reading order; `None`: the site chose it, and there is no such figure.
    pub(crate) figures: Vec<(Option<&'a Indicator>, KeyFigure)>,
    /// Sentences on what is provisional, to be checked, only a bound or still open, and why.
    pub(crate) remark: String,
    /// True when something is provisional, to be checked or missing.
    pub(crate) is_doubtful: bool,
    /// The same without what is only not over yet.
    pub(crate) is_unsettled: bool,
}

impl<'a> PageOne<'a> {
    /// The figures that there are.
    pub(crate) fn known(&self) -> Vec<&'a Indicator> {
        self.figures.iter().filter_map(|(one, _)| *one).collect()
    }
}

/// Page 1 of a report.
pub(crate) fn page_one<'a>(book: &ReportContext<'a>) -> PageOne<'a> {
    let figure = |chosen: ChosenFigure<'a>| match chosen {
        Ok(one) => (Some(one), summary::headline_figure(book, one)),
        Err((id, asset)) => (None, absent_figure(book, &id, asset.as_deref())),
    };
    let mut page = PageOne {
        figures: page_one_choice(book).into_iter().map(figure).collect(),
        remark: String::new(),
        is_doubtful: false,
        is_unsettled: false,
    };
    let missing = missing_count(page.figures.iter().map(|(_, figure)| figure));
    // A figure without a number has its reason beside it, and no other one counts.
    let shown = page.figures.iter().filter_map(|(one, figure)| {
        let is_number = matches!(figure.value, CellValue::Number(_));
        one.filter(|_| is_number)
    });
    let shown: Vec<&Indicator> = shown.collect();
    (page.remark, page.is_doubtful, page.is_unsettled) = remark_line(book, &shown, missing);
    if let Some(line) = revised_since::revised_line(book) {
        let both = format!("{} {line}", page.remark);
        both.trim().clone_into(&mut page.remark);
    }
    page
}

/// Row of a figure that the site chose and that there is not in this period.
fn absent_figure(book: &ReportContext<'_>, id: &str, asset: Option<&str>) -> KeyFigure {
    let name = book.indicator_name(id);
    let label = match asset {
        Some(asset) => format!("{name} · {}", book.asset_name(asset)),
        None => name,
    };
    let why = book.message("chapters-director-absent");
    let place = match asset {
        Some(asset) => format!("{SUMMARY}/{asset}/{id}"),
        None => format!("{SUMMARY}/{id}"),
    };
    KeyFigure::new(&place, &label, CellValue::Missing(why), ValueKind::Mixed)
}

/// Sentences on what is to be checked: one for each reason, with the figures that it is about.
fn doubt_lines(book: &ReportContext<'_>, known: &[&Indicator]) -> Vec<String> {
    let mut groups: Vec<(String, Vec<&Indicator>)> = Vec::new();
    let is_doubtful = |one: &&&Indicator| one.value.is_ok() && one.claim == ClaimVerdict::Doubtful;
    for one in known.iter().filter(is_doubtful) {
        let why = doubt_reason(book, one);
        match groups.iter().position(|(known, _)| *known == why) {
            Some(at) => groups[at].1.push(one),
            None if groups.len() < DOUBT_REASONS_MAX => groups.push((why, vec![one])),
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

/// Sentence on why a figure is to be checked, and what is to be done.
fn doubt_reason(book: &ReportContext<'_>, one: &Indicator) -> String {
    // A bound names the figures that it comes from, and what happened to them.
    if one.bound() == ValueBound::Either
        && let Some(reason) = figure_marks::bound_reason(book, one)
    {
        return format!("{} {reason}", book.message("chapters-director-either"));
    }
    let why = indicator_figures::doubt_sentence(book, one);
    why.unwrap_or_else(|| indicator_figures::verdict_sentence(book, one.claim))
}

/// Sentence on the figures that are lower bounds, with the first two reasons among them.
fn bound_line(book: &ReportContext<'_>, known: &[&Indicator]) -> Option<String> {
    let is_least = |one: &&&Indicator| one.value.is_ok() && one.bound() == ValueBound::Lower;
    let mut told: Vec<(String, Vec<&Indicator>)> = Vec::new();
    for one in known.iter().filter(is_least) {
        for (why, _) in figure_marks::bound_causes(book, one) {
            if let Some((_, all)) = told.iter_mut().find(|(known, _)| *known == why) {
                all.push(one);
            } else if told.len() < BOUND_REASONS_MAX {
                told.push((why, vec![one]));
            }
        }
    }
    let line = |(why, all): &(String, Vec<&Indicator>)| {
        let args = [("figures", &*names_text(book, all)), ("why", &**why)];
        book.format_message("chapters-director-lower", &args)
    };
    let lines: Vec<String> = told.iter().map(line).collect();
    (!lines.is_empty()).then(|| lines.join(" "))
}

/// Number of figures of the page that are printed without a number.
fn missing_count<'f>(figures: impl Iterator<Item = &'f KeyFigure>) -> usize {
    let is_missing = |one: &&KeyFigure| matches!(one.value, CellValue::Missing(_));
    figures.filter(is_missing).count()
}

/// One line on what is provisional and why, and how many figures are without a number; whether
/// there is something, and whether there is also without what is only not over yet.
fn remark_line(
    book: &ReportContext<'_>,
    known: &[&Indicator],
    missing: usize,
) -> (String, bool, bool) {
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
    let is_unsettled = missing > 0 || !all.is_empty();
    let is_running = book.matter.account.period.last() >= book.today();
    if is_running {
        let until = number_format::time(book.lang, book.matter.issued, &book.zone);
        all.push(book.format_message("chapters-director-running", &[("until", &until)]));
    }
    if missing > 0 {
        let count = missing.to_string();
        all.push(book.format_message("chapters-director-refused", &[("count", &count)]));
    }
    // A lower bound may be claimed as it is: it says why, and is neither provisional nor doubtful.
    let is_doubtful = !all.is_empty();
    if !is_doubtful {
        all.push(book.message("chapters-director-firm"));
    }
    all.extend(bound_line(book, known));
    (all.join(" "), is_doubtful, is_unsettled)
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

    #[test]
    fn every_figure_without_a_number_is_counted_whatever_the_reason() {
        let reasons = ["61% measured", "not claimed", "no data"];
        let figure = |value| KeyFigure::new("summary/a", "a", value, ValueKind::Mixed);
        let mut all = reasons
            .map(|why| figure(CellValue::Missing(why.to_owned())))
            .to_vec();
        all.push(figure(CellValue::Number(1.0)));
        assert_eq!(missing_count(all.iter()), 3);
    }
}
