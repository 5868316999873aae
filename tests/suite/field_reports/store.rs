//! Keeping: clocks, disks, damaged files.
