//! `pantau soak`: test of the wiring. Every device is polled for a quarter of an hour, or for as
//! long as a hundred polls take, and must give values in at least 99 % of the polls.

use super::backend::{DEFAULT_CONFIG_PATH, progress_bar};
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, fail_with_message};
use super::live_devices::{DeviceSnapshot, LiveDevices, load_selection, round_trip_text};
use super::standard_output::print_text;
use crate::cli::command_error::CommandError;
use crate::clock::Clock;
use crate::commissioning::fault_diagnosis::past_advice_key;
use crate::commissioning::soak_record::SoakRecord;
use crate::commissioning::soak_test::{
    DeviceSoakResult, LENGTH_DEFAULT, POLLS_NEEDED, SoakTest, enough_time, rounded_down,
};
use crate::config::{BusLink, Config};
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use crate::limits::SOAK_MAX_SECONDS;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// Time between two snapshots of the devices.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);

/// Arguments of `pantau soak`.
#[derive(Debug, clap::Args)]
pub(super) struct SoakArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Device ids; all devices when none is given.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// Duration of the test; by default 15 minutes, or as long as enough polls take.
    #[arg(long = "for", value_name = "TIME", value_parser = parse_duration)]
    length: Option<Duration>,
    /// JSON output for scripts.
    #[arg(long)]
    json: bool,
}

/// Duration such as `90s`, `15m` or `2h`; at most one day.
fn parse_duration(text: &str) -> Result<Duration, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        // An unknown unit gives a duration of zero, which the range refuses.
        _ => 0,
    };
    let total = number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(seconds));
    let allowed = total.filter(|total| (1..=SOAK_MAX_SECONDS).contains(total));
    allowed
        .map(Duration::from_secs)
        .ok_or_else(|| "90s, 15m, 2h".to_owned())
}

/// Tests the devices; returns exit status 0 for a pass, 1 for a fail.
pub(super) async fn run_soak(options: &SoakArgs, lang: Language) -> u8 {
    let (config, ids) = match load_selection(&options.config, &options.devices, lang) {
        Ok(selection) => selection,
        Err(status) => return status,
    };
    let devices = config.site.devices.iter();
    let devices = devices.filter(|device| ids.contains(&device.id));
    let tested: Vec<_> = devices
        .map(|device| (device.id.clone(), device.every_ms))
        .collect();
    let length = options.length.unwrap_or_else(|| enough_time(&tested));
    let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    if length > LENGTH_DEFAULT && options.length.is_none() {
        let minutes = minutes_text(length_ms, lang);
        let args = [("minutes", minutes.as_str())];
        eprintln!("{}", lang.text_with("soak-extended", &args));
    }
    let soak = SoakTest::new(length_ms, tested);
    let links = device_links(&config);
    let mut source = match LiveDevices::open(config, ids, lang).await {
        Ok(source) => source,
        Err(trouble) => return fail_with_message(&trouble.to_string()),
    };
    let result = run_until_over(soak, &mut source, &Clock::system(), length.as_secs()).await;
    source.close().await;
    match result {
        Ok(ended) => ended.print_result(&links, options.json, lang),
        Err(trouble) => fail_with_message(&trouble.to_string()),
    }
}

/// Link of each device, by its id.
type DeviceLinks = Vec<(Arc<str>, BusLink)>;

fn device_links(config: &Config) -> DeviceLinks {
    let devices = config.devices.iter();
    let link_of = |bus: usize| config.buses.get(bus).map(|bus| bus.link.clone());
    devices
        .filter_map(|device| Some((device.id.clone(), link_of(device.bus)?)))
        .collect()
}

fn minutes_text(ms: u64, lang: Language) -> String {
    let minutes = Duration::from_millis(ms).as_secs_f64() / 60.0;
    lang.locale().plain_digits(&nearest_digits(minutes, 1))
}

/// Finished test.
struct FinishedSoak {
    soak: SoakTest,
    elapsed_ms: u64,
    last: Vec<DeviceSnapshot>,
}

