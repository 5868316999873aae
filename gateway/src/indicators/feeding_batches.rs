//! Feeding batches of a bin: from the first feeding to the harvest (METHODS E.3).
//!
//! ```text
//! 25 Oct  fed 40 kg      batch: 25 Oct to 4 Nov, 100 kg fed, 20 kg larvae, 30 kg residue
//! 1 Nov   fed 60 kg
//! 4 Nov   larvae 20 kg   it counts in the period of its harvest, as a whole
//! 5 Nov   residue 30 kg  sieved a day later: it belongs to the harvested batch
//! 5 Nov   fed 50 kg      the next batch, open
//! ```

use crate::assets::{AssetKind, BsfAsset};
use crate::config::Config;
use crate::domain::claim_verdict::ClaimVerdict;
use crate::domain::indicator::{Indicator, IndicatorRemark, InputSource};
use crate::domain::input_part::{InputPart, PartSource, bounded_parts};
use crate::domain::ledger::EntryId;
use crate::domain::period::Period;
use crate::formulas::claim_rounding::{RoundingMode, round_decimals};
use crate::indicators::figure_context::FigureBuilder;
use crate::indicators::ledger_totals::PeriodLedger;
use crate::limits::INPUT_PARTS_MAX;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Mass of one sort in a batch, kg, with the entries that it comes from.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BatchMass {
    /// Mass, kg; `None` without an entry.
    pub(crate) kg: Option<f64>,
    pub(crate) entries: Vec<EntryId>,
}

/// A batch, or all batches of a period together.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct FeedingBatch {
    /// First feeding.
    pub(crate) first: Date,
    /// Harvest; `None` while the batch is open.
    pub(crate) harvest: Option<Date>,
    pub(crate) fed: BatchMass,
    pub(crate) larvae: BatchMass,
    pub(crate) residue: BatchMass,
}

/// Batches harvested in a period, and the one that is still open at its end.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct BatchesOfPeriod {
    pub(crate) harvested: Vec<FeedingBatch>,
    pub(crate) open: Option<FeedingBatch>,
    /// The day up to which more had come out of the bin than went in, with both masses, kg.
    pub(crate) excess: Option<MassExcess>,
    /// Masses of the entries, kg.
    parts: BTreeMap<EntryId, InputPart>,
}

/// More mass out of a bin than went in, up to a day.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct MassExcess {
    pub(crate) day: Date,
    pub(crate) fed_kg: f64,
    pub(crate) out_kg: f64,
}

impl MassExcess {
    /// The remark that says it.
    pub(crate) fn remark(self) -> IndicatorRemark {
        let round = |kg: f64| round_decimals(kg, 1, RoundingMode::Nearest);
        IndicatorRemark::new("account-unusual-balance")
            .with_arg("day", self.day)
            .with_arg("fed", round(self.fed_kg))
            .with_arg("out", round(self.out_kg))
    }
}

/// Makes the totals of what came out of the bins doubtful where that is more than went in.
pub(crate) fn doubt_site_balance(
    config: &Config,
    book: &PeriodLedger,
    period: Period,
    figures: &mut [Indicator],
) {
    let Some((excess, out)) = excess_of_site(config, book, period) else {
        return;
    };
    let is_out = |one: &Indicator| {
        let indicator = one.id.strip_prefix("ledger.");
        indicator.is_some_and(|indicator| out.contains(indicator))
    };
    for figure in figures.iter_mut().filter(|one| is_out(one)) {
        let marked = figure.clone().with_verdict(ClaimVerdict::Doubtful);
        *figure = marked.with_remark(excess.remark());
    }
}

