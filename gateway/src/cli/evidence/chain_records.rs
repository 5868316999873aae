//! Check of the records alone: each follows the one before it, and no closed day is without one.

use crate::api::client::ApiClient;
use crate::cli::command_error::CommandError;
use crate::evidence::{
    DigestChain, MismatchKind, OPEN_DAYS, RecordedTable, RevisionKind, UncoveredPart,
    VerificationReport,
};
use jiff::civil::Date;

/// Checks every record against the one before it, and searches for closed days without a record.
pub(super) async fn check_records(
    client: &mut ApiClient,
    wanted: Option<&str>,
    verdict: &mut VerificationReport,
) -> Result<DigestChain, CommandError> {
    let mut chain = DigestChain::searching(wanted);
    let mut after = 0;
    loop {
        let page = client.digests_after(after).await?;
        // By the numbers of the rows: a record may say another one.
        let Some(last) = page.last() else {
            break;
        };
        after = last.number;
        for digest in &page {
            chain.push(digest, verdict);
        }
    }
    chain.summarise(verdict);
    // The digest on a report was never part of this chain.
    if !chain.has_wanted() {
        verdict.add_mismatch(None, MismatchKind::Foreign, wanted.unwrap_or_default());
    }
    check_unrecorded_days(client, &chain, verdict).await?;
    Ok(chain)
}

/// Tells what the store has and no record covers yet.
pub(super) async fn tell_uncovered(
    client: &mut ApiClient,
    chain: &DigestChain,
    verdict: &mut VerificationReport,
) -> Result<(), CommandError> {
    let extent = client.evidence_extent().await?;
    for table in RecordedTable::ALL {
        let first = chain.recorded_rows(table) + 1;
        let part = UncoveredPart::numbered(table.word(), first, extent.last_row(table));
        if table == RecordedTable::Ledger {
            verdict.open_entries = part.count;
        }
        verdict.add_uncovered(part);
    }
    for kind in RevisionKind::ALL {
        let named = chain.texts().keys().filter(|(of, _)| *of == kind);
        let named = named.map(|(_, id)| *id).max().unwrap_or(0);
        let mut last = named;
        while let Some(next) = client.revision_after(kind, last).await? {
            last = next.id;
        }
        verdict.add_uncovered(UncoveredPart::numbered(kind.word(), named + 1, last));
    }
    let days = extent.days.iter();
    let days = days.filter_map(|day| day.parse::<Date>().ok());
    let open: Vec<Date> = days.filter(|day| Some(*day) > verdict.last).collect();
    if let (Some(first), Some(last)) = (open.first(), open.last()) {
        let names = if first == last {
            first.to_string()
        } else {
            format!("{first} – {last}")
        };
        let (what, count) = (OPEN_DAYS, open.len() as u64);
        verdict.add_uncovered(UncoveredPart { what, names, count });
    }
    Ok(())
}

/// Closed days that have samples and no record, after all due records were made.
async fn check_unrecorded_days(
    client: &mut ApiClient,
    chain: &DigestChain,
    verdict: &mut VerificationReport,
) -> Result<(), CommandError> {
    let extent = client.evidence_extent().await?;
    let gone = extent.gone_before.as_ref().and_then(|day| day.parse().ok());
    let days = extent
        .days
        .iter()
        .filter_map(|day| day.parse::<Date>().ok());
    let is_due = |day: &Date| extent.due.contains(&day.to_string());
    let closed = |day: &Date| Some(*day) <= verdict.last && Some(*day) >= gone && !is_due(day);
    let bare: Vec<Date> = days
        .filter(closed)
        .filter(|day| !chain.has_day(*day))
        .collect();
    for day in bare {
        // Late samples may have come in since the extent was read: only a record that is still
        // missing after another run is a difference.
        client.make_due_records(|_| ()).await?;
        if client.newest_digest(day).await?.is_none() {
            verdict.add_mismatch(Some(day), MismatchKind::Unrecorded, "");
        }
    }
    Ok(())
}
