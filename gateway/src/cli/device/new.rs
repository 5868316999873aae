//! An interview that writes a profile. Answers may come from a pipe.

use super::{DONE, WRONG, believed, say, show};
use crate::cli::NO;
use crate::config::{Encoding, WordOrder};
use crate::field::infer::{Doubt, Hints, Hypothesis, rank};
use crate::limits::POINTS_PER_DEVICE_MAX;
use crate::model::Number;
use crate::read::decode;
use crate::words::Lang;
use std::fmt::Write as _;
use std::io::BufRead;
use std::path::Path;

/// Ways to read registers that a person is shown.
const SHOWN_MAX: usize = 8;
/// A question is asked again this often before the interview gives up.
const TRIES: usize = 3;

/// The person, or the pipe, that answers.
struct Person<'a> {
    from: &'a mut dyn BufRead,
    lang: Lang,
}

/// One way to read the registers that gives what the display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fit {
    encoding: Encoding,
    words: WordOrder,
    /// Power of ten of the scale.
    exponent: i8,
}

/// What was answered about one point.
struct Answered {
    point: String,
    capture: String,
}

/// Asks, writes `DIRECTORY/NAME.toml` and says where it is; the exit status.
pub(super) fn run(dir: &Path, from: &mut dyn BufRead, lang: Lang) -> u8 {
    let mut person = Person { from, lang };
    let Some((name, text)) = interview(&mut person) else {
        eprintln!("{}", lang.text("cli-device-gave-up"));
        return NO;
    };
    let file = dir.join(format!("{name}.toml"));
    if let Err(faults) = believed(&text, &file) {
        eprintln!("{}", faults.render(lang));
        return WRONG;
    }
    match write(&file, &text) {
        Ok(()) => {
            let file = file.display().to_string();
            say(&(lang.say("cli-device-written", &[("file", &file)]) + "\n"));
            DONE
        }
        Err(why) => {
            eprintln!("pantau: {}: {why}", file.display());
            NO
        }
    }
}

/// Never over a file that is there.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut new = std::fs::File::create_new(file)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()
}

fn interview(person: &mut Person<'_>) -> Option<(String, String)> {
    let is_id = |text: &str| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        (1..=64).contains(&text.len()) && text.chars().all(fits)
    };
    let any = |text: &str| !text.is_empty();
    let maker = person.ask("cli-device-ask-maker", any)?;
    let model = person.ask("cli-device-ask-model", any)?;
    let name = person.ask("cli-device-ask-name", is_id)?;
    let kind = person.ask("cli-device-ask-kind", is_id)?;
    let source = person.ask("cli-device-ask-source", any)?;
    let mut text = format!(
        "name = {}\nmanufacturer = {}\nmodel = {}\nkind = {}\nsource = {}\n\
         confidence = \"medium\"\n",
        quoted(&name),
        quoted(&maker),
        quoted(&model),
        quoted(&kind),
        quoted(&source)
    );
    let mut points = Vec::new();
    while points.len() < POINTS_PER_DEVICE_MAX {
        let id = person.ask("cli-device-ask-point", |text| {
            text.is_empty() || is_id(text)
        });
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            break;
        };
        points.push(point(person, &id)?);
    }
    if points.is_empty() {
        return None;
    }
    for part in points.iter().map(|answered| &answered.point) {
        text.push_str(part);
    }
    for part in points.iter().map(|answered| &answered.capture) {
        text.push_str(part);
    }
    Some((name, text))
}

fn point(person: &mut Person<'_>, id: &str) -> Option<Answered> {
    let table = person.ask("cli-device-ask-table", |text| {
        matches!(text, "holding" | "input")
    })?;
    let address = person.ask("cli-device-ask-address", |text| number(text).is_some())?;
    let address = number(&address)?;
    let unit = person.ask("cli-device-ask-unit", |text| {
        text.is_empty() || drivers::units::find(text).is_some()
    })?;
    let typed = person.ask("cli-device-ask-words", |text| words(text).is_some())?;
    let words = words(&typed)?;
    let shown = person.ask("cli-device-ask-shown", |text| text.parse::<f64>().is_ok())?;
    let fit = chosen(person, &words, &shown, &fits(&words, &shown, &unit))?;
    Some(Answered {
        point: point_text(id, &table, address, &unit, fit),
        capture: capture_text(id, &words, fit)?,
    })
}

/// The way that is certain, else all that give what the display shows, the likeliest first.
fn fits(words: &[u16], shown: &str, unit: &str) -> Vec<Fit> {
    let hints = Hints {
        unit,
        display: Number::parse(shown),
        ..Hints::default()
    };
    let ranking = rank(&[words], &hints);
    let signed = ["W", "kW", "degC", "var"].contains(&unit);
    let fits = |one: &&Hypothesis| !one.doubts.contains(&Doubt::NotDisplay);
    let fit = |one: &Hypothesis| Fit {
        // Both types mean the same now; one of them also when the value is negative.
        encoding: one.twin.filter(|_| signed).unwrap_or(one.encoding),
        words: one.words,
        exponent: one.power,
    };
    let count = if ranking.certain { 1 } else { SHOWN_MAX };
    let fitting = ranking.hypotheses.iter().filter(fits);
    fitting.take(count).map(fit).collect()
}

/// The one way that fits, or the one that the person takes; never a guess.
fn chosen(person: &mut Person<'_>, words: &[u16], shown: &str, fits: &[Fit]) -> Option<Fit> {
    match fits {
        [] => {
            eprintln!(
                "{}",
                person.lang.say("cli-device-no-fit", &[("shown", shown)])
            );
            None
        }
        [one] => Some(*one),
        many => {
            eprintln!("{}", person.lang.text("cli-device-many-fit"));
            for (fit, number) in many.iter().zip(1..) {
                let value = value_text(words, *fit).unwrap_or_default();
                eprintln!("  {number}  {}  {value}", fit_text(*fit));
            }
            let pick = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
            let known = |text: &str| pick(text).is_some_and(|pick| pick < many.len());
            let answer = person.ask("cli-device-ask-which", known)?;
            many.get(pick(&answer)?).copied()
        }
    }
}

