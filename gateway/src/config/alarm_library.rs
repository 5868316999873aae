//! [`library_rules`]: the rules of alarms that are on by default (`config/alarm_rules.toml`).

use crate::config::alarm_rule::AlarmTest;
use crate::config::value_syntax::parse_duration;
use serde::Deserialize;
use std::sync::LazyLock;
use std::time::Duration;

static TEXT: &str = include_str!("../../../config/alarm_rules.toml");

/// Rule of the library, as its file has it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LibraryRule {
    /// Id, unique and stable.
    pub(crate) id: String,
    /// Condition of the home page; empty for a measured rule.
    pub(crate) condition: String,
    /// Kind of asset; empty for all points of a unit.
    pub(crate) asset: String,
    /// Figure of these assets; empty for a rule of points.
    pub(crate) indicator: String,
    /// Period of the figure; empty for `recent`.
    pub(crate) period: String,
    /// Role of points of these assets; empty for none.
    pub(crate) role: String,
    /// Unit of points, with `words`; empty for none.
    pub(crate) unit: String,
    /// Beginnings of the names of points.
    pub(crate) words: Vec<String>,
    /// Roles of points without which a condition says nothing.
    pub(crate) needs: Vec<String>,
    /// Upper limit.
    pub(crate) above: Option<f64>,
    /// Lower limit.
    pub(crate) below: Option<f64>,
    /// Value at which it is over.
    pub(crate) clear: Option<f64>,
    /// Least and most value that the figure can have.
    pub(crate) range: Option<(f64, f64)>,
    /// Change in an hour.
    pub(crate) rate: Option<f64>,
    /// Time of the same value.
    pub(crate) stuck: LibraryDuration,
    /// Time for which it must last.
    pub(crate) after: LibraryDuration,
    /// Time for which it must be over.
    pub(crate) clear_after: LibraryDuration,
    /// Severity; empty for that of the condition.
    pub(crate) severity: String,
    /// Rule that says the same more urgently; empty for none.
    pub(crate) unless: String,
    /// Where the limit comes from.
    pub(crate) source: String,
}

/// Duration of the library; `None` where the file has none.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(try_from = "String")]
pub(crate) struct LibraryDuration(pub(crate) Option<Duration>);

impl TryFrom<String> for LibraryDuration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        match parse_duration(&text) {
            Some(known) => Ok(Self(Some(known))),
            None => Err(format!("`{text}` is no duration")),
        }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct LibraryFile {
    rule: Vec<LibraryRule>,
}

/// Returns all rules of the library, in the order of the file.
pub(crate) fn library_rules() -> &'static [LibraryRule] {
    static RULES: LazyLock<Vec<LibraryRule>> = LazyLock::new(|| {
        // A test reads the file; a broken one would leave the site without default rules.
        let file: LibraryFile = toml::from_str(TEXT).unwrap_or_default();
        file.rule
    });
    &RULES
}

/// Least and most value of a figure, where a rule of the library says them.
pub(crate) fn figure_range(indicator: &str) -> Option<(f64, f64)> {
    let mut rules = library_rules().iter();
    rules.find_map(|one| one.range.filter(|_| one.indicator == indicator))
}

/// Test of a rule; `None` for a condition.
pub(crate) fn library_test(one: &LibraryRule) -> Option<AlarmTest> {
    let limit = one.above.or(one.below);
    let clear = one.clear.or(limit).unwrap_or_default();
    let above = one.above.map(|limit| AlarmTest::Above { limit, clear });
    let below = one.below.map(|limit| AlarmTest::Below { limit, clear });
    let rate = one.rate.map(AlarmTest::Rate);
    above
        .or(below)
        .or(rate)
        .or(one.stuck.0.map(|_| AlarmTest::Stuck))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_rule_has_one_source_one_test_and_says_where_its_limit_comes_from() {
        let file: LibraryFile = toml::from_str(TEXT).unwrap();
        let mut seen = BTreeSet::new();
        for rule in file.rule {
            let id = rule.id.clone();
            let words = [&rule.condition, &rule.indicator, &rule.role, &rule.unit];
            let sources = words.iter().filter(|text| !text.is_empty()).count();
            let tests = [
                rule.above.is_some(),
                rule.below.is_some(),
                rule.rate.is_some(),
                rule.stuck.0.is_some(),
            ];
            let tests = tests.iter().filter(|has| **has).count();
            assert_eq!(sources, 1, "{id}");
            assert_eq!(tests, usize::from(rule.condition.is_empty()), "{id}");
            let has_limit = rule.above.or(rule.below).is_some();
            assert_eq!(has_limit, rule.clear.is_some(), "{id}");
            assert!(rule.after.0.is_some() || rule.stuck.0.is_some(), "{id}");
            assert!(rule.source.ends_with('.'), "{id}");
            let mut all = library_rules().iter();
            let is_known = rule.unless.is_empty() || all.any(|one| one.id == rule.unless);
            assert!(is_known && rule.unless != id, "{id}");
            assert!(seen.insert(id), "{}", rule.id);
        }
        assert!(!seen.is_empty());
    }
}
