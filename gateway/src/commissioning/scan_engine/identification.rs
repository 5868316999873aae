//! Identification of a found device: the next question, and the profiles that fit.

use super::profile_weight::{
    IdentificationTexts, NeededRegisters, ProfileEvidence, ProfileWeight, SuspectProfile,
};
use super::register_answers::RegisterAnswers;
use crate::buses::modbus::decode;
use crate::buses::modbus::sunspec_discovery::{self, SunSpecDiscovery};
use crate::config::profile::Profile;
use crate::config::sunspec::SunSpecSelection;
use crate::config::{FactConfidence, ModbusLink, ModbusTable};
use crate::limits::{REGISTERS_PER_READ_MAX, SCAN_REQUESTS_MAX};
use crate::status::DeviceIdentity;
use drivers::frame::{ModbusReadFunction, ModbusReadRequest};
use std::sync::Arc;
use std::time::Duration;

/// Profiles within this many bits of the heaviest fit as well: nothing is decided between them.
const DECISION_MARGIN_BITS: f64 = 10.0;
/// Bits from which a profile that alone fits has medium confidence.
const CONFIDENT_BITS: f64 = 12.0;
/// Registers of one request during `SunSpecSelection` discovery; every device with a model list
/// allows its common model to be read.
const SURVEY_WORDS: u16 = REGISTERS_PER_READ_MAX;

/// Question to the device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScanQuestion {
    /// Read the device identification (function 43/14).
    Identification,
    /// Read registers or bits, after at least this pause.
    Read(ModbusReadRequest, Duration),
}

/// Answer of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanAnswer {
    /// Registers, or bits as registers.
    Words(Vec<u16>),
    /// Texts of the device identification: object number and text.
    Objects(Vec<(u8, String)>),
    /// Exception code.
    Refused(u8),
    /// No valid answer.
    Silence,
}

/// Next action of the caller.
#[derive(Clone, Debug, PartialEq)]
pub enum IdentificationStep {
    /// Send the question and pass its answer to `answer`.
    Ask(ScanQuestion),
    /// Identification is complete.
    Done(IdentificationResult),
}

/// Profile that fits.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileCandidate {
    /// Name of the profile, as in a configuration.
    pub profile: Arc<str>,
    /// Kind of device.
    pub kind: Arc<str>,
    /// Bits by which the profile is likelier than chance.
    pub bits: f64,
    /// Reasons for and against it.
    pub evidence: Vec<ProfileEvidence>,
}

/// Result of an identification.
#[derive(Clone, Debug, PartialEq)]
pub struct IdentificationResult {
    /// Profiles that fit, the likeliest first: one when the device is identified, several when
    /// nothing decides between them, none when it is not in the library.
    pub candidates: Vec<ProfileCandidate>,
    /// Confidence of the result.
    pub confidence: FactConfidence,
    /// Manufacturer, model, version and serial number as reported by the device.
    pub identity: DeviceIdentity,
}

#[derive(Debug)]
enum IdentificationStage {
    Objects,
    Models(Box<SunSpecDiscovery>),
    Profiles,
    /// Facts of the only profile left, from this index on.
    Facts(usize),
    Done,
}

/// Identification of one device.
#[derive(Debug)]
pub struct DeviceIdentifier<'a> {
    unit: u8,
    baud: Option<u32>,
    suspects: Vec<SuspectProfile<'a>>,
    known: RegisterAnswers,
    objects: IdentificationTexts,
    identity: DeviceIdentity,
    stage: IdentificationStage,
    asked: Option<ScanQuestion>,
    questions: usize,
}

impl<'a> DeviceIdentifier<'a> {
    /// Creates the identification of a unit over this link, among these profiles.
    pub fn new(
        profiles: impl IntoIterator<Item = &'a Profile>,
        unit: u8,
        link: &ModbusLink,
    ) -> Self {
        let baud = match link {
            ModbusLink::Rtu(serial) => Some(serial.baud),
            ModbusLink::Tcp { .. } | ModbusLink::RtuOverTcp { .. } => None,
        };
        // `sunspec` has no register list of its own; it is recognised by its model list.
        let by_registers = profiles
            .into_iter()
            .filter(|profile| profile.has_registers());
        let mut suspects: Vec<SuspectProfile<'a>> = by_registers
            .map(|profile| SuspectProfile::new(profile, unit, link))
            .collect();
        // Probable profiles first, before the device has timed out too often.
        suspects.sort_by_key(|suspect| !suspect.has_factory_baud(baud));
        Self {
            unit,
            baud,
            suspects,
            known: RegisterAnswers::default(),
            objects: Vec::new(),
            identity: DeviceIdentity::default(),
            stage: IdentificationStage::Objects,
            asked: None,
            questions: 0,
        }
    }

    /// Records an earlier answer of the device: the one to the probe that found it.
    pub fn record_probe(&mut self, request: ModbusReadRequest, answer: &ScanAnswer) {
        self.record_registers(request, answer);
    }