/// Polls until the time is over, or Ctrl-C.
async fn run_until_over(
    mut soak: SoakTest,
    source: &mut LiveDevices,
    clock: &Clock,
    seconds: u64,
) -> Result<FinishedSoak, CommandError> {
    let bar = progress_bar(Some(seconds));
    // The monotonic clock: a step of the wall clock must not shorten the test.
    let begin = clock.now().mono.0;
    let mut asked = Box::pin(super::run::wait_for_stop());
    loop {
        let last = source.take_snapshots().await?;
        for look in &last {
            soak.take(&look.id, look.soak_counts());
        }
        let elapsed_ms = clock.now().mono.0.saturating_sub(begin);
        bar.set_position(elapsed_ms / 1000);
        let stopped = tokio::select! {
            () = &mut asked => true,
            () = tokio::time::sleep(SNAPSHOT_INTERVAL), if !soak.is_over(elapsed_ms) => false,
            () = std::future::ready(()), if soak.is_over(elapsed_ms) => true,
        };
        if stopped {
            bar.finish_and_clear();
            return Ok(FinishedSoak {
                soak,
                elapsed_ms,
                last,
            });
        }
    }
}

impl FinishedSoak {
    /// Whether the test passed. A test that was stopped early has not passed.
    fn has_passed(&self) -> bool {
        self.soak.is_over(self.elapsed_ms) && self.soak.passes(self.elapsed_ms)
    }

    /// Prints the result; returns the exit status.
    fn print_result(&self, links: &DeviceLinks, as_json: bool, lang: Language) -> u8 {
        let passes = self.has_passed();
        let text = if as_json {
            record_json(&SoakRecord::of(&self.soak, self.elapsed_ms, passes))
        } else {
            self.as_text(passes, links, lang)
        };
        print_text(&text);
        if passes { EXIT_DONE } else { EXIT_NEGATIVE }
    }

    fn as_text(&self, passes: bool, links: &DeviceLinks, lang: Language) -> String {
        let mut text = String::new();
        for row in self.soak.device_results(self.elapsed_ms) {
            let _ = writeln!(text, "{}", device_line(&row, lang));
            let look = self.last.iter().find(|look| look.id == row.id);
            let advice = look.map(|look| look.advice.as_str()).unwrap_or_default();
            let link = links.iter().find(|(id, _)| *id == row.id);
            let past = || past_advice_key(row.fault, link.map(|(_, link)| link));
            let said = match (row.passes, advice) {
                (true, _) => None,
                (false, "") => past().map(|key| lang.text(key)),
                (false, advice) => Some(advice.to_owned()),
            };
            if let Some(said) = said {
                let _ = writeln!(text, "    {said}");
            }
        }
        let minutes = minutes_text(self.elapsed_ms, lang);
        let rows = self.soak.device_results(self.elapsed_ms);
        let key = match (passes, self.soak.is_over(self.elapsed_ms)) {
            (true, _) => "soak-passed",
            // No device has failed, so that there were too few polls.
            (false, true) if rows.iter().all(|row| row.passes) => "soak-too-few",
            (false, true) => "soak-failed",
            (false, false) => "soak-stopped",
        };
        let least = rows.iter().map(|row| row.polls).min().unwrap_or_default();
        let needed_ms = rows
            .iter()
            .map(|row| row.needed_ms)
            .max()
            .unwrap_or_default();
        let args = [
            ("minutes", minutes.as_str()),
            ("polls", &least.to_string()),
            ("needed", &POLLS_NEEDED.to_string()),
            ("longer", &minutes_text(needed_ms, lang)),
        ];
        text + &lang.text_with(key, &args) + "\n"
    }
}

/// The record as JSON, with a line for each value.
fn record_json(record: &SoakRecord) -> String {
    let json = serde_json::to_value(record).unwrap_or_default();
    format!("{json:#}\n")
}

