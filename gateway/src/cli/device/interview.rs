//! `pantau device new`: an interview that writes a device profile. Answers may come from a pipe.

use super::output;
use super::profile_check::load_valid_profile;
use crate::buses::modbus::decode;
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use crate::cli::file_error::io_reason;
use crate::cli::prompt::{self, ConsolePrompt, PROMPT_TRIES};
use crate::cli::standard_output::print_line;
use crate::commissioning::register_inference::{
    InferenceHints, InferenceReason, RegisterHypothesis, rank_hypotheses,
};
use crate::config::physical_limits::{self, NegativeValues};
use crate::config::{RegisterEncoding, WordOrder};
use crate::domain::ExactNumber;
use crate::i18n::Language;
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::fmt::Write as _;
use std::io::BufRead;
use std::path::Path;

/// Possible encodings that are offered to a person.
const FITS_SHOWN_MAX: usize = 8;

/// Interview with a person, or with a pipe.
struct ProfileInterview<'a> {
    prompt: ConsolePrompt<'a>,
    /// Whether the answers come from a terminal.
    is_terminal: bool,
}

/// Encoding of the registers that gives the value on the display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct RegisterFit {
    encoding: RegisterEncoding,
    /// Signed type that gives the same value here.
    twin: Option<RegisterEncoding>,
    words: WordOrder,
    /// Power of ten of the scale.
    exponent: i8,
}

/// TOML tables of one point.
struct PointSections {
    point: String,
    capture: String,
}

/// Asks, writes `DIRECTORY/NAME.toml` and prints its path; returns the exit status. `sees` is set
/// when the answers come from a terminal.
pub(super) fn run_interview(dir: &Path, from: &mut dyn BufRead, sees: bool, lang: Language) -> u8 {
    let mut person = ProfileInterview {
        prompt: ConsolePrompt::new(from, lang),
        is_terminal: sees,
    };
    // Before the first question: otherwise the whole interview would be lost.
    if let Err(why) = std::fs::create_dir_all(dir) {
        eprintln!("pantau: {}: {}", dir.display(), io_reason(&why, lang));
        return EXIT_NEGATIVE;
    }
    let Some((name, text)) = ask_profile(&mut person, dir) else {
        eprintln!("{}", lang.text("cli-device-gave-up"));
        return EXIT_NEGATIVE;
    };
    let file = dir.join(format!("{name}.toml"));
    if let Err(faults) = load_valid_profile(&text, &file) {
        eprintln!("{}", faults.render(lang));
        return EXIT_USAGE;
    }
    match write_new_profile(&file, &text) {
        Ok(()) => {
            let file = file.display().to_string();
            print_line(&lang.text_with("cli-device-written", &[("file", &file)]));
            EXIT_DONE
        }
        Err(why) => {
            eprintln!("pantau: {}: {}", file.display(), io_reason(&why, lang));
            EXIT_NEGATIVE
        }
    }
}

/// Writes a new file; an existing file is never overwritten.
fn write_new_profile(file: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut new = std::fs::File::create_new(file)?;
    new.write_all(text.as_bytes())?;
    new.sync_all()
}

fn is_valid_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    (1..=64).contains(&text.len()) && text.chars().all(fits)
}

fn ask_profile(person: &mut ProfileInterview<'_>, dir: &Path) -> Option<(String, String)> {
    let any = |text: &str| !text.is_empty();
    let maker = person.ask_until_valid("cli-device-ask-maker", any)?;
    let model = person.ask_until_valid("cli-device-ask-model", any)?;
    let lang = person.prompt.lang;
    let name = person.ask_until_valid("cli-device-ask-name", |name| {
        is_valid_id(name) && is_free_file(&dir.join(format!("{name}.toml")), lang)
    })?;
    let kind = person.ask_until_valid("cli-device-ask-kind", is_valid_id)?;
    let source = person.ask_until_valid("cli-device-ask-source", any)?;
    // `high` would need the manufacturer's document or a second source.
    let mut text = format!(
        "name = {}\nmanufacturer = {}\nmodel = {}\nkind = {}\nsource = {}\n\
         confidence = \"medium\"\n",
        toml_string(&name),
        toml_string(&maker),
        toml_string(&model),
        toml_string(&kind),
        toml_string(&source)
    );
    let points = ask_points(person)?;
    if points.is_empty() {
        return None;
    }
    // Captures follow the points, as in the profiles of the library.
    for part in points.iter().map(|answered| &answered.point) {
        text.push_str(part);
    }
    for part in points.iter().map(|answered| &answered.capture) {
        text.push_str(part);
    }
    Some((name, text))
}