    /// Returns the next question, or the result.
    pub fn next_step(&mut self) -> IdentificationStep {
        let question = if self.questions < SCAN_REQUESTS_MAX {
            self.next_question()
        } else {
            None
        };
        match question {
            Some(question) => {
                self.questions += 1;
                self.asked = Some(question);
                IdentificationStep::Ask(question)
            }
            None => IdentificationStep::Done(self.to_result()),
        }
    }

    /// Records the answer to the last question.
    pub fn record_answer(&mut self, answer: ScanAnswer) {
        match (self.asked.take(), answer) {
            (Some(ScanQuestion::Identification), answer) => {
                if let ScanAnswer::Objects(objects) = answer {
                    self.take_identification(&objects);
                    self.objects = objects;
                }
                let wanted = SunSpecSelection::without_points();
                let survey = SunSpecDiscovery::new(&wanted, SURVEY_WORDS, 0);
                self.stage = IdentificationStage::Models(Box::new(survey));
            }
            (Some(ScanQuestion::Read(request, _)), answer) => {
                self.record_registers(request, &answer);
            }
            (None, _) => {}
        }
    }

    fn take_identification(&mut self, objects: &IdentificationTexts) {
        let text = |number: u8| {
            let found = objects.iter().find(|(object, _)| *object == number);
            found.map(|(_, text)| text.clone()).unwrap_or_default()
        };
        self.identity.manufacturer = text(0);
        self.identity.model = text(1);
        self.identity.version = text(2);
    }

    fn record_registers(&mut self, request: ModbusReadRequest, answer: &ScanAnswer) {
        let table = match request.function {
            ModbusReadFunction::Coils => ModbusTable::Coil,
            ModbusReadFunction::DiscreteInputs => ModbusTable::Discrete,
            ModbusReadFunction::Holding => ModbusTable::Holding,
            ModbusReadFunction::Input => ModbusTable::Input,
        };
        let (first, count) = (request.address, request.count);
        match answer {
            ScanAnswer::Words(words) => self.known.record_words(table, first, words),
            ScanAnswer::Refused(code) => self.known.record_refusal(table, first, count, *code),
            ScanAnswer::Silence | ScanAnswer::Objects(_) => {
                self.known.record_silence(table, first, count);
            }
        }
        match &mut self.stage {
            IdentificationStage::Models(survey) => survey.record_answer(match answer {
                ScanAnswer::Words(words) => Ok(words),
                ScanAnswer::Refused(code) => Err(*code),
                // For the discovery a timeout is as good as an exception: no model list at this
                // base.
                ScanAnswer::Silence | ScanAnswer::Objects(_) => Err(0),
            }),
            IdentificationStage::Facts(place) => *place += 1,
            IdentificationStage::Objects
            | IdentificationStage::Profiles
            | IdentificationStage::Done => {}
        }
    }

    fn next_question(&mut self) -> Option<ScanQuestion> {
        loop {
            match &self.stage {
                IdentificationStage::Objects => return Some(ScanQuestion::Identification),
                IdentificationStage::Models(survey) => match survey.next() {
                    sunspec_discovery::DiscoveryStep::Ask(address, count) => {
                        return Some(self.read_question(
                            ModbusTable::Holding,
                            address,
                            count,
                            Duration::ZERO,
                        ));
                    }
                    sunspec_discovery::DiscoveryStep::Nothing => {
                        self.stage = IdentificationStage::Profiles;
                    }
                    sunspec_discovery::DiscoveryStep::Done(found) => {
                        // A device with a model list is identified by it; no profile needs to be
                        // compared.
                        self.identity = found.identity;
                        self.stage = IdentificationStage::Done;
                    }
                },
                IdentificationStage::Profiles => match self.next_need() {
                    Some(need) => {
                        return Some(self.read_question(
                            need.table,
                            need.address,
                            need.count,
                            need.gap,
                        ));
                    }
                    None => self.stage = IdentificationStage::Facts(0),
                },
                IdentificationStage::Facts(place) => match self.fact_question(*place) {
                    Some(question) => return Some(question),
                    None => self.stage = IdentificationStage::Done,
                },
                IdentificationStage::Done => return None,
            }
        }
    }

    fn read_question(
        &self,
        table: ModbusTable,
        address: u16,
        count: u16,
        gap: Duration,
    ) -> ScanQuestion {
        let function = match table {
            ModbusTable::Coil => ModbusReadFunction::Coils,
            ModbusTable::Discrete => ModbusReadFunction::DiscreteInputs,
            ModbusTable::Holding => ModbusReadFunction::Holding,
            ModbusTable::Input => ModbusReadFunction::Input,
        };
        let request = ModbusReadRequest {
            unit: self.unit,
            function,
            address,
            count,
        };
        ScanQuestion::Read(request, gap)
    }

