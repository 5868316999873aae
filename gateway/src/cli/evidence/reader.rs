//! The chain and the data behind it, from the running gateway or from the store.

use crate::cli::running::{Running, Trouble, Way, escaped};
use crate::evidence::{Digest, Kind, write_samples};
use crate::web::{ExtentJson, LeftJson, RevisionJson};
use http_body_util::BodyExt;
use jiff::civil::Date;
use serde::de::DeserializeOwned;
use std::io;

impl Way {
    /// Holds the store's file against its own structure. A running gateway is not asked to: it
    /// would stop reading meanwhile.
    pub(super) async fn check_pages(&mut self) -> Result<(), Trouble> {
        match self {
            Self::Own(store) => Ok(store.check_pages().await?),
            Self::Running(_) => Ok(()),
        }
    }

    /// Makes every record that is due, none in a store that is open for reading alone. `told` hears
    /// how many days are left.
    pub(in crate::cli) async fn settle(
        &mut self,
        mut told: impl FnMut(u64),
    ) -> Result<(), Trouble> {
        loop {
            let left = match self {
                Self::Own(store) => store.settle_digests().await?,
                Self::Running(running) => {
                    let path = "/control/evidence/settle";
                    parsed::<LeftJson>(&body(running, "POST", path).await?)?.left
                }
            };
            told(left);
            if left == 0 {
                return Ok(());
            }
        }
    }

    /// Records after a number, in order; none at the end of the chain.
    pub(super) async fn digests(&mut self, after: u64) -> Result<Vec<Digest>, Trouble> {
        match self {
            Self::Own(store) => Ok(store.digests(after).await?),
            Self::Running(running) => get(running, &format!("digests?after={after}")).await,
        }
    }

    /// The newest record of a day.
    pub(super) async fn newest(&mut self, day: Date) -> Result<Option<Digest>, Trouble> {
        match self {
            Self::Own(store) => Ok(store.digest_of(day).await?),
            Self::Running(running) => get(running, &format!("newest?day={day}")).await,
        }
    }

    /// Points that have samples on a day.
    pub(super) async fn points(&mut self, day: Date) -> Result<Vec<String>, Trouble> {
        match self {
            Self::Own(store) => {
                let points = store.points_of_day(day).await?;
                Ok(points.iter().map(ToString::to_string).collect())
            }
            Self::Running(running) => get(running, &format!("points?day={day}")).await,
        }
    }

    /// A point's day as the lines that are hashed.
    pub(super) async fn samples(&mut self, day: Date, point: &str) -> Result<Vec<u8>, Trouble> {
        match self {
            Self::Own(store) => {
                let mut text = String::new();
                let samples = store.samples_of_day(day, point).await?;
                write_samples(&mut text, &samples);
                Ok(text.into_bytes())
            }
            Self::Running(running) => {
                let point = escaped(point);
                let path = format!("/control/evidence/samples?day={day}&point={point}");
                body(running, "GET", &path).await
            }
        }
    }

    /// Entries of the ledger as the lines that are hashed, at most a page.
    pub(super) async fn ledger_lines(&mut self, first: u64, last: u64) -> Result<Vec<u8>, Trouble> {
        match self {
            Self::Own(store) => Ok(store.ledger_lines(first, last).await?.into_bytes()),
            Self::Running(running) => {
                let path = format!("/control/evidence/ledger?first={first}&last={last}");
                body(running, "GET", &path).await
            }
        }
    }

    /// The first revision of a text after a number.
    pub(super) async fn revision_after(
        &mut self,
        kind: Kind,
        after: u64,
    ) -> Result<Option<RevisionJson>, Trouble> {
        match self {
            Self::Own(store) => Ok(store.revision_after(kind, after).await?.map(Into::into)),
            Self::Running(running) => {
                let kind = kind.word();
                get(running, &format!("revision?kind={kind}&after={after}")).await
            }
        }
    }

    /// What there is besides the records.
    pub(super) async fn extent(&mut self) -> Result<ExtentJson, Trouble> {
        match self {
            Self::Own(store) => Ok(store.evidence_extent().await?.into()),
            Self::Running(running) => get(running, "extent").await,
        }
    }
}

async fn get<T: DeserializeOwned>(running: &mut Running, what: &str) -> Result<T, Trouble> {
    parsed(&body(running, "GET", &format!("/control/evidence/{what}")).await?)
}

async fn body(running: &mut Running, method: &str, path: &str) -> Result<Vec<u8>, Trouble> {
    let answer = running.ask(method, path, "").await?;
    Ok(answer.collect().await?.to_bytes().to_vec())
}

fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Trouble> {
    serde_json::from_slice(body).map_err(|fault| Trouble::File(io::Error::other(fault)))
}
