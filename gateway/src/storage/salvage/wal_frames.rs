//! Reader of a write-ahead log of which parts may be garbled.
//!
//! SQLite ends at the first frame whose checksum is wrong and drops every commit behind it. The
//! checksum of a frame continues that of the frame before, and each frame stores the sum so far:
//! with the stored sum, the frames behind a garbled one are verified as well.

use super::log_bytes::LogBytes;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Length of the header of the log, bytes.
const LOG_HEADER: usize = 32;
/// Length of the header of a frame, bytes.
const FRAME_HEADER: usize = 24;
/// Magic number of a log, without the bit that gives the byte order of its checksums.
const MAGIC: u32 = 0x377f_0682;

/// Running checksum of the log.
type WalSum = (u32, u32);

/// Frame of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WalFrame {
    /// Number of the page, from 1; that of a garbled frame may be wrong.
    pub(super) page: u32,
    /// Pages of the file after this commit; 0 for a frame within a transaction.
    pub(super) commit_pages: u32,
    /// Place of the page's content in the log, bytes.
    pub(super) offset: usize,
    /// Checksums before and after this frame.
    sums: (WalSum, WalSum),
    state: FrameState,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FrameState {
    /// The checksum is right.
    Good,
    /// Garbled.
    Bad,
    /// The page is right in the file, where a checkpoint copied it.
    InFile,
    /// Of an older log, or never written.
    Foreign,
}

/// Content of a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::storage) struct WalFrames {
    all: Vec<WalFrame>,
    /// Number of frames up to the last commit that is whole.
    end: usize,
    /// Frames of which the file is known to have everything.
    copied: usize,
    page_bytes: usize,
    big_endian: bool,
    /// The header and the first frame say nothing.
    is_header_lost: bool,
    is_header_right: bool,
    /// Number of frames that SQLite accepts: it ends at the first one that is not as it should be.
    accepted: usize,
}

/// Reads a log with pages of this length. Garbled frames with a whole commit behind them are
/// damage; without one they are the end of a write that was cut off.
pub(super) fn read_wal<L: LogBytes + ?Sized>(log: &L, page_bytes: usize) -> WalFrames {
    let mut read = WalFrames {
        page_bytes,
        ..WalFrames::default()
    };
    let Some((salts, mut before, mut other)) = read.read_header(log) else {
        return read;
    };
    let mut frames: Vec<WalFrame> = Vec::new();
    let mut offset = LOG_HEADER;
    while let Some(bytes) = log.stretch(offset, FRAME_HEADER + page_bytes) {
        let bytes = &*bytes;
        let stored = sum_at(bytes, 16);
        let state = |sum| frame_sum(sum, bytes, read.big_endian) == stored;
        // A frame whose sum alone was garbled is known by the frame behind it.
        let by_other = !state(before) && state(other);
        let is_behind_fault = read.accepted < frames.len() || !read.is_header_right;
        if let (true, Some(last)) = (by_other, frames.last_mut()) {
            last.state = FrameState::Good;
        }
        let chained = frames
            .last()
            .is_none_or(|last| last.state == FrameState::Good);
        let is_own = sum_at(bytes, 8) == salts;
        if !is_behind_fault && is_own && state(before) {
            read.accepted += 1;
        }
        // An older log leaves its frames behind the newest one: with other salts, and right
        // among themselves.
        let is_good = (by_other || state(before)) && (is_own || chained);
        let seed = if by_other { other } else { before };
        frames.push(WalFrame {
            // The numbers of an old frame mean nothing here.
            page: if is_good || is_own {
                word_at(bytes, 0)
            } else {
                0
            },
            commit_pages: if is_good || is_own {
                word_at(bytes, 4)
            } else {
                0
            },
            offset: offset + FRAME_HEADER,
            sums: (seed, stored),
            state: match (is_good, is_own) {
                (true, _) => FrameState::Good,
                (false, true) => FrameState::Bad,
                // Left over from an older log; or its salts are garbled, which the frames behind
                // it tell.
                (false, false) => FrameState::Foreign,
            },
        });
        other = frame_sum(seed, bytes, read.big_endian);
        before = stored;
        offset += FRAME_HEADER + page_bytes;
    }
    read.all = frames;
    read.end = end_of_commits(&read.all);
    read
}

