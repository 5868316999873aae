//! What checks, bundles and reports ask of the chain, and the data behind it.

use crate::evidence::{Digest, Kind};
use crate::model::{Sample, UtcMs};
use crate::store::fault::StoreError;
use crate::store::handle::{Reply, Request, Store};
use crate::store::keeper::Keeper;
use crate::store::schema::disk;
use jiff::civil::Date;
use std::sync::Arc;

/// A text that is kept by revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// Its number.
    pub id: u64,
    /// Since when it holds.
    pub since: UtcMs,
    /// The text.
    pub text: String,
}

/// What there is besides the records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extent {
    /// Raw samples of days before this one have been let go.
    pub gone_before: Option<Date>,
    /// Local days with sealed raw samples.
    pub days: Vec<Date>,
    /// Number of the ledger's last entry.
    pub last_entry: u64,
    /// Closed days whose samples have changed since their record was made.
    pub due: Vec<Date>,
}

/// A question about evidence.
#[derive(Debug)]
pub(crate) enum Evidence {
    Settle(Reply<u64>),
    Digests {
        after: u64,
        reply: Reply<Vec<Digest>>,
    },
    Newest {
        first: Date,
        last: Date,
        reply: Reply<Option<Digest>>,
    },
    Points {
        day: Date,
        reply: Reply<Vec<Arc<str>>>,
    },
    Samples {
        day: Date,
        point: String,
        reply: Reply<Vec<Sample>>,
    },
    Ledger {
        first: u64,
        last: u64,
        reply: Reply<String>,
    },
    Revision {
        kind: Kind,
        after: u64,
        reply: Reply<Option<Revision>>,
    },
    Extent(Reply<Extent>),
    Pages(Reply<()>),
    Due(Reply<u64>),
}

impl Store {
    /// Makes one piece of the records that are due; how many days are still to be done. Asked again
    /// until that is 0, every closed day has its record.
    pub async fn settle_digests(&self) -> Result<u64, StoreError> {
        self.evidence(Evidence::Settle).await
    }

    /// Records with a number greater than `after`, in order, at most `EVIDENCE_PAGE_MAX`.
    pub async fn digests(&self, after: u64) -> Result<Vec<Digest>, StoreError> {
        self.evidence(|reply| Evidence::Digests { after, reply })
            .await
    }

    /// The newest record of a local day; `None` while the day is not closed, and for days before
    /// the first one with anything.
    pub async fn digest_of(&self, day: Date) -> Result<Option<Digest>, StoreError> {
        self.digest_in(day, day).await
    }

    /// The newest record of the last closed day from `first` to `last`: the digest that a report of
    /// these days prints. `None` when none of them is closed.
    pub async fn digest_in(&self, first: Date, last: Date) -> Result<Option<Digest>, StoreError> {
        self.evidence(|reply| Evidence::Newest { first, last, reply })
            .await
    }

    /// Points that have samples on a local day, by id.
    pub async fn points_of_day(&self, day: Date) -> Result<Vec<Arc<str>>, StoreError> {
        self.evidence(|reply| Evidence::Points { day, reply }).await
    }

    /// All dated samples of a point's local day, in time order.
    pub async fn samples_of_day(&self, day: Date, point: &str) -> Result<Vec<Sample>, StoreError> {
        let point = point.to_owned();
        self.evidence(|reply| Evidence::Samples { day, point, reply })
            .await
    }

    /// Ledger entries `first` to `last` as the lines that are hashed, at most `LEDGER_PAGE_MAX`.
    pub async fn ledger_lines(&self, first: u64, last: u64) -> Result<String, StoreError> {
        self.evidence(|reply| Evidence::Ledger { first, last, reply })
            .await
    }

    /// The first revision with a number greater than `after`.
    pub async fn revision_after(
        &self,
        kind: Kind,
        after: u64,
    ) -> Result<Option<Revision>, StoreError> {
        self.evidence(|reply| Evidence::Revision { kind, after, reply })
            .await
    }

    /// What there is besides the records.
    pub async fn evidence_extent(&self) -> Result<Extent, StoreError> {
        self.evidence(Evidence::Extent).await
    }

    /// Closed days that need a record; 0 while the clock cannot be believed.
    pub async fn days_due(&self) -> Result<u64, StoreError> {
        self.evidence(Evidence::Due).await
    }

    /// Reads the whole file and holds it against its own structure: `Damaged` when it does not fit.
    pub async fn check_pages(&self) -> Result<(), StoreError> {
        self.evidence(Evidence::Pages).await
    }

    async fn evidence<T>(
        &self,
        question: impl FnOnce(Reply<T>) -> Evidence,
    ) -> Result<T, StoreError> {
        self.ask(|reply| Request::Evidence(question(reply))).await
    }
}

impl Keeper {
    pub(in crate::store) fn evidence(&mut self, question: Evidence) {
        // Nobody waits for an answer any more when sending fails; that is their right.
        match question {
            Evidence::Settle(reply) => drop(reply.send(self.settle())),
            Evidence::Digests { after, reply } => {
                drop(reply.send(read("reading the chain", self.digests_after(after))));
            }
            Evidence::Newest { first, last, reply } => {
                drop(reply.send(read("reading the chain", self.newest_in(first, last))));
            }
            Evidence::Points { day, reply } => {
                let found = self.points_on(crate::store::calendar::number(day));
                let names = found.map(|points| points.into_values().map(|one| one.name).collect());
                drop(reply.send(read("reading samples", names)));
            }
            Evidence::Samples { day, point, reply } => {
                drop(reply.send(self.samples_on(day, &point)));
            }
            Evidence::Ledger { first, last, reply } => {
                drop(reply.send(read("reading the ledger", self.ledger_text(first, last))));
            }
            Evidence::Revision { kind, after, reply } => {
                drop(reply.send(read("reading revisions", self.revision_after(kind, after))));
            }
            Evidence::Due(reply) => {
                drop(reply.send(read("reading the chain", self.days_due())));
            }
            Evidence::Pages(reply) => {
                drop(reply.send(crate::store::access::check_pages(&self.db, &self.file)));
            }
            Evidence::Extent(reply) => {
                drop(reply.send(read("reading the chain", self.extent())));
            }
        }
    }

    fn samples_on(&self, day: Date, point: &str) -> Result<Vec<Sample>, StoreError> {
        let key = self.names.point(point);
        let key = key.ok_or_else(|| StoreError::UnknownPoint(point.to_owned()))?;
        let day = crate::store::calendar::number(day);
        read("reading samples", self.samples(key, day, false))
    }
}

fn read<T>(what: &'static str, found: Result<T, rusqlite::Error>) -> Result<T, StoreError> {
    found.map_err(|fault| disk(what, &fault))
}