/// Whether no such file exists; an existing one is reported.
fn is_free_file(file: &Path, lang: Language) -> bool {
    let is_free = !file.exists();
    if !is_free {
        let file = file.display().to_string();
        eprintln!(
            "{}",
            lang.text_with("cli-device-exists", &[("file", &file)])
        );
    }
    is_free
}

fn ask_points(person: &mut ProfileInterview<'_>) -> Option<Vec<PointSections>> {
    let mut points = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    while points.len() < POINTS_PER_DEVICE_MAX {
        let id = person.ask_until_valid("cli-device-ask-point", |text| {
            text.is_empty() || (is_valid_id(text) && !ids.iter().any(|id| id == text))
        });
        let Some(id) = id.filter(|id| !id.is_empty()) else {
            break;
        };
        points.push(ask_point(person, &id)?);
        ids.push(id);
    }
    Some(points)
}

fn ask_point(person: &mut ProfileInterview<'_>, id: &str) -> Option<PointSections> {
    let table = person.ask_until_valid("cli-device-ask-table", |text| {
        matches!(text, "holding" | "input")
    })?;
    let address = person.ask_until_valid("cli-device-ask-address", |text| {
        parse_register_number(text).is_some()
    })?;
    let address = parse_register_number(&address)?;
    let unit = person.ask_until_valid("cli-device-ask-unit", |text| {
        text.is_empty() || drivers::units::find_unit(text).is_some()
    })?;
    let typed = person.ask_until_valid("cli-device-ask-words", |text| {
        parse_register_words(text).is_some()
    })?;
    let words = parse_register_words(&typed)?;
    let lang = person.prompt.lang;
    let shown = person.ask_until_valid("cli-device-ask-shown", |text| {
        prompt::parse_decimal(text).is_some_and(|shown| is_possible_value(shown, &unit, lang))
    })?;
    // A decimal comma is accepted; the TOML number needs a point.
    let shown = shown.replace(',', ".");
    let fit = choose_fit(person, &words, &shown, &find_fits(&words, &shown, &unit))?;
    let fit = person.resolve_sign(fit, &unit);
    Some(PointSections {
        point: point_text(id, &table, address, &unit, fit),
        capture: capture_text(id, &words, fit)?,
    })
}

/// Whether a device can show this value in this unit; an impossible one is reported.
fn is_possible_value(shown: f64, unit: &str, lang: Language) -> bool {
    let limits = physical_limits::physical_range("", drivers::units::find_unit(unit), false);
    let fits = limits.is_none_or(|(min, max)| (min..=max).contains(&shown));
    if !fits {
        let found = shown.to_string();
        let args = [("found", found.as_str()), ("unit", unit)];
        eprintln!("{}", lang.text_with("cli-device-beyond", &args));
    }
    fits
}

/// Encodings that give the value on the display, the likeliest first; only one when it is certain.
fn find_fits(words: &[u16], shown: &str, unit: &str) -> Vec<RegisterFit> {
    let hints = InferenceHints {
        unit,
        display: ExactNumber::parse(shown),
        ..InferenceHints::default()
    };
    let ranking = rank_hypotheses(&[words], &hints);
    let fits = |one: &&RegisterHypothesis| !one.reasons.contains(&InferenceReason::NotDisplay);
    let fit = |one: &RegisterHypothesis| RegisterFit {
        encoding: one.encoding,
        twin: one.twin,
        words: one.words,
        exponent: one.power,
    };
    let count = if ranking.certain { 1 } else { FITS_SHOWN_MAX };
    let fitting = ranking.hypotheses.iter().filter(fits);
    fitting.take(count).map(fit).collect()
}

/// The only encoding, or the one that the person chooses. Nothing is guessed: a wrong encoding
/// would read plausible numbers.
fn choose_fit(
    person: &mut ProfileInterview<'_>,
    words: &[u16],
    shown: &str,
    fits: &[RegisterFit],
) -> Option<RegisterFit> {
    match fits {
        [] => {
            eprintln!(
                "{}",
                person
                    .prompt
                    .lang
                    .text_with("cli-device-no-fit", &[("shown", shown)])
            );
            None
        }
        [one] => Some(*one),
        many => {
            eprintln!("{}", person.prompt.lang.text("cli-device-many-fit"));
            for (fit, number) in many.iter().zip(1..) {
                let value = value_text(words, *fit).unwrap_or_default();
                eprintln!("  {number}  {}  {value}", fit_text(*fit));
            }
            let pick = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
            let known = |text: &str| pick(text).is_some_and(|pick| pick < many.len());
            let answer = person.ask_until_valid("cli-device-ask-which", known)?;
            many.get(pick(&answer)?).copied()
        }
    }
}

