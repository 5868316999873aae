//! Lines of what damage of the store has cost.

use super::{ApiClient, ApiClientError, path_with_query};
use crate::api::damage::DataDamageJson;

impl ApiClient {
    /// All lines of what was lost, the newest first.
    pub(crate) async fn damage_lines(&mut self) -> Result<Vec<DataDamageJson>, ApiClientError> {
        let mut all: Vec<DataDamageJson> = Vec::new();
        loop {
            let before = all.last().map(|last| last.id.to_string());
            let path = path_with_query("/api/v1/damage", &[("before", before.as_deref())]);
            let page: Vec<DataDamageJson> = self.get_json(&path).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// Number of lines of which nobody has taken note.
    pub(crate) async fn unseen_damage(&mut self) -> Result<usize, ApiClientError> {
        let lines = self.damage_lines().await?;
        Ok(lines.iter().filter(|one| one.seen_by.is_none()).count())
    }

    /// Whether a point lost readings of a local day.
    pub(crate) async fn has_lost_readings(
        &mut self,
        point: &str,
        day: &str,
    ) -> Result<bool, ApiClientError> {
        let asked = [("point", Some(point)), ("day", Some(day))];
        self.get_json(&path_with_query("/control/damage", &asked))
            .await
    }
}
