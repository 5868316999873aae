//! Ways in which a store is opened: by the gateway at its start or again, or by a command.

use super::disk_room;
use super::recovery::{prepare_writer, spawn_writer};
use super::store_error::StoreError;
use super::store_handle::Store;
use super::store_values::{StoreAccess, StoreStart};
use crate::clock::Clock;
use crate::config::StoreSettings;
use crate::domain::Site;
use std::path::Path;

impl Store {
    /// Opens the store in this directory, or creates it, and starts the thread that owns the file.
    /// A file that cannot be read is renamed and a new one started; `repairs` of the health says
    /// so. `Busy` when another process holds the file.
    pub fn open(
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        Self::open_with_access(
            StoreAccess::Gateway,
            path,
            site,
            settings,
            config_text,
            clock,
        )
    }

    /// Opens the store again while the gateway runs, as `open` does; this is no start of the
    /// gateway in the audit log.
    pub fn reopen(
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        let opening = (StoreAccess::Gateway, StoreStart::Reload);
        Self::open_as(opening, path, site, settings, config_text, clock)
    }

    /// Opens the store with the given rights: `Damaged` when a command meets a damaged file,
    /// `Missing` when a read-only command finds no file.
    pub fn open_with_access(
        access: StoreAccess,
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        let opening = (access, StoreStart::Program);
        Self::open_as(opening, path, site, settings, config_text, clock)
    }

    fn open_as(
        opening: (StoreAccess, StoreStart),
        path: &Path,
        site: &Site,
        settings: &StoreSettings,
        config_text: &str,
        clock: &Clock,
    ) -> Result<Self, StoreError> {
        let prepared = prepare_writer(opening, path, site, settings, config_text, clock);
        let prepared = prepared.map_err(|fault| disk_room::name_read_only(fault, path));
        let (keeper, store, requests) = prepared?;
        spawn_writer(keeper, requests)?;
        Ok(store)
    }
}
