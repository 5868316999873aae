//! `pantau soak`: does the line hold? Every device is polled for a quarter of an hour and must give
//! values at least 99 times in a hundred.

use super::args::CONFIG_DEFAULT;
use super::running::{Trouble, progress};
use super::source::{Look, Source, only};
use super::{DONE, NO, WRONG, complain, configured};
use crate::clock::Clock;
use crate::field::soak::{Row, Soak};
use crate::limits::SOAK_MAX_SECONDS;
use crate::model::Reason;
use crate::words::Lang;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::io::Write as _;
use std::path::PathBuf;
use std::time::Duration;

/// Between two looks.
const LOOK: Duration = Duration::from_secs(1);

/// What `pantau soak` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// Device ids; all when none is named.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// How long.
    #[arg(long = "for", value_name = "TIME", default_value = "15m", value_parser = length)]
    length: Duration,
    /// For scripts.
    #[arg(long)]
    json: bool,
}

/// `90s`, `15m`, `2h`; at most a day.
fn length(text: &str) -> Result<Duration, String> {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let seconds = match unit {
        "s" => 1,
        "m" | "min" => 60,
        "h" => 3600,
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

/// Tests the devices; passed 0, not passed 1.
pub(super) async fn run(options: &Options, lang: Lang) -> u8 {
    let mut config = match configured(&options.config, lang) {
        Ok(config) => config,
        Err(status) => return status,
    };
    let ids = match only(&mut config, &options.devices) {
        Ok(ids) => ids,
        Err(device) => {
            eprintln!("{}", lang.say("cli-read-unknown", &[("device", &device)]));
            return WRONG;
        }
    };
    let devices = config.site.devices.iter();
    let devices = devices.filter(|device| ids.contains(&device.id));
    let tested = devices.map(|device| (device.id.clone(), device.every_ms));
    let length_ms = u64::try_from(options.length.as_millis()).unwrap_or(u64::MAX);
    let soak = Soak::new(length_ms, tested);
    let mut source = match Source::open(config, ids, lang).await {
        Ok(source) => source,
        Err(trouble) => return complain(&trouble.to_string()),
    };
    let result = test(
        soak,
        &mut source,
        &Clock::system(),
        options.length.as_secs(),
    )
    .await;
    source.close().await;
    match result {
        Ok(ended) => ended.tell(options.json, lang),
        Err(trouble) => complain(&trouble.to_string()),
    }
}

/// A test as it ended.
struct Ended {
    soak: Soak,
    elapsed_ms: u64,
    last: Vec<Look>,
}

/// Until the time is up, or Ctrl-C.
async fn test(
    mut soak: Soak,
    source: &mut Source,
    clock: &Clock,
    seconds: u64,
) -> Result<Ended, Trouble> {
    let bar = progress(Some(seconds));
    let begin = clock.now().mono.0;
    let mut asked = Box::pin(super::run::stop_asked());
    loop {
        let last = source.look().await?;
        for look in &last {
            soak.take(&look.id, look.counts);
        }
        let elapsed_ms = clock.now().mono.0.saturating_sub(begin);
        bar.set_position(elapsed_ms / 1000);
        let stopped = tokio::select! {
            () = &mut asked => true,
            () = tokio::time::sleep(LOOK), if !soak.is_over(elapsed_ms) => false,
            () = std::future::ready(()), if soak.is_over(elapsed_ms) => true,
        };
        if stopped {
            bar.finish_and_clear();
            return Ok(Ended {
                soak,
                elapsed_ms,
                last,
            });
        }
    }
}

impl Ended {
    /// A test that was stopped early has not passed.
    fn passes(&self) -> bool {
        self.soak.is_over(self.elapsed_ms) && self.soak.passes(self.elapsed_ms)
    }

    /// Prints the result.
    fn tell(&self, as_json: bool, lang: Lang) -> u8 {
        let passes = self.passes();
        let text = if as_json {
            format!("{:#}\n", self.as_json(passes))
        } else {
            self.as_text(passes, lang)
        };
        // A reader that has gone away (`| head`) is no failure of the line.
        let _ = std::io::stdout().lock().write_all(text.as_bytes());
        if passes { DONE } else { NO }
    }

    fn as_text(&self, passes: bool, lang: Lang) -> String {
        let mut text = String::new();
        for row in self.soak.rows(self.elapsed_ms) {
            let _ = writeln!(text, "{}", line(&row, lang));
            let look = self.last.iter().find(|look| look.id == row.id);
            let advice = look.map(|look| look.advice.as_str()).unwrap_or_default();
            let weak = lang.text("diagnosis-weak");
            match (row.passes, advice) {
                (true, _) => {}
                (false, "") => drop(writeln!(text, "    {weak}")),
                (false, advice) => drop(writeln!(text, "    {advice}")),
            }
        }
        let minutes = format!(
            "{:.1}",
            Duration::from_millis(self.elapsed_ms).as_secs_f64() / 60.0
        );
        let key = match (passes, self.soak.is_over(self.elapsed_ms)) {
            (true, _) => "soak-passed",
            (false, true) => "soak-failed",
            (false, false) => "soak-stopped",
        };
        text + &lang.say(key, &[("minutes", &minutes)]) + "\n"
    }

    fn as_json(&self, passes: bool) -> Value {
        let row = |row: &Row| {
            json!({
                "device": &*row.id,
                "good": row.good,
                "polls": row.polls,
                "percent": row.percent,
                "round_trip_max_ms": row.round_trip_max_ms,
                "fault": row.fault.map(Reason::word),
                "passes": row.passes,
            })
        };
        let rows = self.soak.rows(self.elapsed_ms);
        json!({
            "passes": passes,
            "elapsed_ms": self.elapsed_ms,
            "devices": rows.iter().map(row).collect::<Vec<_>>(),
        })
    }
}

fn line(row: &Row, lang: Lang) -> String {
    let verdict = lang.text(if row.passes { "soak-ok" } else { "soak-bad" });
    // Never rounded up to a pass.
    let percent = row
        .percent
        .map(|percent| format!("{:.2} %", (percent * 100.0).floor() / 100.0));
    let fault = row
        .fault
        .map(|fault| lang.text(&format!("reason-{}", fault.word())));
    format!(
        "{:<16} {verdict:<8} {:>9}  {:>6}/{:<6} {:>8.1} ms  {}",
        row.id,
        percent.unwrap_or_else(|| "-".to_owned()),
        row.good,
        row.polls,
        row.round_trip_max_ms,
        fault.unwrap_or_default()
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::field::soak::Counts;

    fn ended(good: u64, polls: u64, elapsed_ms: u64) -> Ended {
        let mut soak = Soak::new(900_000, [("meter".into(), 10_000)]);
        soak.take("meter", Counts::default());
        let counts = Counts {
            polls,
            failures: polls - good,
            fault: (good < polls).then_some(Reason::Timeout),
            ..Counts::default()
        };
        soak.take("meter", counts);
        Ended {
            soak,
            elapsed_ms,
            last: Vec::new(),
        }
    }

    #[test]
    fn a_line_passes_when_it_held_to_the_end() {
        assert!(ended(90, 90, 900_000).passes());
        assert!(!ended(88, 90, 900_000).passes());
        assert!(!ended(45, 45, 450_000).passes());
    }

    #[test]
    fn a_device_that_fails_is_shown_with_what_to_do() {
        let text = ended(80, 90, 900_000).as_text(false, Lang::Id);
        assert!(text.contains("alat tidak menjawab"), "{text}");
        assert!(text.contains("terminasi"), "{text}");
    }

    #[test]
    fn lengths_are_read_as_people_write_them() {
        assert_eq!(length("15m"), Ok(Duration::from_mins(15)));
        assert_eq!(length("90s"), Ok(Duration::from_secs(90)));
        for wrong in ["", "15", "0s", "-1m", "25h", "99999999999999999999h"] {
            assert!(length(wrong).is_err(), "{wrong}");
        }
    }
}
