//! `pantau verify laporan.pdf`: whether this very file is a report that was issued, and what has
//! changed since.

use super::edited::{EditedReport, compare_edited};
use super::file_sort::format_of_name;
use super::output;
use crate::api::client::ApiClient;
use crate::api::evidence::{IssuedReportJson, MovedHeadlineJson, ReportTodayJson};
use crate::cli::backend::{load_config, open_with_records, report_failure};
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use crate::cli::standard_output::print_text;
use crate::evidence::{VerificationReport, has_own_hash, hash, hashes_in_file};
use crate::i18n::Language;
use crate::report::render::ReportFormat;
use serde_json::{Value, json};
use std::path::Path;

/// A report file as the store knows it.
struct CheckedReport {
    /// The report; `None` when the store knows neither file nor content.
    report: Option<IssuedReportJson>,
    /// True when this very file was handed out.
    is_issued: bool,
    /// True when the text does not have the hash that it names.
    is_edited: bool,
    /// Comparison with today; `None` without a report.
    today: Option<ReportTodayJson>,
    /// The chain, with what came since the report.
    chain: VerificationReport,
    /// Values of a changed file; `None` for an issued one, and without a report.
    edited: Option<EditedReport>,
}

/// Returns the format of a report: by its first bytes, else by its name.
fn report_format(file: &Path, bytes: &[u8]) -> ReportFormat {
    match bytes {
        [b'%', b'P', b'D', b'F', ..] => ReportFormat::Pdf,
        [b'P', b'K', ..] => ReportFormat::Xlsx,
        [b'{', ..] => ReportFormat::Json,
        _ => format_of_name(file).unwrap_or(ReportFormat::Csv),
    }
}

/// Checks a report file by the site of `config`; returns exit status 0 when it was issued.
pub(super) async fn verify_report(file: &Path, config: &Path, as_json: bool, lang: Language) -> u8 {
    let config = match load_config(config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let checked = async {
        let bytes = std::fs::read(file).reading(file)?;
        let mut client = open_with_records(&config, true).await?;
        let format = report_format(file, &bytes);
        let checked = check_report(&mut client, (&bytes, format), lang).await;
        client.close().await;
        checked
    };
    match checked.await {
        Ok(checked) => print_checked(&checked, as_json, lang),
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn check_report(
    client: &mut ApiClient,
    (bytes, format): (&[u8], ReportFormat),
    lang: Language,
) -> Result<CheckedReport, CommandError> {
    let mut report = client.issued_file(&hash(bytes)).await?;
    let is_issued = report.is_some();
    if report.is_none() {
        for content in hashes_in_file(bytes) {
            report = client.issued_content(&content).await?;
            if report.is_some() {
                break;
            }
        }
    }
    let (mut today, mut edited) = (None, None);
    let mut chain = VerificationReport::default();
    if let Some(report) = &report {
        let now = client.report_today(report.id, lang).await?;
        if !is_issued {
            edited = Some(compare_edited(client, (bytes, format), report, &now).await?);
        }
        today = Some(now);
        client.make_due_records(|_| ()).await?;
        let wanted = (!report.digest.is_empty()).then_some(&*report.digest);
        super::chain_records::check_records(client, wanted, &mut chain).await?;
        chain.settle();
    }
    Ok(CheckedReport {
        report,
        is_issued,
        is_edited: has_own_hash(bytes) == Some(false),
        today,
        chain,
        edited,
    })
}

fn print_checked(checked: &CheckedReport, as_json: bool, lang: Language) -> u8 {
    let is_good = checked.is_issued && checked.chain.is_intact();
    let text = if as_json {
        format!("{:#}\n", checked_json(checked, is_good))
    } else {
        checked_lines(checked, lang).join("\n") + "\n"
    };
    print_text(&text);
    if is_good { EXIT_DONE } else { EXIT_NEGATIVE }
}

fn checked_lines(checked: &CheckedReport, lang: Language) -> Vec<String> {
    let Some(report) = &checked.report else {
        return vec![lang.text("evidence-issued-never")];
    };
    let number = report.id.to_string();
    let args = [
        ("number", &*number),
        ("period", &*report.period),
        ("at", &*report.issued_at),
    ];
    let key = match (checked.is_issued, checked.is_edited) {
        (true, _) => "evidence-issued",
        (false, true) => "evidence-issued-edited",
        (false, false) => "evidence-issued-changed",
    };
    let mut lines = vec![lang.text_with(key, &args)];
    if !report.issued_by.is_empty() {
        lines.push(lang.text_with("evidence-issued-by", &[("name", &report.issued_by)]));
    }
    if let Some(edited) = &checked.edited {
        lines.extend(edited.lines(lang));
    }
    if let Some(today) = &checked.today {
        let key = if today.same {
            "evidence-issued-same"
        } else {
            "evidence-issued-moved"
        };
        lines.push(lang.text(key));
        lines.extend(today.moved.iter().map(|one| moved_text(one, lang)));
    }
    lines.extend(output::fault_lines(&checked.chain, lang));
    if let Some(today) = &checked.today {
        lines.push(lang.text("evidence-issued-since"));
        lines.extend(today.since.lines.iter().map(|line| format!("- {line}")));
    }
    lines
}

fn moved_text(one: &MovedHeadlineJson, lang: Language) -> String {
    let id = match one.asset.as_str() {
        "" => one.id.clone(),
        asset => format!("{} ({asset})", one.id),
    };
    let difference = match one.difference.as_str() {
        "" => "–",
        difference => difference,
    };
    let args = [
        ("id", &*id),
        ("before", &*one.before),
        ("now", &*one.now),
        ("difference", difference),
    ];
    lang.text_with("evidence-issued-figure", &args)
}

fn checked_json(checked: &CheckedReport, is_good: bool) -> Value {
    json!({
        "good": is_good,
        "issued": checked.is_issued,
        "edited": checked.is_edited,
        "changed": checked.edited.as_ref().map(EditedReport::json),
        "report": checked.report,
        "today": checked.today.as_ref().map(|today| json!({
            "same": today.same,
            "moved": today.moved,
        })),
        "since": checked.today.as_ref().map(|today| &today.since),
        "fault_count": checked.chain.mismatch_count,
    })
}