fn device_line(row: &DeviceSoakResult, lang: Language) -> String {
    let verdict = lang.text(match (row.passes, row.is_enough) {
        (true, true) => "soak-ok",
        (true, false) => "soak-few",
        (false, _) => "soak-bad",
    });
    let percent = row
        .percent
        .map(|percent| format!("{} %", nearest_digits(rounded_down(percent), 2)))
        .map(|percent| lang.locale().plain_digits(&percent));
    let longest = round_trip_text(row.round_trip_max_ms, lang);
    let fault = row
        .fault
        .map(|fault| lang.text(&format!("reason-{}", fault.word())));
    format!(
        "{:<16} {verdict:<8} {:>9}  {:>6}/{:<6} {longest:>8} ms  {}",
        row.id,
        percent.unwrap_or_else(|| "-".to_owned()),
        row.good,
        row.polls,
        fault.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::live_devices::PointSnapshot;
    use crate::commissioning::soak_test::SoakCounts;
    use crate::domain::QualityReason;

    fn finished_soak(good: u64, polls: u64, elapsed_ms: u64) -> FinishedSoak {
        let mut soak = SoakTest::new(900_000, [("meter".into(), 10_000)]);
        soak.take("meter", SoakCounts::default());
        let counts = SoakCounts {
            polls,
            failures: polls - good,
            fault: (good < polls).then_some(QualityReason::Timeout),
            ..SoakCounts::default()
        };
        soak.take("meter", counts);
        FinishedSoak {
            soak,
            elapsed_ms,
            last: Vec::new(),
        }
    }

    #[test]
    fn a_line_passes_when_it_held_to_the_end() {
        assert!(finished_soak(100, 101, 1_010_000).has_passed());
        assert!(!finished_soak(98, 100, 1_000_000).has_passed());
        assert!(!finished_soak(45, 45, 450_000).has_passed());
    }

    #[test]
    fn too_few_polls_are_told_with_their_number_and_the_time_for_enough() {
        let ended = finished_soak(90, 90, 900_000);
        assert!(!ended.has_passed());
        let text = ended.as_text(false, &Vec::new(), Language::En);
        assert!(text.contains("90 polls") && text.contains("100"), "{text}");
        assert!(text.contains("16.8 minutes"), "{text}");
        let text = ended.as_text(false, &Vec::new(), Language::Id);
        assert!(text.contains("16,8 menit"), "{text}");
        let every = |ms| enough_time(&[("a".into(), ms)]).as_secs();
        assert_eq!((every(1000), every(10_000)), (900, 1010));
        assert_eq!(every(3_600_000), SOAK_MAX_SECONDS);
    }

    #[test]
    fn a_device_that_fails_is_shown_with_what_to_do() {
        let text = finished_soak(80, 90, 900_000).as_text(false, &Vec::new(), Language::Id);
        assert!(text.contains("alat tidak menjawab"), "{text}");
        assert!(text.contains("terminasi"), "{text}");
    }

    #[test]
    fn a_node_that_never_sends_is_no_weak_line() {
        let values = vec![PointSnapshot {
            reason: Some(QualityReason::NoMessage),
            ..PointSnapshot::default()
        }];
        let look = |polls| DeviceSnapshot {
            counts: SoakCounts {
                polls,
                failures: polls,
                ..SoakCounts::default()
            },
            values: values.clone(),
            ..DeviceSnapshot::default()
        };
        let mut soak = SoakTest::new(900_000, [("meter".into(), 10_000)]);
        soak.take("meter", look(0).soak_counts());
        soak.take("meter", look(90).soak_counts());
        let ended = FinishedSoak {
            soak,
            elapsed_ms: 900_000,
            last: Vec::new(),
        };
        let text = ended.as_text(false, &Vec::new(), Language::En);
        assert!(text.contains("no new message of the node"), "{text}");
        assert!(
            text.contains("stale_after") && !text.contains("120 ohm"),
            "{text}"
        );
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        assert_eq!(parse_duration("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(parse_duration("90s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "15", "0s", "-1m", "25h", "99999999999999999999h"] {
            assert!(parse_duration(wrong).is_err(), "{wrong}");
        }
    }
}
