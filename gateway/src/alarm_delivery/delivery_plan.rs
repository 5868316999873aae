//! [`next_step`]: next message of a channel. Pure: rows, memory and moment are arguments.

use super::channel_memory::{ChannelMemory, HOUR_MS};
use super::queued_message::QueuedMessage;
use crate::config::QuietHours;
use crate::domain::UtcMs;
use jiff::civil::DateTime;
use std::collections::BTreeSet;

/// Part of the messages of an hour that is kept for urgent ones, as a divisor.
const URGENT_SHARE: usize = 4;
/// Minute, ms.
const MINUTE_MS: i64 = 60_000;

/// Messages with their numbers, oldest first.
pub(super) type QueueRows = Vec<(u64, QueuedMessage)>;

/// Moment of a look at the queue.
#[derive(Clone, Copy, Debug)]
pub(super) struct PlanMoment {
    /// Time.
    pub(super) at: UtcMs,
    /// Local time; `None` while the time is not trusted.
    pub(super) local: Option<DateTime>,
}

/// Rules of a channel at a moment.
#[derive(Clone, Debug)]
pub(super) struct PlanRules {
    /// Hours in which only urgent messages are sent.
    pub(super) quiet_hours: Option<QuietHours>,
    /// Most messages within an hour to one recipient.
    pub(super) hourly: usize,
    /// The bytes of this month are used up.
    pub(super) is_over_budget: bool,
    /// Recipients that are not tried now.
    pub(super) pausing: BTreeSet<String>,
}

/// Next thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum DeliveryStep {
    /// These messages go out: one as it is, several as one summary.
    Send {
        /// Recipient.
        recipient: String,
        /// Numbers of the rows.
        rows: Vec<u64>,
    },
    /// Nothing before this time passes, ms; `None`: nothing until something changes.
    Wait(Option<i64>),
}

impl PlanRules {
    /// Whether only urgent messages are sent by the hour.
    pub(super) fn is_quiet(&self, moment: PlanMoment) -> bool {
        let local = moment.local.map(DateTime::time);
        let hours = self.quiet_hours.zip(local);
        hours.is_some_and(|(hours, time)| hours.contains(time))
    }
}

/// Returns what is sent next.
pub(super) fn next_step(
    queue: &QueueRows,
    memory: &ChannelMemory,
    rules: &PlanRules,
    moment: PlanMoment,
) -> DeliveryStep {
    let is_quiet = rules.is_quiet(moment);
    let mut recipients: Vec<&str> = Vec::new();
    for (_, one) in queue {
        if !recipients.contains(&&*one.recipient) {
            recipients.push(&one.recipient);
        }
    }
    let mut waits: Vec<i64> = Vec::new();
    for recipient in recipients {
        if rules.pausing.contains(recipient) {
            continue;
        }
        let own = queue.iter().filter(|(_, one)| one.recipient == recipient);
        let is_free = !is_quiet && !rules.is_over_budget;
        let ready: Vec<&(u64, QueuedMessage)> =
            own.filter(|(_, one)| one.is_urgent() || is_free).collect();
        let Some(first) = ready
            .iter()
            .find(|(_, one)| one.is_urgent())
            .or(ready.first())
        else {
            // The end of quiet hours is looked for by the minute; a month ends at some minute too.
            waits.push(MINUTE_MS);
            continue;
        };
        let sent = memory.sent_within_hour(recipient, moment.at);
        let kept = if first.1.is_urgent() {
            0
        } else {
            rules.hourly / URGENT_SHARE
        };
        let room = rules.hourly.saturating_sub(kept + sent.len());
        if room == 0 {
            let oldest = sent.first().copied().unwrap_or(moment.at.0);
            waits.push((oldest + HOUR_MS - moment.at.0).max(1000));
            continue;
        }
        let is_held = ready.iter().any(|(_, one)| one.held);
        let rows = if ready.len() > room || is_held {
            ready.iter().map(|(id, _)| *id).collect()
        } else {
            vec![first.0]
        };
        return DeliveryStep::Send {
            recipient: recipient.to_owned(),
            rows,
        };
    }
    DeliveryStep::Wait(waits.into_iter().min())
}

