//! `pantau device new`: an interview that writes a device profile. Answers may come from a pipe;
//! with a connected device the registers come from the device itself.

use super::device_connection::{NewProfileWishes, connect_device};
use super::live_device::{LiveAnswer, LiveDevice};
use super::profile_check::load_valid_profile;
use super::profile_text::{
    PointAnswers, RegisterFit, fit_text, point_tables, toml_string, value_text,
};
use super::typed_registers::{
    FITS_SHOWN_MAX, find_fits, parse_any_words, parse_register_number, parse_register_words,
    parse_table, plain_number, subtract_exactly, value_lengths,
};
use crate::cli::backend::print_stderr;
use crate::cli::exit_status::{EXIT_DONE, EXIT_NEGATIVE, EXIT_USAGE};
use crate::cli::file_error::io_reason;
use crate::cli::interview::{AnswerDraft, Interview, InterviewEnded, parse_yes};
use crate::cli::prompt::{PROMPT_TRIES, parse_decimal};
use crate::cli::read::register_line;
use crate::cli::standard_output::print_line;
use crate::config::physical_limits::{self, NegativeValues};
use crate::config::point_checks::unit_hint;
use crate::config::value_syntax::{document_register, is_id, parse_register};
use crate::i18n::Language;
use crate::limits::POINTS_PER_DEVICE_MAX;
use std::path::Path;

/// Name of the draft in the directory of the profile.
const DRAFT_NAME: &str = "device-new.draft";

/// Interview with a person, or with a pipe, about a device that may be connected.
struct ProfileInterview<'a> {
    talk: Interview<'a>,
    device: Option<LiveDevice>,
}

