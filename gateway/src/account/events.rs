//! What happened to the data, for people to see and correct.

use crate::account::amount::Amount;
use crate::account::lane::Lane;
use crate::account::track::Track;
use crate::limits::DATA_EVENTS_MAX;
use crate::model::UtcMs;
use crate::model::decimal::Decimal;
use crate::model::indicator::DataEvent;
use crate::model::ledger::Entry;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Events of one or many assets.
#[derive(Debug, Default)]
pub(super) struct Events {
    all: Vec<DataEvent>,
    left_out: u64,
}

impl Events {
    fn add(&mut self, event: DataEvent) {
        // Twice the bound, so that the most telling ones can be chosen at the end.
        if self.all.len() < 2 * DATA_EVENTS_MAX {
            self.all.push(event);
        } else {
            self.left_out += 1;
        }
    }

    /// Silences of a point, and what was read of it before the time was known.
    pub(super) fn silences(&mut self, lane: &Lane, track: &Track) {
        let event = |kind, (from, to): (i64, i64)| DataEvent {
            at: UtcMs(from),
            until: Some(UtcMs(to)),
            of: Arc::clone(&lane.point.id),
            kind,
            before_after: None,
        };
        for silence in &track.silences {
            self.add(event("gap", *silence));
        }
        if let Some(undated) = track.undated {
            self.add(event("undated", undated));
        }
        for (at, before, after) in &track.outside {
            self.add(DataEvent {
                at: *at,
                until: None,
                of: Arc::clone(&lane.point.id),
                kind: "spike",
                before_after: before.map(|before| (before, *after)),
            });
        }
        self.left_out += track.more_outside;
    }

    /// Resets, wraps and jumps of a counter, in the point's own unit.
    pub(super) fn counter(&mut self, lane: &Lane, amount: &Amount) {
        let own = |value: f64| (value - lane.point.offset) / lane.point.scale;
        let (events, more) = amount.events();
        for event in events {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a date, in ms")]
            let at = (event.t_s * 1000.0).round() as i64;
            self.add(DataEvent {
                at: UtcMs(at),
                until: None,
                of: Arc::clone(&lane.point.id),
                kind: event.kind,
                before_after: Some((own(event.before_after.0), own(event.before_after.1))),
            });
        }
        self.left_out += more;
    }

    /// An entry that replaces another one.
    pub(super) fn correction(&mut self, old: &Entry, new: &Entry) {
        let quantity = |entry: &Entry| entry.statement.quantity.map(Decimal::to_f64);
        self.add(DataEvent {
            at: new.recorded_at,
            until: None,
            of: Arc::clone(&new.statement.indicator),
            kind: "correction",
            before_after: quantity(old).zip(quantity(new)),
        });
    }

    pub(super) fn extend(&mut self, other: Self) {
        self.left_out += other.left_out;
        for event in other.all {
            self.add(event);
        }
    }

    /// Those of some points alone.
    pub(super) fn only(&mut self, wanted: impl Fn(&str) -> bool) {
        self.all.retain(|event| wanted(&event.of));
    }

    /// In time order, at most `DATA_EVENTS_MAX`: the longest silences go before the short ones, a
    /// device that falls silent says so once. How many were left out.
    pub(super) fn finish(mut self) -> (Vec<DataEvent>, u64) {
        let device = |of: &str| of.split('.').next().unwrap_or_default().to_owned();
        let mut seen = BTreeSet::new();
        self.all.retain(|event| {
            let of = match event.kind {
                "gap" | "undated" => device(&event.of),
                _ => event.of.to_string(),
            };
            seen.insert((event.kind, of, event.at, event.until))
        });
        let length = |event: &DataEvent| match (event.kind, event.until) {
            ("gap", Some(until)) => until.0 - event.at.0,
            // Some inverters say so every night, some meters every minute.
            ("zero", _) => -1,
            ("dip", _) => -2,
            _ => i64::MAX,
        };
        self.all
            .sort_by_key(|event| std::cmp::Reverse(length(event)));
        let more = self.all.len().saturating_sub(DATA_EVENTS_MAX);
        self.all.truncate(DATA_EVENTS_MAX);
        self.all
            .sort_by(|a, b| (a.at, &a.of, a.kind).cmp(&(b.at, &b.of, b.kind)));
        let more = u64::try_from(more).unwrap_or(u64::MAX);
        (self.all, self.left_out + more)
    }
}
