//! Which models a `SunSpec` device has: the questions in order, and what the answers say. Pure; the
//! caller asks. Whatever the device says, the questions end.

use crate::config::sunspec::{COMMON, END, MARKER, Model, SunSpec};
use crate::limits::SUNSPEC_MODELS_MAX;
use crate::status::Identity;
use std::collections::VecDeque;

/// Texts of the common model: first register behind its number, and registers.
const TEXTS: [(usize, usize); 5] = [(2, 16), (18, 16), (34, 8), (42, 8), (50, 16)];
/// Registers of the common model that are read.
const COMMON_WORDS: u16 = 66;

/// Where the questions stand.
#[derive(Debug)]
pub(super) struct Survey {
    bases: Vec<u16>,
    /// Number of the base under question.
    tried: usize,
    counted: std::collections::BTreeSet<u16>,
    step: Step,
    found: Found,
    queue: VecDeque<Question>,
}

/// What the device has.
#[derive(Clone, Debug, Default)]
pub(super) struct Found {
    pub(super) models: Vec<Model>,
    pub(super) identity: Identity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Base,
    Head(u16),
    Queue,
}

/// What is asked once the list is known.
#[derive(Clone, Debug)]
enum Question {
    Common(u16, u16),
    Count(usize, &'static str, u16),
}

/// What to do next.
#[derive(Debug)]
pub(super) enum Next {
    /// Read so many holding registers from here on, and hand them to `answer`.
    Ask(u16, u16),
    /// That was all.
    Done(Found),
    /// No list anywhere.
    Nothing,
}

impl Survey {
    /// Begins with the base of this number, so that a device that is silent about one is asked for
    /// another next time.
    pub(super) fn new(wanted: &SunSpec, first: usize) -> Self {
        let mut bases = wanted.bases().to_vec();
        let turns = first.checked_rem(bases.len()).unwrap_or(0);
        bases.rotate_left(turns);
        Self {
            bases,
            tried: 0,
            counted: wanted.counted(),
            step: Step::Base,
            found: Found::default(),
            queue: VecDeque::new(),
        }
    }

    /// A list was found.
    pub(super) fn has_begun(&self) -> bool {
        self.step != Step::Base
    }

    pub(super) fn next(&self) -> Next {
        match (self.step, self.queue.front()) {
            (Step::Base, _) => match self.bases.get(self.tried) {
                Some(base) => Next::Ask(*base, 2),
                None => Next::Nothing,
            },
            (Step::Head(address), _) => Next::Ask(address, 2),
            (Step::Queue, Some(Question::Common(address, count))) => Next::Ask(*address, *count),
            (Step::Queue, Some(Question::Count(_, _, address))) => Next::Ask(*address, 1),
            (Step::Queue, None) => Next::Done(self.found.clone()),
        }
    }

    /// Takes in the registers asked for, or the exception.
    pub(super) fn answer(&mut self, words: Result<&[u16], u8>) {
        match self.step {
            Step::Base => self.base(words),
            Step::Head(address) => self.head(address, words),
            Step::Queue => self.rest(words),
        }
    }

    fn base(&mut self, words: Result<&[u16], u8>) {
        let base = self.bases.get(self.tried).copied().unwrap_or_default();
        if words == Ok(&MARKER) {
            self.found.identity.base = base;
            self.step = Step::Head(base.saturating_add(2));
        } else {
            self.tried += 1;
        }
    }

    fn head(&mut self, address: u16, words: Result<&[u16], u8>) {
        let why = match words {
            Ok([END, _]) => return self.ended(),
            Ok([id, length]) if *id > 0 => {
                let model = Model::new(*id, address, *length);
                let full = self.found.models.len() >= SUNSPEC_MODELS_MAX;
                match model.next().filter(|_| !full) {
                    // Its last register exists, so that nothing behind the end is ever asked for.
                    Some(next) if next > address => {
                        self.found.identity.models.push((*id, *length));
                        self.found.models.push(model);
                        self.step = Step::Head(next);
                        return;
                    }
                    _ if full => format!("more than {SUNSPEC_MODELS_MAX} models"),
                    _ => format!("{address}: model {id} with {length} registers has no end"),
                }
            }
            Ok(words) => format!("{address}: {words:?} is no model"),
            Err(code) => format!("{address}: exception {code}"),
        };
        self.found.identity.cut_short = Some(why);
        self.ended();
    }

    /// The list is known; what is left are texts and counts.
    fn ended(&mut self) {
        self.step = Step::Queue;
        for (index, model) in self.found.models.iter().enumerate() {
            if model.id == COMMON && self.queue.is_empty() {
                let count = model.length.saturating_add(2).min(COMMON_WORDS);
                self.queue.push_back(Question::Common(model.address, count));
            }
            if self.counted.contains(&model.id) {
                let counters = model.counters().into_iter();
                self.queue
                    .extend(counters.map(|(name, at)| Question::Count(index, name, at)));
            }
        }
    }

    fn rest(&mut self, words: Result<&[u16], u8>) {
        match (self.queue.pop_front(), words) {
            (Some(Question::Common(..)), Ok(words)) => self.found.identity.read(words),
            (Some(Question::Count(index, name, _)), Ok([times])) => {
                if let Some(model) = self.found.models.get_mut(index) {
                    model.count(name, *times);
                }
            }
            // A device that refuses these has no texts, and no groups that could be counted.
            _ => {}
        }
    }
}

impl Identity {
    fn read(&mut self, words: &[u16]) {
        let [maker, model, options, version, serial] = TEXTS.map(|(first, count)| {
            let end = (first + count).min(words.len());
            text(words.get(first..end).unwrap_or_default())
        });
        self.manufacturer = maker;
        self.model = model;
        self.options = options;
        self.version = version;
        self.serial = serial;
    }
}

/// Printable characters up to the first zero.
fn text(words: &[u16]) -> String {
    let bytes: Vec<u8> = words.iter().copied().flat_map(u16::to_be_bytes).collect();
    let end = bytes.iter().position(|byte| *byte == 0);
    let text = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]);
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    printable.trim().to_owned()
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
