//! [`parse_retry_after`]: the pause that a server asks for.

use crate::domain::UtcMs;
use crate::limits::RETRY_AFTER_MAX_SECONDS;
use std::time::Duration;

/// Parses `Retry-After`: a number of seconds or a date (RFC 9110, 10.2.3).
pub(crate) fn parse_retry_after(value: &str, now: UtcMs) -> Option<Duration> {
    let value = value.trim();
    let date = || {
        let then = jiff::fmt::rfc2822::parse(value).ok()?.timestamp();
        let wait = then.as_millisecond() - now.0;
        Some(u64::try_from(wait / 1000).unwrap_or(0))
    };
    let seconds = value.parse::<u64>().ok().or_else(date)?;
    // A server that names a week would stop the sink although it may be back in minutes.
    Some(Duration::from_secs(seconds.min(RETRY_AFTER_MAX_SECONDS)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date_and_never_longer_than_an_hour() {
        let seconds = |text| {
            let pause = parse_retry_after(text, UtcMs(1_795_230_000_000));
            pause.map(|pause| pause.as_secs())
        };
        assert_eq!(seconds("7"), Some(7));
        assert_eq!(seconds("Sat, 21 Nov 2026 03:00:30 GMT"), Some(30));
        assert_eq!(seconds("Sat, 21 Nov 2020 03:00:30 GMT"), Some(0));
        assert_eq!(seconds("999999999"), Some(3600));
        assert_eq!(seconds("soon"), None);
    }
}
