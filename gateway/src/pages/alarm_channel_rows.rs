//! Channels of messages of alarms, as `/alarm` and the health page show them.

use crate::alarm_delivery::{ChannelStatus, DeliveryStatus, KeptFault, waiting_text};
use crate::api::ApiListener;
use crate::api::device_health::HealthState;
use crate::i18n::Language;
use crate::pages::page_frame::PageFrame;
use crate::pages::page_request::PageRequest;
use crate::pages::page_texts::HealthLine;
use crate::pages::users_page::time_text;
use crate::report::render::number_format::format_quantity;
use crate::status::AlarmChannelState;

/// Kilobyte and megabyte.
const UNITS: [(u64, f64, &str); 2] = [(1_000_000, 1e6, "MB"), (0, 1e3, "kB")];

/// Channels and their bytes of this month.
pub(super) struct DeliveryPanel {
    pub(super) channels: Vec<ChannelRow>,
    /// Bytes of this month; empty without channels.
    pub(super) traffic: String,
    pub(super) is_over_budget: bool,
}

/// A channel as shown.
pub(super) struct ChannelRow {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) waiting: String,
    pub(super) counts: String,
    /// Time of the last message; empty for none.
    pub(super) last: String,
    /// Sentence about the present fault; empty for none.
    pub(super) fault: String,
    /// Sentence about the last message that was not delivered; empty for none.
    pub(super) refusal: String,
}

/// Channels as shown; only technicians read the words of the far side, which may name recipients.
pub(super) fn delivery_panel(
    asked: &PageRequest,
    frame: &PageFrame,
    status: &DeliveryStatus,
    is_technician: bool,
) -> DeliveryPanel {
    let lang = frame.lang;
    let size = |bytes: u64| {
        let (_, divisor, unit) = UNITS
            .iter()
            .find(|(least, ..)| bytes >= *least)
            .unwrap_or(&UNITS[1]);
        #[expect(clippy::cast_precision_loss, reason = "a size for people")]
        let value = bytes as f64 / divisor;
        format_quantity(lang, value, unit, 1)
    };
    let used = size(status.month_bytes);
    let traffic = match status.budget {
        _ if status.channels.is_empty() => String::new(),
        Some(budget) => {
            let args = [("used", &*used), ("budget", &*size(budget))];
            lang.text_with("alarm-channel-budget", &args)
        }
        None => lang.text_with("alarm-channel-traffic", &[("used", &*used)]),
    };
    let rows = status.channels.iter();
    DeliveryPanel {
        channels: rows
            .map(|one| channel_row(asked, frame, one, is_technician))
            .collect(),
        traffic,
        is_over_budget: status.is_over_budget(),
    }
}

fn channel_row(
    asked: &PageRequest,
    frame: &PageFrame,
    channel: &ChannelStatus,
    is_technician: bool,
) -> ChannelRow {
    let lang = frame.lang;
    let counts = [
        channel.sent,
        channel.refused,
        channel.given_up,
        channel.left_out,
    ];
    let time = |at: i64| time_text(&asked.app, frame, Some(at));
    let sentence = |kept: &KeptFault| {
        if is_technician {
            kept.fault.full_sentence(lang)
        } else {
            kept.fault.sentence(lang)
        }
    };
    let refusal = |kept: &KeptFault| {
        let head = lang.text_with("alarm-channel-refusal", &[("time", &*time(kept.at))]);
        format!("{head} {}", sentence(kept))
    };
    let last = channel.last_sent.map(|at| time(at.0));
    ChannelRow {
        id: channel.id.to_string(),
        kind: channel.kind,
        waiting: channel.waiting_text(lang),
        counts: counts_text(lang, counts),
        last: last
            .map(|at| lang.text_with("alarm-channel-last", &[("time", &*at)]))
            .unwrap_or_default(),
        fault: channel.fault.as_ref().map(sentence).unwrap_or_default(),
        refusal: channel.refusal.as_ref().map(refusal).unwrap_or_default(),
    }
}

/// Counts of messages: sent, refused, given up, left out.
fn counts_text(lang: Language, counts: [u64; 4]) -> String {
    let [sent, refused, given, left] = counts.map(|count| count.to_string());
    let args = [
        ("sent", &*sent),
        ("refused", &*refused),
        ("given", &*given),
        ("left", &*left),
    ];
    lang.text_with("alarm-channel-counts", &args)
}

impl ApiListener {
    /// Line of a channel on the health page.
    pub(crate) fn channel_line(&self, channel: &AlarmChannelState, lang: Language) -> HealthLine {
        let now = self.now();
        let oldest = channel.oldest.map(|since| now.0 - since.0);
        let fault = channel
            .fault
            .map(|word| lang.text(&format!("alarm-fault-{word}")));
        let state = if fault.is_some() {
            HealthState::Fault
        } else {
            HealthState::Ok
        };
        let counts = [
            channel.sent,
            channel.refused,
            channel.given_up,
            channel.left_out,
        ];
        HealthLine {
            state: state.word(),
            words: waiting_text(lang, channel.queued, oldest),
            detail: counts_text(lang, counts),
            hint: fault.unwrap_or_default(),
            last: String::new(),
        }
    }
}
