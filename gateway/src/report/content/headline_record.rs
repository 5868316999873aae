//! [`HeadlineRecord`]: headline figure as a report printed it, and by how much one has moved since.

use super::display_names;
use crate::i18n::Language;
use crate::report::render::number_format;
use serde::{Deserialize, Serialize};

/// Headline figure of a report as it was printed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HeadlineRecord {
    /// Indicator id.
    pub id: String,
    /// Asset id; empty for the site.
    pub asset: String,
    /// Rounded value; `None` when the report gave a reason in its place.
    pub value: Option<f64>,
    /// Symbol of the unit.
    pub unit: String,
    /// Decimals that were shown.
    pub decimals: u8,
    /// Stable word of its status.
    pub status: String,
    /// True for a figure that is kept for comparisons and is no headline; `None` in a note of a
    /// program that kept headlines only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub further: Option<bool>,
}

/// Headline figure that has moved since a report was issued.
#[derive(Clone, Debug, PartialEq)]
pub struct MovedHeadline {
    /// The figure in the report; `None` when it had none.
    pub before: Option<HeadlineRecord>,
    /// The figure now; `None` when there is none any more.
    pub now: Option<HeadlineRecord>,
}

impl HeadlineRecord {
    /// The number with its unit; `–` when there is none.
    pub(crate) fn text(&self, lang: Language) -> String {
        self.value.map_or_else(
            || number_format::NO_VALUE.to_owned(),
            |value| self.quantity(value, lang),
        )
    }

    /// Returns false for a figure that is kept for comparisons only.
    pub(crate) fn is_headline(&self) -> bool {
        self.further != Some(true)
    }

    /// Returns whether both say the same, on whatever page and with whatever decimals.
    fn says_the_same(&self, other: &Self) -> bool {
        // A period that is over makes a figure final, and moves none.
        let is_over = [self, other].iter().any(|one| one.status == "running");
        let is_same_status = is_over || self.status == other.status;
        is_same_status && self.unit == other.unit && self.has_same_number(other)
    }

    /// Returns whether both have the same number as printed, or both none.
    fn has_same_number(&self, other: &Self) -> bool {
        let half = 0.5 * 10_f64.powi(-i32::from(self.decimals.max(other.decimals)));
        match (self.value, other.value) {
            (Some(one), Some(other)) => (one - other).abs() < half,
            (one, other) => one.is_none() && other.is_none(),
        }
    }

    /// Whether a report keeps the figure as soon as it has a value.
    fn is_always_kept(&self) -> bool {
        ["ledger.", "waste."]
            .iter()
            .any(|start| self.id.starts_with(start))
    }

    fn quantity(&self, value: f64, lang: Language) -> String {
        let unit = display_names::unit_text(lang, &self.unit);
        number_format::format_quantity(lang, value, &unit, self.decimals)
    }
}

impl MovedHeadline {
    /// The figure as it is known best: now, else as it was.
    pub fn latest(&self) -> Option<&HeadlineRecord> {
        self.now.as_ref().or(self.before.as_ref())
    }

    /// By how much it has moved, with its sign and unit, or that its status has changed where the
    /// number has not; empty when one of both has no number.
    pub(crate) fn difference(&self, lang: Language) -> String {
        let pair = self.before.as_ref().zip(self.now.as_ref());
        if let Some((before, now)) = pair.filter(|(before, now)| before.has_same_number(now)) {
            return status_change(before, now, lang);
        }
        let moved = pair.and_then(|(before, now)| Some((now, now.value? - before.value?)));
        moved.map_or_else(String::new, |(now, by)| {
            let sign = if by > 0.0 { "+" } else { "" };
            format!("{sign}{}", now.quantity(by, lang))
        })
    }
}

/// From which status to which a figure has come; empty when it has the same one.
fn status_change(before: &HeadlineRecord, now: &HeadlineRecord, lang: Language) -> String {
    if before.status == now.status {
        return String::new();
    }
    let [before, now] =
        [before, now].map(|one| lang.text(&format!("report-status-{}", one.status)));
    lang.text_with("report-status-moved", &[("before", &before), ("now", &now)])
}

