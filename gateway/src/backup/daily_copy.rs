//! The copy that the gateway makes of itself once a day, where there is another disk.

use super::backup_error::BackupError;
use super::backup_source::BackupSource;
use super::backup_writer::{BackupFacts, BackupWriter, WrittenBackup};
use super::manifest::BackupManifest;
use super::other_disk::{DiskSteps, OtherDisk};
use super::second_place::find_second_place;
use super::site_files::add_site_files;
use crate::clock::{Clock, ClockStamp};
use crate::config::Config;
use crate::domain::UtcMs;
use crate::limits::{
    BACKUP_PIECE_BYTES, COPY_EVERY_MS, COPY_LOOK_SECONDS, COPY_LOOK_SILENT_SECONDS,
    COPY_RETRY_SECONDS, COPY_SILENT_SECONDS,
};
use crate::status::{CopyState, StatusBoard};
use crate::storage::{Store, StoreSnapshot};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const LOOK_SILENT: Duration = Duration::from_secs(COPY_LOOK_SILENT_SECONDS);
/// Time for a copy to end at a stop.
const COPY_STOP_WAIT: Duration = Duration::from_secs(1);
const COPY_SILENT: Duration = Duration::from_secs(COPY_SILENT_SECONDS);

/// Makes a copy a day until a stop is requested. A failure is a line in the log and on the status
/// board, and is tried again; it stops nothing.
pub async fn run_daily_copies(
    config: Arc<Config>,
    store: Store,
    clock: Clock,
    board: StatusBoard,
    mut stop: watch::Receiver<bool>,
) {
    let mut copier = DailyCopier {
        config,
        store,
        clock,
        stop: stop.clone(),
        disk: OtherDisk::default(),
    };
    let mut state = CopyState::default();
    loop {
        let before = state.fault.clone();
        tokio::select! {
            () = copier.look(&mut state) => {}
            // The end of the program does not wait for a disk that hangs.
            () = long_after_stop(&mut stop) => return,
        }
        if let Some(why) = state
            .fault
            .as_ref()
            .filter(|why| before.as_ref() != Some(*why))
        {
            tracing::warn!(%why, "the daily copy failed; tried again");
        }
        let pause = match state.fault {
            Some(_) => COPY_RETRY_SECONDS,
            None => COPY_LOOK_SECONDS,
        };
        board.update(|board| board.copies = Some(state.clone()));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_secs(pause)) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

/// Ends when a copy that stops at its next piece has had the time for it.
async fn long_after_stop(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|stop| *stop).await;
    tokio::time::sleep(COPY_STOP_WAIT).await;
}

/// Site, store and clock of the copies.
struct DailyCopier {
    config: Arc<Config>,
    store: Store,
    clock: Clock,
    stop: watch::Receiver<bool>,
    disk: OtherDisk,
}

impl DailyCopier {
    /// Looks for the place, and makes a copy when the last one there is a day old.
    async fn look(&mut self, state: &mut CopyState) {
        state.fault = match self.look_at_disk(state).await {
            Ok(damaged) => damaged,
            Err(fault) => Some(fault.to_string()),
        };
    }

    /// Returns what is wrong with the copies although this one was made, or was not due.
    async fn look_at_disk(&mut self, state: &mut CopyState) -> Result<Option<String>, BackupError> {
        let (place, is_missing) = self.find_place(state.place.as_deref()).await?;
        if place != state.place {
            state.last_good = match &place {
                Some(place) => self.last_copy(place).await?,
                // That of a stick that was taken away is still the newest one.
                None => state.last_good,
            };
            state.place.clone_from(&place);
        }
        state.is_missing = is_missing;
        let Some(place) = place else {
            return Ok(None);
        };
        // A disk that was plugged in again has its copies.
        if state.last_good.is_none() && !is_missing {
            state.last_good = self.last_copy(&place).await?;
        }
        if !is_due(state.last_good, self.clock.now()) {
            return Ok(None);
        }
        // A disk that is not mounted leaves its empty folder, and a copy there would be none.
        if is_missing {
            return Err(BackupError::File {
                file: place,
                why: std::io::ErrorKind::NotFound.into(),
            });
        }
        let (at, written) = self.copy_to(&place).await?;
        let new = written.new_bytes;
        tracing::info!(place = %place.display(), new, "the daily copy was made");
        state.last_good = Some(at);
        let damaged = written.damaged.first();
        Ok(damaged.map(|name| format!("{name} no longer has its hash")))
    }

