//! [`SmallDisk`]: a disk that a test makes full.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A small file system in memory; gone with the test.
pub(crate) struct SmallDisk(pub(crate) PathBuf);

impl SmallDisk {
    pub(crate) fn new(at: &Path, size: &str) -> Self {
        std::fs::create_dir_all(at).unwrap();
        let disk = Self(at.to_owned());
        disk.mount(&format!("size={size}"));
        disk
    }

    pub(crate) fn grow(&self, size: &str) {
        self.mount(&format!("remount,size={size}"));
    }

    /// Lets the disk be written, or only be read.
    pub(crate) fn set_writable(&self, is_writable: bool) {
        let way = if is_writable { "rw" } else { "ro" };
        self.mount(&format!("remount,{way}"));
    }

    // A tmpfs, because it can be made full and grown in place; it needs root.
    fn mount(&self, options: &str) {
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", options, "tmpfs"]);
        let done = command.arg(&self.0).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }

    /// Writes until nothing more fits.
    pub(crate) fn fill(&self) {
        // Pages of 4 KiB: what is left in the end holds no page of the file system.
        let block = vec![1; 4096];
        let mut file = std::fs::File::create(self.0.join("filler")).unwrap();
        while std::io::Write::write_all(&mut file, &block).is_ok() {}
    }

    pub(crate) fn remove_filler(&self) {
        std::fs::remove_file(self.0.join("filler")).unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, because the gateway may still have files open there.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
