//! Parser of scan targets: unit ids, speeds, hosts.

use crate::limits::SCAN_HOSTS_MAX;
use std::net::Ipv4Addr;

/// Invalid scan target, with the accepted form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ScanRangeError {
    /// Not a list of numbers and ranges.
    #[error("numbers and ranges such as 1-10,247")]
    Numbers,
    /// A number outside these bounds.
    #[error("numbers from {0} to {1}")]
    Bounds(u16, u16),
    /// Not a host, a range of addresses, or a network.
    #[error("a host, 192.168.1.10-40, or 192.168.1.0/24")]
    Hosts,
    /// More addresses than one scan may have.
    #[error("at most {SCAN_HOSTS_MAX} addresses")]
    TooMany,
}

/// Parses a list of numbers and ranges (`1-10,247`), in the order given, each number once.
pub fn parse_numbers(text: &str, least: u16, most: u16) -> Result<Vec<u16>, ScanRangeError> {
    let mut all: Vec<u16> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for part in text.split(',') {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let number = |text: &str| {
            text.trim()
                .parse::<u16>()
                .map_err(|_| ScanRangeError::Numbers)
        };
        let (low, high) = (number(low)?, number(high)?);
        // 0 and above 247 are allowed over TCP only; the caller gives the bounds.
        if low < least || high > most {
            return Err(ScanRangeError::Bounds(least, most));
        }
        if low > high {
            return Err(ScanRangeError::Numbers);
        }
        all.extend((low..=high).filter(|number| seen.insert(*number)));
    }
    Ok(all)
}

/// Parses a list of unit ids.
pub fn parse_units(text: &str) -> Result<Vec<u8>, ScanRangeError> {
    let all = parse_numbers(text, 0, 255)?;
    Ok(all
        .into_iter()
        .filter_map(|unit| unit.try_into().ok())
        .collect())
}

/// Parses hosts and an optional port: `host`, `host:1502`, `10.0.0.5-20`, `10.0.0.5-10.0.1.20`,
/// `192.168.1.0/24`.
pub fn parse_hosts(text: &str) -> Result<(Vec<String>, Option<u16>), ScanRangeError> {
    let (hosts, port) = match text.rsplit_once(':') {
        Some((hosts, port)) => {
            let port = port.parse().ok().filter(|port| *port > 0);
            (hosts, Some(port.ok_or(ScanRangeError::Hosts)?))
        }
        None => (text, None),
    };
    if let Some((network, bits)) = hosts.split_once('/') {
        return Ok((network_hosts(network, bits)?, port));
    }
    if let Some((first, last)) = hosts.split_once('-')
        && let Ok(first) = first.parse::<Ipv4Addr>()
    {
        return Ok((hosts_between(first, parse_range_end(first, last)?)?, port));
    }
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    // 253 characters is the longest host name (RFC 1035).
    let named = !hosts.is_empty() && hosts.len() <= 253 && hosts.chars().all(is_host);
    if named {
        Ok((vec![hosts.to_owned()], port))
    } else {
        Err(ScanRangeError::Hosts)
    }
}

/// Parses the end of a range: a whole address, or its last number alone.
fn parse_range_end(first: Ipv4Addr, last: &str) -> Result<Ipv4Addr, ScanRangeError> {
    if let Ok(last) = last.parse() {
        return Ok(last);
    }
    let [a, b, c, _] = first.octets();
    let d = last.parse().map_err(|_| ScanRangeError::Hosts)?;
    Ok(Ipv4Addr::new(a, b, c, d))
}

/// Returns the hosts of a network without network and broadcast address (which /31 and /32 do not
/// have, RFC 3021).
fn network_hosts(network: &str, bits: &str) -> Result<Vec<String>, ScanRangeError> {
    let network: Ipv4Addr = network.parse().map_err(|_| ScanRangeError::Hosts)?;
    let bits: u32 = bits.parse().map_err(|_| ScanRangeError::Hosts)?;
    let host_bits = 32u32.checked_sub(bits).ok_or(ScanRangeError::Hosts)?;
    let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
    let first = u32::from(network) & !rest;
    // A /31 or /32 has neither network nor broadcast address.
    let (first, last) = if host_bits >= 2 {
        (first + 1, (first | rest) - 1)
    } else {
        (first, first | rest)
    };
    hosts_between(first.into(), last.into())
}

