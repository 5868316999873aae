//! Which profile a device has that was found: what to ask next, and the verdict.

use super::known::Known;
use super::weigh::{Need, Objects, Suspect, Weight, Why};
use crate::config::profile::Profile;
use crate::config::sunspec::SunSpec;
use crate::config::{Confidence, Link, Table};
use crate::limits::{SCAN_QUESTIONS_MAX, WORDS_PER_READ_MAX};
use crate::read::decode;
use crate::read::survey::{self, Survey};
use crate::status::Identity;
use drivers::frame::{Function, Request};
use std::sync::Arc;
use std::time::Duration;

/// Profiles within so many bits of the heaviest fit as well: nothing is decided between them.
const MARGIN_BITS: f64 = 10.0;
/// Bits from which on a profile that alone fits is more than a guess.
const SOUND_BITS: f64 = 12.0;
/// Registers of one request of the survey: every device with a list of models allows its common
/// model to be read.
const SURVEY_WORDS: u16 = WORDS_PER_READ_MAX;

/// One question to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Its identification.
    Identification,
    /// Registers or bits, after at least so long a pause.
    Read(Request, Duration),
}

/// What came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Registers, or bits as registers.
    Words(Vec<u16>),
    /// The texts of the identification.
    Objects(Vec<(u8, String)>),
    /// An exception.
    Refused(u8),
    /// Nothing that could be believed.
    Silence,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Ask, and hand the answer to `answer`.
    Ask(Question),
    /// That was all.
    Done(Verdict),
}

/// A profile that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its name, as a configuration says it.
    pub profile: Arc<str>,
    /// Kind of device.
    pub kind: Arc<str>,
    /// Bits by which it is likelier than chance.
    pub bits: f64,
    /// What speaks for it and against it.
    pub why: Vec<Why>,
}

/// What a device is.
#[derive(Clone, Debug, PartialEq)]
pub struct Verdict {
    /// Profiles that fit, the likeliest first: one when it is named, several when nothing decides
    /// between them, none when it is none of the library.
    pub candidates: Vec<Candidate>,
    /// How sure that is.
    pub confidence: Confidence,
    /// What the device says of itself.
    pub identity: Identity,
}

#[derive(Debug)]
enum Stage {
    Objects,
    Models(Box<Survey>),
    Profiles,
    /// The facts of the profile that is left, from this one on.
    Facts(usize),
    Done,
}

/// One device under question.
#[derive(Debug)]
pub struct Identify<'a> {
    unit: u8,
    baud: Option<u32>,
    suspects: Vec<Suspect<'a>>,
    known: Known,
    objects: Objects,
    identity: Identity,
    stage: Stage,
    asked: Option<Question>,
    questions: usize,
}

impl<'a> Identify<'a> {
    /// A unit that answers over this link, held against these profiles.
    pub fn new(profiles: impl IntoIterator<Item = &'a Profile>, unit: u8, link: &Link) -> Self {
        let baud = match link {
            Link::Rtu(serial) => Some(serial.baud),
            Link::Tcp { .. } | Link::RtuOverTcp { .. } => None,
        };
        let by_registers = profiles
            .into_iter()
            .filter(|profile| !profile.points.is_empty());
        let mut suspects: Vec<Suspect<'a>> = by_registers
            .map(|profile| Suspect::new(profile, unit, link))
            .collect();
        // What is probable is asked before the device may have been silent too often.
        suspects.sort_by_key(|suspect| !suspect.is_set_so(baud));
        Self {
            unit,
            baud,
            suspects,
            known: Known::default(),
            objects: Vec::new(),
            identity: Identity::default(),
            stage: Stage::Objects,
            asked: None,
            questions: 0,
        }
    }

    /// Takes in what the device has said before, to the probe that found it.
    pub fn heard(&mut self, request: Request, answer: &Answer) {
        self.learn(request, answer);
    }

