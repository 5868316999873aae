//! `pantau watch`: live values, round trips and errors, on a screen; as lines where there is none.

mod screen;
mod track;

use super::args::CONFIG_DEFAULT;
use super::source::{Look, Source, only};
use super::{DONE, NO, WRONG, complain, configured};
use crate::words::Lang;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use std::io::{IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::time::Duration;
use track::Track;

/// Between two looks at the devices.
const LOOK: Duration = Duration::from_secs(1);
/// Between two looks at the keyboard.
const KEYS: Duration = Duration::from_millis(100);
/// Looks at the keyboard for one at the devices.
const KEYS_PER_LOOK: u32 = 10;

/// What `pantau watch` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Configuration.
    #[arg(short, long, value_name = "FILE", default_value = CONFIG_DEFAULT)]
    config: PathBuf,
    /// Device ids; all when none is named.
    #[arg(value_name = "DEVICE")]
    devices: Vec<String>,
    /// Lines instead of a screen.
    #[arg(long)]
    plain: bool,
}

/// What a key asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
    Quit,
    Pause,
    Up,
    Down,
}

/// Watches until `q` or Ctrl-C.
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
    let name = config.site.name.to_string();
    let mut source = match Source::open(config, ids, lang).await {
        Ok(source) => source,
        Err(trouble) => return complain(&trouble.to_string()),
    };
    let result = if options.plain || !std::io::stdout().is_terminal() {
        lines(&mut source, lang).await
    } else {
        let head = head(&name, &source, lang);
        let mut terminal = ratatui::init();
        let result = screen(&mut terminal, &mut source, &head, lang).await;
        ratatui::restore();
        result
    };
    source.close().await;
    result.unwrap_or_else(|error| complain(&error.to_string()))
}

fn head(name: &str, source: &Source, lang: Lang) -> String {
    let key = if source.is_running() {
        "watch-running"
    } else {
        "watch-own"
    };
    format!("{name} - {}", lang.text(key))
}

/// A screen that is drawn anew with each look and each key.
async fn screen(
    terminal: &mut ratatui::DefaultTerminal,
    source: &mut Source,
    head: &str,
    lang: Lang,
) -> anyhow::Result<u8> {
    let mut track = Track::default();
    // SIGTERM, too, leaves the terminal as it was.
    let mut asked = Box::pin(super::run::stop_asked());
    let (mut paused, mut first_line) = (false, 0u16);
    let mut tick = 0;
    loop {
        if tick == 0 && !paused {
            track.take(source.look().await?);
        }
        tick = (tick + 1) % KEYS_PER_LOOK;
        while let Some(key) = pressed()? {
            match key {
                Key::Quit => return Ok(DONE),
                Key::Pause => paused = !paused,
                Key::Up => first_line = first_line.saturating_sub(1),
                Key::Down => first_line = first_line.saturating_add(1),
            }
        }
        terminal.draw(|frame| screen::draw(frame, &track, head, (paused, first_line), lang))?;
        tokio::select! {
            () = &mut asked => return Ok(DONE),
            () = tokio::time::sleep(KEYS) => {}
        }
    }
}

/// The next key that means something; `None` when none waits.
fn pressed() -> std::io::Result<Option<Key>> {
    while event::poll(Duration::ZERO)? {
        if let Event::Key(key) = event::read()?
            && key.kind == KeyEventKind::Press
            && let Some(key) = meaning(key.code, key.modifiers)
        {
            return Ok(Some(key));
        }
    }
    Ok(None)
}

fn meaning(code: KeyCode, modifiers: KeyModifiers) -> Option<Key> {
    match code {
        KeyCode::Char('c') if modifiers.contains(KeyModifiers::CONTROL) => Some(Key::Quit),
        KeyCode::Char('q') | KeyCode::Esc => Some(Key::Quit),
        KeyCode::Char(' ') => Some(Key::Pause),
        KeyCode::Up => Some(Key::Up),
        KeyCode::Down => Some(Key::Down),
        _ => None,
    }
}

/// One line a poll, until Ctrl-C or until nobody reads them.
async fn lines(source: &mut Source, lang: Lang) -> anyhow::Result<u8> {
    let mut asked = Box::pin(super::run::stop_asked());
    let mut before: Vec<Look> = Vec::new();
    loop {
        let looks = source.look().await?;
        for look in &looks {
            let known = before.iter().find(|known| known.id == look.id);
            let polls = known.map_or(0, |known| known.counts.polls);
            let line = plain(look, lang);
            if look.counts.polls > polls && writeln!(std::io::stdout(), "{line}").is_err() {
                return Ok(NO);
            }
        }
        before = looks;
        tokio::select! {
            () = &mut asked => return Ok(DONE),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

fn plain(look: &Look, lang: Lang) -> String {
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
        parts.push(look.advice.clone());
    }
    format!(
        "{} {:.1} ms {}/{} {}",
        look.id,
        counts.round_trip_ms,
        counts.polls.saturating_sub(counts.failures),
        counts.polls,
        parts.join("  ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::source::Shown;
    use crate::model::Reason;

    pub(super) fn look(polls: u64, failures: u64, power: Option<f64>) -> Look {
        let mut look = Look {
            id: "meter".into(),
            ..Look::default()
        };
        look.counts.polls = polls;
        look.counts.failures = failures;
        look.counts.round_trip_ms = 12.0;
        if power.is_none() {
            look.counts.fault = Some(Reason::Timeout);
            look.advice = "check A/B".to_owned();
        }
        look.values = vec![Shown {
            name: "power".to_owned(),
            text: power.map_or("-".to_owned(), |power| power.to_string()),
            value: power,
            unit: "W".to_owned(),
            reason: power.is_none().then_some(Reason::Timeout),
        }];
        look
    }

    #[test]
    fn a_line_says_values_round_trip_and_how_many_polls_were_good() {
        let line = plain(&look(10, 1, Some(1510.5)), Lang::En);
        assert_eq!(line, "meter 12.0 ms 9/10 power=1510.5 W");
        let line = plain(&look(10, 10, None), Lang::En);
        assert!(
            line.contains("the device did not answer  check A/B"),
            "{line}"
        );
    }

    #[test]
    fn q_ends_space_pauses_and_other_keys_do_nothing() {
        let none = KeyModifiers::NONE;
        assert_eq!(meaning(KeyCode::Char('q'), none), Some(Key::Quit));
        assert_eq!(
            meaning(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Key::Quit)
        );
        assert_eq!(meaning(KeyCode::Char('c'), none), None);
        assert_eq!(meaning(KeyCode::Char(' '), none), Some(Key::Pause));
    }
}
