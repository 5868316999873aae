//! Data events, for staff to check and correct.

use crate::domain::ExactNumber;
use crate::domain::UtcMs;
use crate::domain::data_damage::{DamagedContent, DataDamage};
use crate::domain::indicator::DataEvent;
use crate::domain::ledger::LedgerEntry;
use crate::indicators::coverage::Coverage;
use crate::indicators::input_series::InputSeries;
use crate::indicators::totaliser::Totaliser;
use crate::limits::DATA_EVENTS_MAX;
use jiff::civil::Date;
use std::collections::BTreeSet;
use std::sync::Arc;

/// Data events of one or more assets, bounded.
#[derive(Debug, Default)]
pub(crate) struct DataEventList {
    all: Vec<DataEvent>,
    left_out: u64,
}

impl DataEventList {
    fn push(&mut self, event: DataEvent) {
        // Twice the bound, so that the most important ones can be chosen in `finish`.
        if self.all.len() < 2 * DATA_EVENTS_MAX {
            self.all.push(event);
        } else {
            self.left_out += 1;
        }
    }

    /// Adds gaps, undated and re-dated samples, implausible readings and imports of a series.
    pub(crate) fn add_point_events(&mut self, lane: &InputSeries, track: &Coverage) {
        let event = |kind, (from, to): (i64, i64)| DataEvent {
            at: UtcMs(from),
            until: Some(UtcMs(to)),
            of: Arc::clone(&lane.point.id),
            kind,
            before_after: None,
            import: None,
            redated: None,
        };
        for silence in &track.silences {
            self.push(event("gap", *silence));
        }
        if let Some(undated) = track.undated {
            self.push(event("undated", undated));
        }
        for (at, before, after) in &track.outside {
            self.push(DataEvent {
                at: *at,
                until: None,
                of: Arc::clone(&lane.point.id),
                kind: "spike",
                before_after: before.map(|before| (before, *after)),
                import: None,
                redated: None,
            });
        }
        self.left_out += track.more_outside;
        self.add_redated(lane, track);
        for one in &track.readings.imports {
            self.push(DataEvent {
                at: one.first,
                until: Some(one.last),
                of: Arc::clone(&lane.point.id),
                kind: if one.replaced > 0 {
                    "imported_over"
                } else {
                    "imported"
                },
                before_after: None,
                import: Some(Arc::clone(&one.import)),
                redated: None,
            });
        }
    }

    /// Adds stretches whose readings were dated afterwards.
    fn add_redated(&mut self, lane: &InputSeries, track: &Coverage) {
        for one in &track.readings.redated {
            self.push(DataEvent {
                at: one.first,
                until: Some(one.last),
                of: Arc::clone(&lane.point.id),
                kind: "redated",
                before_after: None,
                import: None,
                redated: Some(Arc::clone(one)),
            });
        }
    }

    /// Adds days in which readings of a device of this asset were lost by damage of the store.
    pub(crate) fn add_damage(
        &mut self,
        damage: &[DataDamage],
        (from, to): (i64, i64),
        point_of: impl Fn(&str) -> Option<Arc<str>>,
    ) {
        let mut readings = damage.iter();
        while let Some(one) = readings.find(|one| one.what == DamagedContent::Readings) {
            let (first, last) = (one.numbers.0.max(from), one.numbers.1.min(to - 1));
            let Some(point) = point_of(&one.device).filter(|_| first <= last) else {
                continue;
            };
            self.push(DataEvent {
                at: UtcMs(first),
                until: Some(UtcMs(last)),
                of: point,
                kind: "damaged",
                before_after: None,
                import: None,
                redated: None,
            });
        }
    }

    /// Adds day records that were lost or garbled by damage of the store, for days of the period.
    pub(crate) fn add_record_damage(
        &mut self,
        damage: &[DataDamage],
        (from, to): (i64, i64),
        start_of: impl Fn(Date) -> UtcMs,
    ) {
        let records = damage.iter();
        for one in records.filter(|one| one.what == DamagedContent::Records) {
            let at = start_of(one.day);
            if (from..to).contains(&at.0) {
                self.push(DataEvent {
                    at,
                    until: None,
                    of: Arc::from(&*one.numbers.0.to_string()),
                    kind: "record_damaged",
                    before_after: None,
                    import: None,
                    redated: None,
                });
            }
        }
    }

    /// Adds resets, rollovers, spikes and other counter events, in the unit of the point.
    pub(crate) fn add_counter_events(&mut self, lane: &InputSeries, amount: &Totaliser) {
        let own = |value: f64| (value - lane.point.offset) / lane.point.scale;
        let (events, more) = amount.events();
        for event in events {
            #[expect(clippy::cast_possible_truncation, reason = "seconds of a date, in ms")]
            let at = (event.t_s * 1000.0).round() as i64;
            self.push(DataEvent {
                at: UtcMs(at),
                until: None,
                of: Arc::clone(&lane.point.id),
                kind: event.kind,
                before_after: Some((own(event.before_after.0), own(event.before_after.1))),
                import: None,
                redated: None,
            });
        }
        self.left_out += more;
    }

    /// Adds the correction of a ledger entry.
    pub(crate) fn add_ledger_correction(&mut self, old: &LedgerEntry, new: &LedgerEntry) {
        let quantity = |entry: &LedgerEntry| entry.statement.quantity.map(ExactNumber::to_f64);
        self.push(DataEvent {
            at: new.recorded_at,
            until: None,
            of: Arc::clone(&new.statement.indicator),
            kind: "correction",
            before_after: quantity(old).zip(quantity(new)),
            import: None,
            redated: None,
        });
    }

    pub(crate) fn extend(&mut self, other: Self) {
        self.left_out += other.left_out;
        for event in other.all {
            self.push(event);
        }
    }

    /// Keeps the events of some points only.
    pub(crate) fn retain_sources(&mut self, wanted: impl Fn(&str) -> bool) {
        self.all.retain(|event| wanted(&event.of));
    }

    /// Events in time order, at most `DATA_EVENTS_MAX`, and the number of events left out. Longer
    /// gaps take precedence over shorter ones; a gap of several points of one device is listed
    /// once.
    pub(crate) fn finish(mut self) -> (Vec<DataEvent>, u64) {
        let device = |of: &str| of.split('.').next().unwrap_or_default().to_owned();
        let mut seen = BTreeSet::new();
        self.all.retain(|event| {
            let of = match event.kind {
                "gap" | "undated" | "redated" | "damaged" => device(&event.of),
                _ => event.of.to_string(),
            };
            let import = event.import.as_ref().map(|import| import.id);
            seen.insert((event.kind, of, event.at, event.until, import))
        });
        let length = |event: &DataEvent| match (event.kind, event.until) {
            ("gap", Some(until)) => until.0 - event.at.0,
            // Some inverters report zero every night and some meters dip every minute, so these
            // come last.
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
