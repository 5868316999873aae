//! [`LogBytes`]: bytes of a write-ahead log, read where they are needed. A log may be larger than
//! the memory of the gateway.

use crate::limits::DAMAGED_LOG_BYTES_MAX;
use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Bytes of a log.
pub(super) trait LogBytes {
    /// Returns the length, bytes.
    fn length(&self) -> usize;

    /// Returns the bytes of a stretch; `None` when a part of it is beyond the end, or cannot be
    /// read.
    fn stretch(&self, at: usize, length: usize) -> Option<Cow<'_, [u8]>>;
}

/// Log on the disk.
#[derive(Debug)]
pub(super) struct LogFile {
    file: Option<File>,
    length: usize,
    /// Bytes behind the first `DAMAGED_LOG_BYTES_MAX`, which are not read.
    pub(super) unread: u64,
}

impl LogFile {
    /// Takes an opened log; without one it is empty.
    pub(super) fn new(file: Option<File>) -> io::Result<Self> {
        let all = match &file {
            Some(file) => file.metadata()?.len(),
            None => 0,
        };
        let read = all.min(DAMAGED_LOG_BYTES_MAX);
        Ok(Self {
            file,
            length: usize::try_from(read).unwrap_or(usize::MAX),
            unread: all - read,
        })
    }
}

impl LogBytes for LogFile {
    fn length(&self) -> usize {
        self.length
    }

    fn stretch(&self, at: usize, length: usize) -> Option<Cow<'_, [u8]>> {
        if at.checked_add(length)? > self.length {
            return None;
        }
        let mut bytes = vec![0; length];
        let file = self.file.as_ref()?;
        file.read_exact_at(&mut bytes, at as u64).ok()?;
        Some(Cow::Owned(bytes))
    }
}

#[cfg(test)]
impl LogBytes for [u8] {
    fn length(&self) -> usize {
        self.len()
    }

    fn stretch(&self, at: usize, length: usize) -> Option<Cow<'_, [u8]>> {
        self.get(at..at + length).map(Cow::Borrowed)
    }
}

#[cfg(test)]
impl LogBytes for Vec<u8> {
    fn length(&self) -> usize {
        self.len()
    }

    fn stretch(&self, at: usize, length: usize) -> Option<Cow<'_, [u8]>> {
        self.as_slice().stretch(at, length)
    }
}
