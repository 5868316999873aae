//! `pantau report --revisions`: revisions of configuration and factors that a report can be made
//! with.

use super::EXIT_DONE;
use super::backend::{Backend, CommandError, GatewayConnection};
use super::report::{ReportCommandError, print_bytes};
use crate::api::ReportRevisionJson;
use crate::config::Config;
use crate::i18n::Language;
use crate::report::build;
use crate::storage::{Store, StoreAccess};
use http_body_util::BodyExt;
use std::io;

/// Prints all revisions; returns the exit status.
pub(super) async fn run_revisions(config: &Config, as_json: bool, lang: Language) -> u8 {
    match print_revisions(config, as_json, lang).await {
        Ok(()) => EXIT_DONE,
        Err(failure) => failure.print_error(lang),
    }
}

async fn print_revisions(
    config: &Config,
    as_json: bool,
    lang: Language,
) -> Result<(), ReportCommandError> {
    let mut way = Backend::open(config, StoreAccess::Read).await?;
    let all = match &mut way {
        Backend::Gateway(running) => revisions_from_gateway(running).await,
        Backend::Store(store) => revisions_from_store(store).await,
    };
    way.close().await;
    let all = all?;
    let text = if as_json {
        serde_json::to_string_pretty(&all).map_err(io::Error::other)?
    } else {
        revisions_table(&all, lang)
    };
    Ok(print_bytes(format!("{text}\n").as_bytes())?)
}

async fn revisions_from_gateway(
    running: &mut GatewayConnection,
) -> Result<Vec<ReportRevisionJson>, CommandError> {
    let body = running.request("GET", "/api/v1/revisions", "").await?;
    let body = body.collect().await?.to_bytes();
    serde_json::from_slice(&body).map_err(|fault| CommandError::File(io::Error::other(fault)))
}

async fn revisions_from_store(store: &Store) -> Result<Vec<ReportRevisionJson>, CommandError> {
    let all = build::list_revisions(store).await?;
    Ok(all.into_iter().map(Into::into).collect())
}

fn revisions_table(all: &[ReportRevisionJson], lang: Language) -> String {
    let row = |one: &ReportRevisionJson| format!("{:<9} {:<24} {}", one.id, one.since, one.digits);
    let head = lang.text("reporting-revisions-head");
    let rows: Vec<String> = std::iter::once(head).chain(all.iter().map(row)).collect();
    rows.join("\n")
}
