//! [`FrameText`]: a request and its answer as they were on the wire, with their meaning in words.

use crate::api::ApiListener;
use crate::api::local_time::format_local_time;
use crate::api::register_reads::exception_text;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::status::{BusFrame, FrameEnding};
use drivers::frame::crc16;
use serde::Serialize;
use std::time::Duration;

/// Values of one answer that are written out.
const VALUES_SHOWN_MAX: usize = 16;
/// Bytes of a Modbus TCP frame before the unit.
const TCP_HEADER_BYTES: usize = 6;

/// Texts of one frame; all empty where there is none yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct FrameText {
    /// `ok`, `fault`, `doubtful` for a late answer, `waiting` where there is none.
    pub(crate) state: &'static str,
    pub(crate) at: String,
    /// Unit, function and registers.
    pub(crate) words: String,
    /// Answer: values, exception or trouble, with the answer time.
    pub(crate) answer: String,
    pub(crate) sent: String,
    pub(crate) received: String,
}

impl FrameText {
    /// Text of a place without a frame.
    pub(crate) fn empty() -> Self {
        Self {
            state: "waiting",
            ..Self::default()
        }
    }
}

impl ApiListener {
    /// Frame in words, with its local time.
    pub(crate) fn frame_text(&self, frame: &BusFrame, lang: Language) -> FrameText {
        let now = self.now();
        let age = i64::try_from(frame.at.elapsed().as_millis()).unwrap_or(i64::MAX);
        let at = UtcMs(now.0.saturating_sub(age));
        FrameText {
            at: format_local_time(at, now, &self.0.zone, lang),
            ..frame_words(frame, lang)
        }
    }
}

/// Frame in words, without its time.
fn frame_words(frame: &BusFrame, lang: Language) -> FrameText {
    let asked = body(&frame.sent, frame.is_rtu);
    let came = body(&frame.received, frame.is_rtu);
    let is_exception = came.get(1).is_some_and(|function| function & 0x80 != 0);
    let mut parts = Vec::new();
    let state = match &frame.ending {
        FrameEnding::Answered if is_exception => "fault",
        FrameEnding::Answered => "ok",
        FrameEnding::Late => "doubtful",
        FrameEnding::Failed(..) => "fault",
    };
    match &frame.ending {
        FrameEnding::Failed(reason, detail) => {
            parts.push(lang.text(&format!("reason-{}", reason.word())));
            parts.push(lang.fault_detail(detail));
        }
        FrameEnding::Late => parts.push(lang.text("frames-late")),
        FrameEnding::Answered if is_exception => {
            parts.push(exception_text(came.get(2).copied().unwrap_or(0), lang));
        }
        FrameEnding::Answered => parts.push(values_text(came, lang)),
    }
    if frame.is_rtu && !frame.received.is_empty() {
        let key = if has_right_crc(&frame.received) {
            "frames-crc-right"
        } else {
            "frames-crc-wrong"
        };
        parts.push(lang.text(key));
    }
    if let Some(time) = frame.answer_time {
        parts.push(lang.text_with("frames-after", &[("ms", &milliseconds(time))]));
    }
    parts.retain(|part| !part.is_empty());
    FrameText {
        state,
        at: String::new(),
        words: request_text(if asked.is_empty() { came } else { asked }, lang),
        answer: parts.join(" · "),
        sent: spaced_hex(&frame.sent),
        received: spaced_hex(&frame.received),
    }
}

fn milliseconds(time: Duration) -> String {
    time.as_millis().to_string()
}

/// Unit, function and data of a frame.
fn body(bytes: &[u8], is_rtu: bool) -> &[u8] {
    if is_rtu {
        bytes
            .get(..bytes.len().saturating_sub(2))
            .unwrap_or_default()
    } else {
        bytes.get(TCP_HEADER_BYTES..).unwrap_or_default()
    }
}

fn has_right_crc(frame: &[u8]) -> bool {
    let split = frame.len().saturating_sub(2);
    let (bytes, crc) = frame.split_at(split);
    crc == crc16(bytes).to_le_bytes()
}

