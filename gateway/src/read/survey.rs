//! Which models a `SunSpec` device has: the questions in order, and what the answers say. Pure; the
//! caller asks. Whatever the device says, the questions end.

use crate::config::sunspec::{COMMON, END, MARKER, Model, SunSpec};
use crate::limits::SUNSPEC_MODELS_MAX;
use crate::status::Identity;
use std::collections::VecDeque;

/// Texts of the common model: first register behind its number, and registers.
const TEXTS: [(u16, u16); 5] = [(2, 16), (18, 16), (34, 8), (42, 8), (50, 16)];
/// Registers of the common model that are read.
const COMMON_WORDS: u16 = 66;

/// Where the questions stand.
#[derive(Debug)]
pub struct Survey {
    bases: Vec<u16>,
    /// Number of the base under question.
    tried: usize,
    most: u16,
    counted: std::collections::BTreeSet<u16>,
    step: Step,
    found: Found,
    queue: VecDeque<Question>,
}

/// What the device has.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// Its models, in order.
    pub models: Vec<Model>,
    /// What its common model says.
    pub identity: Identity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Base,
    Head(u16),
    /// Two registers were refused here; there may be the one that ends the list.
    Tail(u16, u8),
    Queue,
}

/// What is asked once the list is known.
#[derive(Clone, Debug)]
enum Question {
    Common(u16, u16),
    /// One text of it: its place in `TEXTS`.
    Text(usize, u16, u16),
    Count(usize, &'static str, u16),
}

/// What to do next.
#[derive(Debug)]
pub enum Next {
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
    ///
    /// `most` is how many registers one request may ask for.
    pub fn new(wanted: &SunSpec, most: u16, first: usize) -> Self {
        let mut bases = wanted.bases().to_vec();
        let turns = first.checked_rem(bases.len()).unwrap_or(0);
        bases.rotate_left(turns);
        Self {
            bases,
            tried: 0,
            most,
            counted: wanted.counted(),
            step: Step::Base,
            found: Found::default(),
            queue: VecDeque::new(),
        }
    }

    /// A list was found.
    pub fn has_begun(&self) -> bool {
        self.step != Step::Base
    }

    /// The next question, or what was found.
    pub fn next(&self) -> Next {
        match (self.step, self.queue.front()) {
            (Step::Base, _) => match self.bases.get(self.tried) {
                Some(base) => Next::Ask(*base, 2),
                None => Next::Nothing,
            },
            (Step::Head(address), _) => Next::Ask(address, 2),
            (Step::Tail(address, _), _) => Next::Ask(address, 1),
            (
                Step::Queue,
                Some(Question::Common(address, count) | Question::Text(_, address, count)),
            ) => Next::Ask(*address, *count),
            (Step::Queue, Some(Question::Count(_, _, address))) => Next::Ask(*address, 1),
            (Step::Queue, None) => Next::Done(self.found.clone()),
        }
    }

    /// Takes in the registers asked for, or the exception.
    pub fn answer(&mut self, words: Result<&[u16], u8>) {
        match self.step {
            Step::Base => self.base(words),
            Step::Head(address) => self.head(address, words),
            Step::Tail(address, code) => self.tail(address, code, words),
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
            Err(code) => {
                self.step = Step::Tail(address, code);
                return;
            }
        };
        self.cut(why);
    }

    fn tail(&mut self, address: u16, code: u8, words: Result<&[u16], u8>) {
        match words {
            Ok([END]) => self.ended(),
            _ => self.cut(format!("{address}: exception {code}")),
        }
    }

    /// What was found until here counts.
    fn cut(&mut self, why: String) {
        self.found.identity.cut_short = Some(why);
        self.ended();
    }

    /// The list is known; what is left are texts and counts.
    fn ended(&mut self) {
        self.step = Step::Queue;
        for (index, model) in self.found.models.iter().enumerate() {
            if model.id == COMMON && self.queue.is_empty() {
                self.queue.extend(texts(model, self.most));
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
            (Some(Question::Text(place, ..)), Ok(words)) => {
                *self.found.identity.texts()[place] = text(words);
            }
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

/// The whole common model in one request; text by text where a request may not be so long.
fn texts(model: &Model, most: u16) -> Vec<Question> {
    let count = model.length.saturating_add(2).min(COMMON_WORDS);
    if count <= most {
        return vec![Question::Common(model.address, count)];
    }
    let places = TEXTS.iter().enumerate();
    let text = |(place, (first, size)): (usize, &(u16, u16))| {
        let inside = first + size <= count;
        let address = model.address.checked_add(*first).filter(|_| inside)?;
        Some(Question::Text(place, address, *size))
    };
    places.filter_map(text).collect()
}

impl Identity {
    /// Its texts in the order of `TEXTS`.
    fn texts(&mut self) -> [&mut String; 5] {
        [
            &mut self.manufacturer,
            &mut self.model,
            &mut self.options,
            &mut self.version,
            &mut self.serial,
        ]
    }

    fn read(&mut self, words: &[u16]) {
        for ((first, count), place) in TEXTS.into_iter().zip(self.texts()) {
            let (first, end) = (usize::from(first), usize::from(first + count));
            *place = text(words.get(first..end.min(words.len())).unwrap_or_default());
        }
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
