//! [`TankDraft`]: measurements of a tank that are not a calibration yet.

use super::draft_note::{keep_draft, read_draft};
use crate::api::ApiListener;
use crate::limits::CALIBRATION_PAIRS_MAX;
use crate::storage::StoreError;
use serde::{Deserialize, Serialize};

/// Measurements of a tank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TankDraft {
    /// Value of the sensor and the true level, in the unit of the point.
    pub(super) pairs: Vec<(f64, f64)>,
    /// Level in m, and litres since the tank was empty.
    pub(super) rows: Vec<(f64, f64)>,
    /// Reading of the inflow's counter when the metered fill began, m3.
    pub(super) fill_from_m3: Option<f64>,
}

impl TankDraft {
    /// The draft of a tank; an empty one where there is none.
    pub(super) async fn read(app: &ApiListener, tank: &str) -> Result<Self, StoreError> {
        read_draft(app, &name(tank)).await
    }

    /// Keeps the draft; an empty one is removed.
    pub(super) async fn keep(&self, app: &ApiListener, tank: &str) -> Result<(), StoreError> {
        keep_draft(app, &name(tank), self).await
    }

    /// Whether there is room for another measurement.
    pub(super) fn has_room(&self) -> bool {
        self.pairs.len().max(self.rows.len()) < CALIBRATION_PAIRS_MAX
    }
}

fn name(tank: &str) -> String {
    format!("tank/{tank}")
}
