//! [`PresentReading`]: what a sensor shows at the moment at which a person reads stick or clamp.

use crate::api::ApiListener;
use crate::domain::{QualityReason, UtcMs};
use crate::i18n::Language;
use crate::limits::CALIBRATION_READING_AGE_MAX_S;
use crate::pages::page_texts::PointCard;
use crate::storage::{LatestSample, StoreError};

/// Last good reading of a point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PresentReading {
    /// Value in the unit of the point.
    pub(super) value: f64,
    pub(super) at: UtcMs,
}

/// Reading of a point that is of the present; `None` without one.
pub(super) async fn present_reading(
    app: &ApiListener,
    point: &str,
) -> Result<Option<PresentReading>, StoreError> {
    let last = app.state().store.latest_samples().await?;
    Ok(last
        .iter()
        .find(|one| *one.point == *point)
        .and_then(|one| fresh_reading(app, one)))
}

fn fresh_reading(app: &ApiListener, last: &LatestSample) -> Option<PresentReading> {
    let outcome = &last.sample.outcome;
    let value = outcome.number()?.to_f64();
    // What a broker had kept is old by an unknown time.
    let is_kept = outcome.reason() == Some(QualityReason::Retained);
    let age_ms = app.now().0.saturating_sub(last.sample.at.0);
    let is_fresh = age_ms <= CALIBRATION_READING_AGE_MAX_S.saturating_mul(1000);
    (!is_kept && is_fresh).then_some(PresentReading {
        value,
        at: last.sample.at,
    })
}

/// Card of a point with its last value, which the page keeps current.
pub(super) async fn live_card(
    app: &ApiListener,
    point: &str,
    lang: Language,
) -> Result<Option<PointCard>, StoreError> {
    let last = app.state().store.latest_samples().await?;
    Ok(card_of(app, point, (&last, lang)))
}

/// The same of samples that are at hand.
pub(super) fn card_of(
    app: &ApiListener,
    point: &str,
    (last, lang): (&[LatestSample], Language),
) -> Option<PointCard> {
    let (device, place) = app.site().find_point(point)?;
    let info = app.site().point(point)?;
    let last = last.iter().find(|one| *one.point == *point);
    Some(app.point_card((usize::from(device), place), info, last, lang))
}
