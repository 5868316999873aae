//! Discovery of the models of a `SunSpec` device: which registers to read next, and the model list
//! found. Pure; the caller reads. The number of reads is bounded whatever the device answers.

use crate::config::sunspec::{
    COMMON_MODEL, END_MODEL, SUNS_MARKER, SunSpecModel, SunSpecSelection,
};
use crate::limits::SUNSPEC_MODELS_MAX;
use crate::status::DeviceIdentity;
use std::collections::VecDeque;

/// Text fields of the common model (`SunSpec` model 1): first register counted from the model id,
/// and number of registers.
const COMMON_MODEL_TEXTS: [(u16, u16); 5] = [(2, 16), (18, 16), (34, 8), (42, 8), (50, 16)];
/// Registers of the common model that are read.
const COMMON_MODEL_REGISTERS: u16 = 66;

/// State of one discovery.
#[derive(Debug)]
pub struct SunSpecDiscovery {
    bases: Vec<u16>,
    /// Index into `bases` of the base address that is being tried.
    tried: usize,
    most: u16,
    counted: std::collections::BTreeSet<u16>,
    step: DiscoveryStage,
    found: DiscoveredModels,
    queue: VecDeque<DiscoveryRead>,
}

/// Models and identity of a device.
#[derive(Clone, Debug, Default)]
pub struct DiscoveredModels {
    /// Models, in the order of the device.
    pub models: Vec<SunSpecModel>,
    /// Texts of the common model.
    pub identity: DeviceIdentity,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum DiscoveryStage {
    Base,
    Head(u16),
    /// The two registers of a model header were refused; the single end marker may be there.
    Tail(u16, u8),
    Queue,
}

/// Read that remains once the model list is known.
#[derive(Clone, Debug)]
enum DiscoveryRead {
    Common(u16, u16),
    /// One text of the common model, by its index in `TEXTS`.
    Text(usize, u16, u16),
    Count(usize, &'static str, u16),
}

/// Next action of the caller.
#[derive(Debug)]
pub enum DiscoveryStep {
    /// Read this many holding registers from this address and pass them to `answer`: address,
    /// count.
    Ask(u16, u16),
    /// Discovery is complete.
    Done(DiscoveredModels),
    /// No model list at any base address.
    Nothing,
}

impl SunSpecDiscovery {
    /// Starts a discovery at the base with index `first`, so that a device that does not answer at
    /// one base is tried at the next one in the following poll.
    ///
    /// `most` is the largest number of registers in one request.
    pub fn new(wanted: &SunSpecSelection, most: u16, first: usize) -> Self {
        let mut bases = wanted.base_addresses().to_vec();
        let turns = first.checked_rem(bases.len()).unwrap_or(0);
        bases.rotate_left(turns);
        Self {
            bases,
            tried: 0,
            most,
            counted: wanted.counted_models(),
            step: DiscoveryStage::Base,
            found: DiscoveredModels::default(),
            queue: VecDeque::new(),
        }
    }

    /// True once a model list was found.
    pub fn has_begun(&self) -> bool {
        self.step != DiscoveryStage::Base
    }

    /// Returns the next read, or the result.
    pub fn next(&self) -> DiscoveryStep {
        match (self.step, self.queue.front()) {
            (DiscoveryStage::Base, _) => match self.bases.get(self.tried) {
                Some(base) => DiscoveryStep::Ask(*base, 2),
                None => DiscoveryStep::Nothing,
            },
            (DiscoveryStage::Head(address), _) => DiscoveryStep::Ask(address, 2),
            (DiscoveryStage::Tail(address, _), _) => DiscoveryStep::Ask(address, 1),
            (
                DiscoveryStage::Queue,
                Some(
                    DiscoveryRead::Common(address, count) | DiscoveryRead::Text(_, address, count),
                ),
            ) => DiscoveryStep::Ask(*address, *count),
            (DiscoveryStage::Queue, Some(DiscoveryRead::Count(_, _, address))) => {
                DiscoveryStep::Ask(*address, 1)
            }
            (DiscoveryStage::Queue, None) => DiscoveryStep::Done(self.found.clone()),
        }
    }

    /// Takes the registers of the last read, or its exception code.
    pub fn record_answer(&mut self, words: Result<&[u16], u8>) {
        match self.step {
            DiscoveryStage::Base => self.take_base(words),
            DiscoveryStage::Head(address) => self.take_model_header(address, words),
            DiscoveryStage::Tail(address, code) => self.take_end_marker(address, code, words),
            DiscoveryStage::Queue => self.take_detail(words),
        }
    }

    fn take_base(&mut self, words: Result<&[u16], u8>) {
        let base = self.bases.get(self.tried).copied().unwrap_or_default();
        // The marker "SunS" at the base address.
        if words == Ok(&SUNS_MARKER) {
            self.found.identity.base = base;
            self.step = DiscoveryStage::Head(base.saturating_add(2));
        } else {
            self.tried += 1;
        }
    }

