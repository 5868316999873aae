//! Messages of sensor nodes at a broker.

use crate::buses::mqtt::node_survey::NodeSurvey;
use crate::commissioning::node_scan::{find_nodes, topics_without_value};
use crate::config::profile::Profile;
use crate::config::{load_config_text, valid_profiles};
use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

static PROFILES: LazyLock<Vec<Profile>> = LazyLock::new(|| valid_profiles(None));
/// Site that the tables are added to.
const SITE: &str = "[site]\nid = 's'\ntimezone = 'Asia/Jakarta'\nlatitude = -3.76\n\
    longitude = 103.78\n[[bus]]\nid = 'nodes'\nkind = 'mqtt'\nurl = 'mqtt://127.0.0.1'\n";

/// Messages of an input: topic, payload, and whether the broker had kept it.
fn messages(input: &[u8]) -> impl Iterator<Item = (&str, &[u8], bool)> {
    input.split(|byte| *byte == b'\n').filter_map(|line| {
        let kept = line.strip_prefix(b"!");
        let line = kept.unwrap_or(line);
        let end = line.iter().position(|byte| *byte == b' ');
        let end = end.unwrap_or(line.len());
        let topic = std::str::from_utf8(&line[..end]).ok()?;
        // A broker hands on no others.
        let is_topic = !topic.is_empty() && !topic.contains(['#', '+', '\0']);
        let payload = line.get(end + 1..).unwrap_or_default();
        is_topic.then_some((topic, payload, kept.is_some()))
    })
}

/// Messages, one a line: topic, a space, and what was sent; a `!` before the topic says that the
/// broker had kept it. No number found in them is infinite, and the tables that a scan proposes are
/// a valid configuration without escape codes.
///
/// # Panics
///
/// When a promise is broken.
pub fn propose_nodes(input: &[u8]) {
    let mut survey = NodeSurvey::default();
    for (topic, payload, is_retained) in messages(input) {
        survey.add_message(topic, payload, is_retained);
    }
    let nodes = find_nodes(&survey, &PROFILES, |_| false);
    topics_without_value(&survey, &nodes, |_| false);
    let mut taken = BTreeSet::new();
    let mut text = SITE.to_owned();
    for node in &nodes {
        for point in &node.points {
            // A number, or the word of a state.
            let value: Result<f64, _> = point.example.parse();
            assert!(value.is_err() || value.is_ok_and(f64::is_finite));
            assert!(
                !point.example.contains(char::is_control),
                "{:?}",
                point.example
            );
        }
        let table = node.to_toml("nodes", &mut taken);
        // Whoever may publish writes names and values, and escape codes would act on a terminal.
        let is_escape = |letter: char| letter.is_control() && letter != '\n';
        assert!(!table.contains(is_escape), "{table:?}");
        text += &table;
    }
    let read = load_config_text(&text, Path::new("pantau.toml"), &|_| None);
    assert!(read.is_ok(), "{:?}\n{text}", read.err());
}
