//! [`page_remark`]: what is provisional, to be checked, only a bound or still open on page 1, and
//! why: one line, and lettered notes for what has no room in it.

use super::context::ReportContext;
use super::figure_names::names_text;
use super::{figure_marks, indicator_figures, revised_since, summary};
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark};
use crate::domain::sample_import::SampleImport;
use crate::domain::value_bound::ValueBound;
use crate::report::render::document::PageStanding;
use crate::report::render::number_format;
use std::collections::{BTreeMap, BTreeSet};

/// Letters of the line: what one line of a page holds.
const LINE_LETTERS_MAX: usize = 100;
/// Reasons for which figures of the page are to be checked, and that are told there.
const DOUBT_REASONS_MAX: usize = 3;
/// Reasons of lower bounds that are told; the chapters have all of them.
const BOUND_REASONS_MAX: usize = 2;

/// Line of page 1 with its notes.
#[derive(Debug, Default)]
pub(crate) struct PageRemark {
    /// The line, then the notes that it names, each with its letter.
    pub(crate) lines: Vec<String>,
    /// True when something is provisional, to be checked, missing or not over yet.
    pub(crate) is_doubtful: bool,
    /// The page as a whole: the word beside the title, and whether anything is unsettled, without
    /// what is only not over yet.
    pub(crate) standing: PageStanding,
}

/// One thing to know about the figures.
struct PageSentence {
    whole: String,
    /// The same with another text in place of its reason, and fewer words, the longest first.
    briefs: Vec<String>,
}

/// The line on what is doubtful about the figures of the page, and how many have no number.
pub(crate) fn page_remark(
    book: &ReportContext<'_>,
    known: &[&Indicator],
    missing: usize,
) -> PageRemark {
    let mut all: Vec<PageSentence> = Vec::new();
    let past = summary::past_revision_text(book);
    all.extend(past.map(|text| titled(book, "chapters-past-title", text)));
    let mut doubts = opening_sentences(book, known);
    doubts.extend(doubt_sentences(book, known));
    let provisional = provisional_sentence(book, known);
    let is_running = book.matter.account.period.last() >= book.today();
    // What is only missing has its reason in its place, and makes no other figure provisional.
    let badges = [
        (provisional.is_some(), "report-provisional"),
        (!doubts.is_empty(), "report-status-doubtful"),
        (is_running, "report-status-running"),
    ];
    let badge = badges.into_iter().find(|(is_so, _)| *is_so);
    all.extend(doubts);
    all.extend(provisional);
    let standing = PageStanding {
        is_unsettled: missing > 0 || !all.is_empty(),
        badge: badge.map(|(_, key)| key),
    };
    if is_running {
        all.push(plain(figure_marks::running_text(book, known)));
    }
    if missing > 0 {
        let count = missing.to_string();
        all.push(plain(book.format_message(
            "chapters-director-refused",
            &[("count", &count)],
        )));
    }
    // A lower bound may be claimed as it is: it says why, and is neither provisional nor doubtful.
    let is_doubtful = !all.is_empty();
    if !is_doubtful {
        all.push(plain(book.message("chapters-director-firm")));
    }
    all.extend(bound_sentences(book, known));
    let revised = revised_since::revised_line(book);
    all.extend(revised.map(|text| titled(book, "chapters-reissued-title", text)));
    let replaced = replaced_line(book);
    all.extend(replaced.map(|text| titled(book, "chapters-replaced-title", text)));
    PageRemark {
        lines: remark_lines(book, &all),
        is_doubtful,
        standing,
    }
}

/// Line on imports whose readings took the place of kept ones in the period; `None` without any.
fn replaced_line(book: &ReportContext<'_>) -> Option<String> {
    let events = book.matter.account.events.iter();
    let over = events.filter(|one| one.kind == "imported_over");
    let imports: BTreeMap<u64, &SampleImport> = over
        .filter_map(|one| Some((one.import.as_ref()?.id, one.import.as_deref()?)))
        .collect();
    let (_, last) = imports.last_key_value()?;
    let points: BTreeSet<&str> = imports.values().map(|one| &*one.point).collect();
    let points: Vec<&str> = points.into_iter().collect();
    let who = match &*last.by {
        "" => number_format::NO_VALUE,
        by => by,
    };
    let args = [
        ("count", &*imports.len().to_string()),
        ("points", &*points.join(", ")),
        ("who", who),
        ("at", &*number_format::time(book.lang, last.at, &book.zone)),
    ];
    Some(book.format_message("chapters-replaced-text", &args))
}

/// The first sentence as far as it fits into a line, and the others as notes.
fn remark_lines(book: &ReportContext<'_>, all: &[PageSentence]) -> Vec<String> {
    let whole: Vec<&str> = all.iter().map(|said| &*said.whole).collect();
    let joined = whole.join(" ");
    if is_short(&joined) {
        return vec![joined];
    }
    let more = note_span(all.len() - 1).map_or_else(String::new, |span| {
        let more = book.format_message("chapters-page-one-more", &[("span", &span)]);
        format!(" {more}")
    });
    let first = format!("{}{more}", all[0].whole);
    let (line, notes) = if is_short(&first) {
        (first, &whole[1..])
    } else {
        let span = note_span(all.len()).unwrap_or_default();
        let below = book.format_message("chapters-page-one-notes", &[("span", &span)]);
        let mut briefs = all[0]
            .briefs
            .iter()
            .map(|brief| brief.replace(REASON, &below));
        let last = briefs.next_back().unwrap_or_default();
        let fits = briefs.find(|brief| is_short(brief));
        (fits.unwrap_or(last), &whole[..])
    };
    let notes = ('a'..='z').zip(notes);
    let notes = notes.map(|(letter, text)| format!("({letter}) {text}"));
    std::iter::once(line).chain(notes).collect()
}

