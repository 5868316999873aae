//! `pantau alarm`: alarms that are raised, and taking note of one.
//!
//! ```text
//! $ pantau alarm list
//! Check  tank-low/tank-1
//!   Rain tank, fill: 12%, below 20%
//!   Since 30 Nov 2026 10:05
//! $ pantau alarm ack tank-low/tank-1 --note "pump ordered"
//! $ pantau alarm snooze tank-low/tank-1 --hours 4
//! $ pantau alarm channels
//! staff  Telegram  3 waiting, the oldest for 2 h
//! $ pantau alarm test staff
//! ```
//!
//! User documentation: `docs/configuration.md`, "Alarms".

use super::alarm_channels;
use super::backend::{
    DEFAULT_CONFIG_PATH, current_user, load_config, open_client, print_stderr, report_failure,
};
use super::exit_status::EXIT_DONE;
use super::standard_output::print_text;
use crate::api::alarms::{AcknowledgeRequest, AlarmJson, AlarmListJson, SnoozeRequest};
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::report::render::number_format;
use crate::storage::StoreAccess;
use std::path::PathBuf;

/// Arguments of `pantau alarm`.
#[derive(Debug, clap::Args)]
pub(super) struct AlarmArgs {
    #[command(subcommand)]
    command: AlarmCommand,
}

#[derive(Debug, clap::Subcommand)]
enum AlarmCommand {
    List {
        #[command(flatten)]
        common: AlarmCommonArgs,
    },
    Ack {
        #[arg(value_name = "ALARM")]
        alarm: String,
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        #[command(flatten)]
        common: AlarmCommonArgs,
    },
    Channels {
        #[command(flatten)]
        common: AlarmCommonArgs,
    },
    Test {
        #[arg(value_name = "CHANNEL")]
        channel: String,
        #[command(flatten)]
        common: AlarmCommonArgs,
    },
    Snooze {
        #[arg(value_name = "ALARM")]
        alarm: String,
        #[arg(long, value_name = "HOURS", default_value_t = 4)]
        hours: u32,
        #[command(flatten)]
        common: AlarmCommonArgs,
    },
}

/// Options of all subcommands.
#[derive(Debug, clap::Args)]
struct AlarmCommonArgs {
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    #[arg(long)]
    json: bool,
}

/// Runs the subcommand; returns the exit status.
pub(super) async fn run_alarm(options: &AlarmArgs, lang: Language) -> u8 {
    let (AlarmCommand::List { common }
    | AlarmCommand::Channels { common }
    | AlarmCommand::Test { common, .. }
    | AlarmCommand::Ack { common, .. }
    | AlarmCommand::Snooze { common, .. }) = &options.command;
    let config = match load_config(&common.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    match &options.command {
        AlarmCommand::Channels { .. } => {
            return alarm_channels::show_channels(&config, common.json, lang).await;
        }
        AlarmCommand::Test { channel, .. } => {
            return alarm_channels::test_channel(&config, channel, common.json, lang).await;
        }
        _ => {}
    }
    let list = match ask_for_alarms(&config, &options.command, lang).await {
        Ok(list) => list,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    if common.json {
        match serde_json::to_string(&list) {
            Ok(text) => print_text(&format!("{text}\n")),
            Err(fault) => return report_failure(&fault.into(), lang),
        };
        return EXIT_DONE;
    }
    if !matches!(options.command, AlarmCommand::List { .. }) {
        print_stderr(&lang.text("alarm-done"));
    }
    print_text(&alarm_lines(&config, &list, lang));
    EXIT_DONE
}

async fn ask_for_alarms(
    config: &Config,
    command: &AlarmCommand,
    lang: Language,
) -> Result<AlarmListJson, CommandError> {
    let access = match command {
        AlarmCommand::List { .. } => StoreAccess::Read,
        _ => StoreAccess::Write,
    };
    let mut client = open_client(config, access).await?;
    let path = |name: &str| format!("/api/v1/alarms/{name}?lang={}", lang.code());
    let answer = match command {
        AlarmCommand::List { .. } | AlarmCommand::Channels { .. } | AlarmCommand::Test { .. } => {
            client.get_json("/api/v1/alarms").await
        }
        AlarmCommand::Ack { alarm, note, .. } => {
            let sent = AcknowledgeRequest {
                alarm: alarm.clone(),
                note: note.clone(),
                recorded_by: Some(current_user()),
            };
            client.post_json(&path("acknowledge"), &sent).await
        }
        AlarmCommand::Snooze { alarm, hours, .. } => {
            let sent = SnoozeRequest {
                alarm: alarm.clone(),
                hours: *hours,
                recorded_by: Some(current_user()),
            };
            client.post_json(&path("snooze"), &sent).await
        }
    };
    // Also after an error: a store that was opened here must be closed.
    client.close().await;
    Ok(answer?)
}

fn alarm_lines(config: &Config, list: &AlarmListJson, lang: Language) -> String {
    if list.alarms.is_empty() {
        return format!("{}\n", lang.text("alarm-none"));
    }
    let lines = list.alarms.iter();
    lines.map(|one| alarm_line(config, one, lang)).collect()
}

fn alarm_line(config: &Config, alarm: &AlarmJson, lang: Language) -> String {
    let zone = config.site.timezone.rules();
    let time = |at: i64| number_format::format_short_time(lang, UtcMs(at), zone);
    let level = lang.text(&format!("attention-level-{}", alarm.severity));
    let text = alarm.text.get(lang.code()).map_or("", String::as_str);
    let since = if alarm.dated {
        time(alarm.since)
    } else {
        lang.text("alarm-undated")
    };
    let since = lang.text_with("alarm-since", &[("time", &since)]);
    let head = format!("{level}  {}", alarm.alarm);
    let mut lines = vec![head, format!("  {text}"), format!("  {since}")];
    if let Some(by) = &alarm.acknowledged_by {
        let note = alarm.note.as_deref().unwrap_or_default();
        let said = match note {
            "" => lang.text_with("alarm-seen-by", &[("by", by)]),
            note => lang.text_with("alarm-seen-note", &[("by", by), ("note", note)]),
        };
        lines.push(format!("  {said}"));
    }
    let until = alarm.snoozed_until.filter(|_| alarm.state == "snoozed");
    if let Some(until) = until {
        let quiet = lang.text_with("alarm-quiet-until", &[("time", &time(until))]);
        lines.push(format!("  {quiet}"));
    }
    format!("{}\n", lines.join("\n"))
}