/// Headline figures that differ, in the order of the report and then of what is new.
pub fn moved_headlines(before: &[HeadlineRecord], now: &[HeadlineRecord]) -> Vec<MovedHeadline> {
    let same = |one: &HeadlineRecord, other: &HeadlineRecord| {
        (&one.id, &one.asset) == (&other.id, &other.asset)
    };
    let find = |all: &[HeadlineRecord], one| all.iter().find(|other| same(one, other)).cloned();
    // What an older note did not keep cannot have moved.
    let knows_all = before.is_empty() || before.iter().any(|one| one.further.is_some());
    let mut moved = Vec::new();
    for one in before {
        let today = find(now, one);
        if !today.as_ref().is_some_and(|today| one.says_the_same(today)) {
            moved.push(MovedHeadline {
                before: Some(one.clone()),
                now: today,
            });
        }
    }
    // A figure that only became a headline was not printed before, and has moved by nothing that is
    // known. Records and what follows from them are kept whether they are headlines or not.
    let new = now.iter().filter(|one| find(before, one).is_none());
    let new = new.filter(|one| before.is_empty() || (knows_all && one.is_always_kept()));
    moved.extend(new.map(|one| MovedHeadline {
        before: None,
        now: Some(one.clone()),
    }));
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(id: &str, value: Option<f64>) -> HeadlineRecord {
        HeadlineRecord {
            id: id.to_owned(),
            asset: "plts".to_owned(),
            value,
            unit: "kWh".to_owned(),
            decimals: 1,
            status: "final".to_owned(),
            further: Some(false),
        }
    }

    #[test]
    fn what_an_older_note_did_not_keep_has_not_moved() {
        let fed = HeadlineRecord {
            further: Some(true),
            ..record("ledger.bsf-fed", Some(132.5))
        };
        let old = HeadlineRecord {
            further: None,
            ..record("a", Some(1.0))
        };
        let now = [record("a", Some(1.0)), fed.clone()];
        assert_eq!(moved_headlines(&[old], &now), []);
        let before = [record("a", Some(1.0))];
        assert_eq!(moved_headlines(&before, &now).len(), 1);
        // A figure that became a headline says the same.
        let chosen = HeadlineRecord {
            further: Some(false),
            ..fed.clone()
        };
        assert_eq!(moved_headlines(&[fed], &[chosen]), []);
    }

    #[test]
    fn a_figure_that_became_final_with_the_same_value_has_not_moved() {
        let running = HeadlineRecord {
            status: "running".to_owned(),
            ..record("a", Some(1.0))
        };
        assert_eq!(moved_headlines(&[running], &[record("a", Some(1.0))]), []);
    }

    #[test]
    fn a_figure_with_the_same_number_is_told_by_its_status_and_never_by_a_difference_of_zero() {
        let now = HeadlineRecord {
            status: "provisional".to_owned(),
            ..record("a", Some(1.0))
        };
        for (before, now) in [
            (record("a", Some(1.0)), now.clone()),
            (record("a", None), HeadlineRecord { value: None, ..now }),
        ] {
            let moved = moved_headlines(&[before], &[now]);
            let told: Vec<String> = moved
                .iter()
                .map(|one| one.difference(Language::En))
                .collect();
            assert_eq!(told, ["status changed from final to provisional"]);
        }
        // Printed with another number of decimals.
        let finer = HeadlineRecord {
            decimals: 2,
            ..record("a", Some(1.0))
        };
        assert_eq!(moved_headlines(&[record("a", Some(1.0))], &[finer]), []);
    }

    #[test]
    fn what_moved_is_told_with_its_sign_and_what_came_or_went_without_one() {
        let before = [
            record("a", Some(1.0)),
            record("b", Some(252.7)),
            record("c", None),
            record("gone", Some(5.0)),
        ];
        let now = [
            record("a", Some(1.0)),
            record("b", Some(250.0)),
            record("c", Some(3.0)),
            record("ledger.new", Some(7.0)),
            // Chosen since.
            record("chosen", Some(7.0)),
        ];
        let moved = moved_headlines(&before, &now);
        let told: Vec<(String, String)> = moved
            .iter()
            .map(|one| {
                let id = one.latest().map_or("", |one| &one.id).to_owned();
                (id, one.difference(Language::Id).replace('\u{a0}', " "))
            })
            .collect();
        let told: Vec<(&str, &str)> = told.iter().map(|(id, by)| (&**id, &**by)).collect();
        assert_eq!(
            told,
            [
                ("b", "−2,7 kWh"),
                ("c", ""),
                ("gone", ""),
                ("ledger.new", "")
            ]
        );
        assert_eq!(before[2].text(Language::Id), "–");
        assert_eq!(moved_headlines(&now, &now), []);
    }
}
