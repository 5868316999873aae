//! [`TankDraft`]: measurements of a tank that are not a calibration yet.

use crate::api::ApiListener;
use crate::limits::CALIBRATION_PAIRS_MAX;
use crate::storage::StoreError;
use serde::{Deserialize, Serialize};

/// Measurements of a tank.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TankDraft {
    /// What the sensor showed, and the true level, in the unit of the point.
    pub(super) pairs: Vec<(f64, f64)>,
    /// Level in m, and litres since the tank was empty.
    pub(super) rows: Vec<(f64, f64)>,
    /// Reading of the inflow's counter when the metered fill began, m3.
    pub(super) fill_from_m3: Option<f64>,
}

impl TankDraft {
    /// The draft of a tank; an empty one where there is none.
    pub(super) async fn read(app: &ApiListener, tank: &str) -> Result<Self, StoreError> {
        let note = app.state().store.technician_note(&name(tank)).await?;
        // A note of another version is begun anew.
        let draft = note.and_then(|text| serde_json::from_str(&text).ok());
        Ok(draft.unwrap_or_default())
    }

    /// Keeps the draft; an empty one is removed.
    pub(super) async fn keep(&self, app: &ApiListener, tank: &str) -> Result<(), StoreError> {
        let body =
            (*self != Self::default()).then(|| serde_json::to_string(self).unwrap_or_default());
        app.state()
            .store
            .keep_technician_note(&name(tank), body)
            .await
    }

    /// Whether there is room for another measurement.
    pub(super) fn has_room(&self) -> bool {
        self.pairs.len().max(self.rows.len()) < CALIBRATION_PAIRS_MAX
    }
}

fn name(tank: &str) -> String {
    format!("tank/{tank}")
}
