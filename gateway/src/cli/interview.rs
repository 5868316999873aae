//! [`Interview`]: questions whose answers are kept in a draft file, so that an interview that ends
//! early goes on at the next start where it stopped.

use super::backend::print_stderr;
use super::file_error::io_reason;
use super::prompt::ConsolePrompt;
use crate::file_replacement::{FileRights, replace_file};
use crate::i18n::Language;
use std::collections::VecDeque;
use std::io::{self, BufRead};
use std::path::{Path, PathBuf};

/// Tries for one question at a terminal, where a person can correct an answer.
const TERMINAL_TRIES: usize = 20;
/// Answers that a draft holds: a device has at most some hundred points of ten answers.
const DRAFT_LINES_MAX: usize = 20_000;

/// End of an interview: the input ended, or no answer fitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InterviewEnded;

/// Answers of an interview by the keys of their questions, in the order of the interview.
#[derive(Debug, Default)]
pub(super) struct AnswerDraft {
    file: Option<PathBuf>,
    /// Answers of an earlier start that are still to be used.
    earlier: VecDeque<(String, String)>,
    /// Answers of this start.
    given: Vec<(String, String)>,
}

impl AnswerDraft {
    /// Opens the draft at a file, with the answers of an earlier start. Error: the file cannot be
    /// read.
    pub(super) fn open(file: &Path) -> io::Result<Self> {
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let lines = text.lines().take(DRAFT_LINES_MAX);
        let pairs = lines.filter_map(|line| line.split_once('\t'));
        Ok(Self {
            file: Some(file.to_owned()),
            earlier: pairs
                .map(|(key, answer)| (key.into(), answer.into()))
                .collect(),
            given: Vec::new(),
        })
    }

    /// Number of answers of an earlier start.
    pub(super) fn earlier_count(&self) -> usize {
        self.earlier.len()
    }

    /// Forgets the answers of an earlier start.
    pub(super) fn forget_earlier(&mut self) {
        self.earlier.clear();
    }

    /// The earlier answer to this question. Another question than before makes all further
    /// answers worthless, for they belong to another course of the interview.
    fn take_earlier(&mut self, key: &str) -> Option<String> {
        match self.earlier.pop_front() {
            Some((known, answer)) if known == key => Some(answer),
            Some(_) => {
                self.earlier.clear();
                None
            }
            None => None,
        }
    }

    /// Keeps an answer on the disk, in front of the earlier ones that are still to be used.
    fn keep(&mut self, key: &str, answer: &str) -> io::Result<()> {
        // A line of the draft is one answer.
        let answer = answer.replace(['\n', '\r'], " ");
        self.given.push((key.to_owned(), answer));
        let Some(file) = &self.file else {
            return Ok(());
        };
        let all = self.given.iter().chain(&self.earlier);
        let lines: Vec<String> = all
            .map(|(key, answer)| format!("{key}\t{answer}\n"))
            .collect();
        replace_file(file, lines.concat().as_bytes(), FileRights::OwnerAlone)
    }

    /// Deletes the draft after the end of the interview.
    pub(super) fn finish(&mut self) {
        if let Some(file) = self.file.take() {
            // A draft that stays is offered again, which is no loss.
            let _ = std::fs::remove_file(file);
        }
    }
}

/// Interview with a person at a terminal, or with a pipe.
pub(super) struct Interview<'a> {
    pub(super) prompt: ConsolePrompt<'a>,
    pub(super) draft: AnswerDraft,
    /// Whether the answers come from a terminal.
    pub(super) is_terminal: bool,
    /// Every proposal is accepted, and nothing is asked.
    accepts_all: bool,
    /// A failure of the draft was told.
    has_told_failure: bool,
}

impl<'a> Interview<'a> {
    pub(super) fn new(from: &'a mut dyn BufRead, is_terminal: bool, lang: Language) -> Self {
        Self {
            prompt: ConsolePrompt::new(from, lang),
            draft: AnswerDraft::default(),
            is_terminal,
            accepts_all: false,
            has_told_failure: false,
        }
    }

    /// Accepts every proposal from now on, and asks nothing.
    pub(super) fn accept_all(&mut self) {
        self.accepts_all = true;
    }

    /// Language of the interview.
    pub(super) fn lang(&self) -> Language {
        self.prompt.lang
    }