/// Questions and answers. `None` stands for the end of the input, or too many wrong answers.
impl ProfileInterview<'_> {
    /// Answer that `fits` accepts.
    fn ask_until_valid(&mut self, key: &str, fits: impl Fn(&str) -> bool) -> Option<String> {
        let question = self.prompt.lang.text(key);
        self.prompt.ask_valid(&question, fits)
    }

    /// Fit with the type, signed or unsigned, that the person chooses when the registers do not
    /// show it: -1.00 degC as an unsigned number would be 654.36. The measured quantity gives the
    /// proposed answer.
    fn resolve_sign(&mut self, fit: RegisterFit, unit: &str) -> RegisterFit {
        let Some(twin) = fit.twin else {
            return fit;
        };
        let below = physical_limits::negative_values("", drivers::units::find_unit(unit));
        let signed = match below {
            NegativeValues::Never => false,
            NegativeValues::Seldom | NegativeValues::Usual => {
                self.ask_below_zero(below == NegativeValues::Usual, unit)
            }
        };
        RegisterFit {
            encoding: if signed { twin } else { fit.encoding },
            twin: None,
            ..fit
        }
    }

    /// Answer to the question about negative values; the proposal when there is none. The answers
    /// of a pipe were written before this question was known, so an answer that is neither yes nor
    /// no belongs to the next question.
    fn ask_below_zero(&mut self, proposed: bool, unit: &str) -> bool {
        let lang = self.prompt.lang;
        let usual = lang.text(if proposed {
            "cli-device-yes"
        } else {
            "cli-device-no"
        });
        let example = format!("-1 {unit}");
        let args = [("example", example.trim_end()), ("usual", usual.as_str())];
        let question = lang.text_with("cli-device-ask-sign", &args);
        for _ in 0..PROMPT_TRIES {
            let Some(answer) = self.prompt.ask_line(&question) else {
                return proposed;
            };
            match answer.to_lowercase().as_str() {
                "" => return proposed,
                "y" | "yes" | "ya" => return true,
                "n" | "no" | "t" | "tidak" => return false,
                _ if !self.is_terminal => {
                    self.prompt.put_back(answer);
                    return proposed;
                }
                _ => self.prompt.print_retry(&answer),
            }
        }
        proposed
    }
}

fn parse_register_number(text: &str) -> Option<u16> {
    match text.strip_prefix("0x") {
        Some(hex) => u16::from_str_radix(hex, 16).ok(),
        None => text.parse().ok(),
    }
}

/// Register words, decimal or hexadecimal; `None` unless there are 1, 2 or 4.
fn parse_register_words(text: &str) -> Option<Vec<u16>> {
    let parts = text.split([' ', ',', '[', ']']);
    let parts = parts.filter(|part| !part.is_empty());
    let words: Option<Vec<u16>> = parts.map(parse_register_number).collect();
    // Numbers in profiles have 16, 32 or 64 bits.
    words.filter(|words| [1, 2, 4].contains(&words.len()))
}