/// Rows that give way when a recipient has more than `most`: first those that a later change of the
/// same alarm has superseded, then the oldest.
pub(super) fn surplus_rows(queue: &QueueRows, recipient: &str, most: usize) -> Vec<u64> {
    let own = queue.iter().filter(|(_, one)| one.recipient == recipient);
    let own: Vec<&(u64, QueuedMessage)> = own.collect();
    let surplus = own.len().saturating_sub(most);
    let is_superseded = |(at, one): &(usize, &&(u64, QueuedMessage))| {
        let alarm = &one.1.change.alarm;
        own[at + 1..]
            .iter()
            .any(|later| later.1.change.alarm == *alarm)
    };
    let places = own.iter().enumerate();
    let (old, others): (Vec<_>, Vec<_>) = places.partition(is_superseded);
    let order = old.into_iter().chain(others);
    order.take(surplus).map(|(_, one)| one.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alarms::AlarmChange;
    use jiff::civil::{date, time};
    use proptest::prelude::*;

    const NOW: i64 = 1_795_230_000_000;

    fn message(severity: &str, alarm: &str, state: &str) -> QueuedMessage {
        let body = serde_json::json!({
            "t": "", "dated": true, "alarm": alarm, "state": state, "severity": severity,
            "since": "", "text": { "id": "x" }
        });
        let change: AlarmChange = serde_json::from_value(body).unwrap();
        QueuedMessage {
            recipient: String::new(),
            number: 1,
            since: NOW,
            dated: true,
            held: false,
            change,
        }
    }

    fn queue_of(all: &[&str]) -> QueueRows {
        let all = all.iter().zip(1..);
        all.map(|(severity, id)| (id, message(severity, &format!("a/{id}"), "raised")))
            .collect()
    }

    fn rules() -> PlanRules {
        PlanRules {
            quiet_hours: Some(QuietHours {
                from: time(21, 0, 0, 0),
                until: time(6, 0, 0, 0),
            }),
            hourly: 4,
            is_over_budget: false,
            pausing: BTreeSet::new(),
        }
    }

    fn moment(hour: i8) -> PlanMoment {
        PlanMoment {
            at: UtcMs(NOW),
            local: Some(date(2026, 11, 21).at(hour, 0, 0, 0)),
        }
    }

    fn memory(sent: usize) -> ChannelMemory {
        let mut memory = ChannelMemory::default();
        for place in 0..sent {
            let at = NOW - 600_000 + i64::try_from(place).unwrap();
            memory.note_sent("", UtcMs(at), 1);
        }
        memory
    }

    fn rows(step: DeliveryStep) -> Vec<u64> {
        match step {
            DeliveryStep::Send { rows, .. } => rows,
            DeliveryStep::Wait(_) => Vec::new(),
        }
    }

    #[test]
    fn one_message_goes_out_as_it_is_and_the_urgent_one_first() {
        let queue = queue_of(&["warning", "urgent"]);
        let step = next_step(&queue, &memory(0), &rules(), moment(10));
        assert_eq!(rows(step), [2]);
    }

    #[test]
    fn in_quiet_hours_only_what_is_urgent_goes_out_and_the_rest_is_one_summary_after() {
        let mut queue = queue_of(&["warning", "warning", "urgent"]);
        let step = next_step(&queue, &memory(0), &rules(), moment(23));
        assert_eq!(rows(step), [3]);
        queue.remove(2);
        let step = next_step(&queue, &memory(0), &rules(), moment(23));
        assert_eq!(step, DeliveryStep::Wait(Some(MINUTE_MS)));
        for (_, one) in &mut queue {
            one.held = true;
        }
        let step = next_step(&queue, &memory(0), &rules(), moment(6));
        assert_eq!(rows(step), [1, 2]);
        // While nobody knows the time, no hour is quiet.
        let unknown = PlanMoment {
            local: None,
            ..moment(23)
        };
        assert_eq!(
            rows(next_step(&queue, &memory(0), &rules(), unknown)),
            [1, 2]
        );
    }

    #[test]
    fn more_than_an_hour_allows_is_one_summary_and_then_waits_for_the_hour() {
        let queue = queue_of(&["warning"; 5]);
        let step = next_step(&queue, &memory(0), &rules(), moment(10));
        assert_eq!(rows(step), [1, 2, 3, 4, 5]);
        let step = next_step(&queue, &memory(3), &rules(), moment(10));
        assert_eq!(step, DeliveryStep::Wait(Some(HOUR_MS - 600_000)));
        // A part of the hour is kept for what is urgent.
        let urgent = queue_of(&["urgent"]);
        let step = next_step(&urgent, &memory(3), &rules(), moment(10));
        assert_eq!(rows(step), [1]);
        let step = next_step(&urgent, &memory(4), &rules(), moment(10));
        assert!(matches!(step, DeliveryStep::Wait(Some(_))), "{step:?}");
    }

    #[test]
    fn with_the_budget_used_up_only_what_is_urgent_goes_out() {
        let spent = PlanRules {
            is_over_budget: true,
            ..rules()
        };
        let queue = queue_of(&["warning", "urgent"]);
        assert_eq!(rows(next_step(&queue, &memory(0), &spent, moment(10))), [2]);
        let queue = queue_of(&["warning"]);
        let step = next_step(&queue, &memory(0), &spent, moment(10));
        assert_eq!(step, DeliveryStep::Wait(Some(MINUTE_MS)));
    }

    #[test]
    fn a_recipient_that_pauses_holds_nobody_up() {
        let mut queue = queue_of(&["warning", "warning"]);
        queue[0].1.recipient = "siti".to_owned();
        let mut rules = rules();
        rules.pausing.insert("siti".to_owned());
        assert_eq!(rows(next_step(&queue, &memory(0), &rules, moment(10))), [2]);
    }

    #[test]
    fn a_full_queue_leaves_out_what_later_changes_have_superseded() {
        let mut queue = queue_of(&["warning"; 4]);
        queue[1].1.change.alarm = "a/4".to_owned();
        assert_eq!(surplus_rows(&queue, "", 3), [2]);
        assert_eq!(surplus_rows(&queue, "", 1), [2, 1, 3]);
        assert!(surplus_rows(&queue, "", 4).is_empty());
    }

    proptest! {
        #[test]
        fn an_hour_never_has_more_messages_than_it_may(
            levels in proptest::collection::vec("(urgent|warning|notice)", 1..40),
            steps in 1_usize..40,
        ) {
            let all: Vec<&str> = levels.iter().map(String::as_str).collect();
            let mut queue = queue_of(&all);
            let mut memory = ChannelMemory::default();
            for _ in 0..steps {
                let sent = rows(next_step(&queue, &memory, &rules(), moment(10)));
                if sent.is_empty() { break; }
                memory.note_sent("", UtcMs(NOW), 1);
                queue.retain(|(id, _)| !sent.contains(id));
            }
            prop_assert!(memory.sent <= 4);
            // What is urgent has gone out, whatever else there was.
            let is_calm = queue.iter().all(|(_, one)| !one.is_urgent());
            prop_assert!(steps < 4 || is_calm || memory.sent == 4);
        }
    }
}
