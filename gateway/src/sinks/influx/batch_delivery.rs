//! Delivery of one batch: divided where the answers of the database make that necessary.

use super::line_batch::{LineBatch, split_range};
use super::write_verdict::WriteVerdict;
use super::{InfluxRound, InfluxSink};
use crate::limits::SINK_BATCH_MAX;
use crate::sinks::refusal_proof::{REFUSALS_NAMED, REFUSALS_UNNAMED};
use crate::status::SinkDiagnosis;
use crate::storage::StoreError;
use std::ops::Range;

/// Parts that are refused, and none taken, before the rest of a batch is not tried.
const HELD_MAX: usize = 16;

/// End of a part of a batch.
enum PartEnd {
    Taken,
    /// All of it was refused for good.
    Refused,
    /// Refused, and kept until the database takes something else.
    Held(String),
    /// Its halves have to be sent.
    Split,
    /// The batch cannot be sent further.
    Round(InfluxRound),
}

/// Progress of a batch.
#[derive(Default)]
struct BatchProgress {
    /// Parts that are held, in order, with the reason.
    held: Vec<(Range<usize>, String)>,
    /// Index of the last reading that was taken.
    taken: Option<usize>,
}

impl InfluxSink {
    /// Sends the batch, divided where the answers make that necessary, oldest part first.
    pub(super) async fn deliver_batch(
        &mut self,
        batch: &LineBatch,
    ) -> Result<InfluxRound, StoreError> {
        let whole = 0..batch.places.len();
        // A stack: the oldest part is on top, so that the order of delivery stays the same.
        let mut parts = Vec::from([whole.clone()]);
        let mut progress = BatchProgress::default();
        loop {
            let Some(part) = parts.pop() else {
                let Some((part, why)) = progress.held.first() else {
                    break;
                };
                if !self.is_worth_asking(batch, part) {
                    if progress.taken.is_some() {
                        // Taken before it was refused: the next round asks once more.
                        self.restart_at_cursor();
                        return Ok(InfluxRound::Idle);
                    }
                    return Ok(self.record_no_taker(why));
                }
                // What was taken meanwhile shows whether the lines themselves are refused.
                let held = progress.held.drain(..).rev();
                parts.extend(held.map(|(part, _)| part));
                continue;
            };
            match self.deliver_part(batch, &part).await? {
                PartEnd::Taken => {
                    let last = (0..part.end).rev().find(|index| batch.has_line(*index));
                    progress.taken = progress.taken.max(last);
                }
                PartEnd::Refused => {}
                PartEnd::Held(why) => {
                    progress.held.push((part, why));
                    if progress.taken.is_none() && progress.held.len() >= HELD_MAX {
                        let (_, why) = &progress.held[0];
                        return Ok(self.record_no_taker(why));
                    }
                    continue;
                }
                PartEnd::Split => {
                    parts.extend(split_range(part));
                    continue;
                }
                PartEnd::Round(round) => return Ok(round),
            }
            if progress.held.is_empty() {
                self.advance_cursor(batch, &part, progress.taken);
            }
        }
        self.advance_cursor(batch, &whole, progress.taken);
        // The size grows back slowly after a slow period.
        self.most = (self.most + self.most / 8 + 1).min(SINK_BATCH_MAX);
        Ok(InfluxRound::More)
    }

