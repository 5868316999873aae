//! Questions to the person at the terminal. They go to standard error, so that standard output
//! stays free for scripts; answers may come from a pipe.

use super::backend::print_stderr;
use crate::domain::parse_finite;
use crate::i18n::Language;
use std::io::BufRead;

/// Tries for one question before it counts as unanswered.
pub(super) const PROMPT_TRIES: usize = 3;

/// Reader of answers.
pub(super) struct ConsolePrompt<'a> {
    from: &'a mut dyn BufRead,
    /// Answer that belongs to the next question.
    pending: Option<String>,
    pub(super) lang: Language,
}

impl<'a> ConsolePrompt<'a> {
    pub(super) fn new(from: &'a mut dyn BufRead, lang: Language) -> Self {
        Self {
            from,
            pending: None,
            lang,
        }
    }

    /// Answer to a question without surrounding spaces; `None` at the end of the input.
    pub(super) fn ask_line(&mut self, question: &str) -> Option<String> {
        print_stderr(question);
        if let Some(answer) = self.pending.take() {
            return Some(answer);
        }
        let mut line = String::new();
        let bytes = self.from.read_line(&mut line).ok()?;
        // Zero bytes are the end of the input; an empty line has its line end.
        (bytes > 0).then(|| line.trim().to_owned())
    }

    /// Keeps an answer for the next question.
    pub(super) fn put_back(&mut self, answer: String) {
        self.pending = Some(answer);
    }

    /// Answer that `fits` accepts; `None` at the end of the input, or after too many wrong answers.
    pub(super) fn ask_valid(
        &mut self,
        question: &str,
        fits: impl Fn(&str) -> bool,
    ) -> Option<String> {
        for _ in 0..PROMPT_TRIES {
            let answer = self.ask_line(question)?;
            if fits(&answer) {
                return Some(answer);
            }
            self.print_retry(&answer);
        }
        None
    }

    /// Says that an answer was not understood.
    pub(super) fn print_retry(&self, answer: &str) {
        let args = [("found", answer)];
        print_stderr(&self.lang.text_with("cli-device-again", &args));
    }

    /// Answer that `understood` accepts; `None` at the end of the input, after an empty answer, or
    /// after too many wrong ones.
    pub(super) fn ask_parsed<T>(
        &mut self,
        question: &str,
        understood: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let ends = |text: &str| text.is_empty() || understood(text).is_some();
        let answer = self.ask_valid(question, ends)?;
        understood(&answer)
    }

    /// Whether the answer is yes. Any other answer, and no answer, is no.
    pub(super) fn ask_agreement(&mut self, question: &str) -> bool {
        let answer = self.ask_line(question).unwrap_or_default().to_lowercase();
        // The words of both languages are accepted, whatever the language of the call.
        ["y", "ya", "yes"].contains(&answer.as_str())
    }
}

/// Finite number, with a decimal point or comma.
pub(super) fn parse_decimal(text: &str) -> Option<f64> {
    parse_finite(&text.trim().replace(',', "."))
}

/// Two numbers with `sign` between them: `0.03=0`, `100/5`.
pub(super) fn parse_pair(text: &str, sign: char) -> Option<(f64, f64)> {
    let (left, right) = text.split_once(sign)?;
    Some((parse_decimal(left)?, parse_decimal(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_a_decimal_point_and_a_wrong_answer_is_asked_again() {
        let mut pipe = "abc\n1,25\n".as_bytes();
        let mut person = ConsolePrompt::new(&mut pipe, Language::En);
        assert_eq!(person.ask_parsed("?", parse_decimal), Some(1.25));
        assert_eq!(person.ask_parsed("?", parse_decimal), None);
        assert!(!person.ask_agreement("?"));
        assert_eq!(parse_pair("0,03=0", '='), Some((0.03, 0.0)));
        assert_eq!(parse_pair("100/inf", '/'), None);
        assert_eq!(parse_pair("100/1.2e-400", '/'), None);
    }
}
