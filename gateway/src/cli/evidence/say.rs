//! What a check found, for people and for scripts.

use crate::cli::running::complain;
use crate::cli::{DONE, NO, WRONG};
use crate::evidence::{About, BundleError, Fault, Verdict};
use crate::words::Lang;
use serde_json::{Value, json};
use std::io::{self, Write};
use std::path::Path;

/// Tells the verdict; 0 when nothing differs, else 1.
pub(super) fn verdict(verdict: &Verdict, about: Option<&About>, as_json: bool, lang: Lang) -> u8 {
    let text = if as_json {
        format!("{:#}\n", as_value(verdict, about, lang))
    } else {
        lines(verdict, about, lang).join("\n") + "\n"
    };
    // Nobody is left to tell when standard output is gone.
    let _ = io::stdout().write_all(text.as_bytes());
    if verdict.is_good() { DONE } else { NO }
}

/// A file that is no bundle: 1; one that is not there: 2.
pub(super) fn unreadable(file: &Path, fault: &BundleError, as_json: bool, lang: Lang) -> u8 {
    let (path, why) = (file.display().to_string(), fault.to_string());
    let words = lang.say("evidence-unreadable", &[("file", &path), ("why", &why)]);
    match fault {
        BundleError::File(_) => {
            complain(&words);
            WRONG
        }
        BundleError::Archive(_) | BundleError::Foreign(_) if as_json => {
            let value = json!({"good": false, "first": null, "error": words});
            let _ = writeln!(io::stdout(), "{value:#}");
            NO
        }
        BundleError::Archive(_) | BundleError::Foreign(_) => {
            complain(&words);
            NO
        }
    }
}

/// Tells what became of a bundle: 0 when it holds, 1 when it differs from its own records or when
/// there is nothing to put into it.
pub(in crate::cli) fn written(written: Option<&(About, Verdict)>, file: &Path, lang: Lang) -> u8 {
    let Some((about, verdict)) = written else {
        complain(&lang.text("evidence-nothing-closed"));
        return NO;
    };
    let path = file.display().to_string();
    let days = [
        ("first", about.first.as_str()),
        ("last", about.last.as_str()),
    ];
    complain(&lang.say(
        "evidence-written",
        &[&[("file", path.as_str())], &days[..]].concat(),
    ));
    for line in lines(verdict, None, lang) {
        complain(&line);
    }
    if verdict.is_good() { DONE } else { NO }
}

fn lines(verdict: &Verdict, about: Option<&About>, lang: Lang) -> Vec<String> {
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
        lines.push(lang.say("evidence-bundle", &what));
    }
    let number = |count: u64| count.to_string();
    let (days, records) = (number(verdict.days), number(verdict.records));
    lines.push(match (verdict.is_good(), verdict.first(), verdict.last) {
        (true, _, None) => lang.text("evidence-none"),
        (true, ..) => lang.say("evidence-good", &[("days", &days), ("records", &records)]),
        (false, Some(day), _) => lang.say("evidence-bad", &[("day", &day.to_string())]),
        (false, None, _) => lang.text("evidence-bad-archive"),
    });
    lines.extend(verdict.faults.iter().map(|fault| sentence(fault, lang)));
    let more = verdict
        .fault_count
        .saturating_sub(verdict.faults.len() as u64);
    for (count, key) in [
        (more, "evidence-more"),
        (verdict.gone, "evidence-gone"),
        (verdict.due, "evidence-due"),
        (verdict.open_entries, "evidence-open"),
    ] {
        if count > 0 {
            lines.push(lang.say(key, &[("count", &number(count))]));
        }
    }
    if let Some(last) = verdict.last {
        let last = last.to_string();
        lines.push(lang.say(
            "evidence-head",
            &[("day", &last), ("digest", &verdict.head)],
        ));
    }
    lines
}

fn sentence(fault: &Fault, lang: Lang) -> String {
    let key = format!("evidence-differs-{}", fault.what.word());
    let words = lang.say(&key, &[("name", &fault.name)]);
    match fault.day {
        Some(day) => format!("- {day}: {words}"),
        None => format!("- {words}"),
    }
}

fn as_value(verdict: &Verdict, about: Option<&About>, lang: Lang) -> Value {
    let day = |day: Option<jiff::civil::Date>| day.map(|day| day.to_string());
    let fault = |fault: &Fault| {
        json!({
            "day": day(fault.day),
            "what": fault.what.word(),
            "name": fault.name,
            "error": sentence(fault, lang).trim_start_matches("- "),
        })
    };
    json!({
        "good": verdict.is_good(),
        "first": day(verdict.first()),
        "days": verdict.days,
        "days_gone": verdict.gone,
        "days_due": verdict.due,
        "records": verdict.records,
        "last": day(verdict.last),
        "digest": verdict.head,
        "open_entries": verdict.open_entries,
        "fault_count": verdict.fault_count,
        "faults": verdict.faults.iter().map(fault).collect::<Vec<_>>(),
        "bundle": about,
    })
}