    /// Returns the next registers to read. A profile that is excluded is not considered again.
    fn next_need(&mut self) -> Option<NeededRegisters> {
        let mut place = 0;
        while let Some(suspect) = self.suspects.get(place) {
            match suspect.weigh_profile(&self.known, &self.objects, self.baud) {
                Ok(Some(_)) => place += 1,
                Ok(None) => {
                    self.suspects.remove(place);
                }
                Err(need) => return Some(need),
            }
        }
        None
    }

    /// Returns the read of a fact of the only profile that fits.
    fn fact_question(&self, place: usize) -> Option<ScanQuestion> {
        // Facts are read only when one profile is left: they are shown to the technician, not
        // needed for the decision.
        let [(suspect, _)] = self.fitting_profiles()[..] else {
            return None;
        };
        let fact = suspect.profile.facts.get(place)?.modbus()?;
        let count = fact.encoding.registers();
        Some(self.read_question(fact.table, fact.address, count, suspect.profile.limits.gap))
    }

    /// Returns the profiles that fit, the heaviest first.
    fn fitting_profiles(&self) -> Vec<(&SuspectProfile<'a>, ProfileWeight)> {
        let weigh = |suspect: &'_ SuspectProfile<'a>| {
            suspect
                .weigh_profile(&self.known, &self.objects, self.baud)
                .ok()?
        };
        let weighed = self.suspects.iter();
        let mut all: Vec<(&SuspectProfile<'a>, ProfileWeight)> = weighed
            .filter_map(|suspect| Some((suspect, weigh(suspect)?)))
            .collect();
        // A profile whose own text or code was found is preferred to one that merely fits.
        if all.iter().any(|(_, weight)| weight.specific) {
            all.retain(|(_, weight)| weight.specific);
        }
        // A profile that explains the non-zero registers is preferred to one that leaves most of
        // them out.
        let most = all.iter().map(|(_, weight)| weight.explained).max();
        all.retain(|(_, weight)| weight.explained * 2 >= most.unwrap_or(0));
        all.sort_by(|a, b| b.1.bits.total_cmp(&a.1.bits));
        let heaviest = all.first().map_or(0.0, |(_, weight)| weight.bits);
        all.retain(|(_, weight)| weight.bits >= heaviest - DECISION_MARGIN_BITS);
        all
    }

    fn to_result(&self) -> IdentificationResult {
        let mut identity = self.identity.clone();
        if !identity.models.is_empty() {
            return sunspec_result(identity);
        }
        let fitting = self.fitting_profiles();
        let confidence = rate_confidence(&fitting);
        if let [(suspect, _)] = fitting[..] {
            self.add_facts(suspect.profile, &mut identity);
        }
        let candidates = fitting
            .into_iter()
            .map(|(suspect, weight)| ProfileCandidate {
                profile: suspect.profile.name.clone(),
                kind: suspect.profile.kind.clone(),
                bits: weight.bits,
                evidence: weight.why,
            });
        IdentificationResult {
            candidates: candidates.collect(),
            confidence,
            identity,
        }
    }

    fn add_facts(&self, profile: &Profile, identity: &mut DeviceIdentity) {
        for fact in &profile.facts {
            let super::register_answers::KnownRegisters::Words(words) =
                self.known.point_registers(fact)
            else {
                continue;
            };
            let place = match &*fact.name {
                "manufacturer" => &mut identity.manufacturer,
                "model" => &mut identity.model,
                "version" => &mut identity.version,
                "serial" => &mut identity.serial,
                _ => continue,
            };
            // The identification of the device itself has priority over text registers.
            if place.is_empty()
                && let Some(said) = decode::text(fact, &words)
            {
                *place = said;
            }
        }
    }
}

/// Returns the result for a device with a `SunSpec` model list.
fn sunspec_result(identity: DeviceIdentity) -> IdentificationResult {
    let named = !identity.manufacturer.is_empty();
    let why = vec![ProfileEvidence::Models(
        identity.base,
        identity.models.len(),
    )];
    IdentificationResult {
        candidates: vec![ProfileCandidate {
            profile: SunSpecSelection::profile_name().into(),
            kind: "inverter".into(),
            bits: CONFIDENT_BITS,
            evidence: why,
        }],
        confidence: if named && identity.cut_short.is_none() {
            FactConfidence::High
        } else {
            FactConfidence::Medium
        },
        identity,
    }
}

/// Returns the confidence: high only by a rule that no other kind of device satisfies.
fn rate_confidence(fitting: &[(&SuspectProfile<'_>, ProfileWeight)]) -> FactConfidence {
    let [(_, weight)] = fitting else {
        return FactConfidence::Low;
    };
    let clean = weight.odd == 0 && weight.refused == 0;
    if weight.specific && clean {
        FactConfidence::High
    } else if weight.specific || (clean && weight.bits >= CONFIDENT_BITS) {
        FactConfidence::Medium
    } else {
        FactConfidence::Low
    }
}
