//! [`HomeShelf`]: the home page's content as it was made last, for everybody who asks meanwhile.

use super::home_today::HomeToday;
use crate::api::ApiListener;
use crate::i18n::Language;
use jiff::civil::Date;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Age up to which the content that one person got is shown to others.
// Each open page asks every 30 s: with twenty of them, two of three answers need no figures.
const CONTENT_AGE: Duration = Duration::from_secs(10);

/// Content by language; at most one of each.
#[derive(Clone, Default)]
pub(crate) struct HomeShelf(Arc<Mutex<ShelvedContent>>);

type ShelvedContent = Vec<(HomeMoment, Arc<HomeToday>)>;

/// State of the site for which content is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct HomeMoment {
    at: Instant,
    day: Date,
    /// Grows when somebody records, corrects or imports something: the next page must show it.
    data_revision: u64,
}

impl HomeMoment {
    pub(super) fn of_site(app: &ApiListener) -> Self {
        Self {
            at: Instant::now(),
            day: app.today(),
            data_revision: app.state().store.data_revision(),
        }
    }

    /// Content that was made for this moment may be shown now.
    fn is_fresh(&self, now: &Self) -> bool {
        let age = now.at.saturating_duration_since(self.at);
        (self.day, self.data_revision) == (now.day, now.data_revision) && age < CONTENT_AGE
    }
}

impl HomeShelf {
    pub(super) fn find(&self, lang: Language, now: HomeMoment) -> Option<Arc<HomeToday>> {
        let all = self.lock();
        let mut found = all.iter().filter(|(_, content)| content.lang == lang);
        let (_, content) = found.find(|(moment, _)| moment.is_fresh(&now))?;
        Some(Arc::clone(content))
    }

    pub(super) fn keep(&self, moment: HomeMoment, content: HomeToday) -> Arc<HomeToday> {
        let content = Arc::new(content);
        let mut all = self.lock();
        all.retain(|(_, other)| other.lang != content.lang);
        all.push((moment, Arc::clone(&content)));
        content
    }

    fn lock(&self) -> MutexGuard<'_, ShelvedContent> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
