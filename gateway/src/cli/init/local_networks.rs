//! [`local_networks`]: networks that this computer is in, small enough to be searched.

use std::net::Ipv4Addr;

/// Smallest prefix that is proposed: 254 hosts.
const PREFIX_MIN: u32 = 24;

/// Networks of this computer, such as `192.168.1.0/24`.
pub(super) fn local_networks() -> Vec<String> {
    // Linux; elsewhere nothing is proposed.
    let routes = std::fs::read_to_string("/proc/net/route").unwrap_or_default();
    networks_of(&routes)
}

/// Networks of the kernel's table of routes.
fn networks_of(routes: &str) -> Vec<String> {
    let number = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::swap_bytes);
    let network = |line: &str| {
        let parts: Vec<&str> = line.split_whitespace().collect();
        let (target, gateway, mask) = (parts.get(1)?, parts.get(2)?, parts.get(7)?);
        let (target, mask) = (number(target)?, number(mask)?);
        let prefix = mask.leading_ones();
        // Through a gateway the network is somebody else's.
        let is_own = number(gateway)? == 0 && Ipv4Addr::from(target).is_private();
        let is_small = (PREFIX_MIN..=30).contains(&prefix);
        (is_own && is_small).then(|| format!("{}/{prefix}", Ipv4Addr::from(target)))
    };
    let mut all: Vec<String> = routes.lines().skip(1).filter_map(network).collect();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_of_the_computer_are_proposed_and_no_others() {
        let routes = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\n\
            eth0\t00000000\t0101A8C0\t0003\t0\t0\t0\t00000000\n\
            eth0\t0001A8C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\n\
            docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\n\
            short line\n";
        assert_eq!(networks_of(routes), ["192.168.1.0/24"]);
        assert_eq!(networks_of(""), Vec::<String>::new());
    }
}
