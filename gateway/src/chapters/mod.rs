//! What a report says: an `Account` and the ledger's entries become a `Document`, one file a
//! chapter.
//!
//! Start at `document`. `book` has what every chapter needs, `figures` makes a figure of an
//! indicator, `digits` says how many digits it can bear. `explain` is the way from a figure down to
//! its readings.
//! **Invariant:** no store, no clock, no network; nothing is computed that an indicator could say.

mod assets;
mod baseline;
mod book;
mod carbon;
mod coverage;
mod days;
mod digits;
mod events;
pub mod explain;
mod factors;
mod figures;
mod form;
mod ledger;
mod methods;
mod naming;
mod points;
mod summary;
mod targets;
#[cfg(test)]
mod tests;

pub use naming::{indicator_name, remark};

use crate::config::Config;
use crate::model::UtcMs;
use crate::model::indicator::Account;
use crate::model::ledger::Entry;
use crate::report::document::{Block, Document, Named, Section};
use crate::words::Lang;
use book::Book;

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct Matter<'a> {
    /// The site and its assets.
    pub config: &'a Config,
    /// The figures of the period.
    pub account: &'a Account,
    /// Entries of the ledger that touch the period: records, targets and baselines, those that were
    /// replaced left out.
    pub entries: &'a [Entry],
    /// Changes of the configuration and of the built-in factors within the period, in time order.
    pub changes: &'a [Change],
    /// Earlier changes of the period, counted only.
    pub changes_left_out: u64,
    /// Set when `config` is not the one in force.
    pub past: Option<&'a Past>,
    /// The evidence digest of the last closed day, hexadecimal; empty when there is none.
    pub digest: &'a str,
    /// The only asset that it is about; `None`: the whole site.
    pub asset: Option<&'a str>,
    /// When the report is issued.
    pub issued: UtcMs,
    /// Its language.
    pub lang: Lang,
}

/// A change of what figures are computed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Since when.
    pub at: UtcMs,
    /// `configuration` or `factors`; its text is the catalogue's `event-KIND`.
    pub kind: &'static str,
    /// Places of the configuration that differ, as `config::changed` names them.
    pub places: Vec<String>,
    /// Names of the revisions before and after.
    pub before_after: (String, String),
}

/// That figures were computed with an old revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Past {
    /// Its number, `4.1`.
    pub number: String,
    /// The name of the revision in force.
    pub in_force: String,
}

/// The report.
pub fn document(matter: Matter<'_>) -> Document {
    let book = Book::new(matter);
    let (site, period) = (&matter.config.site, matter.account.period);
    Document {
        title: book.text(&format!("chapters-title-{}", naming::period_kind(period))),
        site: Named {
            id: site.id.to_string(),
            name: book.site_name(),
        },
        period: Named {
            id: period.to_string(),
            name: naming::period(matter.lang, period),
        },
        lang: matter.lang,
        zone: book.zone.clone(),
        issued: matter.issued,
        revision: matter.account.revision.clone(),
        digest: matter.digest.to_owned(),
        sections: sections(&book),
    }
}

/// Chapters that have something to say, then the annexes.
fn sections(book: &Book<'_>) -> Vec<Section> {
    let mut sections = vec![section(book, "summary", summary::blocks(book))];
    for chapter in assets::CHAPTERS {
        sections.push(section(book, chapter.id, assets::blocks(book, chapter)));
    }
    sections.push(section(book, "ledger", ledger::blocks(book)));
    sections.push(section(book, "carbon", carbon::blocks(book)));
    sections.push(section(book, "coverage", coverage::blocks(book)));
    sections.push(section(book, "events", events::blocks(book)));
    for (id, blocks) in [
        ("form", form::blocks(book)),
        ("points", points::blocks(book)),
        ("methods", methods::blocks(book)),
        ("factors", factors::blocks(book)),
    ] {
        let mut annex = section(book, id, blocks);
        annex.annex = true;
        sections.push(annex);
    }
    sections.retain(|section| !section.blocks.is_empty());
    sections
}

fn section(book: &Book<'_>, id: &str, blocks: Vec<Block>) -> Section {
    Section {
        id: id.to_owned(),
        title: book.text(&format!("chapters-{id}")),
        tab: book.text(&format!("chapters-{id}-tab")),
        annex: false,
        blocks,
    }
}
