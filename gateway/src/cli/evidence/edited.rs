//! [`EditedReport`]: which values of a changed report file are not those that were issued.

use super::report_values::{EditedValue, ReportValues};
use crate::api::client::ApiClient;
use crate::api::evidence::{IssuedReportJson, ReportTodayJson};
use crate::cli::command_error::CommandError;
use crate::domain::parse_finite;
use crate::i18n::Language;
use crate::ledger::WorkbookForm;
use crate::limits::EVIDENCE_FAULTS_MAX;
use crate::report::render::ReportFormat;
use serde_json::{Value, json};

/// Values of a changed file that differ from the issued ones.
#[derive(Debug)]
pub(super) struct EditedReport {
    /// Report or figures with which the file was compared.
    compared: ComparedWith,
    /// Values that differ, at most `EVIDENCE_FAULTS_MAX`.
    values: Vec<EditedValue>,
    /// Number of further ones.
    more: usize,
    /// Whether rows, columns or sheets are hidden, or heads of printed pages say something else.
    is_reshaped: bool,
}

/// Report or figures with which a changed file was compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ComparedWith {
    /// The whole report, made again from the same data.
    Report,
    /// The figures that its note keeps: the data has changed since.
    Headlines,
    /// Nothing: the format has no values, or the data has changed since.
    Nothing,
}

impl ComparedWith {
    /// Stable word for scripts, also the end of the message key (`evidence-edited-WORD`).
    fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::Headlines => "headlines",
            Self::Nothing => "nothing",
        }
    }
}

/// Compares a changed file with the report as it was issued, as far as it is at hand.
pub(super) async fn compare_edited(
    client: &mut ApiClient,
    (bytes, format): (&[u8], ReportFormat),
    report: &IssuedReportJson,
    today: &ReportTodayJson,
) -> Result<EditedReport, CommandError> {
    let mut found: Option<Vec<EditedValue>> = None;
    // Both languages hide the same, and either head may be that of the file.
    let mut forms = Vec::new();
    if (today.same || today.remade) && format != ReportFormat::Pdf {
        for lang in languages(bytes, format) {
            let again = client.report_again(report.id, format, lang).await?;
            if format == ReportFormat::Xlsx {
                forms.push(WorkbookForm::read(&again));
            }
            let (Some(file), Some(issued)) = (
                ReportValues::read(bytes, format, lang),
                ReportValues::read(&again, format, lang),
            ) else {
                continue;
            };
            // The language of a table is not written in it: in the right one least differs.
            let differs = file.differences(&issued);
            if found
                .as_ref()
                .is_none_or(|found| differs.len() < found.len())
            {
                found = Some(differs);
            }
        }
    }
    let (compared, mut values) = match found {
        Some(values) => (ComparedWith::Report, values),
        None => match headline_differences(bytes, format, report) {
            Some(values) => (ComparedWith::Headlines, values),
            None => (ComparedWith::Nothing, Vec::new()),
        },
    };
    let more = values.len().saturating_sub(EVIDENCE_FAULTS_MAX);
    values.truncate(EVIDENCE_FAULTS_MAX);
    Ok(EditedReport {
        compared,
        values,
        more,
        is_reshaped: !forms.is_empty() && !forms.contains(&WorkbookForm::read(bytes)),
    })
}

/// Languages in which a file may be.
fn languages(bytes: &[u8], format: ReportFormat) -> Vec<Language> {
    let all = Language::ALL.to_vec();
    if format == ReportFormat::Csv {
        // The line with the hash of its content has the words of one language.
        let text = String::from_utf8_lossy(bytes);
        let says = |lang: &Language| text.contains(&lang.text("report-content"));
        let said: Vec<Language> = all.iter().copied().filter(says).collect();
        return if said.is_empty() { all } else { said };
    }
    if format != ReportFormat::Json {
        return all;
    }
    let report: Option<Value> = serde_json::from_slice(bytes).ok();
    let said = report
        .as_ref()
        .and_then(|report| report["language"].as_str());
    let own = all.iter().copied().find(|lang| Some(lang.code()) == said);
    own.map_or(all, |own| vec![own])
}

/// Figures of a JSON report that differ from those that its note keeps; `None` for other formats.
fn headline_differences(
    bytes: &[u8],
    format: ReportFormat,
    report: &IssuedReportJson,
) -> Option<Vec<EditedValue>> {
    let is_json = format == ReportFormat::Json && !report.headlines.is_empty();
    let values = is_json.then(|| ReportValues::read(bytes, format, Language::default()))??;
    let differs = report.headlines.iter().filter_map(|kept| {
        let (place, text) = values.figure(&kept.id, &kept.asset)?;
        let (number, issued) = (parse_finite(text)?, kept.value?);
        // The note has the number as printed, the file the unrounded one.
        let step = 10_f64.powi(-i32::from(kept.decimals));
        ((number - issued).abs() > step).then(|| EditedValue {
            place: place.to_owned(),
            in_file: text.to_owned(),
            issued: issued.to_string(),
        })
    });
    Some(differs.collect())
}

impl EditedReport {
    /// Lines for people.
    pub(super) fn lines(&self, lang: Language) -> Vec<String> {
        let key = match (self.compared, self.values.is_empty()) {
            (ComparedWith::Report, true) if self.is_reshaped => "evidence-edited-form".to_owned(),
            (ComparedWith::Report, true) => "evidence-edited-none".to_owned(),
            (compared, _) => format!("evidence-edited-{}", compared.word()),
        };
        let mut lines = vec![lang.text(&key)];
        lines.extend(self.values.iter().map(|one| {
            let text = |text: &str| match text {
                "" => "–".to_owned(),
                text => text.to_owned(),
            };
            let (found, issued) = (text(&one.in_file), text(&one.issued));
            let args = [
                ("place", &*one.place),
                ("found", &*found),
                ("issued", &*issued),
            ];
            lang.text_with("evidence-edited-value", &args)
        }));
        if self.more > 0 {
            let count = self.more.to_string();
            lines.push(lang.text_with("evidence-more", &[("count", &count)]));
        }
        lines
    }

    /// The same for scripts.
    pub(super) fn json(&self) -> Value {
        let values = self
            .values
            .iter()
            .map(|one| json!({ "place": one.place, "in_file": one.in_file, "issued": one.issued }));
        json!({
            "compared": self.compared.word(),
            "values": values.collect::<Vec<Value>>(),
            "left_out": self.more,
        })
    }
}
