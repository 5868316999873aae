//! Issues of a report before this one, and what came since: read from the store.

use super::revisions;
use crate::domain::issued_report::{IssuedReport, ReportIssue};
use crate::evidence::{ChangesSince, RevisionKind, TextSince};
use crate::report::content::{EarlierIssue, HeadlineRecord, RevisedSince, moved_headlines};
use crate::storage::{IssueMoment, Store, StoreError};

/// Changes in the store after a report was issued that concern its period.
pub async fn changes_since(
    store: &Store,
    report: &IssuedReport,
) -> Result<ChangesSince, StoreError> {
    let period = report.issue.period;
    let moment = IssueMoment {
        at: report.issued_at,
        digest: report.issue.digest.clone(),
        first: period.first(),
        last: period.last(),
    };
    let mut changes = store.changes_since(moment).await?;
    let is_calibration = |text: &TextSince| text.kind == RevisionKind::Calibrations;
    if changes.texts.iter().any(is_calibration) {
        let all = store.list_calibrations().await?;
        for text in changes.texts.iter_mut().filter(|text| is_calibration(text)) {
            let entry = all.entries().iter().find(|entry| entry.id == text.id);
            text.calibration = entry.map(|entry| Box::new(entry.said.clone()));
        }
    }
    for text in &mut changes.texts {
        if text.kind == RevisionKind::Configuration {
            text.places = revisions::places_of_change(store, text.id).await?;
        }
    }
    Ok(changes)
}

/// Earlier issues of the same period and asset, when one of them said something else; `None` for a
/// first report, and for one that says what all before it said.
pub(super) async fn revised_since(
    store: &Store,
    own: &ReportIssue,
    headlines: &(dyn Fn(&[HeadlineRecord]) -> Vec<HeadlineRecord> + Sync),
) -> Result<Option<RevisedSince>, StoreError> {
    let earlier = store.earlier_issues(own.clone()).await?;
    let Some(first) = earlier.listed.first().filter(|_| earlier.others > 0) else {
        return Ok(None);
    };
    let before: Vec<HeadlineRecord> =
        serde_json::from_str(&first.issue.headlines).unwrap_or_default();
    let listed = earlier.listed.iter().map(|one| EarlierIssue {
        number: one.id,
        at: one.issued_at,
        by: one.issue.issued_by.clone(),
        via: one.issue.via,
    });
    Ok(Some(RevisedSince {
        count: earlier.count,
        changes: changes_since(store, first).await?,
        moved: moved_headlines(&before, &headlines(&before)),
        issues: listed.collect(),
    }))
}
