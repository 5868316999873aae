//! The person at the keyboard, or the pipe in their place: questions go to standard error, so that
//! standard output stays for scripts.

use super::running::complain;
use crate::words::Lang;
use std::io::BufRead;

/// A question is asked again this often before the interview gives up.
const TRIES: usize = 3;

/// Whoever answers.
pub(super) struct Person<'a> {
    from: &'a mut dyn BufRead,
    pub(super) lang: Lang,
}

impl<'a> Person<'a> {
    pub(super) fn new(from: &'a mut dyn BufRead, lang: Lang) -> Self {
        Self { from, lang }
    }

    /// The line that was answered, without its ends; `None` when nobody answers.
    pub(super) fn line(&mut self, question: &str) -> Option<String> {
        complain(question);
        let mut line = String::new();
        let bytes = self.from.read_line(&mut line).ok()?;
        (bytes > 0).then(|| line.trim().to_owned())
    }

    /// An answer that can be understood; `None` when there is none, or an empty one.
    pub(super) fn ask<T>(
        &mut self,
        question: &str,
        understood: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        for _ in 0..TRIES {
            let answer = self.line(question)?;
            if answer.is_empty() {
                return None;
            }
            if let Some(answer) = understood(&answer) {
                return Some(answer);
            }
            complain(&self.lang.say("cli-device-again", &[("found", &answer)]));
        }
        None
    }

    /// Yes; anything else, and nobody, is no.
    pub(super) fn agrees(&mut self, question: &str) -> bool {
        let answer = self.line(question).unwrap_or_default().to_lowercase();
        ["y", "ya", "yes"].contains(&answer.as_str())
    }
}

/// A finite number, with a decimal point or comma.
pub(super) fn number(text: &str) -> Option<f64> {
    let number: f64 = text.trim().replace(',', ".").parse().ok()?;
    number.is_finite().then_some(number)
}

/// Two numbers with a sign between them: `0.03=0`, `100/5`.
pub(super) fn pair(text: &str, sign: char) -> Option<(f64, f64)> {
    let (left, right) = text.split_once(sign)?;
    Some((number(left)?, number(right)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_is_a_decimal_point_and_a_wrong_answer_is_asked_again() {
        let mut pipe = "abc\n1,25\n".as_bytes();
        let mut person = Person::new(&mut pipe, Lang::En);
        assert_eq!(person.ask("?", number), Some(1.25));
        assert_eq!(person.ask("?", number), None);
        assert!(!person.agrees("?"));
        assert_eq!(pair("0,03=0", '='), Some((0.03, 0.0)));
        assert_eq!(pair("100/inf", '/'), None);
    }
}
