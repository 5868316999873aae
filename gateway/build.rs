//! Linking of the program.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is = |key: &str, wanted: &str| std::env::var(key).is_ok_and(|found| found == wanted);
    // Addresses to be moved at start take 50 KB instead of 1.2 MB, all of which is in memory.
    // Linkers that do not know the word (binutils before 2.38) leave it out with a warning.
    if is("CARGO_CFG_TARGET_OS", "linux") && is("CARGO_CFG_TARGET_ENV", "gnu") {
        println!("cargo::rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
    }
}
