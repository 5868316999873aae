//! [`AttentionList`]: what needs attention, worst first; or that all is well.

use super::home_figures::HomeFigures;
use crate::alarm_watch::site_condition;
use crate::alarms::RaisedAlarm;
use crate::api::ApiListener;
use crate::attention::{AttentionItem, ConditionFigures, SiteCondition, find_attention};
use crate::config::{AlarmLevel, AlarmSource};
use crate::pages::home::month_progress;

/// List of problems as texts.
pub(super) struct AttentionList {
    /// `trouble`, `well` or `waiting`: nothing was read or written down yet.
    pub(super) state: &'static str,
    /// Problems, worst first.
    pub(super) lines: Vec<AttentionLine>,
    /// Text of the link to the alarms, with their number.
    pub(super) alarms: String,
}

/// One problem.
pub(super) struct AttentionLine {
    /// `urgent`, `warning` or `notice`; its text has the message key `attention-level-WORD`.
    pub(super) level: &'static str,
    /// Sentence.
    pub(super) text: String,
    /// Page where one looks or acts.
    pub(super) link: String,
}

impl AttentionList {
    /// The list of the site at the time of the figures.
    pub(super) fn of_site(app: &ApiListener, figures: &HomeFigures) -> Self {
        let condition = home_condition(app, figures);
        let found = find_attention(&condition);
        let alarms = measured_alarms(app, figures);
        let is_read = !condition.latest.is_empty();
        let is_written = !condition.last_entries.is_empty();
        let state = match found.is_empty() && alarms.is_empty() {
            false => "trouble",
            true if is_read || is_written => "well",
            true => "waiting",
        };
        let line = |item: &AttentionItem| AttentionLine {
            level: item.rule.severity.word(),
            text: item.sentence(figures.lang(), &figures.zone, figures.now()),
            link: item.link().to_owned(),
        };
        let mut lines: Vec<AttentionLine> = found.iter().map(line).chain(alarms).collect();
        // Stable: within a level the alarms of measured values stand behind the conditions.
        let place = |line: &AttentionLine| AlarmLevel::parse(line.level);
        lines.sort_by_key(place);
        let count = figures.alarms.len().to_string();
        Self {
            state,
            lines,
            alarms: figures
                .lang()
                .text_with("home-alarms", &[("count", &count)]),
        }
    }
}

/// Alarms of measured values and figures. Those of conditions are in the list already, as they are
/// now.
fn measured_alarms(app: &ApiListener, figures: &HomeFigures) -> Vec<AttentionLine> {
    let rules = &app.state().config.alarms;
    let is_measured = |key: &str| {
        let id = key.split('/').next().unwrap_or_default();
        let rule = rules.iter().find(|rule| *rule.id == *id);
        rule.is_some_and(|rule| !matches!(rule.source, AlarmSource::Condition { .. }))
    };
    let own = figures.alarms.iter().filter(|(key, _)| is_measured(key));
    let line = |(_, alarm): &(String, RaisedAlarm)| AttentionLine {
        level: alarm.level().word(),
        text: alarm
            .texts
            .get(figures.lang().code())
            .cloned()
            .unwrap_or_default(),
        link: "/alarm".to_owned(),
    };
    own.map(line).collect()
}

fn home_condition<'a>(app: &'a ApiListener, figures: &'a HomeFigures) -> SiteCondition<'a> {
    let periods = ConditionFigures {
        recent: &figures.recent.account,
        week: &figures.week.account,
        month: &figures.month.account,
    };
    SiteCondition {
        targets: month_progress::target_progress(figures),
        month_passed: figures.month_passed(),
        last_entries: figures.last_entries(),
        ..site_condition(app, figures.now(), periods, &figures.latest)
    }
}