/// More mass out of all bins of a site than went into them, by entries that need not name a bin;
/// with the indicators of what came out. Bins that weigh dry and wet masses cannot be added.
fn excess_of_site(
    config: &Config,
    book: &PeriodLedger,
    period: Period,
) -> Option<(MassExcess, BTreeSet<Arc<str>>)> {
    let bins = config.assets.iter().filter_map(|asset| match &asset.kind {
        AssetKind::Bsf(bin) => Some(&**bin),
        _ => None,
    });
    let bins: Vec<&BsfAsset> = bins.collect();
    let first = bins.first()?;
    if bins.iter().any(|bin| bin.dry_mass != first.dry_mass) {
        return None;
    }
    let fed: BTreeSet<Arc<str>> = bins.iter().map(|bin| Arc::clone(&bin.fed)).collect();
    let out = bins.iter().flat_map(|bin| [&bin.larvae, &bin.residue]);
    let out: BTreeSet<Arc<str>> = out.map(Arc::clone).collect();
    let of = |indicators: &BTreeSet<Arc<str>>, step: BatchStep| {
        let parts = indicators
            .iter()
            .flat_map(|indicator| book.record_parts(config, indicator, "kg"));
        let steps = parts.filter_map(|part| match &part.of {
            PartSource::Entry(entry) => Some((entry.when.first(), step, part.value, entry.id)),
            _ => None,
        });
        steps.collect::<Vec<BatchEntry>>()
    };
    let mut steps = of(&fed, BatchStep::Fed);
    steps.extend(of(&out, BatchStep::Residue));
    steps.sort_by_key(|(date, step, _, id)| (*date, *step, *id));
    Some((mass_excess(&steps, period)?, out))
}

/// Tolerance of a mass balance, as a share: rounding of sums.
const BALANCE_TOLERANCE: f64 = 1e-9;

/// Days after a harvest in which more of it may be weighed.
const LATE_DAYS: i32 = 3;

/// Entry of a mass: date, sort, kg, number.
type BatchEntry = (Date, BatchStep, f64, EntryId);

/// Sort of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum BatchStep {
    Larvae,
    Residue,
    Fed,
}

impl BatchMass {
    fn add(&mut self, kg: f64, id: EntryId) {
        self.kg = Some(self.kg.unwrap_or_default() + kg);
        self.entries.push(id);
    }

    /// The mass as an input of the ledger.
    pub(crate) fn source(&self, indicator: &str) -> InputSource {
        InputSource::Ledger {
            indicator: Arc::from(indicator),
            entries: self.entries.clone(),
        }
    }
}

impl FeedingBatch {
    fn begin(first: Date) -> Self {
        Self {
            first,
            harvest: None,
            fed: BatchMass::default(),
            larvae: BatchMass::default(),
            residue: BatchMass::default(),
        }
    }
}

impl BatchesOfPeriod {
    /// Reads the batches of a bin from the ledger.
    pub(crate) fn read(
        config: &Config,
        book: &PeriodLedger,
        bin: &BsfAsset,
        period: Period,
    ) -> Self {
        let mut steps: Vec<BatchEntry> = Vec::new();
        let mut parts = BTreeMap::new();
        for (indicator, step) in [
            (&bin.fed, BatchStep::Fed),
            (&bin.larvae, BatchStep::Larvae),
            (&bin.residue, BatchStep::Residue),
        ] {
            for part in book.record_parts(config, indicator, "kg") {
                if let PartSource::Entry(entry) = &part.of {
                    steps.push((entry.when.first(), step, part.value, entry.id));
                    parts.insert(entry.id, part);
                }
            }
        }
        steps.sort_by_key(|(date, step, _, id)| (*date, *step, *id));
        let excess = mass_excess(&steps, period);
        let mut all = divide_into_batches(&steps);
        let open = all.pop_if(|last| last.harvest.is_none());
        all.retain(|batch| batch.harvest.is_some_and(|day| period.contains(day)));
        Self {
            harvested: all,
            open,
            excess,
            parts,
        }
    }

    /// Entries of a mass of the harvested batches, one part each.
    pub(crate) fn parts_of(&self, mass: &BatchMass) -> Vec<InputPart> {
        let known = mass.entries.iter().filter_map(|id| self.parts.get(id));
        match mass.kg {
            Some(_) => bounded_parts(known.cloned().collect(), INPUT_PARTS_MAX),
            None => Vec::new(),
        }
    }

    /// Whether more came out of one of the harvested batches than went in.
    pub(crate) fn has_impossible(&self) -> bool {
        self.harvested.iter().any(|batch| {
            let [fed, larvae, residue] = [&batch.fed, &batch.larvae, &batch.residue];
            let out = larvae.kg.unwrap_or(0.0) + residue.kg.unwrap_or(0.0);
            fed.kg
                .is_some_and(|fed| out > fed * (1.0 + BALANCE_TOLERANCE))
        })
    }

