//! Check of the records alone: each follows the one before it, and no closed day is without one.

use crate::api::client::ApiClient;
use crate::cli::command_error::CommandError;
use crate::evidence::{DigestChain, MismatchKind, VerificationReport};
use jiff::civil::Date;

/// Checks every record against the one before it, and searches for closed days without a record.
pub(super) async fn check_records(
    client: &mut ApiClient,
    wanted: Option<&str>,
    verdict: &mut VerificationReport,
) -> Result<DigestChain, CommandError> {
    let mut chain = DigestChain::searching(wanted);
    loop {
        let page = client.digests_after(chain.count()).await?;
        if page.is_empty() {
            break;
        }
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
