//! Checks of what is to be scanned on lines and networks, before anything is sent.

use crate::cli::backend::print_stderr;
use crate::commissioning::scan::ScanTarget;
use crate::config::Config;
use crate::i18n::Language;
use std::net::IpAddr;

/// Any port: only the address of a host is looked for.
const ANY_PORT: u16 = 0;

/// Checks the targets, and says which buses a scan without targets leaves out. Errors: the message
/// about a name that is neither a bus nor a host.
pub(super) async fn check_targets(
    targets: &[String],
    config: Option<&Config>,
    lang: Language,
) -> Result<(), String> {
    if let (Some(config), []) = (config, targets) {
        print_left_out(config, lang);
    }
    for text in targets {
        let bus = config.and_then(|config| config.buses.iter().find(|bus| *bus.id == **text));
        match bus {
            // Its address was checked with the configuration.
            Some(_) => {}
            None if is_reachable(text).await => {}
            None => return Err(unknown_text(text, config, lang)),
        }
    }
    Ok(())
}

/// Whether a target is no name of a host, or one that has an address.
async fn is_reachable(text: &str) -> bool {
    let parsed = ScanTarget::parse_all(&[text.to_owned()], &[ANY_PORT], None);
    // A target that cannot be read is reported by the scan.
    let Some(ScanTarget::Network(hosts, _)) = parsed.ok().and_then(|all| all.into_iter().next())
    else {
        return true;
    };
    match hosts.as_slice() {
        [host] if host.parse::<IpAddr>().is_err() => {
            tokio::net::lookup_host((host.as_str(), ANY_PORT))
                .await
                .is_ok()
        }
        _ => true,
    }
}

fn unknown_text(text: &str, config: Option<&Config>, lang: Language) -> String {
    let Some(config) = config else {
        return lang.text_with("scan-unknown-host", &[("text", text)]);
    };
    let buses: Vec<&str> = config.buses.iter().map(|bus| &*bus.id).collect();
    let args = [("text", text), ("buses", &buses.join(", "))];
    lang.text_with("scan-unknown-target", &args)
}

/// Names the buses that are no Modbus lines, with how each of them is scanned.
fn print_left_out(config: &Config, lang: Language) {
    let left_out = config
        .buses
        .iter()
        .filter(|bus| bus.link.modbus().is_none());
    let left_out =
        left_out.map(|bus| lang.text_with("scan-left-out-by-name", &[("bus", &*bus.id)]));
    let left_out: Vec<String> = left_out.collect();
    if !left_out.is_empty() {
        print_stderr(&lang.text_with("scan-left-out", &[("buses", &left_out.join(", "))]));
    }
}