fn is_short(text: &str) -> bool {
    text.chars().count() <= LINE_LETTERS_MAX
}

/// `(a)–(c)`; `None` without notes.
fn note_span(count: usize) -> Option<String> {
    let last = ('a'..='z').nth(count.checked_sub(1)?)?;
    Some(match last {
        'a' => "(a)".to_owned(),
        _ => format!("(a)–({last})"),
    })
}

/// Stands for the reason in a brief sentence.
const REASON: &str = "\u{1a}";

/// A sentence that is short in every case.
fn plain(whole: String) -> PageSentence {
    PageSentence {
        briefs: vec![whole.clone()],
        whole,
    }
}

/// A text, of which the title stands in a line that is too short for it.
fn titled(book: &ReportContext<'_>, key: &str, whole: String) -> PageSentence {
    let brief = format!("{}: {REASON}.", book.message(key));
    PageSentence {
        briefs: vec![brief],
        whole,
    }
}

/// A sentence on figures, with the reason.
fn on_figures(
    book: &ReportContext<'_>,
    key: &str,
    figures: &[&Indicator],
    why: &str,
) -> PageSentence {
    let said = |figures: &str, why: &str| {
        let args = [("figures", figures), ("why", why)];
        book.format_message(key, &args)
    };
    let names = names_text(book, figures);
    let marked = book.message("chapters-page-one-marked");
    let brief = |figures: &str| {
        let text = said(figures, REASON);
        format!("{}.", text.trim_end_matches('.'))
    };
    PageSentence {
        whole: said(&names, why),
        briefs: vec![brief(&names), brief(&marked)],
    }
}

/// Sentences on what is to be checked: one for each reason, with the figures that it is about.
fn doubt_sentences(book: &ReportContext<'_>, known: &[&Indicator]) -> Vec<PageSentence> {
    let mut groups: Vec<(String, Vec<&Indicator>)> = Vec::new();
    let is_doubtful = |one: &&&Indicator| {
        let is_told = figure_marks::opening_cause(book, one).is_some() && has_one_doubt(one);
        one.value.is_ok() && one.claim == ClaimVerdict::Doubtful && !is_told
    };
    for one in known.iter().filter(is_doubtful) {
        let why = doubt_reason(book, one);
        match groups.iter().position(|(known, _)| *known == why) {
            Some(at) => groups[at].1.push(one),
            None if groups.len() < DOUBT_REASONS_MAX => groups.push((why, vec![one])),
            // The page has room for some; the chapter on doubts has all.
            None => {}
        }
    }
    let said = |(why, figures): &(String, Vec<&Indicator>)| {
        on_figures(book, "chapters-director-doubtful", figures, why)
    };
    groups.iter().map(said).collect()
}

/// Whether gaps at the beginning of the period are the only doubt about a figure.
fn has_one_doubt(one: &Indicator) -> bool {
    let mut doubts = one.remarks.iter().filter(|said| said.is_doubt());
    doubts.all(IndicatorRemark::is_opening_gap)
}

/// Sentences on figures of which a part was counted across a gap that began before the period.
fn opening_sentences(book: &ReportContext<'_>, known: &[&Indicator]) -> Vec<PageSentence> {
    let mut told: Vec<(String, Vec<&Indicator>)> = Vec::new();
    for one in known.iter().filter(|one| one.value.is_ok()) {
        let Some(why) = figure_marks::opening_cause(book, one) else {
            continue;
        };
        match told.iter().position(|(known, _)| *known == why) {
            Some(at) => told[at].1.push(one),
            None if told.len() < BOUND_REASONS_MAX => told.push((why, vec![one])),
            None => {}
        }
    }
    let said = |(why, all): &(String, Vec<&Indicator>)| {
        let reaches_down = all.iter().any(|one| one.uncertainty.reach.down > 0.0);
        let key = if reaches_down {
            "chapters-director-upper"
        } else {
            "chapters-director-lower"
        };
        on_figures(book, key, all, why)
    };
    told.iter().map(said).collect()
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

/// Sentence on the figures that are provisional, with the worst verdict among them.
fn provisional_sentence(book: &ReportContext<'_>, known: &[&Indicator]) -> Option<PageSentence> {
    let provisional = |one: &Indicator| {
        let verdict = indicator_figures::provisional_verdict(book, one);
        verdict.filter(|_| one.value.is_ok())
    };
    let marked = known.iter().filter(|one| provisional(one).is_some());
    let marked: Vec<&Indicator> = marked.copied().collect();
    if marked.is_empty() {
        return None;
    }
    let verdict = ClaimVerdict::combine(marked.iter().filter_map(|one| provisional(one)));
    // The text of the verdict says "provisional:" first, and so does this line.
    let why = book.message(&verdict.message_key());
    let why = why.split_once(": ").map_or(&*why, |(_, why)| why);
    let key = "chapters-director-provisional";
    Some(on_figures(book, key, &marked, why))
}

/// Sentences on the figures that are lower bounds, with the first two reasons among them.
fn bound_sentences(book: &ReportContext<'_>, known: &[&Indicator]) -> Vec<PageSentence> {
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
    let said = |(why, all): &(String, Vec<&Indicator>)| {
        on_figures(book, "chapters-director-lower", all, why)
    };
    told.iter().map(said).collect()
}