/// Asks, writes `DIRECTORY/NAME.toml` and prints its path; returns the exit status.
pub(super) async fn hold_interview(wishes: &NewProfileWishes, mut talk: Interview<'_>) -> u8 {
    let (dir, lang) = (&wishes.dir, talk.lang());
    // Before the first question: otherwise the whole interview would be lost.
    if let Err(why) = std::fs::create_dir_all(dir) {
        eprintln!("pantau: {}: {}", dir.display(), io_reason(&why, lang));
        return EXIT_NEGATIVE;
    }
    let draft = dir.join(DRAFT_NAME);
    if talk.is_terminal {
        match AnswerDraft::open(&draft) {
            Ok(kept) => talk.draft = kept,
            Err(why) => {
                eprintln!("pantau: {}: {}", draft.display(), io_reason(&why, lang));
                return EXIT_NEGATIVE;
            }
        }
        let shown = draft.display().to_string();
        print_stderr(&lang.text_with("cli-device-hello", &[("draft", &shown)]));
        talk.offer_draft();
    }
    let mut person = ProfileInterview { talk, device: None };
    let Some((name, text)) = person.ask_profile(wishes).await else {
        person.print_end(&draft);
        return EXIT_NEGATIVE;
    };
    let file = dir.join(format!("{name}.toml"));
    if let Err(faults) = load_valid_profile(&text, &file) {
        eprintln!("{}", faults.render(lang));
        person.print_end(&draft);
        return EXIT_USAGE;
    }
    match write_new_profile(&file, &text) {
        Ok(()) => {
            person.talk.draft.finish();
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

/// Profile name made of manufacturer and model: `acme-level-5`.
fn proposed_name(maker: &str, model: &str) -> String {
    let text = format!("{maker} {model}").to_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-").chars().take(60).collect()
}

/// Questions and answers. `None` stands for the end of the input, or too many wrong answers.
impl ProfileInterview<'_> {
    /// Answer that `fits` accepts.
    fn ask(&mut self, key: &str, fits: impl FnMut(&str) -> bool) -> Option<String> {
        let question = self.talk.lang().text(key);
        self.talk.ask_valid(key, &question, fits)
    }

    /// Says what became of the answers of an interview that wrote nothing.
    fn print_end(&self, draft: &Path) {
        let lang = self.talk.lang();
        print_stderr(&lang.text("cli-device-gave-up"));
        if self.talk.is_terminal {
            let draft = draft.display().to_string();
            print_stderr(&lang.text_with("cli-device-kept", &[("draft", &draft)]));
        }
    }

    async fn ask_profile(&mut self, wishes: &NewProfileWishes) -> Option<(String, String)> {
        self.device = connect_device(&mut self.talk, wishes).await.ok()?;
        let any = |text: &str| !text.is_empty();
        let maker = self.ask("cli-device-ask-maker", any)?;
        let model = self.ask("cli-device-ask-model", any)?;
        let name = self.ask_name(&wishes.dir, &maker, &model)?;
        let kind = self.ask("cli-device-ask-kind", is_id)?;
        let source = self.ask("cli-device-ask-source", any)?;
        let points = self.ask_points().await?;
        if points.is_empty() {
            return None;
        }
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
        let facts = self.device.as_ref().map(LiveDevice::facts);
        let facts = facts.unwrap_or_default();
        text.push_str(&facts.tables());
        // Without a device nobody has tried whether a scan would recognise it.
        if self.device.is_some() {
            text.push_str(&facts.identify_tables(&points));
        }
        text.push_str(&point_tables(&points)?);
        Some((name, text))
    }

    fn ask_name(&mut self, dir: &Path, maker: &str, model: &str) -> Option<String> {
        let lang = self.talk.lang();
        let fits =
            |name: &str| is_id(name) && is_free_file(&dir.join(format!("{name}.toml")), lang);
        let proposal = proposed_name(maker, model);
        // A pipe gives the name itself.
        if !self.talk.is_terminal || !fits(&proposal) {
            return self.ask("cli-device-ask-name", fits);
        }
        let usual = lang.text_with("cli-device-usual", &[("usual", &proposal)]);
        let question = format!("{} {usual}", lang.text("cli-device-ask-name"));
        self.talk
            .ask_or("cli-device-ask-name", &question, &proposal, fits)
    }

    async fn ask_points(&mut self) -> Option<Vec<PointAnswers>> {
        let mut points: Vec<PointAnswers> = Vec::new();
        // Points that were left out are asked again, so the loop has a bound of its own.
        for _ in 0..2 * POINTS_PER_DEVICE_MAX {
            if points.len() >= POINTS_PER_DEVICE_MAX {
                break;
            }
            let id = self.ask("cli-device-ask-point", |text| {
                text.is_empty() || (is_id(text) && !points.iter().any(|point| point.id == text))
            });
            let Some(id) = id.filter(|id| !id.is_empty()) else {
                break;
            };
            match self.ask_point(&id).await {
                Some(point) => points.push(point),
                // A person tries the next one; what was answered before stays.
                None if self.talk.is_terminal => {
                    let lang = self.talk.lang();
                    print_stderr(&lang.text_with("cli-device-left-out", &[("point", &id)]));
                }
                None => return None,
            }
        }
        Some(points)
    }

    async fn ask_point(&mut self, id: &str) -> Option<PointAnswers> {
        let typed = self.ask("cli-device-ask-table", |text| parse_table(text).is_some())?;
        let (table, address) = parse_table(&typed)?;
        let address = match address {
            Some(address) => address,
            None => self.ask_address(table)?,
        };
        let unit = self.ask_unit()?;
        let reads = self.point_words(table, address).await?;
        let lang = self.talk.lang();
        let shown = self.ask("cli-device-ask-shown", |text| {
            let number = plain_number(text, &unit).and_then(|text| parse_decimal(&text));
            number.is_some_and(|shown| is_possible_value(shown, &unit, lang))
        })?;
        // A decimal comma is accepted; the TOML number needs a point.
        let shown = plain_number(&shown, &unit)?;
        let (registers, fit, offset) = self.find_encoding(&reads, &shown, &unit)?;
        let fit = self.resolve_sign(fit, &unit);
        Some(PointAnswers {
            id: id.to_owned(),
            table: table.to_owned(),
            address,
            counter: self.ask_counter(&unit),
            unit,
            registers,
            shown,
            fit,
            offset,
        })
    }

    fn ask_address(&mut self, table: &str) -> Option<u16> {
        let fits = |text: &str| parse_register_number(text).is_some();
        let typed = self.ask("cli-device-ask-address", fits)?;
        let address = parse_register_number(&typed)?;
        let meant = document_register(u32::from(address));
        let meant = meant.and_then(|text| parse_register(&text).zip(Some(text)));
        let Some(((_, other), text)) = meant.filter(|_| self.talk.is_terminal) else {
            return Some(address);
        };
        let lang = self.talk.lang();
        let found = format!("{table}:{address}");
        let args = [("found", found.as_str()), ("meant", &text)];
        let question = lang.text_with("cli-device-ask-document", &args);
        let is_document = self
            .talk
            .ask_yes("cli-device-ask-document", &question, true)?;
        Some(if is_document { other } else { address })
    }

    /// Unit in its own spelling; another spelling, or a slip, is confirmed at a terminal.
    fn ask_unit(&mut self) -> Option<String> {
        let is_known = |text: &str| text.is_empty() || drivers::units::find_unit(text).is_some();
        let is_terminal = self.talk.is_terminal;
        let same = |text: &str| {
            let hint = unit_hint(text);
            // A slip of the case alone is no question, but for a prefix that changes with it.
            let alike = hint.filter(|unit| unit.symbol.eq_ignore_ascii_case(text));
            if is_terminal { hint } else { alike }
        };
        for _ in 0..PROMPT_TRIES {
            let typed = self.ask("cli-device-ask-unit", |text| {
                is_known(text) || same(text).is_some()
            })?;
            if is_known(&typed) {
                return Some(typed);
            }
            let symbol = same(&typed)?.symbol;
            let lang = self.talk.lang();
            let args = [("found", typed.as_str()), ("meant", symbol)];
            let question = lang.text_with("cli-device-ask-unit-meant", &args);
            if !is_terminal
                || self
                    .talk
                    .ask_yes("cli-device-ask-unit-meant", &question, true)?
            {
                return Some(symbol.to_owned());
            }
        }
        None
    }

    /// Registers of a point, in the lengths that a value may have: from the device, else typed.
    async fn point_words(&mut self, table: &str, address: u16) -> Option<Vec<Vec<u16>>> {
        if let Some(known) = self.talk.earlier_finding("words") {
            return parse_any_words(&known).map(|words| value_lengths(&words));
        }
        let lang = self.talk.lang();
        if let Some(device) = self.device.as_mut() {
            let answer = device.read_value(table, address).await;
            let register = format!("{table}:{address}");
            let why = match answer {
                LiveAnswer::Words(words) => {
                    for (index, word) in words.iter().enumerate() {
                        let at = address.saturating_add(u16::try_from(index).unwrap_or(0));
                        let next = words.get(index + 1).copied();
                        let line = register_line(&format!("{table}:{at}"), *word, next, lang);
                        print_stderr(&format!("  {line}"));
                    }
                    let hex: Vec<String> =
                        words.iter().map(|word| format!("0x{word:04X}")).collect();
                    self.talk.keep("words", &hex.join(" "));
                    return Some(value_lengths(&words));
                }
                LiveAnswer::Refused(code) => {
                    let code = code.to_string();
                    lang.text_with(
                        "cli-device-refused",
                        &[("register", &register), ("code", &code)],
                    )
                }
                LiveAnswer::Silent(why) => {
                    let args = [("register", register.as_str()), ("why", &why)];
                    lang.text_with("cli-device-no-words", &args)
                }
            };
            print_stderr(&why);
            if !self.talk.is_terminal {
                return None;
            }
        }
        let typed = self.ask("cli-device-ask-words", |text| {
            parse_register_words(text).is_some()
        })?;
        Some(vec![parse_register_words(&typed)?])
    }

    /// Registers, their encoding, and the offset that give the value on the display.
    fn find_encoding(
        &mut self,
        reads: &[Vec<u16>],
        shown: &str,
        unit: &str,
    ) -> Option<(Vec<u16>, RegisterFit, String)> {
        if let Some((words, fit)) = self.choose_fit(reads, shown, unit).ok()? {
            return Some((words, fit, String::new()));
        }
        if !self.talk.is_terminal {
            return None;
        }
        let fits = |text: &str| text.is_empty() || plain_number(text, unit).is_some();
        let offset = self.ask("cli-device-ask-offset", fits)?;
        let offset = plain_number(&offset, unit).filter(|_| !offset.is_empty())?;
        let rest = subtract_exactly(shown, &offset)?;
        let (words, fit) = self.choose_fit(reads, &rest, unit).ok()??;
        Some((words, fit, offset))
    }

    /// The only encoding, or the one that the person chooses. Nothing is guessed: a wrong encoding
    /// would read plausible numbers. `Ok(None)`: none gives the value.
    fn choose_fit(
        &mut self,
        reads: &[Vec<u16>],
        shown: &str,
        unit: &str,
    ) -> Result<Option<(Vec<u16>, RegisterFit)>, InterviewEnded> {
        let mut all: Vec<(Vec<u16>, RegisterFit)> = Vec::new();
        for words in reads {
            // A total of 64 bits reads the same with 32 for as long as a meter lives.
            if words.len() > 2 && !all.is_empty() {
                continue;
            }
            let fits = find_fits(words, shown, unit).into_iter();
            all.extend(fits.map(|fit| (words.clone(), fit)));
        }
        all.truncate(FITS_SHOWN_MAX);
        let lang = self.talk.lang();
        match all.as_slice() {
            [] => {
                eprintln!(
                    "{}",
                    lang.text_with("cli-device-no-fit", &[("shown", shown)])
                );
                Ok(None)
            }
            [one] => Ok(Some(one.clone())),
            many => {
                eprintln!("{}", lang.text("cli-device-many-fit"));
                for ((words, fit), number) in many.iter().zip(1..) {
                    let value = value_text(words, *fit).unwrap_or_default();
                    eprintln!("  {number}  {}  {value}", fit_text(*fit));
                }
                let pick = |text: &str| text.parse::<usize>().ok()?.checked_sub(1);
                let known = |text: &str| pick(text).is_some_and(|pick| pick < many.len());
                let answer = self.ask("cli-device-ask-which", known);
                let picked = answer.and_then(|text| pick(&text)).ok_or(InterviewEnded)?;
                Ok(many.get(picked).cloned())
            }
        }
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
                let example = format!("-1 {unit}");
                let args = [("example", example.trim_end())];
                self.ask_or_pass("cli-device-ask-sign", &args, below == NegativeValues::Usual)
            }
        };
        RegisterFit {
            encoding: if signed { twin } else { fit.encoding },
            twin: None,
            ..fit
        }
    }

    /// Whether a value only grows; asked where a meter may have a total in this unit.
    fn ask_counter(&mut self, unit: &str) -> bool {
        let quantity = drivers::units::find_unit(unit).map_or("", |unit| unit.quantity);
        let proposed = match quantity {
            "energy" | "apparent_energy" | "reactive_energy" | "charge" => true,
            "volume" | "mass" | "pieces" | "irradiation" | "time" => false,
            _ => return false,
        };
        self.ask_or_pass("cli-device-ask-counter", &[], proposed)
    }

    /// Answer to a question of yes or no; the proposal when there is none. The answers of a pipe
    /// were written before this question was known, so an answer that is neither yes nor no belongs
    /// to the next question.
    fn ask_or_pass(&mut self, key: &str, args: &[(&str, &str)], proposed: bool) -> bool {
        let lang = self.talk.lang();
        let usual = self.talk.yes_word(proposed);
        let args = [args, &[("usual", usual.as_str())]].concat();
        let question = lang.text_with(key, &args);
        if self.talk.is_terminal {
            let fits = |text: &str| text.is_empty() || parse_yes(text).is_some();
            let answer = self.talk.ask_valid(key, &question, fits);
            return answer.and_then(|text| parse_yes(&text)).unwrap_or(proposed);
        }
        let Some(answer) = self.talk.prompt.ask_line(&question) else {
            return proposed;
        };
        if answer.is_empty() {
            return proposed;
        }
        parse_yes(&answer).unwrap_or_else(|| {
            self.talk.prompt.put_back(answer);
            proposed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{RegisterEncoding, WordOrder};

    /// The interview with answers from a pipe.
    fn run_interview(dir: &Path, from: &mut &[u8], lang: Language) -> u8 {
        let wishes = NewProfileWishes {
            dir: dir.to_owned(),
            ..NewProfileWishes::default()
        };
        let talk = Interview::new(from, false, lang);
        futures_util::future::FutureExt::now_or_never(hold_interview(&wishes, talk)).unwrap()
    }

    const ANSWERS: &str = "Acme\nLevel 5\nacme-level\nlevel\nthe plate\n\
                           level\nholding\n0x0004\nm\n0x04D2\n1.234\n\
                           energy\ninput\n10\nkWh\n0x2345 0x0001\n7456.5\n\n";

    #[test]
    fn an_interview_from_a_pipe_writes_a_profile_that_reads_the_display() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            run_interview(dir.path(), &mut ANSWERS.as_bytes(), Language::En),
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
            run_interview(dir.path(), &mut ANSWERS.as_bytes(), Language::En),
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
        let status = run_interview(&folder, &mut answers.as_bytes(), Language::Id);
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
            run_interview(&file.join("x"), &mut answers, Language::En),
            EXIT_NEGATIVE
        );
        assert_eq!(answers.len(), ANSWERS.len(), "nothing was asked");
        // A name in use and an impossible value are asked again.
        std::fs::write(dir.path().join("acme-level.toml"), "").unwrap();
        let again = ANSWERS
            .replacen("acme-level", "acme-level\nother", 1)
            .replacen("1.234\n", "999999\n1,234\n", 1);
        assert_eq!(
            run_interview(dir.path(), &mut again.as_bytes(), Language::En),
            EXIT_DONE
        );
        assert!(dir.path().join("other.toml").is_file());
    }

    #[test]
    fn an_interview_that_ends_early_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            run_interview(dir.path(), &mut "Acme\nL\n".as_bytes(), Language::En),
            EXIT_NEGATIVE
        );
        // Zero fits every encoding: without a choice nothing is guessed.
        let zero = "A\nB\na-b\nlevel\nplate\nx\nholding\n0\nm\n0 0\n0\n";
        assert_eq!(
            run_interview(dir.path(), &mut zero.as_bytes(), Language::En),
            EXIT_NEGATIVE
        );
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
