//! `pantau calibrate`: corrects what a sensor shows to the true value, from a day on.
//!
//! Entry point: [`run_calibrate`]. Values that are left out are asked for, beside the present
//! reading. Nothing is written before the summary is confirmed.
//!
//! ```text
//! $ pantau calibrate level tank-1 -c pantau.toml --pair 0.03=0 --pair 1.20=1.15
//! ```
//!
//! User documentation: `docs/field.md`, "Calibrations".

mod args;
mod client;
mod measurements;
mod output;

use super::backend::{load_config, print_stderr, report_failure};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use super::prompt::ConsolePrompt;
use crate::cli::command_error::CommandError;
use crate::commissioning::calibration_check::{self, CalibrationCheckError, CalibrationDraft};
use crate::commissioning::calibration_texts::summary_text;
use crate::domain::calibration::{Calibration, CalibrationKind};
use crate::i18n::Language;
use crate::storage::StoreAccess;
pub(super) use args::CalibrateArgs;
use args::{CalibrateCommand, CalibrateCommonArgs, CalibrateWithdrawArgs};
pub(super) use client::CalibrationClient;
use std::io::stdin;

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_calibrate(options: CalibrateArgs, lang: Language) -> u8 {
    let (file, json) = options.command.config_and_json();
    let config = match load_config(file, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    // A list must also work on a store without write permission.
    let access = match &options.command {
        CalibrateCommand::List(_) => StoreAccess::Read,
        _ => StoreAccess::Write,
    };
    let mut desk = match CalibrationClient::open(&config, lang, access).await {
        Ok(desk) => desk,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    let mut input = stdin().lock();
    let mut person = ConsolePrompt::new(&mut input, lang);
    let done = dispatch_calibrate(&mut desk, &mut person, &options.command, json).await;
    desk.close().await;
    done.unwrap_or_else(|trouble| report_failure(&trouble, lang))
}

async fn dispatch_calibrate(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    command: &CalibrateCommand,
    json: bool,
) -> Result<u8, CommandError> {
    let (common, kind, target) = match command {
        CalibrateCommand::List(list) => {
            let all = desk.all_calibrations().await?;
            output::print_list(&all, desk.local_day(), list.all, json, desk.lang);
            return Ok(EXIT_DONE);
        }
        CalibrateCommand::Withdraw(asked) => {
            return withdraw_calibration(desk, person, asked).await;
        }
        CalibrateCommand::Level(asked) => (&asked.common, CalibrationKind::Level, &asked.dipped),
        CalibrateCommand::Strapping(asked) => {
            (&asked.common, CalibrationKind::Strapping, &asked.tank)
        }
        CalibrateCommand::Pulses(asked) => (&asked.common, CalibrationKind::Pulses, &asked.counter),
        CalibrateCommand::Ct(asked) => (&asked.common, CalibrationKind::Ct, &asked.device),
        CalibrateCommand::Swap(asked) => (&asked.common, CalibrationKind::Swap, &asked.counter),
    };
    let (site, assets) = (&desk.config.site, &desk.config.assets);
    let subject = match calibration_check::find_subject(kind, target, site, assets) {
        Ok(subject) => subject,
        Err(objection) => {
            print_objections(&[objection], desk.lang);
            return Ok(EXIT_USAGE);
        }
    };
    let pairs = match command {
        CalibrateCommand::Level(asked) => {
            measurements::level_pairs(desk, person, asked, &subject).await?
        }
        CalibrateCommand::Strapping(asked) => {
            measurements::strapping_pairs(desk, person, asked).await?
        }
        CalibrateCommand::Pulses(asked) => {
            measurements::pulse_pairs(desk, person, asked, &subject).await?
        }
        CalibrateCommand::Ct(asked) => measurements::ct_pairs(person, asked),
        CalibrateCommand::Swap(asked) => measurements::swap_pairs(person, asked, &subject),
        CalibrateCommand::List(_) | CalibrateCommand::Withdraw(_) => Vec::new(),
    };
    let asked = CalibrationDraft {
        kind,
        at: measurements::swap_moment(desk, person, command),
        target: target.clone(),
        pairs,
        since: common.since,
        who: choose_person_name(common, person),
        note: common.note.clone().unwrap_or_default(),
    };
    // Checked before the summary, so that nobody confirms an entry that is then refused.
    let checked = calibration_check::check_calibration(
        &asked,
        &desk.config.site,
        &desk.config.assets,
        desk.today,
    );
    match checked {
        Ok(said) => confirm_and_write(desk, person, said, common).await,
        Err(against) => {
            print_objections(&against, desk.lang);
            Ok(EXIT_USAGE)
        }
    }
}

/// Name of the person: as given, else the user that the environment names, else asked for.
fn choose_person_name(common: &CalibrateCommonArgs, person: &mut ConsolePrompt<'_>) -> String {
    let said = common.who.clone().or_else(super::backend::named_user);
    let question = person.lang.text("calibrate-ask-who");
    let said = said.or_else(|| person.ask_line(&question));
    said.unwrap_or_default()
}

async fn withdraw_calibration(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    asked: &CalibrateWithdrawArgs,
) -> Result<u8, CommandError> {
    let all = desk.all_calibrations().await?;
    let Some(old) = all.entries().iter().find(|entry| entry.id == asked.id) else {
        let id = asked.id.to_string();
        print_stderr(&desk.lang.text_with("calibrate-unknown", &[("id", &id)]));
        return Ok(EXIT_USAGE);
    };
    let common = &asked.common;
    let note = common.note.clone().unwrap_or_default();
    let days = (common.since, desk.today);
    match calibration_check::check_withdrawal(old, days, &choose_person_name(common, person), &note)
    {
        Ok(said) => confirm_and_write(desk, person, said, common).await,
        Err(against) => {
            print_objections(&against, desk.lang);
            Ok(EXIT_USAGE)
        }
    }
}

/// Prints the summary, and writes the entry when it is confirmed.
async fn confirm_and_write(
    desk: &mut CalibrationClient<'_>,
    person: &mut ConsolePrompt<'_>,
    said: Calibration,
    common: &CalibrateCommonArgs,
) -> Result<u8, CommandError> {
    let before = desk.all_calibrations().await?;
    print_stderr(&summary_text(&said, &before, desk.config, desk.lang));
    if !common.agreed && !person.ask_agreement(&desk.lang.text("calibrate-ask-agree")) {
        print_stderr(&desk.lang.text("calibrate-not-agreed"));
        return Ok(EXIT_NEGATIVE);
    }
    let kept = desk.add_calibration(&said).await?;
    output::print_added(&kept, common.json, desk.lang);
    Ok(EXIT_DONE)
}

/// Prints every objection against the entry.
fn print_objections(against: &[CalibrationCheckError], lang: Language) {
    for one in against {
        let args = [("found", &*one.found), ("expected", &*one.expected)];
        print_stderr(&lang.text_with(one.key, &args));
    }
}
