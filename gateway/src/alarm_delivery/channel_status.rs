//! [`delivery_status`]: what waits in each channel, what was sent, and what went wrong.

use super::channel_memory::KeptFault;
use super::delivery_context::{DeliveryContext, parse_memory, parse_rows, stored_name};
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::report::render::number_format::local_time;
use crate::storage::StoreError;
use jiff::civil::Time;
use std::sync::Arc;

/// State of all channels.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct DeliveryStatus {
    /// Channels in the order of the file.
    pub(crate) channels: Vec<ChannelStatus>,
    /// Bytes of this month, an estimate.
    pub(crate) month_bytes: u64,
    /// Bytes that a month may have.
    pub(crate) budget: Option<u64>,
}

/// State of one channel.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ChannelStatus {
    /// Id.
    pub(crate) id: Arc<str>,
    /// Word of its kind.
    pub(crate) kind: &'static str,
    /// Messages that wait, all recipients together.
    pub(crate) queued: u64,
    /// Age of the oldest of them, ms; `None` while none waits.
    pub(crate) oldest_ms: Option<i64>,
    /// End of the quiet hours that hold some of them back now.
    pub(crate) quiet_until: Option<Time>,
    /// Messages that the far side has acknowledged.
    pub(crate) sent: u64,
    /// Messages that it has refused for good.
    pub(crate) refused: u64,
    /// Messages that were too old before they got through.
    pub(crate) given_up: u64,
    /// Messages that a full queue has left out.
    pub(crate) left_out: u64,
    /// Time of the last acknowledged message.
    pub(crate) last_sent: Option<UtcMs>,
    /// Fault since then.
    pub(crate) fault: Option<KeptFault>,
    /// The last message that was refused or given up.
    pub(crate) refusal: Option<KeptFault>,
}

impl DeliveryStatus {
    /// True when only urgent messages are sent until the end of the month.
    pub(crate) fn is_over_budget(&self) -> bool {
        self.budget.is_some_and(|budget| self.month_bytes >= budget)
    }
}

impl ChannelStatus {
    /// Sentence about what waits.
    pub(crate) fn waiting_text(&self, lang: Language) -> String {
        let waiting = waiting_text(lang, self.queued, self.oldest_ms);
        let Some(until) = self.quiet_until else {
            return waiting;
        };
        let time = lang.locale().format_clock(until);
        let args = [("waiting", &*waiting), ("time", &*time)];
        lang.text_with("alarm-channel-quiet", &args)
    }
}

/// Sentence about messages that wait; the age is that of the oldest, ms.
pub(crate) fn waiting_text(lang: Language, queued: u64, oldest_ms: Option<i64>) -> String {
    let Some(age) = oldest_ms else {
        return lang.text("alarm-channel-idle");
    };
    let minutes = age.max(0) / 60_000;
    let (key, count) = match minutes {
        0..120 => ("alarm-minutes", minutes),
        120..2880 => ("alarm-hours", minutes / 60),
        _ => ("alarm-days", minutes / 1440),
    };
    let age = lang.text_with(key, &[("count", &count.to_string())]);
    let args = [("count", &*queued.to_string()), ("age", &*age)];
    lang.text_with("alarm-channel-queued", &args)
}

/// Returns the state of all channels, from the store.
pub(crate) async fn delivery_status(
    context: &DeliveryContext,
) -> Result<DeliveryStatus, StoreError> {
    let stamp = context.clock.now();
    let now = stamp.at;
    let mut status = DeliveryStatus {
        budget: context.config.alarm_budget,
        ..DeliveryStatus::default()
    };
    if context.config.alarm_channels.is_empty() {
        return Ok(status);
    }
    status.month_bytes = context.store.alarm_traffic(&context.month(now)).await?;
    for channel in &context.config.alarm_channels {
        let kept = context.store.alarm_queue(&stored_name(&channel.id)).await?;
        let rows = parse_rows(&kept.messages);
        let memory = parse_memory(kept.state.as_deref());
        let oldest = rows.iter().map(|(_, one)| one.since).min();
        let local = local_time(now, context.site().timezone.rules()).0;
        let quiet = channel.quiet_hours.filter(|_| stamp.trusted);
        let quiet = quiet.filter(|hours| hours.contains(local.time()));
        let is_held = rows.iter().any(|(_, one)| !one.is_urgent());
        status.channels.push(ChannelStatus {
            id: Arc::clone(&channel.id),
            kind: channel.carrier.word(),
            queued: u64::try_from(kept.messages.len()).unwrap_or(u64::MAX),
            oldest_ms: oldest.map(|since| (now.0 - since).max(0)),
            quiet_until: quiet.filter(|_| is_held).map(|hours| hours.until),
            sent: memory.sent,
            refused: memory.refused,
            given_up: memory.given_up,
            left_out: memory.left_out,
            last_sent: memory.last_sent.map(UtcMs),
            fault: memory.fault,
            refusal: memory.refusal,
        });
    }
    Ok(status)
}
