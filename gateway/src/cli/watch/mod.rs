//! `pantau watch`: live values, round-trip times and errors of devices.
//!
//! Entry point: [`run_watch`]. On a terminal it draws a screen (`screen`) from the recorded values
//! (`history`); without a terminal, or with `--plain`, it prints one line for each poll:
//!
//! ```text
//! meter 12.0 ms 9/10 power=1510.5 W
//! ```
//!
//! User documentation: `docs/field.md`.

mod history;
mod screen;

use super::backend::DEFAULT_CONFIG_PATH;
use super::exit_status::{EXIT_DONE, EXIT_NEGATIVE, fail_with_message};
use super::live_devices::{DeviceSnapshot, LiveDevices, load_selection};
use super::standard_output::print_line;
use crate::formulas::claim_rounding::nearest_digits;
use crate::i18n::Language;
use history::WatchHistory;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::error::Error;
use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

/// Time between two snapshots of the devices.
const SNAPSHOT_INTERVAL: Duration = Duration::from_secs(1);
/// Time between two checks of the keyboard.
const KEYBOARD_INTERVAL: Duration = Duration::from_millis(100);
/// Checks of the keyboard for each snapshot: `SNAPSHOT_INTERVAL` / `KEYBOARD_INTERVAL`.
const KEYBOARD_TICKS_PER_SNAPSHOT: u32 = 10;

/// Arguments of `pantau watch`.
#[derive(Debug, clap::Args)]
pub(super) struct WatchArgs {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = DEFAULT_CONFIG_PATH)]
    config: PathBuf,
    /// Device ids; all devices when none is given.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// Lines instead of a screen.
    #[arg(long)]
    plain: bool,
}

/// Action of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WatchKey {
    Quit,
    Pause,
    Up,
    Down,
}

/// Shows the devices until `q` or Ctrl-C; returns the exit status.
pub(super) async fn run_watch(options: &WatchArgs, lang: Language) -> u8 {
    let (config, ids) = match load_selection(&options.config, &options.devices, lang) {
        Ok(selection) => selection,
        Err(status) => return status,
    };
    let name = config.site.name.to_string();
    let mut source = match LiveDevices::open(config, ids, lang).await {
        Ok(source) => source,
        Err(trouble) => return fail_with_message(&trouble.to_string()),
    };
    let result = if options.plain || !std::io::stdout().is_terminal() {
        print_lines(&mut source, lang).await
    } else {
        let head = screen_title(&name, &source, lang);
        let mut terminal = ratatui::init();
        let result = run_screen(&mut terminal, &mut source, &head, lang).await;
        // Also after an error, before it is printed: in the alternate screen nobody would see it.
        ratatui::restore();
        result
    };
    source.close().await;
    result.unwrap_or_else(|error| fail_with_message(&error.to_string()))
}

/// Title line: the site, and whether the running gateway or this process polls.
fn screen_title(name: &str, source: &LiveDevices, lang: Language) -> String {
    let key = if source.is_gateway() {
        "watch-running"
    } else {
        "watch-own"
    };
    format!("{name} - {}", lang.text(key))
}

/// Draws the screen again after each snapshot and each key.
async fn run_screen(
    terminal: &mut ratatui::DefaultTerminal,
    source: &mut LiveDevices,
    head: &str,
    lang: Language,
) -> Result<u8, Box<dyn Error>> {
    let mut track = WatchHistory::default();
    // SIGTERM, too, must restore the terminal, so that it ends the loop instead of the process.
    let mut asked = Box::pin(super::run::wait_for_stop());
    let (mut paused, mut first_line) = (false, 0u16);
    let mut tick = 0;
    loop {
        if tick == 0 && !paused {
            track.record_snapshots(source.take_snapshots().await?);
        }
        tick = (tick + 1) % KEYBOARD_TICKS_PER_SNAPSHOT;
        while let Some(key) = next_key()? {
            match key {
                WatchKey::Quit => return Ok(EXIT_DONE),
                WatchKey::Pause => paused = !paused,
                WatchKey::Up => first_line = first_line.saturating_sub(1),
                WatchKey::Down => first_line = first_line.saturating_add(1),
            }
        }
        terminal
            .draw(|frame| screen::draw_screen(frame, &track, head, (paused, first_line), lang))?;
        tokio::select! {
            () = &mut asked => return Ok(EXIT_DONE),
            () = tokio::time::sleep(KEYBOARD_INTERVAL) => {}
        }
    }
}