    /// Place of the copies, and whether its disk is missing.
    async fn find_place(
        &mut self,
        known: Option<&Path>,
    ) -> Result<(Option<PathBuf>, bool), BackupError> {
        let configured = self.config.backup.directory.clone();
        let store = self.config.store.path.clone();
        let named = configured
            .as_deref()
            .or(known)
            .unwrap_or(Path::new("/media"));
        let named = named.to_owned();
        let look = move |_: &DiskSteps| {
            let place = configured.or_else(|| find_second_place(&store));
            let is_missing = place.as_ref().is_some_and(|place| !place.is_dir());
            (place, is_missing)
        };
        self.disk.run((&named, LOOK_SILENT), look).await
    }

    /// Time of the last copy of this store at a place.
    async fn last_copy(&mut self, place: &Path) -> Result<Option<UtcMs>, BackupError> {
        let (site, store) = (self.config.site.id.to_string(), self.store.id().to_owned());
        let at = place.to_owned();
        let look = move |_: &DiskSteps| {
            let source = BackupSource::open(&at, Some(&site)).ok()?;
            let mut own = source.manifests().iter().rev();
            own.find(|one| one.store == store).map(BackupManifest::at)
        };
        self.disk.run((place, LOOK_SILENT), look).await
    }

    async fn copy_to(&mut self, place: &Path) -> Result<(UtcMs, WrittenBackup), BackupError> {
        let snapshot = self.store.hold_file().await?;
        let at = snapshot.at;
        let (config, stop) = (Arc::clone(&self.config), self.stop.clone());
        let to = place.to_owned();
        let copy = move |steps: &DiskSteps| write_copy(&config, &snapshot, &to, (&stop, steps));
        let written = self.disk.run((place, COPY_SILENT), copy).await??;
        Ok((at, written))
    }
}

/// Whether a copy is due. By a clock that may be wrong only the first one is.
fn is_due(last: Option<UtcMs>, now: ClockStamp) -> bool {
    last.is_none_or(|last| {
        let age = now.at.0.saturating_sub(last.0);
        now.trusted && !(0..COPY_EVERY_MS).contains(&age)
    })
}

/// Writes a copy of the whole site; where the disk is full, in the room of those beyond `keep`.
fn write_copy(
    config: &Config,
    snapshot: &StoreSnapshot,
    place: &Path,
    (stop, steps): (&watch::Receiver<bool>, &DiskSteps),
) -> Result<WrittenBackup, BackupError> {
    let facts = BackupFacts {
        site: config.site.id.to_string(),
        store: snapshot.store.clone(),
        at: snapshot.at,
        durable: snapshot.durable,
    };
    match write_copy_once(config, snapshot, (place, &facts), (stop, steps)) {
        Err(BackupError::Full(full)) => {
            if BackupWriter::make_room(place, &facts, config.backup.keep)? == 0 {
                return Err(BackupError::Full(full));
            }
            write_copy_once(config, snapshot, (place, &facts), (stop, steps))
        }
        written => written,
    }
}

fn write_copy_once(
    config: &Config,
    snapshot: &StoreSnapshot,
    (place, facts): (&Path, &BackupFacts),
    (stop, steps): (&watch::Receiver<bool>, &DiskSteps),
) -> Result<WrittenBackup, BackupError> {
    let store = &config.store.path;
    let mut writer = BackupWriter::begin(place, facts, store)?;
    writer.begin_store_file();
    let mut at = 0;
    while at < snapshot.bytes() {
        // The end of the program does not wait for a slow stick.
        if *stop.borrow() {
            return Err(crate::storage::StoreError::Stopped.into());
        }
        let bytes = snapshot.read_at(at, BACKUP_PIECE_BYTES)?;
        at += bytes.len() as u64;
        writer.write(&bytes)?;
        steps.add();
    }
    writer.end_file()?;
    add_site_files(&mut writer, &config.file, store)?;
    writer.finish(config.backup.keep)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::MonoMs;

    #[test]
    fn a_copy_is_due_after_a_day_and_by_a_wrong_clock_only_once() {
        let now = |at: i64, trusted| ClockStamp {
            at: UtcMs(at),
            mono: MonoMs(0),
            trusted,
        };
        let day = COPY_EVERY_MS;
        for (last, now, due) in [
            (None, now(0, false), true),
            (Some(UtcMs(0)), now(day - 1, true), false),
            (Some(UtcMs(0)), now(day, true), true),
            (Some(UtcMs(0)), now(day, false), false),
            // One from the future holds nothing up.
            (Some(UtcMs(day)), now(0, true), true),
        ] {
            assert_eq!(is_due(last, now), due, "{last:?} {now:?}");
        }
    }
}
