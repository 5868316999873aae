//! `pantau ledger`: values that people write down, entered by hand or from a table.
//!
//! Entry point: [`run_ledger`]. The running gateway is asked; without one the store is opened here.
//!
//! ```text
//! $ pantau ledger add bsf-maggot 12,5 kg --how weighed --who Siti
//! $ pantau ledger import isian.xlsx --yes
//! ```
//!
//! User documentation: `docs/configuration.md`, "What people record".

mod args;
mod client;
mod import;
mod output;

pub(super) use args::LedgerArgs;

use super::backend::{current_user, load_config, local_date, print_stderr, report_failure};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::output_ending::{check_ending, is_standard_output};
use super::prompt::ConsolePrompt;
use super::standard_output::print_text;
use crate::cli::command_error::{CommandError, NameFile as _};
use crate::clock::Clock;
use crate::config::{Config, nearest_name};
use crate::domain::ledger::{Attachment, EntryId, EntryKind, EntryStatement};
use crate::domain::mentioned_asset::with_asset_id;
use crate::domain::period::Period;
use crate::i18n::Language;
use crate::ledger::{
    EntriesAddedJson, EntryBatch, EntryField, QuantityText, RawEntry, RowRemark, csv_template,
    xlsx_template,
};
use crate::storage::{LedgerQuery, StoreAccess};
use args::{
    LedgerAddArgs, LedgerCommand, LedgerCorrectArgs, LedgerEntryArgs, LedgerListArgs,
    LedgerTargetArgs, LedgerTemplateArgs, LedgerWithdrawArgs,
};
use client::LedgerClient;
use std::io::{IsTerminal as _, stdin};
use std::path::Path;

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_ledger(options: LedgerArgs, lang: Language) -> u8 {
    let common = match &options.command {
        LedgerCommand::Add(LedgerAddArgs { common, .. })
        | LedgerCommand::List(LedgerListArgs { common, .. })
        | LedgerCommand::Correct(LedgerCorrectArgs { common, .. })
        | LedgerCommand::Withdraw(LedgerWithdrawArgs { common, .. })
        | LedgerCommand::Import(args::LedgerImportArgs { common, .. })
        | LedgerCommand::Template(LedgerTemplateArgs { common, .. })
        | LedgerCommand::Target(LedgerTargetArgs { common, .. }) => common,
    };
    let json = common.json;
    let config = match load_config(&common.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    // The indicators are part of the configuration, so no store is needed.
    match &options.command {
        LedgerCommand::List(LedgerListArgs {
            indicators: true, ..
        }) => {
            output::print_indicators(&config.definitions, json, lang);
            return EXIT_DONE;
        }
        LedgerCommand::Template(asked) => {
            return run_template(&config, asked.output.as_deref(), lang);
        }
        _ => {}
    }
    let access = match &options.command {
        LedgerCommand::List(_) => StoreAccess::Read,
        _ => StoreAccess::Write,
    };
    let mut desk = match LedgerClient::open(&config, lang, access).await {
        Ok(desk) => desk,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    let done = dispatch_ledger(&mut desk, options.command, json).await;
    desk.close().await;
    done.unwrap_or_else(|trouble| report_failure(&trouble, lang))
}

async fn dispatch_ledger(
    desk: &mut LedgerClient,
    command: LedgerCommand,
    json: bool,
) -> Result<u8, CommandError> {
    match command {
        LedgerCommand::Add(asked) => add_entry(desk, asked, json).await,
        LedgerCommand::List(asked) => list_entries(desk, asked, json).await,
        LedgerCommand::Correct(asked) => correct_entry(desk, asked, json).await,
        LedgerCommand::Withdraw(asked) => withdraw_entry(desk, asked, json).await,
        LedgerCommand::Import(asked) => import::run_ledger_import(desk, &asked, json).await,
        LedgerCommand::Template(_) => Ok(EXIT_DONE),
        LedgerCommand::Target(asked) => add_target(desk, asked, json).await,
    }
}

/// Adds one entry, dated today unless a date is given.
async fn add_entry(
    desk: &mut LedgerClient,
    asked: LedgerAddArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let today = desk.today.map(|day| day.to_string());
    let mut raw = RawEntry {
        indicator: Some(asked.indicator),
        quantity: Some(QuantityText::Written(asked.quantity)),
        unit: asked.unit,
        when: today,
        who: Some(current_user()),
        ..RawEntry::default()
    };
    let files = apply_entry_args(&mut raw, asked.said);
    write_entry(desk, raw, &files, asked.again, json).await
}

/// Adds a target or a baseline.
async fn add_target(
    desk: &mut LedgerClient,
    asked: LedgerTargetArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let sort = if asked.baseline {
        EntryKind::Baseline
    } else {
        EntryKind::Target
    };
    if let Some(asset) = asked.asset.as_deref()
        && !desk.assets.iter().any(|one| *one.id == *asset)
    {
        let known: Vec<&str> = desk.assets.iter().map(|one| &*one.id).collect();
        let near = nearest_name(asset, known.iter().copied());
        let (key, detail) = match near {
            Some(near) => ("ledger-no-asset-near", near),
            None => ("ledger-no-asset", known.join(", ")),
        };
        let args = [("found", asset), ("detail", &*detail)];
        print_stderr(&desk.lang.text_with(key, &args));
        return Ok(EXIT_USAGE);
    }
    let raw = RawEntry {
        kind: Some(sort.word().to_owned()),
        what: asked.asset,
        indicator: Some(asked.indicator),
        quantity: Some(QuantityText::Written(asked.quantity)),
        unit: asked.unit,
        when: Some(asked.period),
        // A target is neither weighed nor counted.
        how: Some("declared".to_owned()),
        who: Some(asked.who.unwrap_or_else(current_user)),
        note: asked.note,
        ..RawEntry::default()
    };
    write_entry(desk, raw, &[], false, json).await
}

/// Adds a correction of an entry. The old entry stays, superseded.
async fn correct_entry(
    desk: &mut LedgerClient,
    asked: LedgerCorrectArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let Some(old) = find_statement(desk, asked.id).await? else {
        return Ok(EXIT_USAGE);
    };
    let mut raw = repeat_as_correction(old, asked.id);
    if let Some(quantity) = asked.quantity {
        raw.quantity = Some(QuantityText::Written(quantity));
    }
    raw.unit = asked.unit.or(raw.unit);
    raw.indicator = asked.indicator.or(raw.indicator);
    let files = apply_entry_args(&mut raw, asked.said);
    write_entry(desk, raw, &files, true, json).await
}

/// Withdraws an entry: a correction without a quantity.
async fn withdraw_entry(
    desk: &mut LedgerClient,
    asked: LedgerWithdrawArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let Some(old) = find_statement(desk, asked.id).await? else {
        return Ok(EXIT_USAGE);
    };
    let mut raw = repeat_as_correction(old, asked.id);
    raw.quantity = None;
    raw.note = Some(asked.note);
    raw.who = asked.who.or(raw.who);
    write_entry(desk, raw, &[], true, json).await
}

/// Content of an entry.
async fn find_statement(
    desk: &mut LedgerClient,
    id: EntryId,
) -> Result<Option<EntryStatement>, CommandError> {
    let chain = desk.correction_chain(id).await?;
    let found = chain.into_iter().find(|entry| entry.id == id);
    Ok(found.map(|entry| entry.statement))
}

/// Copy of an entry as its correction. The note is left out: a correction needs a reason of its
/// own.
fn repeat_as_correction(old: EntryStatement, id: EntryId) -> RawEntry {
    RawEntry {
        kind: Some(old.sort.word().to_owned()),
        indicator: Some(old.indicator.to_string()),
        what: Some(old.what),
        quantity: old
            .quantity
            .map(|quantity| QuantityText::Plain(quantity.to_string())),
        unit: Some(old.unit.to_string()),
        when: Some(old.when.to_string()),
        how: Some(old.known.word().to_owned()),
        who: Some(old.who),
        note: None,
        supersedes: Some(id),
        attachments: old.attachments,
    }
}

/// Applies the arguments to a raw entry; returns the files to attach.
fn apply_entry_args(raw: &mut RawEntry, said: LedgerEntryArgs) -> Vec<std::path::PathBuf> {
    let put = |place: &mut Option<String>, text: Option<String>| {
        if text.is_some() {
            *place = text;
        }
    };
    put(&mut raw.when, said.date);
    put(&mut raw.how, said.how);
    put(&mut raw.who, said.who);
    put(&mut raw.what, said.what);
    put(&mut raw.note, said.note);
    said.attach
}

async fn write_entry(
    desk: &mut LedgerClient,
    mut raw: RawEntry,
    files: &[std::path::PathBuf],
    again: bool,
    json: bool,
) -> Result<u8, CommandError> {
    let lang = desk.lang;
    let earlier = raw.attachments.len();
    // Files are stored only for an entry that is right; until then they are counted.
    let unsaved = Attachment {
        name: String::new(),
        sha256: String::new(),
        bytes: 0,
    };
    raw.attachments.resize(earlier + files.len(), unsaved);
    let mut batch = desk.check_rows([(1, &raw)], None, again).await?;
    if let Some(meant) = confirmed_asset(&batch, &raw, json, lang) {
        raw.what = Some(meant);
        batch = desk.check_rows([(1, &raw)], None, again).await?;
    }
    let [(_, statement)] = &*batch.good else {
        print_refusal(&batch, json, lang);
        // The call is right when the entry only exists already.
        let exists = |told: &RowRemark| told.remark.key.starts_with("ledger-duplicate");
        return Ok(if batch.faults.iter().all(exists) {
            EXIT_NEGATIVE
        } else {
            EXIT_USAGE
        });
    };
    let mut statement = statement.clone();
    if !again && !is_amount_confirmed(&batch, json, lang) {
        print_stderr(&lang.text("calibrate-not-agreed"));
        return Ok(EXIT_NEGATIVE);
    }
    statement.attachments.truncate(earlier);
    let saved = desk.attach_files(files).await?;
    statement.attachments.extend(saved);
    let ids = desk.add_statements(&[statement], again).await?;
    if json {
        output::print_json(&EntriesAddedJson {
            ids,
            remarks: output::faults_json(&batch.remarks, lang),
        });
    } else {
        for told in &batch.remarks {
            print_stderr(&argument_error_text(told, lang));
        }
        output::print_added_ids(&ids, lang);
    }
    Ok(EXIT_DONE)
}

/// Description of the entry with the id of the asset that a person at a terminal confirms: the name
/// is nearly that of an asset. `None` where that is not all that is wrong, and without a terminal.
fn confirmed_asset(
    batch: &EntryBatch,
    raw: &RawEntry,
    json: bool,
    lang: Language,
) -> Option<String> {
    let [told] = &*batch.faults else {
        return None;
    };
    let (found, asset) = told.remark.near_asset()?;
    let can_ask = !json && stdin().is_terminal();
    let what = raw.what.as_deref().filter(|_| can_ask)?;
    let args = [("found", found), ("asset", asset)];
    let question = lang.text_with("ledger-ask-asset", &args);
    let is_it = ConsolePrompt::new(&mut stdin().lock(), lang).ask_agreement(&question);
    is_it.then(|| with_asset_id(what, found, asset))
}

/// Says what is unusual about an amount, or about the mass that came out of bins; a person at a
/// terminal is asked, a script is only told.
fn is_amount_confirmed(batch: &EntryBatch, json: bool, lang: Language) -> bool {
    let is_unusual = |told: &&RowRemark| told.remark.is_amount_doubt();
    let mut told = batch.remarks.iter().filter(is_unusual).peekable();
    if told.peek().is_none() || json || !stdin().is_terminal() {
        return true;
    }
    for told in told {
        print_stderr(&argument_error_text(told, lang));
    }
    let question = lang.text("calibrate-ask-agree");
    ConsolePrompt::new(&mut stdin().lock(), lang).ask_agreement(&question)
}

fn argument_error_text(told: &RowRemark, lang: Language) -> String {
    let (field, why) = (told.remark.field.name(lang), told.remark.message(lang));
    // Only a command has the option; a table has a column.
    let key = match (told.remark.field, told.remark.key) {
        (EntryField::Who, "ledger-missing") => "ledger-argument-who",
        _ => "ledger-argument",
    };
    lang.text_with(key, &[("field", &field), ("why", &why)])
}

/// Prints every error of an entry.
fn print_refusal(batch: &EntryBatch, json: bool, lang: Language) {
    if json {
        output::print_json(
            &serde_json::json!({"ids": [], "faults": output::faults_json(&batch.faults, lang)}),
        );
        return;
    }
    for told in &batch.faults {
        print_stderr(&argument_error_text(told, lang));
    }
}

async fn list_entries(
    desk: &mut LedgerClient,
    asked: LedgerListArgs,
    json: bool,
) -> Result<u8, CommandError> {
    let lang = desk.lang;
    if let Some(id) = asked.chain {
        let chain = desk.correction_chain(id).await?;
        output::print_entries(&chain, json, lang);
        return Ok(EXIT_DONE);
    }
    let period = match asked.period.as_deref().map(str::parse::<Period>) {
        Some(Ok(period)) => Some(period),
        Some(Err(_)) => {
            let found = asked.period.unwrap_or_default();
            print_stderr(&lang.text_with("ledger-period", &[("found", &found)]));
            return Ok(EXIT_USAGE);
        }
        None => None,
    };
    let indicator = match asked.indicator {
        Some(text) => match find_indicator_id(desk, &text) {
            Some(id) => Some(id),
            None => return Ok(EXIT_USAGE),
        },
        None => None,
    };
    let query = LedgerQuery {
        from: period.map(Period::first),
        to: period.map(Period::last),
        indicator,
        superseded: asked.superseded,
        ..LedgerQuery::default()
    };
    let entries = desk.entries(query).await?;
    output::print_entries(&entries, json, lang);
    Ok(EXIT_DONE)
}

/// Id of an indicator. An unknown name is reported, with the nearest known one.
fn find_indicator_id(desk: &LedgerClient, text: &str) -> Option<String> {
    let measured = || Some(&desk.definitions.find_measured(text)?.definition);
    if let Some(found) = desk.definitions.find_by_name(text).or_else(measured) {
        return Some(found.id.to_string());
    }
    let words = match desk.definitions.nearest_id(text) {
        Some(near) => {
            let args = [("found", text), ("detail", near)];
            desk.lang.text_with("ledger-indicator-near", &args)
        }
        None => desk.lang.text_with("ledger-indicator", &[("found", text)]),
    };
    print_stderr(&words);
    None
}

fn run_template(config: &Config, output: Option<&Path>, lang: Language) -> u8 {
    match write_template(config, output, lang) {
        Ok(()) => EXIT_DONE,
        Err(trouble) => report_failure(&trouble, lang),
    }
}

fn write_template(
    config: &Config,
    output: Option<&Path>,
    lang: Language,
) -> Result<(), CommandError> {
    let definitions = &config.definitions;
    let day = local_date(config, Clock::system().now().at);
    let Some(file) = output.filter(|file| !is_standard_output(file)) else {
        print_text(&csv_template(definitions, lang, day));
        return Ok(());
    };
    let is_book = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"));
    let written = if is_book { "xlsx" } else { "csv" };
    check_ending(file, written, lang).map_err(CommandError::Usage)?;
    let bytes = if is_book {
        xlsx_template(definitions, lang, day)
            .map_err(|fault| CommandError::Refused(fault.to_string()))?
    } else {
        csv_template(definitions, lang, day).into_bytes()
    };
    std::fs::write(file, bytes).writing(file)?;
    let file = file.display().to_string();
    print_stderr(&lang.text_with("ledger-template-done", &[("file", &file)]));
    Ok(())
}
