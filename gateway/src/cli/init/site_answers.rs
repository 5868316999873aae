//! [`ask_site`]: the questions about the site itself: name, id, zone, place.

use super::init_args::InitArgs;
use super::place_text::{parse_coordinate, parse_place};
use super::zone_words::{parse_zone, zone_longitudes};
use crate::cli::backend::print_stderr;
use crate::cli::exit_status::print_usage_error;
use crate::cli::interview::{Interview, InterviewEnded};
use crate::config::site_place::{PlaceCorrection, is_in_indonesia, meant_place};
use crate::config::value_syntax::is_id;
use crate::domain::site_zone::SiteZone;
use crate::i18n::Language;
use crate::limits::DISPLAY_NAME_CHARS_MAX;

/// Letters of an id.
const ID_LETTERS_MAX: usize = 64;
/// Id of a site whose name has no letters of the Latin alphabet.
const ID_FALLBACK: &str = "site";
/// Decimals of a coordinate: 0.1 m.
const PLACE_DECIMALS: usize = 6;
/// Half of the last decimal: with it, the digits that are cut leave the nearest number.
const HALF_STEP: f64 = 0.5e-6;

/// Answers about the site.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SiteAnswers {
    pub(super) name: String,
    pub(super) id: String,
    pub(super) zone: SiteZone,
    /// Latitude and longitude, degrees; `None`: to be entered later.
    pub(super) place: Option<(f64, f64)>,
}

/// Why there are no answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoAnswer {
    /// The input ended, or no answer fitted.
    Ended,
    /// An option is wrong; it was told.
    WrongOption,
}

impl From<InterviewEnded> for NoAnswer {
    fn from(_: InterviewEnded) -> Self {
        Self::Ended
    }
}

/// Asks for the site; options answer their questions.
pub(super) fn ask_site(talk: &mut Interview<'_>, args: &InitArgs) -> Result<SiteAnswers, NoAnswer> {
    let lang = talk.lang();
    let name = ask_name(talk, args)?;
    let id = ask_id(talk, args, &name)?;
    let zone = ask_zone(talk, args)?;
    let place = ask_place(talk, args)?;
    if let (Some((_, longitude)), Some((west, east))) = (place, zone_longitudes(&zone))
        && !(west..=east).contains(&longitude)
    {
        let longitude = coordinate_text(longitude);
        let args = [("zone", &**zone.name()), ("longitude", &longitude)];
        print_stderr(&lang.text_with("cli-init-zone-doubt", &args));
    }
    Ok(SiteAnswers {
        name,
        id,
        zone,
        place,
    })
}

