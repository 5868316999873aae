//! Counters and settings in flash ([`Keeper`]).
//!
//! sequential-storage writes each record behind the last one and erases a page only when all are
//! full, so that every page wears alike; a record cut off by a power failure is not taken.

use crate::shared_node::SharedNode;
use core::ops::Range;
use drivers::node::{KEPT_BYTES, KeptRecord};
use embassy_time::{Duration, Timer};
use embedded_storage_async::nor_flash::NorFlash;
use sequential_storage::cache::{Cache, Uncached};
use sequential_storage::map::{MapConfig, MapStorage};

/// Key of the record.
const RECORD_KEY: u8 = 1;
/// Bytes for a record on its way, with room for the header of its item.
const BUFFER_BYTES: usize = 64;
/// Seconds between two looks at what has changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Seconds between two writes of counters. Settings are written at once.
const COUNTERS_EVERY_S: u32 = 30;

type RecordStorage<F> = MapStorage<u8, F, Cache<Uncached, Uncached, Uncached, u8>>;

/// Record in flash. Without a flash that works, the node still measures and answers, and says so
/// in register 15.
pub struct Keeper<F: NorFlash> {
    storage: Option<RecordStorage<F>>,
    written: KeptRecord,
    at_start: KeptRecord,
}

impl<F: NorFlash> core::fmt::Debug for Keeper<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Keeper")
            .field("written", &self.written)
            .finish_non_exhaustive()
    }
}

impl<F: NorFlash> Keeper<F> {
    /// Reads what was kept; a new node, or one whose flash is damaged, begins at the factory
    /// settings. Counts this start.
    pub async fn open(flash: F, range: Range<u32>) -> Self {
        let config = MapConfig::try_new(range).ok();
        let mut storage =
            config.map(|config| MapStorage::new(flash, config, Cache::new_uncached()));
        let mut written = KeptRecord::FACTORY;
        if let Some(storage) = &mut storage {
            let mut buffer = [0; BUFFER_BYTES];
            match storage.fetch_item::<&[u8]>(&mut buffer, &RECORD_KEY).await {
                Ok(found) => written = found.and_then(KeptRecord::from_bytes).unwrap_or(written),
                // Whatever else is in a new chip's flash.
                Err(sequential_storage::Error::Corrupted { .. }) => {
                    let _ = storage.erase_all().await;
                }
                Err(_) => {}
            }
        }
        let at_start = KeptRecord {
            resets: written.resets.saturating_add(1),
            ..written
        };
        Self {
            storage,
            written,
            at_start,
        }
    }

    /// Goes on from counters that survived outside of the flash, as over a watchdog's restart.
    /// Counters that are behind those of the flash are not taken.
    pub fn continue_from(&mut self, pulses: u32, tips: u32) {
        let newer = |kept: u32, found: u32| {
            // Both wrap around: "ahead" is less than half of all numbers.
            let ahead = found.wrapping_sub(kept);
            if ahead < u32::MAX / 2 { found } else { kept }
        };
        self.at_start.pulses = newer(self.at_start.pulses, pulses);
        self.at_start.tips = newer(self.at_start.tips, tips);
    }

    /// Returns the record at this start.
    pub fn record(&self) -> KeptRecord {
        self.at_start
    }

    /// Writes a record; false when it cannot be kept.
    async fn write(&mut self, record: KeptRecord) -> bool {
        let Some(storage) = &mut self.storage else {
            return false;
        };
        let mut buffer = [0; BUFFER_BYTES];
        let bytes: [u8; KEPT_BYTES] = record.to_bytes();
        let stored = storage
            .store_item(&mut buffer, &RECORD_KEY, &&bytes[..])
            .await;
        if stored.is_ok() {
            self.written = record;
        }
        stored.is_ok()
    }
}

/// Writes what has changed: settings within a second, counters every half minute.
pub async fn keep_counters<F: NorFlash>(node: &SharedNode, mut keeper: Keeper<F>) -> ! {
    let mut waited_s = COUNTERS_EVERY_S;
    loop {
        let record = node.record();
        let before = keeper.written;
        let is_urgent = (record.line, record.probe, record.resets)
            != (before.line, before.probe, before.resets);
        let is_due = waited_s >= COUNTERS_EVERY_S;
        if record != before && (is_urgent || is_due) {
            let turn = node.wait_for_turn().await;
            let is_kept = keeper.write(record).await;
            drop(turn);
            node.update(|values| values.is_keeping_broken = !is_kept);
            waited_s = 0;
        }
        Timer::after(LOOK_EVERY).await;
        waited_s = waited_s.saturating_add(1);
    }
}
