//! Every profile loads, and every capture of it decodes to the value it names.

use gateway::config::{self, profile::Profile};
use gateway::model::Outcome;
use gateway::read::decode::decode;

fn replay(profile: &Profile) {
    for capture in &profile.captures {
        let point = &profile.points[capture.point];
        let mut context = vec![None; profile.points.len()];
        for (index, raw) in &capture.with {
            context[*index] = Some(*raw);
        }
        let found = match decode(point, &capture.words, &context) {
            Outcome::Good(number) => Some(number.to_f64()),
            Outcome::Uncertain(..) | Outcome::Bad(_) => None,
        };
        assert_eq!(found, capture.value, "{}.{}", profile.name, point.name);
    }
}

#[test]
fn every_capture_of_every_profile_decodes_to_its_value() {
    let all = config::profiles(None);
    assert!(all.len() >= 5);
    for (name, profile) in all {
        let profile = profile.unwrap_or_else(|faults| panic!("{faults}"));
        assert_eq!(*profile.name, *name);
        assert!(!profile.source.is_empty());
        replay(&profile);
    }
}

#[test]
fn a_profile_without_a_capture_for_each_point_is_refused() {
    let text = include_str!("../../config/devices/xy-md02.toml");
    let (head, _) = text.rsplit_once("[[capture]]").unwrap();
    let file = std::path::Path::new("xy-md02.toml");
    let faults = config::profile::load_text(head, file).unwrap_err();
    assert!(
        faults
            .to_string()
            .contains("point `humidity` has no capture"),
        "{faults}"
    );
}
