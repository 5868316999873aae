//! Alarms: rules, what they see, the states of alarms, and the changes that people are told.
//!
//! ```text
//! book.observe(&store, moment, seen).await?   // steps every alarm; keeps states and changes
//! book.acknowledge(&store, moment, "tank-low/tank-1", &who, "pump ordered").await?
//! ```
//!
//! A rule is data (`config::AlarmRule`). The room that watches (`alarm_watch`) turns it into a
//! `Sighting`: whether the trouble is there, over, in between, or unknown. `evaluator` is pure:
//! sighting, state and time give the next state and at most one change. `alarm_book` keeps both in
//! the store before anybody is told.
//!
//! **Invariant:** what is unknown raises no alarm and ends none.

mod alarm_book;
mod alarm_message;
mod alarm_state;
mod evaluator;
mod point_watch;

pub use alarm_book::AlarmBook;
pub(crate) use alarm_book::{AlarmBookError, Sighting};
pub(crate) use alarm_message::{AlarmChange, SentenceSet, message_head, value_text};
#[cfg(test)]
pub(crate) use alarm_state::Acknowledgement;
pub(crate) use alarm_state::RaisedAlarm;
pub(crate) use evaluator::{AlarmMoment, AlarmSight, AlarmTiming};
pub(crate) use point_watch::{PointSample, PointWatch, limit_sight};