/// Takes an option after its check; a wrong one is told.
fn checked_option<T>(
    typed: Option<&String>,
    (key, lang): (&str, Language),
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, NoAnswer> {
    let Some(text) = typed else {
        return Ok(None);
    };
    let value = read(text.trim());
    if value.is_none() {
        print_usage_error(&lang.text_with(key, &[("found", text)]));
        return Err(NoAnswer::WrongOption);
    }
    Ok(value)
}

fn ask_name(talk: &mut Interview<'_>, args: &InitArgs) -> Result<String, NoAnswer> {
    let lang = talk.lang();
    let read = |text: &str| is_name(text).then(|| text.to_owned());
    if let Some(name) = checked_option(args.name.as_ref(), ("cli-init-bad-name", lang), read)? {
        return Ok(name);
    }
    if args.yes {
        print_usage_error(&lang.text("cli-init-needs-name"));
        return Err(NoAnswer::WrongOption);
    }
    let question = lang.text("cli-init-ask-name");
    talk.ask_valid("name", &question, is_name)
        .ok_or(NoAnswer::Ended)
}

fn is_name(text: &str) -> bool {
    let is_line = !text.is_empty() && !text.contains(char::is_control);
    is_line && text.chars().count() <= DISPLAY_NAME_CHARS_MAX
}

fn ask_id(talk: &mut Interview<'_>, args: &InitArgs, name: &str) -> Result<String, NoAnswer> {
    let lang = talk.lang();
    let read = |text: &str| is_id(text).then(|| text.to_owned());
    if let Some(id) = checked_option(args.id.as_ref(), ("cli-init-bad-id", lang), read)? {
        return Ok(id);
    }
    let proposal = proposed_id(name);
    let question = lang.text_with("cli-init-ask-id", &[("usual", &proposal)]);
    talk.ask_or("id", &question, &proposal, is_id)
        .ok_or(NoAnswer::Ended)
}

/// Id made of a name: `Desa Impian (PLTS)` gives `desa-impian-plts`.
fn proposed_id(name: &str) -> String {
    let letters = name.to_lowercase();
    let words = letters.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    let id: String = words.join("-").chars().take(ID_LETTERS_MAX).collect();
    if id.is_empty() {
        ID_FALLBACK.to_owned()
    } else {
        id.trim_end_matches('-').to_owned()
    }
}

fn ask_zone(talk: &mut Interview<'_>, args: &InitArgs) -> Result<SiteZone, NoAnswer> {
    let lang = talk.lang();
    if let Some(zone) = checked_option(args.zone.as_ref(), ("cli-init-bad-zone", lang), parse_zone)?
    {
        return Ok(zone);
    }
    // A computer that was never set up has UTC, which no site has.
    let own = SiteZone::of_machine().filter(|zone| zone_longitudes(zone).is_some());
    let usual = own.unwrap_or_default();
    let question = lang.text_with("cli-init-ask-zone", &[("usual", usual.name())]);
    let fits = |text: &str| parse_zone(text).is_some();
    let answer = talk.ask_or("zone", &question, usual.name(), fits);
    let answer = answer.ok_or(NoAnswer::Ended)?;
    Ok(parse_zone(&answer).unwrap_or(usual))
}

fn ask_place(talk: &mut Interview<'_>, args: &InitArgs) -> Result<Option<(f64, f64)>, NoAnswer> {
    let lang = talk.lang();
    let read = |typed: Option<&String>| {
        checked_option(typed, ("cli-init-bad-place", lang), parse_coordinate)
    };
    // A pair or a link may stand behind `--latitude` alone.
    let pair = args.latitude.as_deref().and_then(parse_place);
    let typed = if pair.is_some() && args.longitude.is_none() {
        pair
    } else {
        let (north, east) = (
            read(args.latitude.as_ref())?,
            read(args.longitude.as_ref())?,
        );
        if north.is_some() != east.is_some() {
            print_usage_error(&lang.text("cli-init-half-place"));
            return Err(NoAnswer::WrongOption);
        }
        north.zip(east)
    };
    if let Some(place) = typed {
        return confirm_option(place, lang).map(Some);
    }
    if args.yes {
        return Ok(None);
    }
    let question = lang.text("cli-init-ask-place");
    let mut place = None;
    let answer = talk.ask_valid("place", &question, |text| {
        place = parse_place(text);
        if place.is_none() && text.contains("://") {
            print_stderr(&lang.text("cli-init-short-link"));
        }
        text.is_empty() || place.is_some()
    });
    answer.ok_or(NoAnswer::Ended)?;
    match place {
        None => Ok(None),
        Some(place) => confirm_place(talk, place).map(Some),
    }
}

/// Checks coordinates of options, where nobody can be asked.
fn confirm_option(place: (f64, f64), lang: Language) -> Result<(f64, f64), NoAnswer> {
    let found = place_text(place);
    if meant_place(place.0, place.1) == Some(PlaceCorrection::Swapped) {
        let meant = place_text((place.1, place.0));
        let args = [("found", found.as_str()), ("meant", &meant)];
        print_usage_error(&lang.text_with("cli-init-swapped", &args));
        return Err(NoAnswer::WrongOption);
    }
    if place.0.abs() > 90.0 {
        print_usage_error(&lang.text_with("cli-init-bad-place", &[("found", &found)]));
        return Err(NoAnswer::WrongOption);
    }
    if !is_in_indonesia(place.0, place.1) {
        print_stderr(&lang.text_with("cli-init-outside", &[("found", &found)]));
    }
    Ok(place)
}

/// Asks about coordinates outside Indonesia: another order or sign first.
fn confirm_place(talk: &mut Interview<'_>, place: (f64, f64)) -> Result<(f64, f64), NoAnswer> {
    let lang = talk.lang();
    let (latitude, longitude) = place;
    if is_in_indonesia(latitude, longitude) {
        return Ok(place);
    }
    let found = place_text(place);
    let meant = meant_place(latitude, longitude).map(|correction| match correction {
        PlaceCorrection::Swapped if is_in_indonesia(longitude, latitude) => (longitude, latitude),
        PlaceCorrection::Swapped => (-longitude, latitude),
        PlaceCorrection::LatitudeSign => (-latitude, longitude),
    });
    if let Some(meant) = meant {
        let text = place_text(meant);
        let args = [("found", found.as_str()), ("meant", &text)];
        let question = lang.text_with("cli-init-ask-meant", &args);
        let agreed = talk.ask_yes("meant", &question, true);
        if agreed.ok_or(NoAnswer::Ended)? {
            return Ok(meant);
        }
    }
    print_stderr(&lang.text_with("cli-init-outside", &[("found", &found)]));
    // A latitude beyond the pole is no place at all.
    if latitude.abs() > 90.0 {
        return Err(NoAnswer::Ended);
    }
    Ok(place)
}

/// Latitude and longitude as text.
fn place_text((latitude, longitude): (f64, f64)) -> String {
    format!(
        "{}, {}",
        coordinate_text(latitude),
        coordinate_text(longitude)
    )
}

/// A coordinate with the decimals that matter, as a TOML number.
pub(super) fn coordinate_text(degrees: f64) -> String {
    let text = (degrees + HALF_STEP.copysign(degrees)).to_string();
    let (whole, part) = text.split_once('.').unwrap_or((text.as_str(), ""));
    let part: String = part.chars().take(PLACE_DECIMALS).collect();
    match (whole, part.trim_end_matches('0')) {
        ("-0", "") => "0.0".to_owned(),
        (whole, "") => format!("{whole}.0"),
        (whole, part) => format!("{whole}.{part}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_the_name() {
        for (name, id) in [
            ("Desa Impian", "desa-impian"),
            ("  PLTS (Blok A) 2 ", "plts-blok-a-2"),
            ("村", "site"),
            ("Café Solar", "caf-solar"),
        ] {
            assert_eq!(proposed_id(name), id);
            assert!(is_id(&proposed_id(name)));
        }
        assert!(is_id(&proposed_id(&"long name ".repeat(20))));
    }

    #[test]
    fn a_coordinate_is_a_number_of_toml() {
        for (degrees, text) in [
            (-3.76, "-3.76"),
            (103.0, "103.0"),
            (-0.000_000_01, "0.0"),
            (1.0 / 3.0, "0.333333"),
        ] {
            assert_eq!(coordinate_text(degrees), text);
        }
    }
}
