//! [`chosen_headlines`]: figures that a site chose for the first page of its reports.

use super::context::ReportContext;
use crate::domain::indicator::Indicator;

/// A figure, or id and asset of one that was chosen and that there is not.
pub(crate) type ChosenFigure<'a> = Result<&'a Indicator, (String, Option<String>)>;

/// The chosen figures in their order; `None` without a choice, and for a report about one asset,
/// which shows what the asset has.
pub(crate) fn chosen_headlines<'a>(book: &ReportContext<'a>) -> Option<Vec<ChosenFigure<'a>>> {
    let chosen = &book.matter.config.report.headlines;
    if chosen.is_empty() || book.matter.asset.is_some() {
        return None;
    }
    let mut all = Vec::new();
    for one in chosen {
        let found = match &one.asset {
            Some(asset) => {
                let found = book.matter.account.find(&one.id, Some(asset));
                found.into_iter().collect()
            }
            None => figures_of_id(book, &one.id),
        };
        if found.is_empty() {
            let asset = one.asset.as_deref().map(str::to_owned);
            all.push(Err((one.id.to_string(), asset)));
        }
        all.extend(found.into_iter().map(Ok));
    }
    Some(all)
}

/// The figure of the site with this id, else those of its assets.
fn figures_of_id<'a>(book: &ReportContext<'a>, id: &str) -> Vec<&'a Indicator> {
    if let Some(site) = book.matter.account.find(id, None) {
        return vec![site];
    }
    let all = book.indicators().iter();
    all.filter(|one| *one.id == *id).collect()
}