impl WalFrames {
    /// Returns the salts, and the two sums that the first frame may continue: as stored, and as
    /// computed from the header. `None` for an empty log, and where nothing tells which frames
    /// belong to the log.
    fn read_header<L: LogBytes + ?Sized>(&mut self, log: &L) -> Option<(WalSum, WalSum, WalSum)> {
        let head = &*log.stretch(0, LOG_HEADER)?;
        self.big_endian = word_at(head, 0) == MAGIC | 1;
        let computed = add_to_sum((0, 0), &head[..24], self.big_endian);
        let (salts, stored) = (sum_at(head, 16), sum_at(head, 24));
        if computed == stored && word_at(head, 0) & !1 == MAGIC {
            self.is_header_right = true;
            return Some((salts, stored, computed));
        }
        let first = &*self.frame(log, 0)?;
        let said = sum_at(first, 8);
        let continues = [stored, computed]
            .map(|sum| frame_sum(sum, first, self.big_endian) == sum_at(first, 16));
        // A first frame that continues the header, or has the same salts, belongs to it. Zeros
        // continue zeros.
        let is_known = continues[0] || continues[1] || said == salts;
        if is_known && said != (0, 0) {
            return Some((said, stored, computed));
        }
        // The header and its first frame are gone: the frames behind still belong together.
        let mut places = 1..log.length() / (FRAME_HEADER + self.page_bytes);
        let salts = places.find_map(|place| {
            let (before, frame) = (self.frame(log, place - 1)?, self.frame(log, place)?);
            let sum = frame_sum(sum_at(&before, 16), &frame, self.big_endian);
            let salts = sum_at(&frame, 8);
            (sum == sum_at(&frame, 16) && salts != (0, 0)).then_some(salts)
        })?;
        self.is_header_lost = true;
        // A sum that no frame of zeros has.
        Some((salts, (1, 1), (1, 1)))
    }

    /// Returns the bytes of a frame; `None` beyond the end.
    fn frame<'a, L: LogBytes + ?Sized>(&self, log: &'a L, place: usize) -> Option<Cow<'a, [u8]>> {
        let length = FRAME_HEADER + self.page_bytes;
        log.stretch(LOG_HEADER + place * length, length)
    }

    /// Returns the frames up to the last commit that is whole.
    pub(super) fn frames(&self) -> &[WalFrame] {
        &self.all[..self.end]
    }

    /// Returns whether there are whole commits that SQLite would not find.
    pub(in crate::storage) fn is_damaged(&self) -> bool {
        self.accepted < self.end
    }

    /// Returns whether SQLite reads the log, or commits were found in it all the same.
    pub(super) fn is_readable(&self) -> bool {
        self.is_header_right || self.end > 0
    }

    /// Returns the number of garbled frames whose page no other place has.
    pub(super) fn lost_frames(&self) -> usize {
        let frames = self.frames().iter().enumerate();
        let lost = |(index, frame): &(usize, &WalFrame)| {
            let later = &self.frames()[index + 1..];
            let is_bad = matches!(frame.state, FrameState::Bad | FrameState::Foreign);
            let is_newer = |one: &WalFrame| one.page == frame.page && one.state == FrameState::Good;
            is_bad && *index >= self.copied && !later.iter().any(is_newer)
        };
        frames.filter(lost).count()
    }

    /// Compares the log with the file, of which `page` reads a page: what a checkpoint has copied
    /// may be garbled in the log, and older frames must not take its place.
    pub(super) fn compare_with_file<L: LogBytes + ?Sized>(
        &mut self,
        log: &L,
        page: impl Fn(u32) -> Option<Vec<u8>>,
    ) {
        let rest = &self.all[self.end..];
        let is_clean = !self.is_header_lost
            && !self.is_damaged()
            && rest.iter().all(|one| one.state == FrameState::Foreign);
        if is_clean {
            return;
        }
        if self.is_header_lost && self.pages_ahead(log, &page) < 2 {
            // A log that the file has: then it may be an older one, of which a newer one had
            // overwritten the first frame.
            (self.all, self.end) = (Vec::new(), 0);
            return;
        }
        let mut before: BTreeMap<u32, usize> = BTreeMap::new();
        let mut in_file = Vec::new();
        for (index, frame) in self.all.iter().enumerate() {
            let content = log.stretch(frame.offset, self.page_bytes);
            match (frame.state, content, page(frame.page)) {
                (FrameState::Good, Some(content), Some(kept)) => {
                    let older = before.insert(frame.page, frame.offset);
                    let older = older.and_then(|at| log.stretch(at, self.page_bytes));
                    // The file has this version of the page, and not the one before it.
                    if *content == kept && older.is_some_and(|older| older != content) {
                        self.copied = index + 1;
                    }
                }
                (FrameState::Bad | FrameState::Foreign, _, Some(kept))
                    if self.is_content_of(frame, &kept) =>
                {
                    in_file.push(index);
                    self.copied = index + 1;
                }
                _ => {}
            }
        }
        for index in in_file {
            self.all[index].state = FrameState::InFile;
        }
        self.end = end_of_commits(&self.all);
        if self.copied > self.end {
            // What a checkpoint has copied was committed, whatever the log looks like now.
            let rest = self.all[self.copied - 1..].iter();
            let commit = rest.take_while(|one| one.state != FrameState::Foreign);
            let commit = commit.take_while(|one| one.commit_pages == 0).count();
            self.end = (self.copied + commit).min(self.all.len());
        }
    }

    /// Returns the number of pages that are not in the file as the log has them.
    fn pages_ahead<L: LogBytes + ?Sized>(
        &self,
        log: &L,
        page: impl Fn(u32) -> Option<Vec<u8>>,
    ) -> usize {
        let newest = self.newest_pages(log, &page);
        let is_ahead = |(number, at): &(&u32, &usize)| {
            page(**number).as_deref() != log.stretch(**at, self.page_bytes).as_deref()
        };
        newest.iter().filter(is_ahead).count()
    }

    /// Returns whether the sums around a frame say that this page was its content.
    fn is_content_of(&self, frame: &WalFrame, page: &[u8]) -> bool {
        let mut head = [0; 8];
        head[..4].copy_from_slice(&frame.page.to_be_bytes());
        head[4..].copy_from_slice(&frame.commit_pages.to_be_bytes());
        let sum = add_to_sum(frame.sums.0, &head, self.big_endian);
        add_to_sum(sum, page, self.big_endian) == frame.sums.1
    }

    /// Returns for each page the place of its newest good content in the log; pages whose newest
    /// content is in the file are left out. `page` reads a page of the
    /// file.
    pub(super) fn newest_pages<L: LogBytes + ?Sized>(
        &self,
        log: &L,
        page: impl Fn(u32) -> Option<Vec<u8>>,
    ) -> BTreeMap<u32, usize> {
        let mut newest: BTreeMap<u32, (usize, usize)> = BTreeMap::new();
        let mut versions: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (index, frame) in self.frames().iter().enumerate() {
            match frame.state {
                FrameState::Good => {
                    newest.insert(frame.page, (index, frame.offset));
                    versions.entry(frame.page).or_default().push(frame.offset);
                }
                FrameState::InFile => {
                    newest.remove(&frame.page);
                }
                FrameState::Bad | FrameState::Foreign => {}
            }
        }
        newest.retain(|number, (index, _)| {
            if *index >= self.copied {
                return true;
            }
            // The file was written later than this frame: unless it has an older version, its own
            // is the newest.
            let Some(kept) = page(*number) else {
                return true;
            };
            let known = versions.get(number).into_iter().flatten();
            let is_known =
                |at: &usize| log.stretch(*at, self.page_bytes).as_deref() == Some(&kept[..]);
            known.into_iter().any(is_known)
        });
        let places = newest.into_iter();
        places
            .map(|(number, (_, offset))| (number, offset))
            .collect()
    }

    /// Returns the pages of the file after the last commit; `None` without one.
    pub(super) fn file_pages(&self) -> Option<u32> {
        let mut frames = self.frames().iter().rev();
        let commit = frames.find(|one| one.state == FrameState::Good && one.commit_pages > 0);
        commit.map(|one| one.commit_pages)
    }
}