    async fn deliver_part(
        &mut self,
        batch: &LineBatch,
        part: &Range<usize>,
    ) -> Result<PartEnd, StoreError> {
        let lines = batch.line_count(part);
        // Its readings were refused before they were lines.
        if lines == 0 {
            return Ok(PartEnd::Refused);
        }
        let verdict = self.writer.write(batch.text_of(part), lines).await;
        if self.writer.take_renewed() && self.progress.step_back() {
            // This batch is sent again in its turn: readings go out in order.
            self.restart_at_cursor();
            return Ok(PartEnd::Round(InfluxRound::More));
        }
        self.progress.set_clock_lead(self.writer.clock_lead());
        let one = part.len() == 1;
        let failed = match verdict {
            WriteVerdict::Stored => {
                self.progress.set_connected();
                if let Some(seqs) = batch.seqs_of(part) {
                    self.proof.record_taken(seqs);
                }
                return Ok(PartEnd::Taken);
            }
            // A single line that is refused cannot be divided further.
            WriteVerdict::Refused {
                why,
                all,
                names_lines,
            } if all || one => {
                let least = if names_lines {
                    REFUSALS_NAMED
                } else {
                    REFUSALS_UNNAMED
                };
                return self.refuse_part(batch, part, (&why, least)).await;
            }
            WriteVerdict::TooLarge(why) if one => {
                return self
                    .refuse_part(batch, part, (&why, REFUSALS_UNNAMED))
                    .await;
            }
            WriteVerdict::Refused { .. } => return Ok(PartEnd::Split),
            WriteVerdict::TooLarge(_) => {
                // The server's limit is not known; the size is halved until it is accepted.
                self.most = (part.len() / 2).max(1);
                return Ok(PartEnd::Split);
            }
            WriteVerdict::Misconfigured { why, trouble }
            | WriteVerdict::ForeignAnswer { why, trouble } => {
                self.record_failure(&why, trouble, None)
            }
            // The order is kept: nothing after a failed part is sent before it.
            WriteVerdict::RetryLater {
                why,
                after,
                silent,
                trouble,
            } => {
                // No answer may be caused by a slow line, on which a smaller write succeeds.
                if silent {
                    self.most = (self.most.min(part.len()) / 2).max(1);
                }
                self.record_failure(&why, trouble, after)
            }
        };
        Ok(PartEnd::Round(failed))
    }

    /// Moves on to the end of a part; `taken` is the last reading of the batch that was taken.
    fn advance_cursor(&mut self, batch: &LineBatch, part: &Range<usize>, taken: Option<usize>) {
        self.backoff.reset();
        let place = |index: usize| batch.places.get(index).map(|place| (place.seq, place.at));
        if let Some(last) = place(part.end - 1) {
            let taken = taken.filter(|index| *index < part.end).and_then(place);
            self.progress.advance(batch.lane, last, taken);
        }
    }

    /// Puts the readings of a part on the refused list, when their refusal is permanent.
    async fn refuse_part(
        &mut self,
        batch: &LineBatch,
        part: &Range<usize>,
        (why, least): (&str, u32),
    ) -> Result<PartEnd, StoreError> {
        let lines = part.clone().filter(|index| batch.has_line(*index));
        let places: Vec<_> = lines
            .filter_map(|index| Some((index, batch.places.get(index)?.seq)))
            .collect();
        let mut is_permanent = true;
        for (_, seq) in &places {
            is_permanent &= self.proof.record_refusal(*seq, least);
        }
        if !is_permanent {
            return Ok(PartEnd::Held(why.to_owned()));
        }
        for (index, seq) in places {
            let line = batch.text_of(&(index..index + 1)).trim_end();
            self.progress.refuse_reading(seq, why, line).await?;
        }
        Ok(PartEnd::Refused)
    }

    /// Whether something was taken since the lines of this part were refused.
    fn is_worth_asking(&self, batch: &LineBatch, part: &Range<usize>) -> bool {
        let mut lines = part.clone().filter(|index| batch.has_line(*index));
        lines.all(|index| {
            let place = batch.places.get(index);
            place.is_none_or(|place| self.proof.is_worth_asking(place.seq))
        })
    }

    /// Records that the database takes no line, for which all are kept.
    fn record_no_taker(&mut self, why: &str) -> InfluxRound {
        let why = format!("{why}; it takes no other line either, so that all readings are kept");
        self.record_failure(&why, Some(SinkDiagnosis::TakesNothing), None)
    }
}
