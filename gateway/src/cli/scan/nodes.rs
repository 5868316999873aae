//! `pantau scan BUS` of a broker: the sensor nodes that publish there, as tables that can be pasted
//! into the configuration.

use crate::buses::mqtt::node_survey::{NodeSurvey, hear_all_topics};
use crate::cli::backend::progress_bar;
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, fail_with_message};
use crate::cli::run::wait_for_stop;
use crate::cli::standard_output::print_line;
use crate::commissioning::node_scan::{FoundNode, find_nodes, topics_without_value};
use crate::config::{self, BrokerSettings, Config};
use crate::i18n::Language;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::time::Instant;

/// Time for which a broker is heard; most nodes send once a minute or more often.
const QUICK_TIME: Duration = Duration::from_mins(1);
/// The same for every node: the longest usual interval is five minutes.
const FULL_TIME: Duration = Duration::from_secs(330);

/// Most topics without a number that are shown.
const TOLD_TOPICS_MAX: usize = 20;

/// Broker whose nodes are searched.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct NodeTarget {
    /// Id of its bus in the tables.
    bus: String,
    settings: BrokerSettings,
}

impl NodeTarget {
    /// Reads a target of the command line: a bus of the configuration, or the address of a broker;
    /// `None` for anything else.
    pub(super) fn parse(text: &str, config: Option<&Config>) -> Option<Self> {
        let mut buses = config.iter().flat_map(|config| &config.buses);
        if let Some(bus) = buses.find(|bus| *bus.id == *text) {
            let settings = bus.link.mqtt()?.broker.clone();
            let bus = bus.id.to_string();
            return Some(Self { bus, settings });
        }
        let settings = BrokerSettings::from_url(text)?;
        let bus = "nodes".to_owned();
        Some(Self { bus, settings })
    }
}

/// Hears a broker and prints its nodes; returns the exit status (0 nodes were found, 1 none were,
/// or the broker cannot be reached) and the tables of those that the configuration does not have.
pub(super) async fn scan_nodes(
    target: &NodeTarget,
    config: Option<&Config>,
    (is_full, is_json): (bool, bool),
    lang: Language,
) -> (u8, String) {
    let time = if is_full { FULL_TIME } else { QUICK_TIME };
    let mut survey = NodeSurvey::default();
    let lost = hear_for(target, &mut survey, time, lang).await;
    if let Some(why) = lost.filter(|_| survey.topics.is_empty()) {
        let address = target.settings.address();
        let args = [("address", address.as_str()), ("why", why.as_str())];
        let status = fail_with_message(&lang.text_with("scan-nodes-failed", &args));
        return (status, String::new());
    }
    let folder = config.and_then(|config| config.profiles.as_deref());
    let profiles = config::valid_profiles(folder);
    let published = config.map(Config::published_topics).unwrap_or_default();
    let is_own = |topic: &str| published.iter().any(|own| topic.starts_with(own.as_str()));
    let nodes = find_nodes(&survey, &profiles, is_own);
    let tables = print_nodes(&nodes, target, config, is_json, lang);
    print_other_topics(
        &topics_without_value(&survey, &nodes, is_own),
        is_json,
        lang,
    );
    if !is_json {
        print_end(&survey, nodes.len(), lang);
    }
    let status = if nodes.is_empty() {
        EXIT_NEGATIVE
    } else {
        EXIT_DONE
    };
    (status, tables)
}

/// Prints the nodes; returns the tables of those that the configuration does not have.
fn print_nodes(
    nodes: &[FoundNode],
    target: &NodeTarget,
    config: Option<&Config>,
    is_json: bool,
    lang: Language,
) -> String {
    let devices = config.iter().flat_map(|config| &config.devices);
    let mut taken: BTreeSet<String> = devices.map(|device| device.id.to_string()).collect();
    let mut tables = String::new();
    for node in nodes {
        let known = configured_as(config, node);
        let table = match known {
            Some(_) => String::new(),
            None => node.to_toml(&target.bus, &mut taken),
        };
        if is_json {
            print_line(&node_json(node).to_string());
        } else if let Some(id) = known {
            let known = lang.text_with("scan-configured", &[("id", id)]);
            print_line(&format!("# {}: {known}\n", node.topic));
        } else {
            print_line(&format!("{}\n{table}", head_text(node, lang)));
        }
        if !table.is_empty() {
            tables = tables + "\n" + &table;
        }
    }
    tables
}