/// Returns the number of frames up to the end of the last transaction that is whole.
fn end_of_commits(frames: &[WalFrame]) -> usize {
    let (mut end, mut is_whole) = (0, true);
    for (index, frame) in frames.iter().enumerate() {
        is_whole &= matches!(frame.state, FrameState::Good | FrameState::InFile);
        // Of a garbled frame the number may be wrong, yet hardly 0.
        if frame.commit_pages > 0 && frame.state != FrameState::Foreign {
            if is_whole {
                end = index + 1;
            }
            is_whole = true;
        }
    }
    end
}

/// Returns the sum after a frame.
fn frame_sum(before: WalSum, frame: &[u8], big_endian: bool) -> WalSum {
    let sum = add_to_sum(before, &frame[..8], big_endian);
    add_to_sum(sum, &frame[FRAME_HEADER..], big_endian)
}

/// Continues a sum over bytes, of which there is a multiple of eight.
fn add_to_sum(sum: WalSum, bytes: &[u8], big_endian: bool) -> WalSum {
    let (mut a, mut b) = sum;
    for pair in bytes.chunks_exact(8) {
        let word = |at: usize| {
            let four = [pair[at], pair[at + 1], pair[at + 2], pair[at + 3]];
            if big_endian {
                u32::from_be_bytes(four)
            } else {
                u32::from_le_bytes(four)
            }
        };
        a = a.wrapping_add(word(0)).wrapping_add(b);
        b = b.wrapping_add(word(4)).wrapping_add(a);
    }
    (a, b)
}

/// Returns the number at a place, big-endian; 0 beyond the end.
fn word_at(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

fn sum_at(bytes: &[u8], at: usize) -> WalSum {
    (word_at(bytes, at), word_at(bytes, at + 4))
}