    /// The next question, or the verdict.
    pub fn step(&mut self) -> Next {
        let question = if self.questions < SCAN_QUESTIONS_MAX {
            self.question()
        } else {
            None
        };
        match question {
            Some(question) => {
                self.questions += 1;
                self.asked = Some(question);
                Next::Ask(question)
            }
            None => Next::Done(self.verdict()),
        }
    }

    /// Takes in what came for the last question.
    pub fn answer(&mut self, answer: Answer) {
        match (self.asked.take(), answer) {
            (Some(Question::Identification), answer) => {
                if let Answer::Objects(objects) = answer {
                    self.introduce(&objects);
                    self.objects = objects;
                }
                let wanted = SunSpec::anywhere();
                let survey = Survey::new(&wanted, SURVEY_WORDS, 0);
                self.stage = Stage::Models(Box::new(survey));
            }
            (Some(Question::Read(request, _)), answer) => self.learn(request, &answer),
            (None, _) => {}
        }
    }

    fn introduce(&mut self, objects: &Objects) {
        let text = |number: u8| {
            let found = objects.iter().find(|(object, _)| *object == number);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        self.identity.manufacturer = text(0);
        self.identity.model = text(1);
        self.identity.version = text(2);
    }

    fn learn(&mut self, request: Request, answer: &Answer) {
        let table = match request.function {
            Function::Coils => Table::Coil,
            Function::Discretes => Table::Discrete,
            Function::Holding => Table::Holding,
            Function::Input => Table::Input,
        };
        let (first, count) = (request.address, request.count);
        match answer {
            Answer::Words(words) => self.known.put(table, first, words),
            Answer::Refused(code) => self.known.refuse(table, first, count, *code),
            Answer::Silence | Answer::Objects(_) => self.known.silence(table, first, count),
        }
        match &mut self.stage {
            Stage::Models(survey) => survey.answer(match answer {
                Answer::Words(words) => Ok(words),
                Answer::Refused(code) => Err(*code),
                // To the survey silence is as good as a refusal: the base is none.
                Answer::Silence | Answer::Objects(_) => Err(0),
            }),
            Stage::Facts(place) => *place += 1,
            Stage::Objects | Stage::Profiles | Stage::Done => {}
        }
    }

    fn question(&mut self) -> Option<Question> {
        loop {
            match &self.stage {
                Stage::Objects => return Some(Question::Identification),
                Stage::Models(survey) => match survey.next() {
                    survey::Next::Ask(address, count) => {
                        return Some(self.read(Table::Holding, address, count, Duration::ZERO));
                    }
                    survey::Next::Nothing => self.stage = Stage::Profiles,
                    survey::Next::Done(found) => {
                        self.identity = found.identity;
                        self.stage = Stage::Done;
                    }
                },
                Stage::Profiles => match self.need() {
                    Some(need) => {
                        return Some(self.read(need.table, need.address, need.count, need.gap));
                    }
                    None => self.stage = Stage::Facts(0),
                },
                Stage::Facts(place) => match self.fact(*place) {
                    Some(question) => return Some(question),
                    None => self.stage = Stage::Done,
                },
                Stage::Done => return None,
            }
        }
    }

    fn read(&self, table: Table, address: u16, count: u16, gap: Duration) -> Question {
        let function = match table {
            Table::Coil => Function::Coils,
            Table::Discrete => Function::Discretes,
            Table::Holding => Function::Holding,
            Table::Input => Function::Input,
        };
        let request = Request {
            unit: self.unit,
            function,
            address,
            count,
        };
        Question::Read(request, gap)
    }

    /// What has to be known next. Who is surely something else is not looked at again.
    fn need(&mut self) -> Option<Need> {
        let mut place = 0;
        while let Some(suspect) = self.suspects.get(place) {
            match suspect.weigh(&self.known, &self.objects, self.baud) {
                Ok(Some(_)) => place += 1,
                Ok(None) => {
                    self.suspects.remove(place);
                }
                Err(need) => return Some(need),
            }
        }
        None
    }

    /// The place of a fact of the only profile that fits.
    fn fact(&self, place: usize) -> Option<Question> {
        let [(suspect, _)] = self.fitting()[..] else {
            return None;
        };
        let fact = suspect.profile.facts.get(place)?;
        let count = fact.encoding.registers();
        Some(self.read(fact.table, fact.address, count, suspect.profile.limits.gap))
    }

    /// The profiles that fit, the heaviest first.
    fn fitting(&self) -> Vec<(&Suspect<'a>, Weight)> {
        let weigh =
            |suspect: &'_ Suspect<'a>| suspect.weigh(&self.known, &self.objects, self.baud).ok()?;
        let weighed = self.suspects.iter();
        let mut all: Vec<(&Suspect<'a>, Weight)> = weighed
            .filter_map(|suspect| Some((suspect, weigh(suspect)?)))
            .collect();
        // What names itself is not confused with what merely fits.
        if all.iter().any(|(_, weight)| weight.specific) {
            all.retain(|(_, weight)| weight.specific);
        }
        // Nor is what explains the registers that say something with what leaves most of them open.
        let most = all.iter().map(|(_, weight)| weight.explained).max();
        all.retain(|(_, weight)| weight.explained * 2 >= most.unwrap_or(0));
        all.sort_by(|a, b| b.1.bits.total_cmp(&a.1.bits));
        let heaviest = all.first().map_or(0.0, |(_, weight)| weight.bits);
        all.retain(|(_, weight)| weight.bits >= heaviest - MARGIN_BITS);
        all
    }

    fn verdict(&self) -> Verdict {
        let mut identity = self.identity.clone();
        if !identity.models.is_empty() {
            return models(identity);
        }
        let fitting = self.fitting();
        let confidence = confidence(&fitting);
        if let [(suspect, _)] = fitting[..] {
            self.say_facts(suspect.profile, &mut identity);
        }
        let candidates = fitting.into_iter().map(|(suspect, weight)| Candidate {
            profile: suspect.profile.name.clone(),
            kind: suspect.profile.kind.clone(),
            bits: weight.bits,
            why: weight.why,
        });
        Verdict {
            candidates: candidates.collect(),
            confidence,
            identity,
        }
    }

    fn say_facts(&self, profile: &Profile, identity: &mut Identity) {
        for fact in &profile.facts {
            let super::known::Look::Words(words) = self.known.of(fact) else {
                continue;
            };
            let place = match &*fact.name {
                "manufacturer" => &mut identity.manufacturer,
                "model" => &mut identity.model,
                "version" => &mut identity.version,
                "serial" => &mut identity.serial,
                _ => continue,
            };
            if place.is_empty()
                && let Some(said) = decode::text(fact, &words)
            {
                *place = said;
            }
        }
    }
}

/// A device that lists its models itself.
fn models(identity: Identity) -> Verdict {
    let named = !identity.manufacturer.is_empty();
    let why = vec![Why::Models(identity.base, identity.models.len())];
    Verdict {
        candidates: vec![Candidate {
            profile: SunSpec::profile().into(),
            kind: "inverter".into(),
            bits: SOUND_BITS,
            why,
        }],
        confidence: if named && identity.cut_short.is_none() {
            Confidence::High
        } else {
            Confidence::Medium
        },
        identity,
    }
}

/// Certain only by a rule that no other kind of device keeps.
fn confidence(fitting: &[(&Suspect<'_>, Weight)]) -> Confidence {
    let [(_, weight)] = fitting else {
        return Confidence::Low;
    };
    let clean = weight.odd == 0 && weight.refused == 0;
    if weight.specific && clean {
        Confidence::High
    } else if weight.specific || (clean && weight.bits >= SOUND_BITS) {
        Confidence::Medium
    } else {
        Confidence::Low
    }
}