/// Unit, function and, of a request, its registers.
fn request_text(body: &[u8], lang: Language) -> String {
    let [unit, function, rest @ ..] = body else {
        return String::new();
    };
    let table = match function & 0x7f {
        1 => "coil",
        2 => "discrete",
        3 | 6 | 16 => "holding",
        4 => "input",
        _ => "",
    };
    let (unit, code) = (unit.to_string(), (function & 0x7f).to_string());
    let mut args = vec![("unit", &*unit), ("function", &*code)];
    let word = |at: usize| {
        rest.get(at..at + 2)
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
    };
    let (Some(first), Some(count), false) = (word(0), word(2), table.is_empty()) else {
        return lang.text_with("frames-unit", &args);
    };
    let (first, count) = (first.to_string(), count.to_string());
    args.extend([("table", table), ("first", &*first), ("count", &*count)]);
    let key = match function {
        6 | 16 => "frames-write",
        _ => "frames-read",
    };
    lang.text_with(key, &args)
}

/// Values of the registers or bits of an answer.
fn values_text(body: &[u8], lang: Language) -> String {
    let [_, 1..=4, length, data @ ..] = body else {
        return String::new();
    };
    let data = &data[..data.len().min(usize::from(*length))];
    let is_bits = body[1] <= 2;
    let values: Vec<String> = if is_bits {
        data.iter().map(|byte| format!("{byte:08b}")).collect()
    } else {
        let pairs = data.chunks_exact(2);
        pairs
            .map(|pair| u16::from_be_bytes([pair[0], pair[1]]).to_string())
            .collect()
    };
    let mut text = values[..values.len().min(VALUES_SHOWN_MAX)].join(" ");
    if values.len() > VALUES_SHOWN_MAX {
        text += " …";
    }
    lang.text_with("frames-values", &[("values", &text)])
}

fn spaced_hex(bytes: &[u8]) -> String {
    let pairs: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::QualityReason;
    use proptest::prelude::*;
    use tokio::time::Instant;

    fn frame(sent: &[u8], received: &[u8], ending: FrameEnding) -> BusFrame {
        BusFrame {
            at: Instant::now(),
            is_rtu: true,
            sent: sent.to_vec(),
            received: received.to_vec(),
            answer_time: Some(Duration::from_millis(34)),
            ending,
        }
    }

    fn with_crc(bytes: &[u8]) -> Vec<u8> {
        [bytes, &crc16(bytes).to_le_bytes()].concat()
    }

    #[test]
    fn a_frame_says_what_was_asked_and_what_came() {
        let sent = with_crc(&[5, 3, 0, 10, 0, 2]);
        let answer = with_crc(&[5, 3, 4, 0x08, 0xfd, 0, 7]);
        let said = frame_words(&frame(&sent, &answer, FrameEnding::Answered), Language::En);
        assert_eq!(said.state, "ok");
        assert!(said.words.contains("holding:10"), "{said:?}");
        assert!(said.answer.contains("2301 7"), "{said:?}");
        assert!(
            said.answer.contains("CRC right") && said.answer.contains("34 ms"),
            "{said:?}"
        );
        assert!(said.sent.starts_with("05 03 00 0a 00 02"), "{said:?}");

        let refusal = with_crc(&[5, 0x83, 2]);
        let said = frame_words(&frame(&sent, &refusal, FrameEnding::Answered), Language::Id);
        assert_eq!(said.state, "fault");
        assert!(said.answer.contains('2'), "{said:?}");

        let failed = FrameEnding::Failed(QualityReason::Corrupt, "noise".into());
        let said = frame_words(
            &frame(&sent, &[5, 3, 4, 0, 0, 0, 0, 1, 2], failed),
            Language::En,
        );
        assert!(said.answer.contains("CRC wrong"), "{said:?}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            sent in prop::collection::vec(any::<u8>(), 0..40),
            received in prop::collection::vec(any::<u8>(), 0..300),
            is_rtu in any::<bool>(),
        ) {
            let frame = frame(&sent, &received, FrameEnding::Answered);
            frame_words(&BusFrame { is_rtu, ..frame }, Language::Id);
        }
    }
}
