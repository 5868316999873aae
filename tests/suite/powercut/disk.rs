//! Block device that logs every write and flush, and can be cut at any of them.
//!
//! A FUSE file holds the blocks, a loop device makes them a disk. What a power cut leaves of the
//! writes that no flush has covered is up to the card: all, none, some, or torn ones.

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    LockOwner, OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyWrite,
    Request, WriteFlags,
};
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, UNIX_EPOCH};

/// Bytes of the disk: small, so that an image is rebuilt in a moment.
const DISK_BYTES: usize = 48 << 20;
const FILE: INodeNo = INodeNo(2);
/// Smallest write of an SD card, bytes; a torn write ends at such a boundary.
const SECTOR: usize = 512;

#[derive(Debug)]
enum DiskEvent {
    Write { offset: usize, data: Vec<u8> },
    Flush,
}

#[derive(Debug, Default)]
struct DiskState {
    blocks: Vec<u8>,
    log: Vec<DiskEvent>,
}

/// Result of a power cut for the writes not yet covered by a flush.
#[derive(Clone, Copy, Debug)]
pub(crate) enum UnflushedWrites {
    All,
    None,
    /// About half of them, in any mixture.
    Half,
    /// About half of them, some of those only in part.
    Torn,
}

/// The log of one disk.
#[derive(Clone, Debug)]
pub(crate) struct BlockLog(Arc<Mutex<DiskState>>);

impl BlockLog {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(DiskState {
            blocks: vec![0; DISK_BYTES],
            log: Vec::new(),
        })))
    }

    /// Returns the number of events so far.
    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap().log.len()
    }

    /// Returns the disk as a power cut after the first `cut` events leaves it.
    pub(crate) fn image_after_cut(
        &self,
        cut: usize,
        fate: UnflushedWrites,
        dice: &mut SeededRandom,
    ) -> Vec<u8> {
        let state = self.0.lock().unwrap();
        let events = &state.log[..cut];
        let flushed = events
            .iter()
            .rposition(|event| matches!(event, DiskEvent::Flush))
            .map_or(0, |at| at + 1);
        let mut blocks = vec![0; DISK_BYTES];
        for (index, event) in events.iter().enumerate() {
            let DiskEvent::Write { offset, data } = event else {
                continue;
            };
            let kept = if index < flushed {
                data.len()
            } else {
                kept_bytes(fate, data.len(), dice)
            };
            blocks[*offset..offset + kept].copy_from_slice(&data[..kept]);
        }
        blocks
    }

    fn write(&self, offset: u64, data: &[u8]) {
        let mut state = self.0.lock().unwrap();
        let offset = usize::try_from(offset).unwrap();
        state.blocks[offset..offset + data.len()].copy_from_slice(data);
        state.log.push(DiskEvent::Write {
            offset,
            data: data.to_vec(),
        });
    }
}

fn kept_bytes(fate: UnflushedWrites, len: usize, dice: &mut SeededRandom) -> usize {
    match fate {
        UnflushedWrites::All => len,
        UnflushedWrites::None => 0,
        UnflushedWrites::Half => len * dice.below(2),
        UnflushedWrites::Torn => match dice.below(4) {
            0 | 1 => 0,
            2 => len,
            _ => dice.below(len / SECTOR + 1) * SECTOR,
        },
    }
}

/// Seeded random numbers: one seed gives one sequence.
#[derive(Debug)]
pub(crate) struct SeededRandom(pub(crate) u64);

impl SeededRandom {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound
    }
}

fn attributes(inode: INodeNo) -> FileAttr {
    let file = inode == FILE;
    FileAttr {
        ino: inode,
        size: if file { DISK_BYTES as u64 } else { 0 },
        blocks: if file {
            (DISK_BYTES / SECTOR) as u64
        } else {
            0
        },
        atime: UNIX_EPOCH,
        mtime: UNIX_EPOCH,
        ctime: UNIX_EPOCH,
        crtime: UNIX_EPOCH,
        kind: if file {
            FileType::RegularFile
        } else {
            FileType::Directory
        },
        perm: 0o755,
        nlink: 1,
        uid: 0,
        gid: 0,
        rdev: 0,
        flags: 0,
        blksize: 4096,
    }
}

