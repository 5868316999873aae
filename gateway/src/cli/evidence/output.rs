//! Output of `pantau verify`, for people and for scripts.

use super::uncovered_lines::{uncovered_json, uncovered_lines};
use crate::cli::backend::print_stderr;
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use crate::cli::file_error::io_reason;
use crate::cli::standard_output::print_text;
use crate::evidence::{
    BundleError, BundleSummary, ChainRemark, EvidenceMismatch, MismatchKind, RecordsSince,
    VerificationReport,
};
use crate::i18n::Language;
use crate::report::render::evidence_names::{evidence_names, reasons_text};
use jiff::civil::Date;
use serde_json::{Value, json};
use std::path::Path;

/// Prints the result of a check; returns exit status 0 without differences, else 1.
pub(super) fn print_verdict(
    verdict: &VerificationReport,
    about: Option<&BundleSummary>,
    as_json: bool,
    lang: Language,
) -> u8 {
    let text = if as_json {
        format!("{:#}\n", verdict_json(verdict, about, lang))
    } else {
        verdict_lines(verdict, about, lang).join("\n") + "\n"
    };
    print_text(&text);
    if verdict.is_intact() {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}

/// Prints why a bundle cannot be read; returns exit status 1 for a file that is no bundle, 2 for a
/// missing file.
pub(super) fn print_unreadable_bundle(
    file: &Path,
    fault: &BundleError,
    as_json: bool,
    lang: Language,
) -> u8 {
    let why = match fault {
        BundleError::File(error) => io_reason(error, lang),
        other => other.to_string(),
    };
    let path = file.display().to_string();
    let words = lang.text_with("evidence-unreadable", &[("file", &path), ("why", &why)]);
    match fault {
        // A file that cannot be opened is a wrong call; it says nothing about the evidence.
        BundleError::File(_) => {
            print_stderr(&words);
            EXIT_USAGE
        }
        BundleError::Archive(_) | BundleError::Foreign(_) if as_json => {
            let value = json!({"good": false, "first": null, "error": words});
            print_text(&format!("{value:#}\n"));
            EXIT_NEGATIVE
        }
        BundleError::Archive(_) | BundleError::Foreign(_) => {
            print_stderr(&words);
            EXIT_NEGATIVE
        }
    }
}

/// Prints what is wrong with the call and what to do next; returns exit status 2.
pub(super) fn print_wrong_call(key: &str, file: &Path, lang: Language) -> u8 {
    let file = file.display().to_string();
    print_stderr(&lang.text_with(key, &[("file", &file)]));
    EXIT_USAGE
}

/// Prints the result of writing a bundle; returns exit status 0 when its check found no difference,
/// 1 when it did or when no day of the period is closed.
pub(in crate::cli) fn print_written_bundle(
    written: Option<&(BundleSummary, VerificationReport)>,
    file: &Path,
    lang: Language,
) -> u8 {
    let Some((about, verdict)) = written else {
        print_stderr(&lang.text("evidence-nothing-closed"));
        return EXIT_NEGATIVE;
    };
    let path = file.display().to_string();
    let days = [
        ("first", about.first.as_str()),
        ("last", about.last.as_str()),
    ];
    print_stderr(&lang.text_with(
        "evidence-written",
        &[&[("file", path.as_str())], &days[..]].concat(),
    ));
    for line in verdict_lines(verdict, None, lang) {
        print_stderr(&line);
    }
    if verdict.is_intact() {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}

fn verdict_lines(
    verdict: &VerificationReport,
    about: Option<&BundleSummary>,
    lang: Language,
) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(about) = about {
        let (site, period) = (about.site.as_str(), about.period.as_str());
        let (first, last) = (about.first.as_str(), about.last.as_str());
        let what = [
            ("site", site),
            ("period", period),
            ("first", first),
            ("last", last),
        ];
        lines.push(lang.text_with("evidence-bundle", &what));
    }
    let number = |count: u64| count.to_string();
    lines.push(
        match (verdict.is_intact(), verdict.first_day(), verdict.last) {
            // Without any record nothing was verified, which must not look like a pass.
            (true, _, None) => lang.text("evidence-none"),
            (true, _, Some(last)) => good_line(verdict, last, lang),
            (false, Some(day), _) => lang.text_with("evidence-bad", &[("day", &day.to_string())]),
            (false, None, _) => lang.text("evidence-bad-archive"),
        },
    );
    lines.extend(fault_lines(verdict, lang));
    let listed = verdict.mismatches.iter().map(|fault| fault.count);
    let more = verdict.mismatch_count.saturating_sub(listed.sum());
    for (count, key) in [
        (more, "evidence-more"),
        (verdict.unchecked, "evidence-unchecked"),
        (verdict.gone, "evidence-gone"),
        (verdict.due, "evidence-due"),
    ] {
        if count > 0 {
            lines.push(lang.text_with(key, &[("count", &number(count))]));
        }
    }
    lines.extend(uncovered_lines(verdict, lang));
    lines.extend(stamp_line(verdict, lang));
    lines.extend(remark_lines(verdict, lang));
    lines.extend(since_lines(verdict, lang));
    if let Some(last) = verdict.last {
        let last = last.to_string();
        lines.push(lang.text_with(
            "evidence-head",
            &[("day", &last), ("digest", &verdict.head)],
        ));
    }
    lines
}

/// Line of a chain without differences: up to which day, and how much came since.
fn good_line(verdict: &VerificationReport, last: Date, lang: Language) -> String {
    let (days, records) = (verdict.days.to_string(), verdict.records.to_string());
    let (last, count) = (last.to_string(), verdict.uncovered_things().to_string());
    let args = [
        ("last", &*last),
        ("days", &days),
        ("records", &records),
        ("count", &count),
    ];
    lang.text_with("evidence-good", &args)
}

/// Lines of the mismatches.
pub(super) fn fault_lines(verdict: &VerificationReport, lang: Language) -> Vec<String> {
    let faults = verdict.mismatches.iter();
    faults.map(|fault| difference_text(fault, lang)).collect()
}

fn difference_text(fault: &EvidenceMismatch, lang: Language) -> String {
    // The places of a text are those of the text that it touches.
    let is_summary = fault.touches.is_empty() && !fault.places.is_empty();
    let is_manifest = fault.what == MismatchKind::File && is_summary;
    let mut words = if is_manifest {
        let names = fault.places.join(", ");
        lang.text_with("evidence-differs-manifest", &[("names", &names)])
    } else {
        let word = fault.what.word();
        let key = if fault.is_missing {
            format!("evidence-missing-{word}")
        } else {
            format!("evidence-differs-{word}")
        };
        lang.text_with(&key, &[("name", &fault.name)])
    };
    if fault.count > 1 {
        let count = fault.count.to_string();
        words = format!(
            "{words} {}",
            lang.text_with("evidence-times", &[("count", &count)])
        );
    }
    if fault.what == MismatchKind::Stamp {
        let reasons = fault.touches.iter();
        let reasons = reasons.map(|word| lang.text(&format!("evidence-stamp-{word}")));
        let reasons: Vec<String> = reasons.collect();
        words = format!("{words}: {}", reasons.join(", "));
    } else if !fault.touches.is_empty() {
        let key = match fault.what {
            MismatchKind::File => "evidence-text-newer",
            MismatchKind::Report => "evidence-report-names",
            _ => "evidence-touches",
        };
        let names = evidence_names(lang, &fault.touches);
        words = format!("{words}; {}", lang.text_with(key, &[("names", &names)]));
    }
    if !fault.places.is_empty() && !is_manifest {
        let names = fault.places.join(", ");
        let places = lang.text_with("evidence-places", &[("names", &names)]);
        words = format!("{words}; {places}");
    }
    if let Some(line) = fault.faulty_line {
        let line = line.to_string();
        let line = lang.text_with("evidence-faulty-line", &[("line", &line)]);
        words = format!("{words}; {line}");
    }
    match (fault.day, fault.last) {
        (Some(day), Some(last)) if last > day => format!("- {day} – {last}: {words}"),
        (Some(day), _) => format!("- {day}: {words}"),
        (None, _) => format!("- {words}"),
    }
}

/// Line about the time stamps that hold; none without any.
fn stamp_line(verdict: &VerificationReport, lang: Language) -> Option<String> {
    let (count, Some((number, stamp))) = verdict.stamps else {
        return None;
    };
    let (count, number, at) = (count.to_string(), number.to_string(), stamp.at.to_string());
    let args = [("count", &*count), ("number", &*number), ("at", &*at)];
    let key = if stamp.is_trusted {
        "evidence-stamped"
    } else {
        "evidence-stamped-unchecked"
    };
    Some(lang.text_with(key, &args))
}

/// Prints why the authorities cannot be read; returns exit status 2.
pub(super) fn print_no_authorities(why: &str, lang: Language) -> u8 {
    print_stderr(&lang.text_with("evidence-no-authorities", &[("why", why)]));
    EXIT_USAGE
}

/// Lines of the remarks about the chain.
fn remark_lines(verdict: &VerificationReport, lang: Language) -> Vec<String> {
    let remark = |remark: &ChainRemark| {
        let (first, last) = (remark.numbers.0.to_string(), remark.numbers.1.to_string());
        let (from, to) = (remark.days.0.to_string(), remark.days.1.to_string());
        let (made, days) = (remark.made.1.to_string(), remark.delay_days().to_string());
        let args = [
            ("first", &*first),
            ("last", &last),
            ("from", &from),
            ("to", &to),
            ("made", &made),
            ("days", &days),
        ];
        lang.text_with(&format!("evidence-remark-{}", remark.what.word()), &args)
    };
    verdict.remarks().iter().map(remark).collect()
}

/// Lines of what came since the digest that was asked for; none when none was.
fn since_lines(verdict: &VerificationReport, lang: Language) -> Vec<String> {
    let mut lines = Vec::new();
    let Some(since) = &verdict.told.since else {
        return lines;
    };
    let (number, day) = (since.number.to_string(), since.day.to_string());
    let args = [("number", &*number), ("day", &*day)];
    lines.push(lang.text_with("evidence-since", &args));
    let count = since.records.to_string();
    lines.push(lang.text_with("evidence-since-records", &[("count", &count)]));
    for one in &since.revised {
        let (day, reasons) = (one.day.to_string(), reasons_text(lang, &one.reasons));
        let args = [("day", &*day), ("reasons", &*reasons)];
        lines.push(lang.text_with("evidence-since-revised", &args));
    }
    if let Some((first, last)) = entries_since(verdict, since) {
        let (first, last) = (first.to_string(), last.to_string());
        let args = [("first", &*first), ("last", &*last)];
        lines.push(lang.text_with("evidence-since-entries", &args));
    }
    if !since.texts.is_empty() {
        let names = evidence_names(lang, &since.texts);
        lines.push(lang.text_with("evidence-since-texts", &[("names", &names)]));
    }
    lines
}

/// First and last ledger entry that the record with the digest asked for does not cover.
fn entries_since(verdict: &VerificationReport, since: &RecordsSince) -> Option<(u64, u64)> {
    let last = verdict.recorded_entries + verdict.open_entries;
    (last > since.entries).then_some((since.entries + 1, last))
}

fn remark_json(remark: &ChainRemark) -> Value {
    json!({
        "what": remark.what.word(),
        "first_record": remark.numbers.0,
        "last_record": remark.numbers.1,
        "first": remark.days.0.to_string(),
        "last": remark.days.1.to_string(),
        "made_first": remark.made.0.to_string(),
        "made_last": remark.made.1.to_string(),
        "delay_days": remark.delay_days(),
    })
}

fn since_json(verdict: &VerificationReport, since: &RecordsSince) -> Value {
    let revised = since.revised.iter().map(|one| {
        let reasons: Vec<&str> = one.reasons.iter().map(|why| why.word()).collect();
        json!({ "day": one.day.to_string(), "reasons": reasons })
    });
    let entries = entries_since(verdict, since);
    json!({
        "record": since.number,
        "day": since.day.to_string(),
        "records": since.records,
        "revised": revised.collect::<Vec<Value>>(),
        "entries": entries.map(|(first, last)| json!({ "first": first, "last": last })),
        "texts": since.texts,
    })
}

fn verdict_json(
    verdict: &VerificationReport,
    about: Option<&BundleSummary>,
    lang: Language,
) -> Value {
    let day = |day: Option<Date>| day.map(|day| day.to_string());
    let fault = |fault: &EvidenceMismatch| {
        json!({
            "day": day(fault.day),
            "what": fault.what.word(),
            "last": day(fault.last),
            "name": fault.name,
            "count": fault.count,
            "touches": fault.touches,
            "places": fault.places,
            "faulty_line": fault.faulty_line,
            "missing": fault.is_missing,
            "error": difference_text(fault, lang).trim_start_matches("- "),
        })
    };
    json!({
        "good": verdict.is_intact(),
        "first": day(verdict.first_day()),
        "days": verdict.days,
        "days_gone": verdict.gone,
        "days_due": verdict.due,
        "days_unchecked": verdict.unchecked,
        "records": verdict.records,
        "last": day(verdict.last),
        "digest": verdict.head,
        "open_entries": verdict.open_entries,
        "uncovered": verdict.uncovered.iter().map(uncovered_json).collect::<Vec<_>>(),
        "fault_count": verdict.mismatch_count,
        "faults": verdict.mismatches.iter().map(fault).collect::<Vec<_>>(),
        "stamps": verdict.stamps.1.map(|(record, stamp)| json!({
            "count": verdict.stamps.0,
            "record": record,
            "at": stamp.at.to_string(),
            "trusted": stamp.is_trusted,
        })),
        "remarks": verdict.remarks().iter().map(remark_json).collect::<Vec<_>>(),
        "since": verdict.told.since.as_ref().map(|since| since_json(verdict, since)),
        "bundle": about,
    })
}
