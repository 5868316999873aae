//! Health of the store, as texts.

use crate::api::ApiListener;
use crate::api::device_health::HealthState;
use crate::api::store_fault::store_fault_text;
use crate::domain::UtcMs;
use crate::i18n::Language;
use crate::pages::number_format;
use crate::pages::page_texts::HealthLine;
use crate::storage::{StoreError, StoreHealth};

impl ApiListener {
    /// Line of the store: how far readings are stored, and what is wrong.
    pub(crate) fn store_line(&self, lang: Language) -> HealthLine {
        let receiver = self.state().store.health();
        // The store's task has ended when the sender of its health is gone.
        let stopped = receiver.has_changed().is_err();
        let health = receiver.borrow().clone();
        let until = health
            .durable_at
            .map(|at| self.format_time(at, lang))
            .unwrap_or_default();
        let unflushed =
            number_format::format_count(u64::try_from(health.unflushed).unwrap_or(u64::MAX), lang);
        let failure = health.failure.as_ref();
        let key = match health.durable_at {
            None => "web-store-nothing",
            // What stood in the file is gone with it.
            Some(_) if matches!(failure, Some((_, StoreError::FileGone { .. }))) => {
                "web-store-gone"
            }
            Some(_) if !health.has_stored => "web-store-before",
            Some(_) if health.damage_unseen > 0 => "web-store-missing",
            Some(_) if health.unflushed == 0 => "web-store-all",
            Some(_) => "web-store-until",
        };
        let words = lang.text_with(key, &[("until", &until), ("unflushed", &unflushed)]);
        let size = number_format::format_bytes(health.bytes, lang);
        let pulse = &self.state().store.pulse;
        let is_hung = pulse.is_hung();
        let detail = match failure {
            _ if is_hung => {
                let seconds = number_format::format_count(pulse.stuck_for().as_secs(), lang);
                lang.text_with("web-store-hung", &[("seconds", &seconds)])
            }
            Some((at, fault)) => {
                let why = store_fault_text(fault, lang);
                format!("{}: {why}", self.format_time(*at, lang))
            }
            None if health.damage.is_some() => {
                let why = health.damage.as_deref().unwrap_or_default();
                lang.text_with("web-store-garbled", &[("why", why)])
            }
            None if stopped => lang.text("web-store-stopped"),
            None => lang.text_with("web-store-size", &[("size", &size)]),
        };
        // Lost readings come before the disk's failure: they cannot be repaired any more.
        let hint = match health.lost {
            // The advice stands with the fault.
            0 if key == "web-store-gone" => String::new(),
            0 if failure.is_some() || is_hung => lang.text("web-hint-store"),
            0 if health.is_disk_full => lang.text("web-store-full"),
            0 => undelivered_text(&health, |at| self.format_time(at, lang), lang),
            lost => lang.text_with(
                "web-store-lost",
                &[("lost", &number_format::format_count(lost, lang))],
            ),
        };
        let is_faulty = stopped || is_hung || failure.is_some() || health.damage.is_some();
        let state = match (is_faulty, health.lost) {
            (true, _) => HealthState::Fault,
            (false, 0) if !health.is_disk_full && health.damage_unseen == 0 => HealthState::Ok,
            (false, _) => HealthState::Doubtful,
        };
        HealthLine {
            state: state.word(),
            words,
            detail,
            hint,
            last: until,
        }
    }
}

/// Text about readings that sinks no longer get; empty when there are none.
fn undelivered_text(
    health: &StoreHealth,
    format_time: impl Fn(UtcMs) -> String,
    lang: Language,
) -> String {
    let mut words = Vec::new();
    if health.undelivered > 0 {
        let count = number_format::format_count(health.undelivered, lang);
        words.push(lang.text_with("web-store-undelivered", &[("count", &count)]));
    }
    if let Some(notice) = health.retention_due {
        let days = number_format::format_count(notice.days, lang);
        words.push(lang.text_with(
            "web-store-retention",
            &[("days", &days), ("through", &notice.through.to_string())],
        ));
    }
    if let Some(after) = health.budget_due {
        let time = format_time(after);
        words.push(lang.text_with("web-store-budget", &[("time", &time)]));
    }
    if !health.retired.is_empty() {
        let sinks = health.retired.join(", ");
        words.push(lang.text_with("web-store-retired", &[("sinks", &sinks)]));
    }
    words.join(". ")
}
