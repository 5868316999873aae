//! `pantau report --revisions`: revisions of configuration and factors that a report can be made
//! with.

use super::backend::{open_client, report_failure};
use super::exit_status::EXIT_DONE;
use super::standard_output::print_line;
use crate::api::ReportRevisionJson;
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::i18n::Language;
use crate::storage::StoreAccess;

/// Prints all revisions; returns the exit status.
pub(super) async fn run_revisions(config: &Config, as_json: bool, lang: Language) -> u8 {
    match print_revisions(config, as_json, lang).await {
        Ok(()) => EXIT_DONE,
        Err(trouble) => report_failure(&trouble, lang),
    }
}

async fn print_revisions(
    config: &Config,
    as_json: bool,
    lang: Language,
) -> Result<(), CommandError> {
    let mut client = open_client(config, StoreAccess::Read).await?;
    let all = client.get_json("/api/v1/revisions").await;
    client.close().await;
    let all: Vec<ReportRevisionJson> = all?;
    let text = if as_json {
        serde_json::to_string_pretty(&all)?
    } else {
        revisions_table(&all, lang)
    };
    print_line(&text);
    Ok(())
}

fn revisions_table(all: &[ReportRevisionJson], lang: Language) -> String {
    let row = |one: &ReportRevisionJson| format!("{:<9} {:<24} {}", one.id, one.since, one.digits);
    let head = lang.text("reporting-revisions-head");
    let rows: Vec<String> = std::iter::once(head).chain(all.iter().map(row)).collect();
    rows.join("\n")
}