    /// Offers the answers of an earlier start, where there are some.
    pub(super) fn offer_draft(&mut self) {
        let count = self.draft.earlier_count();
        if count == 0 {
            return;
        }
        let count = count.to_string();
        let question = self
            .lang()
            .text_with("cli-draft-resume", &[("count", &count)]);
        let answer = self.prompt.ask_line(&question).unwrap_or_default();
        if parse_yes(&answer) == Some(false) {
            self.draft.forget_earlier();
        }
    }

    /// Answer to a question that `fits` accepts; `None` at the end of the input, or after too many
    /// wrong answers.
    pub(super) fn ask_valid(
        &mut self,
        key: &str,
        question: &str,
        mut fits: impl FnMut(&str) -> bool,
    ) -> Option<String> {
        if let Some(answer) = self.draft.take_earlier(key)
            && fits(&answer)
        {
            print_stderr(&format!("{question} {answer}"));
            self.keep(key, &answer);
            return Some(answer);
        }
        let tries = if self.is_terminal {
            TERMINAL_TRIES
        } else {
            super::prompt::PROMPT_TRIES
        };
        for _ in 0..tries {
            let answer = self.prompt.ask_line(question)?;
            if fits(&answer) {
                self.keep(key, &answer);
                return Some(answer);
            }
            self.prompt.print_retry(&answer);
        }
        None
    }

    /// Answer to a question, or the proposal after an empty answer.
    pub(super) fn ask_or(
        &mut self,
        key: &str,
        question: &str,
        proposal: &str,
        mut fits: impl FnMut(&str) -> bool,
    ) -> Option<String> {
        if self.accepts_all {
            return Some(proposal.to_owned());
        }
        let answer = self.ask_valid(key, question, |text| text.is_empty() || fits(text))?;
        Some(if answer.is_empty() {
            proposal.to_owned()
        } else {
            answer
        })
    }

    /// Whether the answer is yes; the proposal after an empty answer. `None` at the end of the
    /// input.
    pub(super) fn ask_yes(&mut self, key: &str, question: &str, proposal: bool) -> Option<bool> {
        if self.accepts_all {
            return Some(proposal);
        }
        let usual = self.yes_word(proposal);
        let usual = self
            .lang()
            .text_with("cli-draft-usual", &[("usual", &usual)]);
        let question = format!("{question} {usual}");
        let fits = |text: &str| text.is_empty() || parse_yes(text).is_some();
        let answer = self.ask_valid(key, &question, fits)?;
        Some(parse_yes(&answer).unwrap_or(proposal))
    }

    /// The word for yes or no.
    pub(super) fn yes_word(&self, yes: bool) -> String {
        let key = if yes {
            "cli-device-yes"
        } else {
            "cli-device-no"
        };
        self.lang().text(key)
    }

    /// Finding of an earlier start, such as the devices of a scan.
    pub(super) fn earlier_finding(&mut self, key: &str) -> Option<String> {
        let finding = self.draft.take_earlier(key)?;
        self.keep(key, &finding);
        Some(finding)
    }

    /// Keeps an answer or a finding in the draft.
    pub(super) fn keep(&mut self, key: &str, answer: &str) {
        if let Err(why) = self.draft.keep(key, answer)
            && !std::mem::replace(&mut self.has_told_failure, true)
        {
            let lang = self.lang();
            let why = io_reason(&why, lang);
            print_stderr(&lang.text_with("cli-draft-lost", &[("why", &why)]));
        }
    }
}

/// Yes or no in the words of both languages; `None` for anything else.
pub(super) fn parse_yes(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "y" | "yes" | "ya" => Some(true),
        "n" | "no" | "t" | "tidak" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_back_in_their_order_until_another_question_is_asked() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pantau.toml.draft");
        let mut first = AnswerDraft::open(&file).unwrap();
        for (key, answer) in [("a", "1"), ("b", "two\nlines"), ("c", "")] {
            first.keep(key, answer).unwrap();
        }
        let mut second = AnswerDraft::open(&file).unwrap();
        assert_eq!(second.earlier_count(), 3);
        assert_eq!(second.take_earlier("a").as_deref(), Some("1"));
        second.keep("a", "1").unwrap();
        // The answers that were not used yet are still on the disk.
        assert_eq!(AnswerDraft::open(&file).unwrap().earlier_count(), 3);
        assert_eq!(second.take_earlier("b").as_deref(), Some("two lines"));
        assert_eq!(second.take_earlier("other"), None);
        assert_eq!(second.take_earlier("c"), None);
        second.finish();
        assert!(!file.exists());
    }
}