// Long, because only this process changes the file: the kernel need not ask for its attributes
// again.
const TTL: Duration = Duration::from_hours(1);

impl Filesystem for BlockLog {
    fn lookup(&self, _: &Request, _: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if name == "disk" {
            reply.entry(&TTL, &attributes(FILE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, inode: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&TTL, &attributes(inode));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::FOPEN_KEEP_CACHE);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let state = self.0.lock().unwrap();
        let start = usize::try_from(offset).unwrap().min(DISK_BYTES);
        let end = (start + size as usize).min(DISK_BYTES);
        reply.data(&state.blocks[start..end]);
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        BlockLog::write(self, offset, data);
        reply.written(u32::try_from(data.len()).unwrap());
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        // The loop device turns each flush of the file system into an fsync of this file.
        self.0.lock().unwrap().log.push(DiskEvent::Flush);
        reply.ok();
    }

    // This is the close of a file, not a flush of the disk, so nothing is logged.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }
}

/// The logged disk with a mounted ext4; gone when dropped.
#[derive(Debug)]
pub(crate) struct LoggedDisk {
    pub(crate) log: BlockLog,
    pub(crate) mounted: MountedImage,
    session: Option<fuser::BackgroundSession>,
}

impl LoggedDisk {
    /// Makes a disk below `scratch` with an empty ext4 on it.
    pub(crate) fn new(scratch: &Path) -> Self {
        let log = BlockLog::new();
        let fuse = scratch.join("fuse");
        std::fs::create_dir(&fuse).unwrap();
        let session = fuser::spawn_mount(log.clone(), &fuse, &Config::default())
            .expect("FUSE mounts: this test needs root and /dev/fuse");
        run_program(
            "mkfs.ext4",
            // Blocks of 1 KiB as small as the pages of the store, so that writes can be torn
            // between them; a journal of 4 MB fits this small disk.
            &["-q", "-b", "1024", "-J", "size=4"],
            &fuse.join("disk"),
        );
        let mounted = MountedImage::new(&fuse.join("disk"), &scratch.join("live"));
        Self {
            log,
            mounted,
            session: Some(session),
        }
    }

    /// Unmounts, and leaves the log.
    pub(crate) fn finish(mut self) -> BlockLog {
        // Unmounted first: what the kernel still holds goes into the log, as late writes that a cut
        // may also lose.
        self.mounted.unmount();
        if let Some(session) = self.session.take() {
            session.umount_and_join().unwrap();
        }
        self.log.clone()
    }
}

/// A file system on a loop device; unmounted when dropped.
#[derive(Debug)]
pub(crate) struct MountedImage {
    pub(crate) at: PathBuf,
    device: Option<String>,
}

impl MountedImage {
    pub(crate) fn new(disk: &Path, at: &Path) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let made = Command::new("losetup")
            .args(["--find", "--show"])
            .arg(disk)
            .output()
            .unwrap();
        assert!(
            made.status.success(),
            "losetup: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        let device = String::from_utf8(made.stdout).unwrap().trim().to_owned();
        run_program("mount", &["-t", "ext4", &device], at);
        Self {
            at: at.to_owned(),
            device: Some(device),
        }
    }

    pub(crate) fn unmount(&mut self) {
        if let Some(device) = self.device.take() {
            run_program("umount", &[], &self.at);
            run_program("losetup", &["--detach"], Path::new(&device));
        }
    }
}

impl Drop for MountedImage {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn run_program(program: &str, arguments: &[&str], path: &Path) {
    let done = Command::new(program)
        .args(arguments)
        .arg(path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.success(),
        "{program} {}: {said}",
        path.display()
    );
}
