//! Memory that the program keeps after a burst of work, such as a report or the check of a
//! password.

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