fn fit_text(fit: RegisterFit) -> String {
    let order = format!("{:?}", fit.words).to_lowercase();
    let kind = output::encoding_word(fit.encoding);
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

fn point_text(id: &str, table: &str, address: u16, unit: &str, fit: RegisterFit) -> String {
    let mut text = format!(
        "\n[[point]]\nid = {}\nregister = \"{table}:{address}\"\ntype = \"{}\"\n",
        toml_string(id),
        output::encoding_word(fit.encoding)
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
        let _ = writeln!(text, "unit = {}", toml_string(unit));
    }
    text
}

fn value_text(words: &[u16], fit: RegisterFit) -> Option<String> {
    decode::decode_scaled(fit.encoding, fit.words, fit.exponent, words)
        .map(|number| number.to_string())
}

fn capture_text(id: &str, words: &[u16], fit: RegisterFit) -> Option<String> {
    let hex: Vec<String> = words.iter().map(|word| format!("0x{word:04X}")).collect();
    Some(format!(
        "\n[[capture]]\npoint = {}\nwords = [{}]\nvalue = {}\nfrom = \"device\"\n",
        toml_string(id),
        hex.join(", "),
        value_text(words, fit)?
    ))
}

/// Text as a TOML string.
fn toml_string(text: &str) -> String {
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
            run_interview(dir.path(), &mut ANSWERS.as_bytes(), false, Language::En),
            EXIT_DONE
        );
        let file = dir.path().join("acme-level.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(
            text.contains("scale = 0.001") && text.contains("words = \"cdab\""),
            "{text}"
        );
        load_valid_profile(&text, &file).unwrap();
        // An existing file is never overwritten.
        assert_eq!(
            run_interview(dir.path(), &mut ANSWERS.as_bytes(), false, Language::En),
            EXIT_NEGATIVE
        );
    }

    fn first_fit(
        words: &[u16],
        shown: &str,
        unit: &str,
    ) -> Option<(RegisterEncoding, WordOrder, i8)> {
        let fits = find_fits(words, shown, unit);
        let fit = fits.first()?;
        Some((fit.encoding, fit.words, fit.exponent))
    }

    #[test]
    fn the_display_tells_scale_and_word_order() {
        let volts = first_fit(&[2305], "230.5", "V");
        assert_eq!(volts, Some((RegisterEncoding::U16, WordOrder::Abcd, -1)));
        let watts = first_fit(&[0xFF9C], "-10.0", "W");
        assert_eq!(watts, Some((RegisterEncoding::I16, WordOrder::Abcd, -1)));
        // 0x0001_2345 is 74565.
        let energy = first_fit(&[0x2345, 0x0001], "7456.5", "kWh");
        assert_eq!(energy, Some((RegisterEncoding::U32, WordOrder::Cdab, -1)));
        let float = first_fit(&[0x4366, 0x8000], "230.5", "V");
        assert_eq!(float, Some((RegisterEncoding::F32, WordOrder::Abcd, 0)));
    }

    #[test]
    fn what_cannot_be_told_has_several_ways_and_what_is_impossible_none() {
        assert!(find_fits(&[0, 0], "0", "").len() > 1);
        assert!(find_fits(&[2305], "17.3", "V").is_empty());
        assert!(find_fits(&[], "1", "V").is_empty());
    }

    /// Type in the profile for one register: its word, its display, its unit, further answers.
    fn written_type(word: &str, shown: &str, unit: &str, rest: &str) -> String {
        let dir = tempfile::tempdir().unwrap();
        let head = "Acme\nL\nacme\nlevel\nplate\np\nholding\n0\n";
        let answers = format!("{head}{unit}\n{word}\n{shown}\n{rest}");
        let folder = dir.path().join("new/deeper");
        let status = run_interview(&folder, &mut answers.as_bytes(), false, Language::Id);
        assert_eq!(status, EXIT_DONE, "{answers}");
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
            assert_eq!(written_type("285", shown, unit, "\n"), "i16", "{unit}");
            assert_eq!(
                written_type("285", shown, unit, "tidak\n\n"),
                "u16",
                "{unit}"
            );
        }
        for unit in ["kWh", "VA", "Hz", "%RH", "ohm", "ppm", "m3"] {
            assert_eq!(written_type("285", "28.5", unit, "\n"), "u16", "{unit}");
        }
        for unit in ["V", "%", ""] {
            assert_eq!(written_type("285", "28.5", unit, "\n"), "u16", "{unit}");
            assert_eq!(written_type("285", "28.5", unit, "ya\n\n"), "i16", "{unit}");
        }
        // The registers show the sign here.
        assert_eq!(written_type("0xFF9C", "-1,00", "°C", "\n"), "i16");
        assert_eq!(written_type("0xFF9C", "654.36", "°C", "\n"), "u16");
    }

    #[test]
    fn a_pipe_that_does_not_know_the_question_of_the_sign_goes_on() {
        let second = "energy\ninput\n10\nkWh\n0x2345 0x0001\n7456.5\n\n";
        assert_eq!(written_type("285", "28.5", "W", second), "i16");
    }

    #[test]
    fn what_would_fail_at_the_end_is_said_at_its_own_question() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        let mut answers = ANSWERS.as_bytes();
        assert_eq!(
            run_interview(&file.join("x"), &mut answers, false, Language::En),
            EXIT_NEGATIVE
        );
        assert_eq!(answers.len(), ANSWERS.len(), "nothing was asked");
        // A name in use and an impossible value are asked again.
        std::fs::write(dir.path().join("acme-level.toml"), "").unwrap();
        let again = ANSWERS
            .replacen("acme-level", "acme-level\nother", 1)
            .replacen("1.234\n", "999999\n1,234\n", 1);
        assert_eq!(
            run_interview(dir.path(), &mut again.as_bytes(), false, Language::En),
            EXIT_DONE
        );
        assert!(dir.path().join("other.toml").is_file());
    }

    #[test]
    fn an_interview_that_ends_early_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            run_interview(dir.path(), &mut "Acme\nL\n".as_bytes(), false, Language::En),
            EXIT_NEGATIVE
        );
        // Zero fits every encoding: without a choice nothing is guessed.
        let zero = "A\nB\na-b\nlevel\nplate\nx\nholding\n0\nm\n0 0\n0\n";
        assert_eq!(
            run_interview(dir.path(), &mut zero.as_bytes(), false, Language::En),
            EXIT_NEGATIVE
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
