//! [`find_devices`]: ports and hosts to search, the search itself, and which of the found devices
//! are added with which profile.

use super::init_args::InitArgs;
use super::kept_device::KeptDevice;
use super::local_networks::local_networks;
use super::site_answers::NoAnswer;

use crate::cli::backend::print_stderr;
use crate::cli::exit_status::print_usage_error;
use crate::cli::interview::Interview;
use crate::cli::run::wait_for_stop;
use crate::cli::scan::{ScanScreen, UnitList};
use crate::commissioning::scan::{
    DeviceScan, FoundDevice, ScanOptions, ScanTarget, list_serial_ports, place_text,
};
use crate::i18n::Language;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::time::Instant;

/// Ports of a computer that are offered.
const PORTS_OFFERED_MAX: usize = 16;

/// Devices of a site.
#[derive(Debug, Default)]
pub(super) struct FoundChoice {
    /// Devices to add, each with the one profile that was chosen.
    pub(super) chosen: Vec<FoundDevice>,
    /// Devices without a profile so far.
    later: Vec<FoundDevice>,
}

impl FoundChoice {
    /// Places of the devices that come later, as text.
    pub(super) fn unknown_places(&self, lang: Language) -> Vec<String> {
        let place = |found: &FoundDevice| {
            let (place, unit) = (place_text(&found.place), found.unit.to_string());
            lang.text_with("cli-init-place", &[("place", &place), ("unit", &unit)])
        };
        self.later.iter().map(place).collect()
    }
}

/// Asks where to search, searches, and asks about each device that was found.
pub(super) async fn find_devices(
    talk: &mut Interview<'_>,
    args: &InitArgs,
    scanning: &AtomicBool,
) -> Result<FoundChoice, NoAnswer> {
    let mut targets = ask_ports(talk, args)?;
    targets.extend(ask_hosts(talk, args)?);
    let found = scan_targets(talk, args, &targets, scanning).await?;
    let mut choice = FoundChoice::default();
    for device in &found {
        match ask_profile(talk, device)? {
            Some(chosen) => choice.chosen.push(chosen),
            None => choice.later.push(device.to_found()),
        }
    }
    Ok(choice)
}

/// Serial ports to search.
fn ask_ports(talk: &mut Interview<'_>, args: &InitArgs) -> Result<Vec<String>, NoAnswer> {
    let lang = talk.lang();
    if !args.port.is_empty() || args.yes {
        return Ok(args.port.clone());
    }
    let ports = list_serial_ports().into_iter().take(PORTS_OFFERED_MAX);
    let ports: Vec<String> = ports.map(|port| port.display().to_string()).collect();
    if ports.is_empty() {
        print_stderr(&lang.text("cli-init-no-ports"));
    }
    for (number, port) in (1..).zip(&ports) {
        print_stderr(&format!("  {number}  {port}"));
    }
    let key = if ports.is_empty() {
        "cli-init-ask-other-port"
    } else {
        "cli-init-ask-ports"
    };
    let all = ports.join(" ");
    let fits = |text: &str| chosen_ports(text, &ports).is_some();
    let answer = talk.ask_or("ports", &lang.text(key), &all, fits);
    let answer = answer.ok_or(NoAnswer::Ended)?;
    Ok(chosen_ports(&answer, &ports).unwrap_or_default())
}

/// Ports of an answer: numbers of the list, paths, or `-` for none.
fn chosen_ports(answer: &str, ports: &[String]) -> Option<Vec<String>> {
    if ["-", "0", "no", "tidak", "none"].contains(&answer) {
        return Some(Vec::new());
    }
    let words = answer.split([' ', ',']).filter(|word| !word.is_empty());
    let chosen = words.map(|word| match word.parse::<usize>() {
        Ok(number) => ports.get(number.checked_sub(1)?).cloned(),
        Err(_) => word.starts_with('/').then(|| word.to_owned()),
    });
    chosen.collect()
}

/// Hosts of Modbus TCP to search.
fn ask_hosts(talk: &mut Interview<'_>, args: &InitArgs) -> Result<Vec<String>, NoAnswer> {
    let lang = talk.lang();
    if !args.host.is_empty() || args.yes || !args.port.is_empty() {
        return Ok(args.host.clone());
    }
    let networks = local_networks();
    if !networks.is_empty() {
        let networks = networks.join(", ");
        print_stderr(&lang.text_with("cli-init-networks", &[("networks", &networks)]));
    }
    let hosts = |text: &str| {
        let words = text.split([' ', ';']).map(|word| word.trim_matches(','));
        let words = words.filter(|word| !word.is_empty());
        words.map(str::to_owned).collect::<Vec<String>>()
    };
    let fits = |text: &str| {
        let words = hosts(text);
        let is_network = |word: &String| !word.starts_with(['/', '.']);
        words.iter().all(is_network) && ScanTarget::parse_all(&words, &[1], None).is_ok()
    };
    let question = lang.text("cli-init-ask-hosts");
    let answer = talk.ask_or("hosts", &question, "", fits);
    Ok(hosts(&answer.ok_or(NoAnswer::Ended)?))
}

