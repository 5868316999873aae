//! [`KindParts`]: parts of a section that depend on the kind of the asset; present values and bars
//! that several kinds have.

use super::section_context::{SectionContext, TitledPlot};
use crate::assets::asset_point::AssetPoint;
use crate::pages::drawings::stacked_bar::{BarPart, StackedBar};
use crate::pages::page_texts::PointCard;

/// Present value of a point.
#[derive(Clone, Debug)]
pub(crate) struct NowValue {
    pub(crate) card: PointCard,
    /// Name in words.
    pub(crate) label: String,
    /// Judgement in words, such as the band of a temperature; empty when there is none.
    pub(crate) state: String,
    /// `good`, `warn`, `bad`, or empty.
    pub(crate) tone: &'static str,
}

/// Parts of a section that depend on the kind of the asset.
#[derive(Debug, Default)]
pub(crate) struct KindParts {
    pub(crate) now: Vec<NowValue>,
    /// Ids of the figures of the present day.
    pub(crate) today: &'static [&'static str],
    /// Ids of the important figures of the period.
    pub(crate) main: &'static [&'static str],
    pub(crate) drawing: String,
    pub(crate) bars: Vec<Option<StackedBar>>,
    pub(crate) plots: Vec<Option<TitledPlot>>,
}

impl NowValue {
    /// Last reading of a point.
    pub(crate) fn of_point(at: &SectionContext<'_>, point: &AssetPoint) -> Option<Self> {
        let info = at.app.site().point(&point.id)?;
        let (device, own) = at.app.site().find_point(&point.id)?;
        let place = (usize::from(device), own);
        let last = at.latest.iter().find(|last| last.point == point.id);
        Some(Self {
            card: at.app.point_card(place, info, last, at.lang()),
            label: at.point_name(&point.id),
            state: String::new(),
            tone: "",
        })
    }

    /// Last readings of these points.
    pub(crate) fn of_points<'a>(
        at: &SectionContext<'_>,
        points: impl IntoIterator<Item = &'a AssetPoint>,
    ) -> Vec<Self> {
        let points = points.into_iter();
        points
            .filter_map(|point| Self::of_point(at, point))
            .collect()
    }
}

/// Bar of figures that add up to a whole, each with its colour; `None` when one has no value.
pub(crate) fn figure_bar(
    at: &SectionContext<'_>,
    title: &str,
    parts: &[(&str, &'static str)],
) -> Option<StackedBar> {
    let part = |(id, tone): &(&str, &'static str)| {
        let figure = at.figures.figure(at.own(), id)?;
        Some(BarPart {
            tone,
            text: format!("{} {}", figure.value, figure.unit),
            size: at.figures.value(at.own(), id)?.max(0.0),
            label: figure.label,
            explain: figure.explain,
        })
    };
    let parts: Option<Vec<BarPart>> = parts.iter().map(part).collect();
    StackedBar::new(at.text(title), parts?)
}