/// Action of the next key that has one; `None` when no such key is waiting.
fn next_key() -> std::io::Result<Option<WatchKey>> {
    while event::poll(Duration::ZERO)? {
        if let Event::Key(key) = event::read()?
            // Some terminals report the release of a key as well.
            && key.kind == KeyEventKind::Press
            && let Some(key) = key_action(key.code, key.modifiers)
        {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn key_action(code: KeyCode, modifiers: KeyModifiers) -> Option<WatchKey> {
    match code {
        // In raw mode Ctrl-C is a key, not a signal.
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Some(WatchKey::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(WatchKey::Quit),
        KeyCode::Char(' ') => Some(WatchKey::Pause),
        KeyCode::Up => Some(WatchKey::Up),
        KeyCode::Down => Some(WatchKey::Down),
        _ => None,
    }
}

/// Prints one line for each poll until Ctrl-C, or until standard output is closed.
async fn print_lines(source: &mut LiveDevices, lang: Language) -> Result<u8, Box<dyn Error>> {
    let mut asked = Box::pin(super::run::wait_for_stop());
    let mut before: Vec<DeviceSnapshot> = Vec::new();
    loop {
        let looks = source.take_snapshots().await?;
        for look in &looks {
            // Only a new poll gives a line: a device with a long interval has none for most
            // snapshots.
            let known = before.iter().find(|known| known.id == look.id);
            let polls = known.map_or(0, |known| known.counts.polls);
            let line = plain_line(look, lang);
            if look.counts.polls > polls && !print_line(&line) {
                return Ok(EXIT_NEGATIVE);
            }
        }
        before = looks;
        tokio::select! {
            () = &mut asked => return Ok(EXIT_DONE),
            () = tokio::time::sleep(SNAPSHOT_INTERVAL) => {}
        }
    }
}

/// One line of a device: round trip, good polls of all, values, and the fault with its advice.
fn plain_line(look: &DeviceSnapshot, lang: Language) -> String {
    let counts = &look.counts;
    let values = look.values.iter().map(|value| match value.reason {
        Some(reason) => format!("{}={} ({})", value.name, value.text, reason.word()),
        None => format!("{}={} {}", value.name, value.text, value.unit)
            .trim_end()
            .to_owned(),
    });
    let mut parts: Vec<String> = values.collect();
    if let Some(fault) = counts.fault {
        parts.push(lang.text(&format!("reason-{}", fault.word())));
        parts.push(look.detail.clone());
        parts.push(look.advice.clone());
    }
    parts.push(look.slow_period(lang));
    parts.retain(|part| !part.is_empty());
    // For programs too: with a decimal point in any language.
    let time = match counts.round_trip_ms {
        ms if ms > 0.0 => nearest_digits(ms, 1),
        _ => "-".to_owned(),
    };
    format!(
        "{} {time} ms {}/{} {}",
        look.id,
        counts.polls.saturating_sub(counts.failures),
        counts.polls,
        parts.join("  ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::live_devices::PointSnapshot;
    use crate::domain::QualityReason;

    pub(super) fn example_snapshot(
        polls: u64,
        failures: u64,
        power: Option<f64>,
    ) -> DeviceSnapshot {
        let mut look = DeviceSnapshot {
            id: "meter".into(),
            ..DeviceSnapshot::default()
        };
        look.counts.polls = polls;
        look.counts.failures = failures;
        look.counts.round_trip_ms = 12.0;
        if power.is_none() {
            look.counts.fault = Some(QualityReason::Timeout);
            look.advice = "check A/B".to_owned();
        }
        look.values = vec![PointSnapshot {
            name: "power".to_owned(),
            text: power.map_or("-".to_owned(), |power| power.to_string()),
            value: power,
            unit: "W".to_owned(),
            reason: power.is_none().then_some(QualityReason::Timeout),
        }];
        look
    }

    #[test]
    fn a_line_says_values_round_trip_and_how_many_polls_were_good() {
        let line = plain_line(&example_snapshot(10, 1, Some(1510.5)), Language::En);
        assert_eq!(line, "meter 12.0 ms 9/10 power=1510.5 W");
        let line = plain_line(&example_snapshot(10, 10, None), Language::En);
        assert!(
            line.contains("the device did not answer  check A/B"),
            "{line}"
        );
    }

    #[test]
    fn q_ends_space_pauses_and_other_keys_do_nothing() {
        let none = KeyModifiers::NONE;
        assert_eq!(key_action(KeyCode::Char('q'), none), Some(WatchKey::Quit));
        assert_eq!(
            key_action(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(WatchKey::Quit)
        );
        assert_eq!(key_action(KeyCode::Char('c'), none), None);
        assert_eq!(key_action(KeyCode::Char(' '), none), Some(WatchKey::Pause));
    }
}
