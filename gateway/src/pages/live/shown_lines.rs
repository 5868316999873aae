//! [`ShownLines`]: the lines that a page shows and therefore is told.

use crate::domain::Site;
use std::collections::{BTreeMap, BTreeSet};

/// Lines of an open page; see `pages::live`.
#[derive(Debug, PartialEq)]
pub(crate) struct ShownLines {
    /// Places of the points by device.
    pub(crate) points: BTreeMap<u16, Vec<usize>>,
    /// Lines of health; `None`: all.
    health: Option<BTreeSet<String>>,
}

impl ShownLines {
    /// Lines by their names, separated by commas; all lines of the site for `None`. A name that
    /// the site does not know is left out.
    pub(crate) fn parse(names: Option<&str>, site: &Site) -> Self {
        let Some(names) = names else {
            return Self::all(site);
        };
        let mut points: BTreeMap<u16, Vec<usize>> = BTreeMap::new();
        let mut health = BTreeSet::new();
        for name in names.split(',') {
            match name.strip_prefix("point:") {
                Some(id) => {
                    if let Some((device, place)) = site.find_point(id) {
                        points.entry(device).or_default().push(place);
                    }
                }
                None => {
                    health.insert(name.to_owned());
                }
            }
        }
        // A point that is named twice is told once.
        for places in points.values_mut() {
            places.sort_unstable();
            places.dedup();
        }
        Self {
            points,
            health: Some(health),
        }
    }

    fn all(site: &Site) -> Self {
        let devices = (0..).zip(&site.devices);
        let points = devices.map(|(index, device)| (index, (0..device.points.len()).collect()));
        Self {
            points: points.collect(),
            health: None,
        }
    }

    /// The page shows a line of health.
    pub(crate) fn has_health(&self) -> bool {
        self.health.as_ref().is_none_or(|lines| !lines.is_empty())
    }

    /// The page shows this line of health.
    pub(crate) fn shows(&self, line: &str) -> bool {
        self.health
            .as_ref()
            .is_none_or(|lines| lines.contains(line))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{SiteText, load_site};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn whatever_a_page_names_it_is_told_points_of_the_site_once(
            names in "((point:)?[a-c]\\.[p-r],?){0,6}|.{0,80}",
        ) {
            let site = SiteText::new("s").tcp_bus("b", 502).device("a", "b", "unit = 1").points([
                "{ id = 'p', register = 'holding:0', type = 'u16' }",
                "{ id = 'q', register = 'holding:1', type = 'u16' }",
            ]);
            let site = load_site(&site.text()).site;
            let all = ShownLines::parse(None, &site);
            let shown = ShownLines::parse(Some(&names), &site);
            for (device, places) in &shown.points {
                prop_assert!(places.iter().all(|place| all.points[device].contains(place)));
                prop_assert!(places.is_sorted_by(|a, b| a < b));
            }
        }
    }
}