/// Devices at these targets; those of an earlier start when the draft has them.
async fn scan_targets(
    talk: &mut Interview<'_>,
    args: &InitArgs,
    texts: &[String],
    scanning: &AtomicBool,
) -> Result<Vec<KeptDevice>, NoAnswer> {
    let lang = talk.lang();
    if texts.is_empty() {
        return Ok(Vec::new());
    }
    let earlier = talk.earlier_finding("found");
    if let Some(found) = earlier.and_then(|text| serde_json::from_str(&text).ok()) {
        return Ok(found);
    }
    let wishes = ScanOptions {
        baud: args.baud.clone(),
        units: args.units.as_ref().map(|UnitList(units)| units.clone()),
        ..ScanOptions::default()
    };
    let targets = ScanTarget::parse_all(texts, &wishes.tcp_ports(), None);
    let targets = targets.map_err(|(text, why)| {
        let args = [("text", text.as_str()), ("why", &why)];
        print_usage_error(&lang.text_with("scan-bad-target", &args));
        NoAnswer::WrongOption
    })?;
    let mut scan = DeviceScan::new(&wishes, None, ScanScreen::new(false, lang));
    let begun = Instant::now();
    if talk.is_terminal {
        print_stderr(&lang.text("cli-init-scanning"));
    }
    scanning.store(true, Ordering::SeqCst);
    // Ctrl-C ends the search, and what was found so far is used.
    let whole = tokio::select! {
        () = scan.all(&targets) => true,
        () = wait_for_stop() => false,
    };
    scanning.store(false, Ordering::SeqCst);
    scan.host
        .print_end(scan.found.len(), &scan.cost, begun.elapsed(), whole);
    let found: Vec<KeptDevice> = scan.found.iter().map(KeptDevice::new).collect();
    if let Ok(text) = serde_json::to_string(&found) {
        talk.keep("found", &text);
    }
    Ok(found)
}

/// The device with the profile that was chosen; `None`: it comes later.
fn ask_profile(
    talk: &mut Interview<'_>,
    device: &KeptDevice,
) -> Result<Option<FoundDevice>, NoAnswer> {
    let lang = talk.lang();
    let found = device.to_found();
    let (place, unit) = (place_text(&found.place), found.unit.to_string());
    let place = lang.text_with("cli-init-place", &[("place", &place), ("unit", &unit)]);
    match device.profiles() {
        [] => {
            print_stderr(&lang.text_with("cli-init-unknown", &[("place", &place)]));
            Ok(None)
        }
        [(profile, kind)] => {
            let args = [
                ("place", place.as_str()),
                ("profile", profile),
                ("kind", kind),
            ];
            let question = lang.text_with("cli-init-ask-add", &args);
            let agreed = talk.ask_yes("add", &question, true);
            Ok(agreed
                .ok_or(NoAnswer::Ended)?
                .then(|| device.with_profile(0))
                .flatten())
        }
        many => {
            print_stderr(&lang.text_with("cli-init-several", &[("place", &place)]));
            for (number, (profile, kind)) in (1..).zip(many) {
                print_stderr(&format!("  {number}  {profile} ({kind})"));
            }
            let pick = |text: &str| text.parse::<usize>().ok();
            let fits = |text: &str| pick(text).is_some_and(|number| number <= many.len());
            // Nobody is there to compare the values with the display: the device comes later.
            let answer = talk.ask_or("profile", &lang.text("cli-init-ask-profile"), "0", fits);
            let number = pick(&answer.ok_or(NoAnswer::Ended)?).unwrap_or(0);
            Ok(number.checked_sub(1).and_then(|at| device.with_profile(at)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_chosen_by_number_or_path() {
        let ports = ["/dev/a".to_owned(), "/dev/b".to_owned()];
        let chosen = |text: &str| chosen_ports(text, &ports).map(|all| all.join(" "));
        assert_eq!(chosen("1"), Some("/dev/a".into()));
        assert_eq!(chosen("2, 1"), Some("/dev/b /dev/a".into()));
        assert_eq!(chosen("/dev/pts/4"), Some("/dev/pts/4".into()));
        assert_eq!(chosen("-"), Some(String::new()));
        assert_eq!(chosen("3"), None);
        assert_eq!(chosen("ttyUSB0"), None);
    }
}
