//! An interview that writes a profile. Answers may come from a pipe.

use super::{DONE, WRONG, believed, say, show};
use crate::cli::{NO, person};
use crate::config::physical::{self, BelowZero};
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
    /// Whoever answers sees the questions.
    sees: bool,
    /// An answer that belongs to the next question.
    held: Option<String>,
    lang: Lang,
}

/// One way to read the registers that gives what the display shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fit {
    encoding: Encoding,
    /// The signed type that means the same now.
    twin: Option<Encoding>,
    words: WordOrder,
    /// Power of ten of the scale.
    exponent: i8,
}

/// What was answered about one point.
struct Answered {
    point: String,
    capture: String,
}

/// Asks, writes `DIRECTORY/NAME.toml` and says where it is; the exit status. `sees`: the answers
/// come from a terminal.
pub(super) fn run(dir: &Path, from: &mut dyn BufRead, sees: bool, lang: Lang) -> u8 {
    let mut person = Person {
        from,
        sees,
        held: None,
        lang,
    };
    // Before the first question: a whole interview for nothing is worth more than a directory.
    if let Err(why) = std::fs::create_dir_all(dir) {
        eprintln!("pantau: {}: {why}", dir.display());
        return NO;
    }
    let Some((name, text)) = interview(&mut person, dir) else {
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

fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(fits)
}

fn interview(person: &mut Person<'_>, dir: &Path) -> Option<(String, String)> {
    let any = |text: &str| !text.is_empty();
    let maker = person.ask("cli-device-ask-maker", any)?;
    let model = person.ask("cli-device-ask-model", any)?;
    let lang = person.lang;
    let name = person.ask("cli-device-ask-name", |name| {
        is_id(name) && is_free(&dir.join(format!("{name}.toml")), lang)
    })?;
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
    let points = points(person)?;
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

/// False, and said, when a file stands there.
fn is_free(file: &Path, lang: Lang) -> bool {
    let is_free = !file.exists();
    if !is_free {
        let file = file.display().to_string();
        eprintln!("{}", lang.say("cli-device-exists", &[("file", &file)]));
    }
    is_free
}

fn points(person: &mut Person<'_>) -> Option<Vec<Answered>> {
    let mut points = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    while points.len() < POINTS_PER_DEVICE_MAX {
        let id = person.ask("cli-device-ask-point", |text| {
            text.is_empty() || (is_id(text) && !ids.iter().any(|id| id == text))
        });
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            break;
        };
        points.push(point(person, &id)?);
        ids.push(id);
    }
    Some(points)
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
    let lang = person.lang;
    let shown = person.ask("cli-device-ask-shown", |text| {
        person::number(text).is_some_and(|shown| can_be(shown, &unit, lang))
    })?;
    let shown = shown.replace(',', ".");
    let fit = chosen(person, &words, &shown, &fits(&words, &shown, &unit))?;
    let fit = person.signed(fit, &unit);
    Some(Answered {
        point: point_text(id, &table, address, &unit, fit),
        capture: capture_text(id, &words, fit)?,
    })
}

/// False, and said, for what no device can show in this unit.
fn can_be(shown: f64, unit: &str, lang: Lang) -> bool {
    let limits = physical::limits("", drivers::units::find(unit), false);
    let fits = limits.is_none_or(|(min, max)| (min..=max).contains(&shown));
    if !fits {
        let found = shown.to_string();
        let args = [("found", found.as_str()), ("unit", unit)];
        eprintln!("{}", lang.say("cli-device-beyond", &args));
    }
    fits
}

/// The way that is certain, else all that give what the display shows, the likeliest first.
fn fits(words: &[u16], shown: &str, unit: &str) -> Vec<Fit> {
    let hints = Hints {
        unit,
        display: Number::parse(shown),
        ..Hints::default()
    };
    let ranking = rank(&[words], &hints);
    let fits = |one: &&Hypothesis| !one.doubts.contains(&Doubt::NotDisplay);
    let fit = |one: &Hypothesis| Fit {
        encoding: one.encoding,
        twin: one.twin,
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
            let answer = self.answer(&self.lang.text(key))?;
            if fits(&answer) {
                return Some(answer);
            }
            self.again(&answer);
        }
        None
    }

    fn again(&self, answer: &str) {
        let args = [("found", answer)];
        eprintln!("{}", self.lang.say("cli-device-again", &args));
    }

    /// The next line; `None` when there is none (left).
    fn answer(&mut self, question: &str) -> Option<String> {
        eprintln!("{question}");
        if let Some(held) = self.held.take() {
            return Some(held);
        }
        let mut line = String::new();
        let bytes = self.from.read_line(&mut line).ok()?;
        (bytes > 0).then(|| line.trim().to_owned())
    }

    /// The fit with the sign that the person wants, where its registers do not tell: -1.00 degC as
    /// an unsigned number would be 654.36. What is measured decides what is proposed.
    fn signed(&mut self, fit: Fit, unit: &str) -> Fit {
        let Some(twin) = fit.twin else {
            return fit;
        };
        let below = physical::below_zero("", drivers::units::find(unit));
        let signed = match below {
            BelowZero::Never => false,
            BelowZero::Seldom | BelowZero::Usual => {
                self.is_below_zero(below == BelowZero::Usual, unit)
            }
        };
        Fit {
            encoding: if signed { twin } else { fit.encoding },
            twin: None,
            ..fit
        }
    }

    /// Yes, no, or what is proposed. A pipe was written down before it saw the question: an answer
    /// to another one belongs to the next.
    fn is_below_zero(&mut self, proposed: bool, unit: &str) -> bool {
        let usual = self.lang.text(if proposed {
            "cli-device-yes"
        } else {
            "cli-device-no"
        });
        let example = format!("-1 {unit}");
        let args = [("example", example.trim_end()), ("usual", usual.as_str())];
        let question = self.lang.say("cli-device-ask-sign", &args);
        for _ in 0..TRIES {
            let Some(answer) = self.answer(&question) else {
                return proposed;
            };
            match answer.to_lowercase().as_str() {
                "" => return proposed,
                "y" | "yes" | "ya" => return true,
                "n" | "no" | "t" | "tidak" => return false,
                _ if !self.sees => {
                    self.held = Some(answer);
                    return proposed;
                }
                _ => self.again(&answer),
            }
        }
        proposed
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
        assert_eq!(
            run(dir.path(), &mut ANSWERS.as_bytes(), false, Lang::En),
            DONE
        );
        let file = dir.path().join("acme-level.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("scale = 0.001") && text.contains("words = \"cdab\""),
            "{text}"
        );
        believed(&text, &file).unwrap();
        // It is never written over.
        assert_eq!(
            run(dir.path(), &mut ANSWERS.as_bytes(), false, Lang::En),
            NO
        );
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

    /// The type that is written of one register: what it shows, its unit, the answers behind.
    fn kind(word: &str, shown: &str, unit: &str, rest: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let head = "Acme\nL\nacme\nlevel\nplate\np\nholding\n0\n";
        let answers = format!("{head}{unit}\n{word}\n{shown}\n{rest}");
        let folder = dir.path().join("new/deeper");
        let status = run(&folder, &mut answers.as_bytes(), false, Lang::Id);
        assert_eq!(status, DONE, "{answers}");
        let text = std::fs::read_to_string(folder.join("acme.toml")).unwrap();
        let line = text.lines().find(|line| line.starts_with("type")).unwrap();
        line.trim_start_matches("type = ")
            .trim_matches('"')
            .to_owned()
    }

    #[test]
    fn the_proposed_sign_comes_from_what_is_measured_and_not_from_how_its_unit_is_spelled() {
        for (shown, unit) in [
            ("28.5", "degC"),
            ("28,5", "°C"),
            ("28.5", "C"),
            ("28.5", "A"),
            ("28.5", "mA"),
            ("28.5", "kvar"),
            ("28.5", "kVAr"),
            ("28.5", "W/m2"),
            ("28.5", "W/m²"),
            ("28.5", "W"),
            ("28.5", "m"),
        ] {
            assert_eq!(kind("285", shown, unit, "\n"), "i16", "{unit}");
            assert_eq!(kind("285", shown, unit, "tidak\n\n"), "u16", "{unit}");
        }
        for unit in ["kWh", "VA", "Hz", "%RH", "ohm", "ppm", "m3"] {
            assert_eq!(kind("285", "28.5", unit, "\n"), "u16", "{unit}");
        }
        for unit in ["V", "%", ""] {
            assert_eq!(kind("285", "28.5", unit, "\n"), "u16", "{unit}");
            assert_eq!(kind("285", "28.5", unit, "ya\n\n"), "i16", "{unit}");
        }
        // Here the registers tell it.
        assert_eq!(kind("0xFF9C", "-1,00", "°C", "\n"), "i16");
        assert_eq!(kind("0xFF9C", "654.36", "°C", "\n"), "u16");
    }

    #[test]
    fn a_pipe_that_does_not_know_the_question_of_the_sign_goes_on() {
        let second = "energy\ninput\n10\nkWh\n0x2345 0x0001\n7456.5\n\n";
        assert_eq!(kind("285", "28.5", "W", second), "i16");
    }

    #[test]
    fn what_would_fail_at_the_end_is_said_at_its_own_question() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut answers = ANSWERS.as_bytes();
        assert_eq!(run(&file.join("x"), &mut answers, false, Lang::En), NO);
        assert_eq!(answers.len(), ANSWERS.len(), "nothing was asked");
        // A name that is taken and a value that cannot be are asked again.
        std::fs::write(dir.path().join("acme-level.toml"), "").unwrap();
        let again = ANSWERS
            .replacen("acme-level", "acme-level\nother", 1)
            .replacen("1.234\n", "999999\n1,234\n", 1);
        assert_eq!(
            run(dir.path(), &mut again.as_bytes(), false, Lang::En),
            DONE
        );
        assert!(dir.path().join("other.toml").is_file());
    }

    #[test]
    fn an_interview_that_ends_early_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            run(dir.path(), &mut "Acme\nL\n".as_bytes(), false, Lang::En),
            NO
        );
        // Zero fits everything: without a choice nothing is guessed.
        let zero = "A\nB\na-b\nlevel\nplate\nx\nholding\n0\nm\n0 0\n0\n";
        assert_eq!(run(dir.path(), &mut zero.as_bytes(), false, Lang::En), NO);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