    /// Masses of all harvested batches: fed, larvae, residue. One that a batch lacks is unknown.
    pub(crate) fn masses(&self) -> [BatchMass; 3] {
        let of = |mass: fn(&FeedingBatch) -> &BatchMass| {
            let all = self.harvested.iter().map(mass);
            let kg: Option<f64> = all.clone().map(|mass| mass.kg).sum();
            BatchMass {
                kg: kg.filter(|_| !self.harvested.is_empty()),
                entries: all.flat_map(|mass| mass.entries.clone()).collect(),
            }
        };
        [
            of(|batch| &batch.fed),
            of(|batch| &batch.larvae),
            of(|batch| &batch.residue),
        ]
    }

    /// Mean days from first feeding to harvest, weighted by the mass fed; `None` without a batch of
    /// at least a day.
    pub(crate) fn mean_days(&self) -> Option<f64> {
        let (mut mass_days, mut mass) = (0.0, 0.0);
        for batch in &self.harvested {
            let (Some(kg), Some(harvest)) = (batch.fed.kg, batch.harvest) else {
                continue;
            };
            mass_days += kg * f64::from((harvest - batch.first).get_days());
            mass += kg;
        }
        (mass_days > 0.0).then(|| mass_days / mass)
    }
}

/// The last day of a period on which more had come out of the bin, since the first entry, than went
/// in. `None` where nobody writes down what is fed.
fn mass_excess(steps: &[BatchEntry], period: Period) -> Option<MassExcess> {
    let (mut fed_kg, mut out_kg) = (0.0, 0.0);
    let mut found = None;
    for day in steps.chunk_by(|one, next| one.0 == next.0) {
        for (_, step, kg, _) in day {
            match step {
                BatchStep::Fed => fed_kg += kg,
                BatchStep::Larvae | BatchStep::Residue => out_kg += kg,
            }
        }
        let day = day[0].0;
        if period.contains(day) && fed_kg > 0.0 && out_kg > fed_kg * (1.0 + BALANCE_TOLERANCE) {
            found = Some(MassExcess {
                day,
                fed_kg,
                out_kg,
            });
        }
    }
    found
}

/// Batches in order; the last one may be open.
fn divide_into_batches(steps: &[BatchEntry]) -> Vec<FeedingBatch> {
    // Where nobody weighs larvae, the residue ends a batch.
    let by_larvae = steps.iter().any(|(_, step, ..)| *step == BatchStep::Larvae);
    let mut all: Vec<FeedingBatch> = Vec::new();
    for day in steps.chunk_by(|one, next| one.0 == next.0) {
        let is_fed = |entry: &&BatchEntry| entry.1 == BatchStep::Fed;
        let fed = day.iter().filter(is_fed);
        let out = day.iter().filter(|entry| !is_fed(entry));
        let ordered: Vec<&BatchEntry> = if begins_with_feeding(all.last(), day[0].0) {
            fed.chain(out).collect()
        } else {
            out.chain(fed).collect()
        };
        for entry in ordered {
            add_to_batch(&mut all, entry, by_larvae);
        }
    }
    all
}

/// Whether what came out on a day was fed on it: nothing else was there. A bin that is emptied and
/// filled on one day starts its new batch on that day.
fn begins_with_feeding(last: Option<&FeedingBatch>, day: Date) -> bool {
    last.is_none_or(|batch| {
        let harvest = batch.harvest;
        harvest.is_some_and(|harvest| (day - harvest).get_days() > LATE_DAYS)
    })
}

