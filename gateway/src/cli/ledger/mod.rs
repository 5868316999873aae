//! `pantau ledger`: what people write down, from a keyboard or a table. While the gateway runs it
//! is asked; without one the store is opened here.

mod args;
mod desk;
mod import;
mod show;

pub(super) use args::Options;

use super::running::{Trouble, complain, failed, load, user};
use super::{DONE, NO, WRONG};
use crate::clock::Clock;
use crate::config::Config;
use crate::ledger::{Added, Batch, FaultJson, Raw, Told, Typed, csv_template, xlsx_template};
use crate::model::ledger::{EntryId, Sort, Statement};
use crate::model::period::Period;
use crate::store::{Access, LedgerQuery};
use crate::words::Lang;
use args::{Add, Command, Correct, List, Said, Target, Template, Withdraw};
use desk::Desk;
use jiff::tz::TimeZone;
use std::path::Path;

/// Does what is asked; the exit status.
pub(super) async fn run(options: Options, lang: Lang) -> u8 {
    let common = match &options.command {
        Command::Add(Add { common, .. })
        | Command::List(List { common, .. })
        | Command::Correct(Correct { common, .. })
        | Command::Withdraw(Withdraw { common, .. })
        | Command::Import(args::Import { common, .. })
        | Command::Template(Template { common, .. })
        | Command::Target(Target { common, .. }) => common,
    };
    let json = common.json;
    let config = match load(&common.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    // What may be written down is known without the store.
    match &options.command {
        Command::List(List {
            indicators: true, ..
        }) => {
            show::indicators(&config.definitions, json, lang);
            return DONE;
        }
        Command::Template(asked) => return template(&config, asked.output.as_deref(), lang),
        _ => {}
    }
    let access = match &options.command {
        Command::List(_) => Access::Read,
        _ => Access::Write,
    };
    let mut desk = match Desk::open(&config, lang, access).await {
        Ok(desk) => desk,
        Err(trouble) => return Desk::failed(&trouble, lang),
    };
    let done = dispatch(&mut desk, options.command, json).await;
    desk.close().await;
    done.unwrap_or_else(|trouble| Desk::failed(&trouble, lang))
}

async fn dispatch(desk: &mut Desk, command: Command, json: bool) -> Result<u8, Trouble> {
    match command {
        Command::Add(asked) => add(desk, asked, json).await,
        Command::List(asked) => list(desk, asked, json).await,
        Command::Correct(asked) => correct(desk, asked, json).await,
        Command::Withdraw(asked) => withdraw(desk, asked, json).await,
        Command::Import(asked) => import::run(desk, &asked, json).await,
        Command::Template(_) => Ok(DONE),
        Command::Target(asked) => target(desk, asked, json).await,
    }
}

async fn add(desk: &mut Desk, asked: Add, json: bool) -> Result<u8, Trouble> {
    let today = desk.today.map(|day| day.to_string());
    let mut raw = Raw {
        indicator: Some(asked.indicator),
        quantity: Some(Typed::Written(asked.quantity)),
        unit: Some(asked.unit),
        when: today,
        who: user(),
        ..Raw::default()
    };
    let files = say(&mut raw, asked.said);
    write(desk, raw, &files, asked.again, json).await
}

async fn target(desk: &mut Desk, asked: Target, json: bool) -> Result<u8, Trouble> {
    let sort = if asked.baseline {
        Sort::Baseline
    } else {
        Sort::Target
    };
    let raw = Raw {
        kind: Some(sort.word().to_owned()),
        indicator: Some(asked.indicator),
        quantity: Some(Typed::Written(asked.quantity)),
        unit: Some(asked.unit),
        when: Some(asked.period),
        how: Some("declared".to_owned()),
        who: asked.who.or_else(user),
        note: asked.note,
        ..Raw::default()
    };
    write(desk, raw, &[], false, json).await
}

async fn correct(desk: &mut Desk, asked: Correct, json: bool) -> Result<u8, Trouble> {
    let Some(old) = entry(desk, asked.id).await? else {
        return Ok(NO);
    };
    let mut raw = again(old, asked.id);
    if let Some(quantity) = asked.quantity {
        raw.quantity = Some(Typed::Written(quantity));
    }
    raw.unit = asked.unit.or(raw.unit);
    raw.indicator = asked.indicator.or(raw.indicator);
    let files = say(&mut raw, asked.said);
    write(desk, raw, &files, true, json).await
}

async fn withdraw(desk: &mut Desk, asked: Withdraw, json: bool) -> Result<u8, Trouble> {
    let Some(old) = entry(desk, asked.id).await? else {
        return Ok(NO);
    };
    let mut raw = again(old, asked.id);
    raw.quantity = None;
    raw.note = Some(asked.note);
    raw.who = asked.who.or(raw.who);
    write(desk, raw, &[], true, json).await
}

/// What an entry says.
async fn entry(desk: &mut Desk, id: EntryId) -> Result<Option<Statement>, Trouble> {
    let chain = desk.chain(id).await?;
    let found = chain.into_iter().find(|entry| entry.id == id);
    Ok(found.map(|entry| entry.statement))
}

/// The same again, as a correction; its reason must be said anew.
fn again(old: Statement, id: EntryId) -> Raw {
    Raw {
        kind: Some(old.sort.word().to_owned()),
        indicator: Some(old.indicator.to_string()),
        what: Some(old.what),
        quantity: old
            .quantity
            .map(|quantity| Typed::Plain(quantity.to_string())),
        unit: Some(old.unit.to_string()),
        when: Some(old.when.to_string()),
        how: Some(old.known.word().to_owned()),
        who: Some(old.who),
        note: None,
        supersedes: Some(id),
        attachments: old.attachments,
    }
}

/// Puts in what was said; the files that are to be attached come back.
fn say(raw: &mut Raw, said: Said) -> Vec<std::path::PathBuf> {
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

async fn write(
    desk: &mut Desk,
    mut raw: Raw,
    files: &[std::path::PathBuf],
    again: bool,
    json: bool,
) -> Result<u8, Trouble> {
    let lang = desk.lang;
    let batch = desk.check([(1, &raw)], None, again).await?;
    if !batch.faults.is_empty() {
        refuse(&batch, json, lang);
        return Ok(NO);
    }
    // Only what is right so far is kept.
    raw.attachments.extend(desk.attach(files).await?);
    let batch = desk.check([(1, &raw)], None, true).await?;
    if !batch.faults.is_empty() {
        refuse(&batch, json, lang);
        return Ok(NO);
    }
    let statements = batch.good.iter().map(|(_, statement)| statement.clone());
    let ids = desk.add(statements.collect(), again).await?;
    if json {
        show::json(&Added {
            ids,
            remarks: faults(&batch.remarks, lang),
        });
    } else {
        for told in &batch.remarks {
            complain(&argument(told, lang));
        }
        show::added(&ids, lang);
    }
    Ok(DONE)
}

fn faults(told: &[Told], lang: Lang) -> Vec<FaultJson> {
    told.iter().map(|told| FaultJson::of(told, lang)).collect()
}

fn argument(told: &Told, lang: Lang) -> String {
    let (field, why) = (told.remark.field.name(lang), told.remark.say(lang));
    lang.say("ledger-argument", &[("field", &field), ("why", &why)])
}

/// Everything that is wrong with one entry.
fn refuse(batch: &Batch, json: bool, lang: Lang) {
    if json {
        show::json(&serde_json::json!({"ids": [], "faults": faults(&batch.faults, lang)}));
        return;
    }
    for told in &batch.faults {
        complain(&argument(told, lang));
    }
}

async fn list(desk: &mut Desk, asked: List, json: bool) -> Result<u8, Trouble> {
    let lang = desk.lang;
    if let Some(id) = asked.chain {
        let chain = desk.chain(id).await?;
        show::entries(&chain, json, lang);
        return Ok(DONE);
    }
    let period = match asked.period.as_deref().map(str::parse::<Period>) {
        Some(Ok(period)) => Some(period),
        Some(Err(_)) => {
            let found = asked.period.unwrap_or_default();
            complain(&lang.say("ledger-period", &[("found", &found)]));
            return Ok(WRONG);
        }
        None => None,
    };
    let indicator = match asked.indicator {
        Some(text) => match named(desk, &text) {
            Some(id) => Some(id),
            None => return Ok(WRONG),
        },
        None => None,
    };
    let query = LedgerQuery {
        from: period.map(Period::first),
        to: period.map(Period::last),
        indicator,
        superseded: asked.superseded,
        after: 0,
    };
    let entries = desk.entries(query).await?;
    show::entries(&entries, json, lang);
    Ok(DONE)
}

/// The id of an indicator; what is none is said.
fn named(desk: &Desk, text: &str) -> Option<String> {
    if let Some(found) = desk.definitions.named(text) {
        return Some(found.id.to_string());
    }
    let words = match desk.definitions.nearest(text) {
        Some(near) => {
            let args = [("found", text), ("detail", near)];
            desk.lang.say("ledger-indicator-near", &args)
        }
        None => desk.lang.say("ledger-indicator", &[("found", text)]),
    };
    complain(&words);
    None
}

fn template(config: &Config, output: Option<&Path>, lang: Lang) -> u8 {
    match write_template(config, output, lang) {
        Ok(()) => DONE,
        Err(error) => failed(&Trouble::File(error), lang),
    }
}

fn write_template(config: &Config, output: Option<&Path>, lang: Lang) -> std::io::Result<()> {
    let definitions = &config.definitions;
    let now = Clock::system().now().at;
    let zone = TimeZone::get(&config.site.timezone).unwrap_or(TimeZone::UTC);
    let day = desk::day(now, &zone);
    let Some(file) = output else {
        show::text(&csv_template(definitions, lang, day));
        return Ok(());
    };
    let is_book = file
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("xlsx"));
    let bytes = if is_book {
        xlsx_template(definitions, lang, day).map_err(std::io::Error::other)?
    } else {
        csv_template(definitions, lang, day).into_bytes()
    };
    std::fs::write(file, bytes)?;
    let file = file.display().to_string();
    complain(&lang.say("ledger-template-done", &[("file", &file)]));
    Ok(())
}
