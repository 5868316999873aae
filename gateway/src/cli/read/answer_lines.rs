//! Lines about the answers of a device, below its registers.

use super::device_reads::{DeviceReads, advice_key};
use super::mbpoll::mbpoll_commands;
use crate::commissioning::fault_diagnosis;
use crate::config::Config;
use crate::domain::hex_text::hex_pairs;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use std::fmt::Write as _;

/// Rest of what a read says: failure, advice, time, bytes, and the same call of another program.
pub(super) fn answer_lines(
    config: &Config,
    index: usize,
    seen: &DeviceReads,
    lang: Language,
) -> String {
    let once = &seen.once;
    let device = &config.devices[index];
    let bus = &config.buses[device.bus];
    let mut text = String::new();
    if let Some((_, detail)) = &once.failure {
        let detail = lang.fault_detail(detail);
        let nothing = lang.text_with("cli-read-nothing", &[("detail", &detail)]);
        let _ = writeln!(text, "{nothing}");
    }
    if let Some(fault) = &once.fault {
        let _ = writeln!(text, "{}", lang.fault_detail(&fault.detail));
    }
    if let Some(key) = advice_key(bus, seen) {
        let failure = once.failure.as_ref().map(|(_, detail)| detail);
        let detail = failure.or(once.fault.as_ref().map(|fault| &fault.detail));
        let advice = match detail {
            Some(detail) => fault_diagnosis::advice_text(key, detail, lang),
            None => lang.text(key),
        };
        let _ = writeln!(text, "{advice}");
    }
    text += &seen.others.text(lang);
    if !seen.round_trips_ms.is_empty() {
        let times = seen.round_trips_ms.iter().map(|ms| nearest_digits(*ms, 1));
        let times = times.collect::<Vec<_>>();
        let times = lang.locale().plain_digits(&times.join("; "));
        let _ = writeln!(
            text,
            "{}",
            lang.text_with("cli-read-time", &[("ms", &times)])
        );
    }
    if once.details.sent.is_empty() {
        return text;
    }
    let (sent, received) = (
        hex_pairs(&once.details.sent),
        hex_pairs(&once.details.received),
    );
    let bytes = [("sent", sent.as_str()), ("received", received.as_str())];
    let _ = writeln!(text, "{}", lang.text_with("cli-read-bytes", &bytes));
    for command in mbpoll_commands(bus, device, once) {
        let _ = writeln!(text, "  {command}");
    }
    text
}