fn add_to_batch(all: &mut Vec<FeedingBatch>, (date, step, kg, id): &BatchEntry, by_larvae: bool) {
    match step {
        BatchStep::Fed => {
            if all.last().is_none_or(|last| last.harvest.is_some()) {
                all.push(FeedingBatch::begin(*date));
            }
            if let Some(batch) = all.last_mut() {
                batch.fed.add(*kg, *id);
            }
        }
        BatchStep::Larvae => {
            if let Some(batch) = all.last_mut() {
                batch.larvae.add(*kg, *id);
                batch.harvest.get_or_insert(*date);
            }
        }
        BatchStep::Residue => {
            if let Some(batch) = batch_of_residue(all) {
                batch.residue.add(*kg, *id);
                if !by_larvae {
                    batch.harvest.get_or_insert(*date);
                }
            }
        }
    }
}

/// Batch to which a residue belongs: the last harvested one, while it has none, else the last one.
fn batch_of_residue(all: &mut [FeedingBatch]) -> Option<&mut FeedingBatch> {
    let waits = all
        .iter()
        .rposition(|batch| batch.harvest.is_some())
        .filter(|place| all[*place].residue.kg.is_none());
    match waits {
        Some(place) => all.get_mut(place),
        None => all.last_mut(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use BatchStep::{Fed, Larvae, Residue};
    use jiff::civil::date;

    fn batches(steps: &[(i8, BatchStep, f64)]) -> Vec<FeedingBatch> {
        let steps: Vec<BatchEntry> = (1..)
            .zip(steps)
            .map(|(id, (day, step, kg))| (date(2026, 11, *day), *step, *kg, id))
            .collect();
        divide_into_batches(&steps)
    }

    fn masses(batch: &FeedingBatch) -> [Option<f64>; 3] {
        [batch.fed.kg, batch.larvae.kg, batch.residue.kg]
    }

    #[test]
    fn a_batch_goes_from_its_first_feeding_to_its_harvest() {
        let all = batches(&[
            (1, Fed, 40.0),
            (5, Fed, 60.0),
            (12, Larvae, 20.0),
            (12, Residue, 30.0),
            (12, Fed, 50.0),
        ]);
        assert_eq!(masses(&all[0]), [Some(100.0), Some(20.0), Some(30.0)]);
        assert_eq!(all[0].harvest, Some(date(2026, 11, 12)));
        assert_eq!((all.len(), all[1].harvest), (2, None));
        assert_eq!(masses(&all[1]), [Some(50.0), None, None]);
    }

    #[test]
    fn a_residue_that_is_sieved_later_belongs_to_the_harvested_batch() {
        let all = batches(&[
            (1, Fed, 100.0),
            (12, Larvae, 20.0),
            (12, Fed, 50.0),
            (13, Residue, 30.0),
            (24, Larvae, 10.0),
            (25, Residue, 15.0),
        ]);
        assert_eq!(masses(&all[0]), [Some(100.0), Some(20.0), Some(30.0)]);
        assert_eq!(masses(&all[1]), [Some(50.0), Some(10.0), Some(15.0)]);
    }

    #[test]
    fn without_larvae_the_residue_ends_a_batch() {
        let all = batches(&[
            (1, Fed, 100.0),
            (12, Residue, 30.0),
            (13, Fed, 50.0),
            (24, Residue, 15.0),
        ]);
        assert_eq!(all[0].harvest, Some(date(2026, 11, 12)));
        assert_eq!(masses(&all[1]), [Some(50.0), None, Some(15.0)]);
    }

    #[test]
    fn one_day_may_have_all_of_a_batch() {
        let all = batches(&[(2, Larvae, 20.0), (2, Residue, 30.0), (2, Fed, 100.0)]);
        assert_eq!(all.len(), 1);
        assert_eq!(masses(&all[0]), [Some(100.0), Some(20.0), Some(30.0)]);
        let all = batches(&[
            (2, Larvae, 20.0),
            (2, Fed, 100.0),
            (16, Larvae, 10.0),
            (16, Fed, 50.0),
        ]);
        assert_eq!(masses(&all[1]), [Some(50.0), Some(10.0), None]);
    }

    #[test]
    fn what_comes_out_before_anything_was_fed_belongs_to_no_batch() {
        assert_eq!(batches(&[(1, Larvae, 20.0), (2, Residue, 3.0)]), []);
        let all = batches(&[(1, Larvae, 20.0), (2, Fed, 50.0)]);
        assert_eq!((all.len(), masses(&all[0])), (1, [Some(50.0), None, None]));
    }
}
