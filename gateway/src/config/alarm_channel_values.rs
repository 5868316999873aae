//! Parsers of the values of `[[alarm_channel]]`: quiet hours, addresses, numbers; pure functions.
//!
//! ```text
//! parse_quiet_hours("21:00-06:00")    // from 21:00 to 06:00, over midnight
//! parse_phone("+62 812-3456-7890")    // 6281234567890
//! ```

use crate::config::broker_settings::parse_host_and_port;
use jiff::civil::Time;
use std::net::IpAddr;

/// Local hours of each day in which only urgent messages are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QuietHours {
    /// First minute.
    pub from: Time,
    /// End; before `from` where midnight is in between.
    pub until: Time,
}

impl QuietHours {
    /// Whether a local time is in them.
    pub fn contains(self, time: Time) -> bool {
        if self.from < self.until {
            self.from <= time && time < self.until
        } else {
            self.from <= time || time < self.until
        }
    }
}

/// Value of `quiet_hours`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum QuietSetting {
    /// `none`.
    Never,
    /// Hours of each day.
    Daily(QuietHours),
}

impl QuietSetting {
    /// Hours; `None` for `none`.
    pub(super) fn hours(self) -> Option<QuietHours> {
        match self {
            Self::Never => None,
            Self::Daily(hours) => Some(hours),
        }
    }
}

/// Parses `21:00-06:00`, with a point or a colon in each time, or `none`.
pub(super) fn parse_quiet_hours(text: &str) -> Option<QuietSetting> {
    if text.trim() == "none" {
        return Some(QuietSetting::Never);
    }
    let text = text.replace('\u{2013}', "-");
    let (from, until) = text.split_once('-')?;
    let (from, until) = (parse_time(from)?, parse_time(until)?);
    (from != until).then_some(QuietSetting::Daily(QuietHours { from, until }))
}

fn parse_time(text: &str) -> Option<Time> {
    let text = text.trim().replace('.', ":");
    let (hour, minute) = text.split_once(':')?;
    Time::new(hour.parse().ok()?, minute.parse().ok()?, 0, 0).ok()
}

/// Parses the address of a webhook: `https://`, or `http://` within the site's own network.
pub(super) fn parse_webhook_url(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let (host, _) = parse_host_and_port(rest.split('/').next()?)?;
    let is_plain = !rest.contains(['@', '#']) && !text.contains(char::is_whitespace);
    let is_safe = scheme == "https" || scheme == "http" && is_near(&host);
    (is_plain && is_safe).then(|| text.to_owned())
}

/// Whether a host is in the site's own network: what goes there is read by nobody on the way.
fn is_near(host: &str) -> bool {
    match host.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => address.is_private() || address.is_loopback(),
        Ok(IpAddr::V6(address)) => address.is_loopback() || address.is_unique_local(),
        Err(_) => {
            let ends = [".lan", ".local", ".localhost", ".home.arpa"];
            host == "localhost" || ends.iter().any(|end| host.ends_with(end))
        }
    }
}

/// Parses another address of a service, without the slash at its end.
pub(super) fn parse_service_url(text: &str) -> Option<String> {
    let url = parse_webhook_url(text)?;
    Some(url.trim_end_matches('/').to_owned())
}

/// Parses a mail address.
pub(super) fn parse_mailbox(text: &str) -> Option<String> {
    let address: lettre::Address = text.trim().parse().ok()?;
    Some(address.to_string())
}

/// Parses a telephone number with its country code; returns the digits.
pub(super) fn parse_phone(text: &str) -> Option<String> {
    let text = text.trim();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    let is_number = text
        .chars()
        .all(|c| c.is_ascii_digit() || " +-().".contains(c));
    // A number that begins with 0 has no country code.
    let is_long = (8..=15).contains(&digits.len()) && !digits.starts_with('0');
    (is_number && is_long).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::time;

    #[test]
    fn quiet_hours_go_over_midnight() {
        let night = parse_quiet_hours("21:00-06.00").unwrap().hours().unwrap();
        for (hour, minute, is_quiet) in [
            (20, 59, false),
            (21, 0, true),
            (0, 0, true),
            (5, 59, true),
            (6, 0, false),
        ] {
            let at = time(hour, minute, 0, 0);
            assert_eq!(night.contains(at), is_quiet, "{hour}:{minute}");
        }
        assert_eq!(parse_quiet_hours("none"), Some(QuietSetting::Never));
        for bad in ["", "21-06", "21:00", "24:30-06:00", "21:00-21:00", "malam"] {
            assert_eq!(parse_quiet_hours(bad), None, "{bad}");
        }
    }

    #[test]
    fn plain_http_is_for_the_own_network_alone() {
        for good in [
            "https://hooks.example.org/a/b",
            "http://192.168.1.9:1880/alarm",
            "http://localhost/x",
            "http://nodered.lan/x",
        ] {
            assert_eq!(parse_webhook_url(good).as_deref(), Some(good));
        }
        for bad in [
            "http://hooks.example.org/a",
            "https://a b/",
            "hooks",
            "ftp://a/b",
        ] {
            assert_eq!(parse_webhook_url(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_number_has_its_country_code() {
        let number = parse_phone("+62 812-3456-7890");
        assert_eq!(number.as_deref(), Some("6281234567890"));
        for bad in ["0812-3456-7890", "628", "siti", "+62 812 x"] {
            assert_eq!(parse_phone(bad), None, "{bad}");
        }
    }
}
