//! Preview of what the measurements of a tank would change: the line or table as a drawing, and
//! litres before and after.

use super::calibration_form::{
    CalibrationChange, CalibrationPreview, calibration_request, preview_calibration,
};
use super::calibration_plot::CalibrationPlot;
use super::tank_draft::TankDraft;
use crate::api::ApiListener;
use crate::api::error::ApiError;
use crate::assets::tank::geometry::{TankGeometry, tank_volume};
use crate::assets::tank::tank_sums::tank_geometry;
use crate::assets::{LevelMeasurement, TankAsset};
use crate::commissioning::calibration_texts::{short_number, whole_number};
use crate::domain::calibration::{
    Calibration, CalibrationHistory, CalibrationKind, LinearCorrection,
};
use crate::i18n::Language;

/// Steps of the curve of a tank.
const CURVE_STEPS: u8 = 20;

/// A tank with the calibrations that hold today.
pub(super) struct TankToday<'a> {
    pub(super) app: &'a ApiListener,
    pub(super) id: &'a str,
    pub(super) tank: &'a TankAsset,
    pub(super) history: &'a CalibrationHistory,
    pub(super) lang: Language,
}

impl TankToday<'_> {
    /// Shape that the figures use today: the table of a fill, else that of the configuration.
    pub(super) fn geometry(&self) -> Option<TankGeometry> {
        let today = self.app.local_today(self.app.now());
        let table = self.history.strapping_table_on(self.id, today);
        let table = table.map(TankGeometry::Strapping);
        table.or_else(|| self.tank.shape.as_ref().map(tank_geometry))
    }

    /// Level above the bottom for what the sensor shows, m; `None` unless it measures a level.
    pub(super) fn level_m(&self, shown: f64, line: LinearCorrection) -> Option<f64> {
        match self.tank.level.as_ref()? {
            LevelMeasurement::Level(point) => {
                Some(point.value(line.apply(shown)) + self.tank.offset_m)
            }
            _ => None,
        }
    }

    /// Correction of the sensor's point that holds today.
    pub(super) fn line(&self) -> LinearCorrection {
        let today = self.app.local_today(self.app.now());
        let point = self.tank.level.as_ref().map(|way| &way.point().id);
        point.map_or(LinearCorrection::NONE, |point| {
            self.history.at(point, today)
        })
    }

    fn litres_text(&self, shape: Option<&TankGeometry>, level_m: Option<f64>) -> String {
        let litres = shape.and_then(|shape| tank_volume(shape, level_m).v_m3);
        match litres {
            Some(volume) => {
                let litres = whole_number(volume * 1000.0, self.lang);
                format!("{litres} L")
            }
            None => "–".to_owned(),
        }
    }

    /// Preview of a calibration of the level from the pairs of a draft.
    pub(super) async fn level_preview(
        &self,
        draft: &TankDraft,
        now_shown: Option<f64>,
    ) -> Result<CalibrationPreview, ApiError> {
        let request =
            calibration_request((CalibrationKind::Level, self.id), draft.pairs.clone(), None);
        let (said, mut preview) =
            preview_calibration(self.app, &request, "simpan-ketinggian", self.lang).await?;
        let new = said.as_ref().and_then(Calibration::linear_correction);
        let old = self.line();
        let mut plot = CalibrationPlot {
            dots: draft.pairs.clone(),
            across: self.lang.text("wizard-tank-axis-shown"),
            ..CalibrationPlot::default()
        };
        let [(low, high), _] = plot.ranges();
        plot.before = [low, high].map(|shown| (shown, old.apply(shown))).to_vec();
        if let Some(new) = new {
            plot.after = [low, high].map(|shown| (shown, new.apply(shown))).to_vec();
            let shape = self.geometry();
            let shown = draft.pairs.iter().map(|(shown, _)| *shown).chain(now_shown);
            // A measurement of a moment ago is what the sensor shows now.
            let mut shown: Vec<f64> = shown.collect();
            shown.sort_by(f64::total_cmp);
            shown.dedup();
            let unit = self.unit();
            preview.changes = shown
                .into_iter()
                .map(|shown| CalibrationChange {
                    label: format!("{} {unit}", short_number(shown, self.lang)),
                    before: self.litres_text(shape.as_ref(), self.level_m(shown, old)),
                    after: self.litres_text(shape.as_ref(), self.level_m(shown, new)),
                })
                .collect();
        }
        preview.plot = self.drawn(plot, "wizard-tank-plot-level");
        Ok(preview)
    }

    /// Preview of a table of volumes from the rows of a draft.
    pub(super) async fn table_preview(
        &self,
        draft: &TankDraft,
    ) -> Result<CalibrationPreview, ApiError> {
        let mut rows = draft.rows.clone();
        rows.sort_by(|a, b| a.0.total_cmp(&b.0));
        let request =
            calibration_request((CalibrationKind::Strapping, self.id), rows.clone(), None);
        let (said, mut preview) =
            preview_calibration(self.app, &request, "simpan-tabel", self.lang).await?;
        let old = self.geometry();
        let curve = |shape: &TankGeometry| {
            let (empty, full) = shape.levels()?;
            let step = |part: u8| {
                let level = empty + (full - empty) * f64::from(part) / f64::from(CURVE_STEPS);
                Some((level, tank_volume(shape, Some(level)).v_m3? * 1000.0))
            };
            Some((0..=CURVE_STEPS).filter_map(step).collect())
        };
        if let Some(said) = &said {
            let table = said
                .pairs
                .iter()
                .map(|(level, litres)| (*level, litres / 1000.0));
            let new = TankGeometry::Strapping(table.collect());
            preview.changes = rows
                .iter()
                .map(|(level, _)| CalibrationChange {
                    label: format!("{} m", short_number(*level, self.lang)),
                    before: self.litres_text(old.as_ref(), Some(*level)),
                    after: self.litres_text(Some(&new), Some(*level)),
                })
                .collect();
        }
        let plot = CalibrationPlot {
            dots: rows.clone(),
            before: old.as_ref().and_then(curve).unwrap_or_default(),
            after: if said.is_some() { rows } else { Vec::new() },
            across: self.lang.text("wizard-tank-axis-level"),
            ..CalibrationPlot::default()
        };
        preview.plot = self.drawn(plot, "wizard-tank-plot-table");
        Ok(preview)
    }

    fn drawn(&self, mut plot: CalibrationPlot, title: &str) -> String {
        let text =
            |(low, high): (f64, f64)| (short_number(low, self.lang), short_number(high, self.lang));
        plot.ends = plot.ranges().map(text);
        plot.svg(&self.lang.text(title))
    }

    /// Unit of the sensor's point; empty without one.
    pub(super) fn unit(&self) -> String {
        let point = self.tank.level.as_ref().map(|way| &way.point().id);
        let point = point.and_then(|id| self.app.site().point(id));
        point.map_or(String::new(), |point| point.unit.to_string())
    }
}
