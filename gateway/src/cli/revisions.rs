//! `pantau report --revisions`: what reports can be made with.

use super::DONE;
use super::report::{Failure, print};
use super::running::{Running, Trouble, Way};
use crate::config::Config;
use crate::reporting;
use crate::store::{Access, Store};
use crate::web::ReportRevisionJson;
use crate::words::Lang;
use http_body_util::BodyExt;
use std::io;

/// Shows all revisions; the exit status.
pub(super) async fn run(config: &Config, as_json: bool, lang: Lang) -> u8 {
    match show(config, as_json, lang).await {
        Ok(()) => DONE,
        Err(failure) => failure.tell(lang),
    }
}

async fn show(config: &Config, as_json: bool, lang: Lang) -> Result<(), Failure> {
    let mut way = Way::find(config, Access::Read).await?;
    let all = match &mut way {
        Way::Running(running) => asked(running).await,
        Way::Own(store) => own(store).await,
    };
    way.close().await;
    let all = all?;
    let text = if as_json {
        serde_json::to_string_pretty(&all).map_err(io::Error::other)?
    } else {
        table(&all, lang)
    };
    Ok(print(format!("{text}\n").as_bytes())?)
}

async fn asked(running: &mut Running) -> Result<Vec<ReportRevisionJson>, Trouble> {
    let body = running.ask("GET", "/api/v1/revisions", "").await?;
    let body = body.collect().await?.to_bytes();
    serde_json::from_slice(&body).map_err(|fault| Trouble::File(io::Error::other(fault)))
}

async fn own(store: &Store) -> Result<Vec<ReportRevisionJson>, Trouble> {
    let all = reporting::revisions(store).await?;
    Ok(all.into_iter().map(Into::into).collect())
}

fn table(all: &[ReportRevisionJson], lang: Lang) -> String {
    let row = |one: &ReportRevisionJson| format!("{:<9} {:<24} {}", one.id, one.since, one.digits);
    let head = lang.text("reporting-revisions-head");
    let rows: Vec<String> = std::iter::once(head).chain(all.iter().map(row)).collect();
    rows.join("\n")
}
