//! [`SiteOutline`]: the few things of a configuration that are needed to put a backup back, also
//! where the rest of the file has faults.

use crate::config::check::STORE_DEFAULT;
use crate::domain::site_zone::SiteZone;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

/// Site and place of its store.
#[derive(Clone, Debug)]
pub struct SiteOutline {
    /// Id of the site; `None` when the file names none.
    pub site: Option<String>,
    /// Directory of the store.
    pub store: PathBuf,
    /// Zone of the site.
    pub timezone: SiteZone,
}

impl SiteOutline {
    /// Reads the text of a configuration whose file is, or will be, `file`.
    pub fn read(text: &str, file: &Path) -> Self {
        let (root, _) = DeTable::parse_recoverable(text);
        let value = |table: &str, key: &str| {
            let found = root.get_ref().get(table)?.get_ref().get(key)?;
            found.get_ref().as_str().map(str::to_owned)
        };
        let store = value("store", "path").unwrap_or_else(|| STORE_DEFAULT.to_owned());
        let zone = value("site", "timezone").and_then(|name| SiteZone::by_name(&name));
        let folder = file.parent().unwrap_or(Path::new(""));
        Self {
            site: value("site", "id"),
            store: folder.join(store),
            timezone: zone.unwrap_or_default(),
        }
    }
}