    fn take_model_header(&mut self, address: u16, words: Result<&[u16], u8>) {
        let why = match words {
            // The list ends with id 0xffff and length 0; some devices leave the length out.
            Ok([END_MODEL, _]) => return self.finish_list(),
            Ok([id, length]) if *id > 0 => {
                let model = SunSpecModel::new(*id, address, *length);
                // A device whose list never ends (each model of length 0, say) is cut off at a
                // fixed number.
                let full = self.found.models.len() >= SUNSPEC_MODELS_MAX;
                match model.next().filter(|_| !full) {
                    // Checked against the address space first, so that no read goes beyond its end.
                    Some(next) if next > address => {
                        self.found.identity.models.push((*id, *length));
                        self.found.models.push(model);
                        self.step = DiscoveryStage::Head(next);
                        return;
                    }
                    _ if full => format!("more than {SUNSPEC_MODELS_MAX} models"),
                    _ => format!("{address}: model {id} with {length} registers has no end"),
                }
            }
            Ok(words) => format!("{address}: {words:?} is no model"),
            Err(code) => {
                self.step = DiscoveryStage::Tail(address, code);
                return;
            }
        };
        self.cut_list(why);
    }

    fn take_end_marker(&mut self, address: u16, code: u8, words: Result<&[u16], u8>) {
        match words {
            Ok([END_MODEL]) => self.finish_list(),
            _ => self.cut_list(format!("{address}: exception {code}")),
        }
    }

    /// Ends the list with a reason; the models found so far are kept.
    fn cut_list(&mut self, why: String) {
        self.found.identity.cut_short = Some(why);
        self.finish_list();
    }

    /// Queues the reads of texts and group counts once the model list is known.
    fn finish_list(&mut self) {
        self.step = DiscoveryStage::Queue;
        for (index, model) in self.found.models.iter().enumerate() {
            // Some devices have a second common model for a meter behind them; the first one
            // describes the device itself.
            if model.id == COMMON_MODEL && self.queue.is_empty() {
                self.queue.extend(common_model_reads(model, self.most));
            }
            if self.counted.contains(&model.id) {
                let counters = model.count_registers().into_iter();
                self.queue
                    .extend(counters.map(|(name, at)| DiscoveryRead::Count(index, name, at)));
            }
        }
    }

    fn take_detail(&mut self, words: Result<&[u16], u8>) {
        match (self.queue.pop_front(), words) {
            (Some(DiscoveryRead::Common(..)), Ok(words)) => {
                self.found.identity.read_common_model(words);
            }
            (Some(DiscoveryRead::Text(place, ..)), Ok(words)) => {
                *self.found.identity.common_texts()[place] = printable_text(words);
            }
            (Some(DiscoveryRead::Count(index, name, _)), Ok([times])) => {
                if let Some(model) = self.found.models.get_mut(index) {
                    model.set_count(name, *times);
                }
            }
            // A device that refuses these reads has no texts and no repeating groups to count.
            _ => {}
        }
    }
}

/// Returns the reads of the common model: one request, or one for each text when `most` is smaller.
fn common_model_reads(model: &SunSpecModel, most: u16) -> Vec<DiscoveryRead> {
    let count = model.length.saturating_add(2).min(COMMON_MODEL_REGISTERS);
    if count <= most {
        return vec![DiscoveryRead::Common(model.address, count)];
    }
    let places = COMMON_MODEL_TEXTS.iter().enumerate();
    let text = |(place, (first, size)): (usize, &(u16, u16))| {
        let inside = first + size <= count;
        let address = model.address.checked_add(*first).filter(|_| inside)?;
        Some(DiscoveryRead::Text(place, address, *size))
    };
    places.filter_map(text).collect()
}

impl DeviceIdentity {
    /// Returns the text fields in the order of `TEXTS`.
    fn common_texts(&mut self) -> [&mut String; 5] {
        [
            &mut self.manufacturer,
            &mut self.model,
            &mut self.options,
            &mut self.version,
            &mut self.serial,
        ]
    }

    fn read_common_model(&mut self, words: &[u16]) {
        for ((first, count), place) in COMMON_MODEL_TEXTS.into_iter().zip(self.common_texts()) {
            let (first, end) = (usize::from(first), usize::from(first + count));
            *place = printable_text(words.get(first..end.min(words.len())).unwrap_or_default());
        }
    }
}

/// Returns the printable characters up to the first NUL.
fn printable_text(words: &[u16]) -> String {
    let bytes: Vec<u8> = words.iter().copied().flat_map(u16::to_be_bytes).collect();
    let end = bytes.iter().position(|byte| *byte == 0);
    let text = String::from_utf8_lossy(&bytes[..end.unwrap_or(bytes.len())]);
    let printable: String = text.chars().filter(|c| !c.is_control()).collect();
    printable.trim().to_owned()
}

#[cfg(test)]
#[path = "survey_tests.rs"]
mod tests;
