//! An issued report: what it said, and what the same period gives today.

use super::issued_texts::{IssuedLine, MovedLine, issued_line, moved_line};
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::api::issued_reports::IssueComparison;
use crate::api::request_language::query_parameter;
use crate::domain::issued_report::IssuedReport;
use crate::pages::page_frame::{PageFrame, render_failure, render_page};
use crate::pages::page_request::PageRequest;
use crate::pages::redirect_to;
use crate::report::content::change_lines;
use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;

#[derive(Template)]
#[template(path = "report_issued.html")]
struct IssuedPage {
    frame: PageFrame,
    line: IssuedLine,
    report: IssuedReport,
    comparison: Option<ComparisonTexts>,
}

/// A comparison with today as texts.
struct ComparisonTexts {
    is_same: bool,
    /// Result in a sentence.
    verdict: String,
    moved: Vec<MovedLine>,
    /// Other changes, one sentence each.
    reasons: Vec<String>,
    /// Changes in the store since, one sentence each.
    changes: Vec<String>,
}

pub(crate) async fn issued_page(
    PageRequest { app, uri, headers }: PageRequest,
    Path(id): Path<String>,
) -> Response {
    let frame = PageFrame::new(&app, "laporan", &uri, &headers);
    let lang = frame.lang;
    let found = match id.parse() {
        Ok(number) => app.issued_report(number).await,
        Err(_) => Ok(None),
    };
    let report = match found {
        Ok(Some(report)) => report,
        Ok(None) => {
            let none = ApiError::new(StatusCode::NOT_FOUND, frame.t("laporan-no-issue"));
            return render_failure(&uri, frame, &none);
        }
        Err(error) => return render_failure(&uri, frame, &error),
    };
    let comparison = match query_parameter(&uri, "bandingkan") {
        None => None,
        // A comparison makes the whole report again, which is not for everyone who passes by.
        Some(_) if !frame.sign_in_path.is_empty() => return redirect_to(&frame.sign_in_path),
        Some(_) => match app.compare_issue(&report, lang).await {
            Ok(found) => Some(comparison_texts(&app, &frame, &report, &found)),
            Err(error) => return render_failure(&uri, frame, &error),
        },
    };
    let page = IssuedPage {
        line: issued_line(&app, lang, &report),
        frame,
        report,
        comparison,
    };
    render_page(&uri, StatusCode::OK, &page)
}

fn comparison_texts(
    app: &ApiListener,
    frame: &PageFrame,
    report: &IssuedReport,
    found: &IssueComparison,
) -> ComparisonTexts {
    let verdict = match (found.is_same, found.moved.is_empty()) {
        (true, _) => "laporan-same",
        (false, true) => "laporan-same-headlines",
        (false, false) => "laporan-moved",
    };
    let mut reasons = Vec::new();
    if found.revision != report.issue.revision {
        let args = [("now", &*found.revision)];
        reasons.push(frame.lang.text_with("laporan-new-revision", &args));
    }
    // The chain grows every day; it is a reason only when something else has changed.
    if !found.is_same && found.digest != report.issue.digest {
        reasons.push(frame.t("laporan-new-digest"));
    }
    if !found.is_same && reasons.is_empty() {
        reasons.push(frame.t("laporan-new-details"));
    }
    let moved = found.moved.iter();
    ComparisonTexts {
        is_same: found.is_same,
        verdict: frame.t(verdict),
        moved: moved.map(|one| moved_line(app, frame.lang, one)).collect(),
        reasons,
        changes: change_lines(frame.lang, &app.state().config, &found.changes),
    }
}