fn hosts_between(first: Ipv4Addr, last: Ipv4Addr) -> Result<Vec<String>, ScanRangeError> {
    let (first, last) = (u32::from(first), u32::from(last));
    let count = last.checked_sub(first).ok_or(ScanRangeError::Hosts)?;
    // A mistyped /8 would be sixteen million hosts.
    if usize::try_from(count).map_or(true, |count| count >= SCAN_HOSTS_MAX) {
        return Err(ScanRangeError::TooMany);
    }
    Ok((first..=last)
        .map(|host| Ipv4Addr::from(host).to_string())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn units_come_in_the_order_given_and_once() {
        assert_eq!(parse_units("247,1-3,2"), Ok(vec![247, 1, 2, 3]));
        assert_eq!(parse_units("1-"), Err(ScanRangeError::Numbers));
        assert_eq!(parse_units("3-1"), Err(ScanRangeError::Numbers));
        assert_eq!(parse_units("1-300"), Err(ScanRangeError::Bounds(0, 255)));
    }

    #[test]
    fn hosts_are_a_name_a_range_or_a_network() {
        let all = |text: &str| parse_hosts(text).map(|(hosts, port)| (hosts.join(" "), port));
        assert_eq!(
            all("meter.local:1502"),
            Ok(("meter.local".into(), Some(1502)))
        );
        assert_eq!(all("10.0.0.8-9"), Ok(("10.0.0.8 10.0.0.9".into(), None)));
        assert_eq!(
            all("10.0.0.255-10.0.1.1:502"),
            Ok(("10.0.0.255 10.0.1.0 10.0.1.1".into(), Some(502)))
        );
        assert_eq!(
            all("192.168.1.9/30"),
            Ok(("192.168.1.9 192.168.1.10".into(), None))
        );
        assert_eq!(all("10.0.0.7/32"), Ok(("10.0.0.7".into(), None)));
        assert_eq!(parse_hosts("192.168.1.0/24").unwrap().0.len(), 254);
        assert_eq!(all("10.0.0.0/8"), Err(ScanRangeError::TooMany));
        assert_eq!(all("10.0.0.9-8"), Err(ScanRangeError::Hosts));
        assert_eq!(all("a b"), Err(ScanRangeError::Hosts));
        assert_eq!(all("host:0"), Err(ScanRangeError::Hosts));
    }

    proptest! {
        #[test]
        fn any_text_is_a_bounded_list_or_a_fault(text in "[0-9a-z.,:/-]{0,24}") {
            if let Ok((hosts, port)) = parse_hosts(&text) {
                prop_assert!((1..=SCAN_HOSTS_MAX).contains(&hosts.len()));
                prop_assert_ne!(port, Some(0));
            }
            if let Ok(units) = parse_units(&text) {
                let once: std::collections::BTreeSet<u8> = units.iter().copied().collect();
                prop_assert_eq!(once.len(), units.len());
            }
        }

        #[test]
        fn a_range_holds_its_ends_and_nothing_outside(first in 0..=255u16, more in 0..=255u16) {
            let last = (first + more).min(255);
            let units = parse_units(&format!("{first}-{last}")).unwrap();
            prop_assert_eq!(units.len(), usize::from(last - first) + 1);
            prop_assert!(units.iter().all(|unit| (first..=last).contains(&u16::from(*unit))));
        }

        #[test]
        fn a_network_holds_the_address_that_names_it(host: u32, bits in 23..=32u32) {
            let host = Ipv4Addr::from(host);
            let all = parse_hosts(&format!("{host}/{bits}")).unwrap().0;
            let rest = u32::MAX.checked_shr(bits).unwrap_or(0);
            let edge = [0, rest].contains(&(u32::from(host) & rest)) && bits < 31;
            prop_assert_eq!(all.contains(&host.to_string()), !edge);
        }
    }
}
