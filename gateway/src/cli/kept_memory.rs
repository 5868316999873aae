//! Memory that the program keeps after a burst of work, such as the start, a report or the check of
//! a password.

use std::time::Duration;

/// Time from the start until its pages of code are given back. By then every device was asked.
const START_TIME: Duration = Duration::from_secs(10);
/// Time after which pages of code are given back again: those of a report, or of a page.
const CODE_KEPT_TIME: Duration = Duration::from_hours(1);

/// Size from which an allocation is given back to the system when it is freed, and free bytes at
/// the end of a heap from which they are.
#[cfg(target_env = "gnu")]
// 128 KiB is where glibc begins; a limit that is set no longer rises by itself.
const GIVE_BACK_BYTES: libc::c_int = 128 << 10;
/// Heaps of the allocator: one for the readings, one for what threads do beside them.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: libc::c_int = 2;

/// Sets the allocator of the C library for a program that runs for years on a small computer.
/// Without this, glibc gives a heap to each thread, and raises its own limits with each large
/// allocation that is freed: after one report or sign-in, its memory would stay with the program.
#[cfg(target_env = "gnu")]
#[expect(
    unsafe_code,
    reason = "mallopt has no safe wrapper; it takes two numbers"
)]
pub(super) fn limit_kept_memory() {
    let settings = [
        (libc::M_ARENA_MAX, HEAPS_MAX),
        (libc::M_MMAP_THRESHOLD, GIVE_BACK_BYTES),
        (libc::M_TRIM_THRESHOLD, GIVE_BACK_BYTES),
    ];
    for (setting, value) in settings {
        // SAFETY: plain numbers, before the program has a second thread. A setting that this
        // version does not know is left alone.
        let _ = unsafe { libc::mallopt(setting, value) };
    }
}

/// Other C libraries keep little by themselves.
#[cfg(not(target_env = "gnu"))]
pub(super) fn limit_kept_memory() {}

/// Gives the pages of code of this program back to the system, ten seconds after the start and
/// then each hour; what still runs is mapped again at once, from memory. Never returns.
// Linux maps sixteen pages around each one that runs, and takes mapped code last when memory is
// short: the code of the start alone held 6 MB for as long as the gateway ran.
pub(super) async fn keep_code_small() {
    tokio::time::sleep(START_TIME).await;
    loop {
        if let Err(fault) = give_back_code() {
            tracing::debug!(%fault, "pages of code stay in memory");
        }
        tokio::time::sleep(CODE_KEPT_TIME).await;
    }
}

#[expect(
    unsafe_code,
    reason = "madvise has no safe wrapper; the pages are clean copies of a file"
)]
fn give_back_code() -> std::io::Result<()> {
    let maps = std::fs::read_to_string("/proc/self/maps")?;
    let program = std::fs::read_link("/proc/self/exe")?;
    for (from, to) in code_ranges(&maps, &program.to_string_lossy()) {
        let from_pointer = std::ptr::with_exposed_provenance_mut(from);
        // SAFETY: the range is mapped from the program's file, for reading and running only, so
        // its pages are never changed. They are read from the file again when they are used.
        if unsafe { libc::madvise(from_pointer, to - from, libc::MADV_DONTNEED) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Addresses of the program's code in the text of `/proc/self/maps` (proc(5)): mapped from its
/// file, executable and not writable.
fn code_ranges<'a>(maps: &'a str, program: &'a str) -> impl Iterator<Item = (usize, usize)> + 'a {
    maps.lines().filter_map(move |line| {
        let (range, rest) = line.split_once(' ')?;
        let is_code = rest.starts_with("r-xp ") && rest.ends_with(program);
        let (from, to) = range.split_once('-').filter(|_| is_code)?;
        let address = |text| usize::from_str_radix(text, 16).ok();
        Some((address(from)?, address(to)?)).filter(|(from, to)| from < to)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_of_the_program_is_given_back() {
        let maps = "\
55d0-55e0 r--p 00000000 fe:00 54 /usr/bin/pantau
55e0-55f0 r-xp 00010000 fe:00 54 /usr/bin/pantau
55f0-5600 r--p 00020000 fe:00 54 /usr/bin/pantau
5600-5610 rw-p 00030000 fe:00 54 /usr/bin/pantau
7f00-7f10 r-xp 00000000 fe:00 99 /usr/lib/libc.so.6
7f20-7f30 r-xp 00000000 00:00 0 [vdso]
";
        let ranges: Vec<_> = code_ranges(maps, "/usr/bin/pantau").collect();
        assert_eq!(ranges, [(0x55e0, 0x55f0)]);
    }

    #[test]
    fn code_that_was_given_back_still_runs() {
        give_back_code().unwrap();
        assert_eq!(code_ranges("", "").count(), 0);
    }
}
