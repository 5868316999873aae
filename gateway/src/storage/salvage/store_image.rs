//! Pages of a store as they stood after its last commit: those of the file, and over them the
//! newest right ones of its log.

use super::log_bytes::{LogBytes, LogFile};
use super::page_reader::PageSource;
use super::wal_frames::{WalFrames, read_wal};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Length of a page where no header says it, bytes.
const PAGE_BYTES: usize = 1024;

/// File and log of a store, opened for reading.
#[derive(Debug)]
pub(in crate::storage) struct StoreImage {
    file: Option<File>,
    log: LogFile,
    frames: WalFrames,
    newest: BTreeMap<u32, usize>,
    page_bytes: usize,
    pages: u32,
}

impl StoreImage {
    /// Opens both; a missing one is empty.
    pub(in crate::storage) fn open(file: &Path, log: &Path) -> io::Result<Self> {
        let file = open_if_there(file)?;
        let log = LogFile::new(open_if_there(log)?)?;
        let head = log.stretch(0, 12).unwrap_or_default().into_owned();
        let page_bytes = page_length(file.as_ref(), &head);
        let mut frames = read_wal(&log, page_bytes);
        let page = |number| read_page(file.as_ref(), page_bytes, number);
        frames.compare_with_file(&log, page);
        let newest = frames.newest_pages(&log, page);
        let length = match &file {
            Some(file) => file.metadata()?.len(),
            None => 0,
        };
        let in_file = u32::try_from(length / page_bytes as u64);
        Ok(Self {
            file,
            log,
            newest,
            page_bytes,
            pages: in_file
                .unwrap_or(u32::MAX)
                .max(frames.file_pages().unwrap_or(0)),
            frames,
        })
    }

    /// Returns what the log holds.
    pub(in crate::storage) fn frames(&self) -> &WalFrames {
        &self.frames
    }

    /// Returns the bytes at the end of the log that were not read.
    pub(in crate::storage) fn unread_log(&self) -> u64 {
        self.log.unread
    }

    /// Returns whether the log has content of which nothing can be told: SQLite would write over
    /// it.
    pub(in crate::storage) fn is_log_unreadable(&self) -> bool {
        const STEP: usize = 64 << 10;
        if self.frames.is_readable() {
            return false;
        }
        let length = self.log.length();
        let mut places = (0..length).step_by(STEP);
        places.any(|at| {
            let bytes = self.log.stretch(at, STEP.min(length - at));
            bytes.is_none_or(|bytes| bytes.iter().any(|byte| *byte != 0))
        })
    }

    /// Returns the length of the file after its last commit, bytes.
    pub(in crate::storage) fn bytes(&self) -> u64 {
        u64::from(self.pages) * self.page_bytes as u64
    }

    /// Fills a stretch with what stands at a place; `None` when a page cannot be read.
    pub(in crate::storage) fn read_at(&self, at: u64, into: &mut [u8]) -> Option<()> {
        let length = self.page_bytes as u64;
        let (mut at, mut filled) = (at, 0);
        while filled < into.len() {
            let page = self.page(u32::try_from(at / length).ok()? + 1)?;
            let from = usize::try_from(at % length).ok()?;
            let count = (page.len() - from).min(into.len() - filled);
            into[filled..filled + count].copy_from_slice(&page[from..from + count]);
            filled += count;
            at += count as u64;
        }
        Some(())
    }

    /// Writes all pages into a new file and syncs it.
    pub(super) fn write_to(&self, file: &mut File) -> io::Result<()> {
        let nothing = vec![0; self.page_bytes];
        let mut out = io::BufWriter::with_capacity(64 << 10, &mut *file);
        for number in 1..=self.pages {
            out.write_all(self.page(number).as_ref().unwrap_or(&nothing))?;
        }
        out.flush()?;
        drop(out);
        file.sync_all()
    }
}

impl PageSource for StoreImage {
    fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    fn pages(&self) -> u32 {
        self.pages
    }

    fn is_in_log(&self, number: u32) -> bool {
        self.newest.contains_key(&number)
    }

    fn page(&self, number: u32) -> Option<Vec<u8>> {
        if let Some(at) = self.newest.get(&number) {
            let page = self.log.stretch(*at, self.page_bytes);
            return page.map(std::borrow::Cow::into_owned);
        }
        read_page(self.file.as_ref(), self.page_bytes, number)
    }
}

fn open_if_there(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(fault) if fault.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// Reads a page of the file; `None` when it is not there or the card cannot read it.
fn read_page(file: Option<&File>, page_bytes: usize, number: u32) -> Option<Vec<u8>> {
    let mut page = vec![0; page_bytes];
    let place = u64::from(number.checked_sub(1)?) * page_bytes as u64;
    file?.read_exact_at(&mut page, place).ok()?;
    Some(page)
}

/// Returns the length of a page as the headers of file and log say it.
fn page_length(file: Option<&File>, log: &[u8]) -> usize {
    let mut head = [0; 18];
    let read = file.is_some_and(|file| file.read_exact_at(&mut head, 0).is_ok());
    let is_header = read && head.starts_with(b"SQLite format 3\0");
    let of_file = usize::from(u16::from_be_bytes([head[16], head[17]]));
    let of_log = log.get(8..12).and_then(|four| four.try_into().ok());
    let of_log = of_log.map_or(0, u32::from_be_bytes) as usize;
    let is_length = |bytes: &usize| bytes.is_power_of_two() && (512..=65536).contains(bytes);
    // Of two places that may be garbled, what both say is believed first.
    if is_header && is_length(&of_file) && (of_file == of_log || of_log == 0) {
        return of_file;
    }
    let said = [of_file, of_log];
    if said.contains(&PAGE_BYTES) {
        return PAGE_BYTES;
    }
    let said = said.into_iter().find(is_length);
    said.unwrap_or(PAGE_BYTES)
}