impl Person<'_> {
    /// An answer that `fits`; `None` when there is none (left).
    fn ask(&mut self, key: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        for _ in 0..TRIES {
            eprintln!("{}", self.lang.text(key));
            let mut line = String::new();
            if self.from.read_line(&mut line).ok()? == 0 {
                return None;
            }
            let answer = line.trim();
            if fits(answer) {
                return Some(answer.to_owned());
            }
            eprintln!(
                "{}",
                self.lang.say("cli-device-again", &[("found", answer)])
            );
        }
        None
    }
}

fn number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

fn words(text: &str) -> Option<Vec<u16>> {
    let parts = text.split([' ', ',', '[', ']']);
    let parts = parts.filter(|part| !part.is_empty());
    let words: Option<Vec<u16>> = parts.map(number).collect();
    words.filter(|words| [1, 2, 4].contains(&words.len()))
}

fn fit_text(fit: Fit) -> String {
    let order = format!("{:?}", fit.words).to_lowercase();
    let kind = show::kind(fit.encoding);
    format!("{kind:<6} {order} x 10^{}", fit.exponent)
}

fn scale_text(exponent: i8) -> String {
    let places = usize::from(exponent.unsigned_abs());
    if exponent < 0 {
        format!("0.{}1", "0".repeat(places - 1))
    } else {
        format!("1{}", "0".repeat(places))
    }
}

fn point_text(id: &str, table: &str, address: u16, unit: &str, fit: Fit) -> String {
    let mut text = format!(
        "\n[[point]]\nid = {}\nregister = \"{table}:{address}\"\ntype = \"{}\"\n",
        quoted(id),
        show::kind(fit.encoding)
    );
    if fit.words != WordOrder::Abcd {
        let order = format!("{:?}", fit.words).to_lowercase();
        let _ = writeln!(text, "words = \"{order}\"");
    }
    if fit.exponent != 0 {
        let _ = writeln!(text, "scale = {}", scale_text(fit.exponent));
    }
    if unit.is_empty() {
        text += "quantity = \"number\"\n";
    } else {
        let _ = writeln!(text, "unit = {}", quoted(unit));
    }
    text
}

fn value_text(words: &[u16], fit: Fit) -> Option<String> {
    decode::scaled(fit.encoding, fit.words, fit.exponent, words).map(|number| number.to_string())
}

fn capture_text(id: &str, words: &[u16], fit: Fit) -> Option<String> {
    let hex: Vec<String> = words.iter().map(|word| format!("0x{word:04X}")).collect();
    Some(format!(
        "\n[[capture]]\npoint = {}\nwords = [{}]\nvalue = {}\nfrom = \"device\"\n",
        quoted(id),
        hex.join(", "),
        value_text(words, fit)?
    ))
}

/// A TOML string.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERS: &str = "Acme\nLevel 5\nacme-level\nlevel\nthe plate\n\
                           level\nholding\n0x0004\nm\n0x04D2\n1.234\n\
                           energy\ninput\n10\nkWh\n0x2345 0x0001\n7456.5\n\n";

    #[test]
    fn an_interview_from_a_pipe_writes_a_profile_that_reads_the_display() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(run(dir.path(), &mut ANSWERS.as_bytes(), Lang::En), DONE);
        let file = dir.path().join("acme-level.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("scale = 0.001") && text.contains("words = \"cdab\""),
            "{text}"
        );
        believed(&text, &file).unwrap();
        // It is never written over.
        assert_eq!(run(dir.path(), &mut ANSWERS.as_bytes(), Lang::En), NO);
    }

    fn first(words: &[u16], shown: &str, unit: &str) -> Option<(Encoding, WordOrder, i8)> {
        let fits = fits(words, shown, unit);
        let fit = fits.first()?;
        Some((fit.encoding, fit.words, fit.exponent))
    }

    #[test]
    fn the_display_tells_scale_and_word_order() {
        let volts = first(&[2305], "230.5", "V");
        assert_eq!(volts, Some((Encoding::U16, WordOrder::Abcd, -1)));
        let watts = first(&[0xFF9C], "-10.0", "W");
        assert_eq!(watts, Some((Encoding::I16, WordOrder::Abcd, -1)));
        // 0x0001_2345 is 74565.
        let energy = first(&[0x2345, 0x0001], "7456.5", "kWh");
        assert_eq!(energy, Some((Encoding::U32, WordOrder::Cdab, -1)));
        let float = first(&[0x4366, 0x8000], "230.5", "V");
        assert_eq!(float, Some((Encoding::F32, WordOrder::Abcd, 0)));
    }

    #[test]
    fn what_cannot_be_told_has_several_ways_and_what_is_impossible_none() {
        assert!(fits(&[0, 0], "0", "").len() > 1);
        assert!(fits(&[2305], "17.3", "V").is_empty());
        assert!(fits(&[], "1", "V").is_empty());
    }

    #[test]
    fn an_interview_that_ends_early_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(run(dir.path(), &mut "Acme\nL\n".as_bytes(), Lang::En), NO);
        // Zero fits everything: without a choice nothing is guessed.
        let zero = "A\nB\na-b\nlevel\nplate\nx\nholding\n0\nm\n0 0\n0\n";
        assert_eq!(run(dir.path(), &mut zero.as_bytes(), Lang::En), NO);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