/// Prints the topics whose messages are not numbers.
fn print_other_topics(topics: &[(String, String)], is_json: bool, lang: Language) {
    if is_json {
        for (topic, text) in topics {
            let line = json!({ "topic": topic, "points": [], "not_a_number": text });
            print_line(&line.to_string());
        }
        return;
    }
    if !topics.is_empty() {
        print_line(&format!("# {}", lang.text("scan-nodes-no-number")));
    }
    for (topic, text) in topics.iter().take(TOLD_TOPICS_MAX) {
        print_line(&format!("#   {topic}: {text}"));
    }
    let rest = topics.len().saturating_sub(TOLD_TOPICS_MAX);
    if rest > 0 {
        let count = rest.to_string();
        let text = lang.text_with("scan-nodes-no-number-more", &[("count", &count)]);
        print_line(&format!("#   {text}"));
    }
}

fn print_end(survey: &NodeSurvey, count: usize, lang: Language) {
    let (topics, count) = (survey.topics.len().to_string(), count.to_string());
    let args = [("topics", topics.as_str()), ("count", count.as_str())];
    print_line(&format!("# {}", lang.text_with("scan-nodes-end", &args)));
    if survey.left_out > 0 {
        let count = survey.left_out.to_string();
        let text = lang.text_with("scan-nodes-left-out", &[("count", &count)]);
        print_line(&format!("# {text}"));
    }
}

/// Hears a broker for this time, or until Ctrl-C; returns the reason when the connection was lost.
async fn hear_for(
    target: &NodeTarget,
    survey: &mut NodeSurvey,
    time: Duration,
    lang: Language,
) -> Option<String> {
    let bar = progress_bar(Some(time.as_secs()));
    if let Ok(style) = indicatif::ProgressStyle::with_template("{bar:24} {msg}") {
        bar.set_style(style);
    }
    let begun = Instant::now();
    let hearing = hear_all_topics(&target.settings, survey, |survey| {
        bar.set_position(begun.elapsed().as_secs());
        let topics = survey.topics.len().to_string();
        let left = time.saturating_sub(begun.elapsed()).as_secs().to_string();
        let args = [("topics", topics.as_str()), ("left", left.as_str())];
        bar.set_message(lang.text_with("scan-nodes-progress", &args));
    });
    let lost = tokio::select! {
        lost = hearing => Some(lost),
        () = tokio::time::sleep(time) => None,
        () = wait_for_stop() => None,
    };
    bar.finish_and_clear();
    lost
}

/// Id of the device that has this topic already.
fn configured_as<'c>(config: Option<&'c Config>, node: &FoundNode) -> Option<&'c str> {
    let mut devices = config?.devices.iter();
    let below = format!("{}/", node.topic);
    let device = devices.find(|device| {
        let points = device.points.iter().filter_map(|point| point.access.mqtt());
        let mut topics = points.map(|access| &access.topic);
        topics.any(|topic| **topic == *node.topic || topic.starts_with(&below))
    });
    device.map(|device| &*device.id)
}

fn head_text(node: &FoundNode, lang: Language) -> String {
    let examples = node.points.iter();
    let examples = examples.map(|point| format!("{} = {}", point.id, point.example));
    let examples = examples.collect::<Vec<_>>().join(", ");
    let mut text = format!("# {}", node.topic);
    // Writing into a `String` cannot fail.
    if let Some(profile) = &node.profile {
        let _ = write!(text, " ({profile}): {examples}");
    }
    if node.is_retained {
        let _ = write!(text, "\n# {}", lang.text("diagnosis-node-retained"));
    }
    text
}

fn node_json(node: &FoundNode) -> Value {
    let points = node.points.iter().map(|point| {
        json!({
            "id": point.id,
            "topic": point.topic,
            "field": point.field,
            "unit": point.unit,
            "example": point.example,
        })
    });
    json!({
        "topic": node.topic,
        "availability": node.availability,
        "profile": node.profile.as_deref(),
        "retained": node.is_retained,
        "points": points.collect::<Vec<_>>(),
    })
}
