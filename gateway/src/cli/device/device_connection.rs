//! [`connect_device`]: the device whose profile is written, as the command line or a person names
//! it, and what it answers.

use super::live_device::{LiveDevice, LivePlace};
use crate::cli::backend::print_stderr;
use crate::cli::interview::{Interview, InterviewEnded};
use crate::cli::read::register_line;
use crate::config::Parity;
use std::path::PathBuf;

/// Registers of the survey that are shown.
const SURVEY_SHOWN_MAX: usize = 80;
/// Speed that is proposed for a line, bit/s.
const BAUD_USUAL: u32 = 9600;

/// Wishes of the command line.
#[derive(Debug, Default)]
pub(super) struct NewProfileWishes {
    pub(super) dir: PathBuf,
    /// Port or host of the connected device.
    pub(super) port: Option<String>,
    pub(super) unit: Option<u8>,
    pub(super) baud: Option<u32>,
    pub(super) parity: Option<Parity>,
}

/// Connects to the device of the command line, or to the one that a person names; shows what
/// it answers.
pub(super) async fn connect_device(
    talk: &mut Interview<'_>,
    wishes: &NewProfileWishes,
) -> Result<Option<LiveDevice>, InterviewEnded> {
    let lang = talk.lang();
    let Some(place) = ask_live_place(talk, wishes)? else {
        return Ok(None);
    };
    let mut device = match LiveDevice::connect(place, lang).await {
        Ok(device) => device,
        Err(why) => {
            print_stderr(&why);
            // A pipe goes on with words that it does not have.
            return if talk.is_terminal {
                Ok(None)
            } else {
                Err(InterviewEnded)
            };
        }
    };
    print_stderr(&lang.text("cli-device-surveying"));
    let found = device.survey().await;
    if found.is_empty() {
        print_stderr(&lang.text("cli-device-survey-empty"));
    }
    for (index, (table, address, word)) in found.iter().take(SURVEY_SHOWN_MAX).enumerate() {
        let next = found.get(index + 1);
        let next = next.filter(|(of, at, _)| of == table && Some(*at) == address.checked_add(1));
        let next = next.map(|(_, _, word)| *word);
        let register = format!("{table}:{address}");
        print_stderr(&format!(
            "  {}",
            register_line(&register, *word, next, lang)
        ));
    }
    Ok(Some(device))
}

/// Place of the device; `Some(None)`: it is not connected.
fn ask_live_place(
    talk: &mut Interview<'_>,
    wishes: &NewProfileWishes,
) -> Result<Option<LivePlace>, InterviewEnded> {
    let lang = talk.lang();
    let port = match &wishes.port {
        Some(port) => port.clone(),
        None if talk.is_terminal => {
            let question = lang.text("cli-device-ask-port");
            talk.ask_valid("cli-device-ask-port", &question, |_| true)
                .ok_or(InterviewEnded)?
        }
        None => String::new(),
    };
    if port.is_empty() {
        return Ok(None);
    }
    let is_line = port.starts_with('/');
    let unit = match wishes.unit {
        Some(unit) => unit,
        None if talk.is_terminal => {
            let fits = |text: &str| text.parse::<u8>().is_ok_and(|unit| unit > 0);
            let question = lang.text("cli-device-ask-unit-id");
            let answer = talk
                .ask_or("cli-device-ask-unit-id", &question, "1", fits)
                .ok_or(InterviewEnded)?;
            answer.parse().unwrap_or(1)
        }
        None => 1,
    };
    let baud = match wishes.baud {
        Some(baud) => baud,
        None if talk.is_terminal && is_line => {
            let fits = |text: &str| text.parse().is_ok_and(|baud: u32| baud >= 300);
            let question = lang.text("cli-device-ask-baud");
            let usual = BAUD_USUAL.to_string();
            let answer = talk
                .ask_or("cli-device-ask-baud", &question, &usual, fits)
                .ok_or(InterviewEnded)?;
            answer.parse().unwrap_or(BAUD_USUAL)
        }
        None => BAUD_USUAL,
    };
    Ok(Some(LivePlace {
        port,
        unit,
        baud,
        parity: wishes.parity.unwrap_or(Parity::None),
    }))
}
