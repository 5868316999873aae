//! `pantau alarm channels` and `pantau alarm test`: channels of messages, and what a service says.

use super::backend::{open_client, report_failure};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE};
use super::standard_output::print_text;
use crate::api::alarm_channels::{
    AlarmChannelJson, AlarmChannelsJson, AlarmTestJson, AlarmTestRequest,
};
use crate::cli::command_error::CommandError;
use crate::config::Config;
use crate::i18n::Language;
use crate::storage::StoreAccess;

/// Shows the channels; returns the exit status.
pub(super) async fn show_channels(config: &Config, is_json: bool, lang: Language) -> u8 {
    let path = format!("/api/v1/alarms/channels?lang={}", lang.code());
    let asked = async {
        let mut client = open_client(config, StoreAccess::Read).await?;
        let answer = client.get_json::<AlarmChannelsJson>(&path).await;
        client.close().await;
        Ok::<_, CommandError>(answer?)
    };
    match asked.await {
        Ok(found) if is_json => print_json(&found, lang),
        Ok(found) => {
            print_text(&channel_lines(&found, lang));
            EXIT_DONE
        }
        Err(trouble) => report_failure(&trouble, lang),
    }
}

/// Sends a test message; returns the exit status, 1 where the far side has not taken it.
pub(super) async fn test_channel(
    config: &Config,
    channel: &str,
    is_json: bool,
    lang: Language,
) -> u8 {
    let path = format!("/api/v1/alarms/channels/test?lang={}", lang.code());
    let sent = AlarmTestRequest {
        channel: channel.to_owned(),
    };
    let asked = async {
        let mut client = open_client(config, StoreAccess::Write).await?;
        let answer = client.post_json::<AlarmTestJson>(&path, &sent).await;
        // Also after an error: a store that was opened here must be closed.
        client.close().await;
        Ok::<_, CommandError>(answer?)
    };
    let found = match asked.await {
        Ok(found) => found,
        Err(trouble) => return report_failure(&trouble, lang),
    };
    if is_json {
        print_json(&found, lang);
    } else {
        let lines = found.answers.iter().map(|one| format!("{}\n", one.text));
        print_text(&lines.collect::<String>());
    }
    if found.delivered {
        EXIT_DONE
    } else {
        EXIT_NEGATIVE
    }
}

fn print_json<T: serde::Serialize>(value: &T, lang: Language) -> u8 {
    match serde_json::to_string(value) {
        Ok(text) => {
            print_text(&format!("{text}\n"));
            EXIT_DONE
        }
        Err(fault) => report_failure(&fault.into(), lang),
    }
}

fn channel_lines(found: &AlarmChannelsJson, lang: Language) -> String {
    if found.channels.is_empty() {
        return format!("{}\n", lang.text("alarm-channels-none"));
    }
    let mut text: String = found
        .channels
        .iter()
        .map(|one| channel_text(one, lang))
        .collect();
    if found.over_budget {
        text.push_str(&lang.text("alarm-channel-over-budget"));
        text.push('\n');
    }
    text
}

fn channel_text(channel: &AlarmChannelJson, lang: Language) -> String {
    let kind = lang.text(&format!("alarm-channel-{}", channel.kind));
    let mut lines = vec![format!("{}  {kind}  {}", channel.id, channel.waiting)];
    let counts = [
        channel.sent,
        channel.refused,
        channel.given_up,
        channel.left_out,
    ];
    let [sent, refused, given, left] = counts.map(|count| count.to_string());
    let args = [
        ("sent", &*sent),
        ("refused", &*refused),
        ("given", &*given),
        ("left", &*left),
    ];
    lines.push(format!(
        "  {}",
        lang.text_with("alarm-channel-counts", &args)
    ));
    for fault in channel.fault.iter().chain(&channel.refusal) {
        lines.push(
            format!("  {} {}", fault.text, fault.detail)
                .trim_end()
                .to_owned(),
        );
    }
    format!("{}\n", lines.join("\n"))
}
