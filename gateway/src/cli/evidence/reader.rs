//! Access to the evidence chain and its data, from the running gateway or from the store.

use crate::api::{EvidenceExtentJson, PendingDigestsJson, RevisionTextJson};
use crate::cli::backend::{Backend, CommandError, GatewayConnection, percent_encode};
use crate::evidence::{DayDigest, RevisionKind, write_samples};
use http_body_util::BodyExt;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::io;

impl Backend {
    /// Checks the pages of the store's file. The running gateway is not asked to: it would stop
    /// reading meanwhile.
    pub(super) async fn check_pages(&mut self) -> Result<(), CommandError> {
        match self {
            Self::Store(store) => Ok(store.check_integrity().await?),
            Self::Gateway(_) => Ok(()),
        }
    }

    /// Makes every record that is due; none in a store that is open for reading only. `told`
    /// receives the number of days that are left.
    pub(in crate::cli) async fn make_due_records(
        &mut self,
        mut told: impl FnMut(u64),
    ) -> Result<(), CommandError> {
        // One call makes a bounded part of the records, so that the gateway's next flush is not
        // late.
        loop {
            let left = match self {
                Self::Store(store) => store.close_due_days().await?,
                Self::Gateway(running) => {
                    let path = "/control/evidence/settle";
                    parse_json::<PendingDigestsJson>(&request_body(running, "POST", path).await?)?
                        .left
                }
            };
            told(left);
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// Records after a number, in order; empty at the end of the chain.
    pub(super) async fn digests_after(
        &mut self,
        after: u64,
    ) -> Result<Vec<DayDigest>, CommandError> {
        match self {
            Self::Store(store) => Ok(store.digests_after(after).await?),
            Self::Gateway(running) => {
                get_evidence(running, &format!("digests?after={after}")).await
            }
        }
    }

    /// Newest record of a day.
    pub(super) async fn newest_digest(
        &mut self,
        day: Date,
    ) -> Result<Option<DayDigest>, CommandError> {
        match self {
            Self::Store(store) => Ok(store.digest_of_day(day).await?),
            Self::Gateway(running) => get_evidence(running, &format!("newest?day={day}")).await,
        }
    }

    /// Points that have samples on a day.
    pub(super) async fn points_of_day(&mut self, day: Date) -> Result<Vec<String>, CommandError> {
        match self {
            Self::Store(store) => {
                let points = store.points_of_day(day).await?;
                Ok(points.iter().map(ToString::to_string).collect())
            }
            Self::Gateway(running) => get_evidence(running, &format!("points?day={day}")).await,
        }
    }

    /// Samples of a point's day as the lines that are hashed.
    pub(super) async fn samples_of_day(
        &mut self,
        day: Date,
        point: &str,
    ) -> Result<Vec<u8>, CommandError> {
        match self {
            Self::Store(store) => {
                let mut text = String::new();
                let samples = store.samples_of_day(day, point).await?;
                write_samples(&mut text, &samples);
                Ok(text.into_bytes())
            }
            Self::Gateway(running) => {
                let point = percent_encode(point);
                let path = format!("/control/evidence/samples?day={day}&point={point}");
                request_body(running, "GET", &path).await
            }
        }
    }

    /// Ledger entries as the lines that are hashed, at most `LEDGER_PAGE_MAX` of them.
    pub(super) async fn ledger_lines(
        &mut self,
        first: u64,
        last: u64,
    ) -> Result<Vec<u8>, CommandError> {
        match self {
            Self::Store(store) => Ok(store.ledger_lines(first, last).await?.into_bytes()),
            Self::Gateway(running) => {
                let path = format!("/control/evidence/ledger?first={first}&last={last}");
                request_body(running, "GET", &path).await
            }
        }
    }

    /// First revision of a text after a number.
    pub(super) async fn revision_after(
        &mut self,
        kind: RevisionKind,
        after: u64,
    ) -> Result<Option<RevisionTextJson>, CommandError> {
        match self {
            Self::Store(store) => Ok(store.revision_after(kind, after).await?.map(Into::into)),
            Self::Gateway(running) => {
                let kind = kind.word();
                get_evidence(running, &format!("revision?kind={kind}&after={after}")).await
            }
        }
    }

    /// Range of the data behind the records.
    pub(super) async fn evidence_extent(&mut self) -> Result<EvidenceExtentJson, CommandError> {
        match self {
            Self::Store(store) => Ok(store.evidence_extent().await?.into()),
            Self::Gateway(running) => get_evidence(running, "extent").await,
        }
    }
}

async fn get_evidence<T: DeserializeOwned>(
    running: &mut GatewayConnection,
    what: &str,
) -> Result<T, CommandError> {
    parse_json(&request_body(running, "GET", &format!("/control/evidence/{what}")).await?)
}

async fn request_body(
    running: &mut GatewayConnection,
    method: &str,
    path: &str,
) -> Result<Vec<u8>, CommandError> {
    let answer = running.request(method, path, "").await?;
    Ok(answer.collect().await?.to_bytes().to_vec())
}

fn parse_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, CommandError> {
    serde_json::from_slice(body).map_err(|fault| CommandError::File(io::Error::other(fault)))
}
