//! Gives the linker the memory of the board that is built.

use std::path::PathBuf;

fn main() {
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default());
    let board = if std::env::var_os("CARGO_FEATURE_RP2040").is_some() {
        "rp2040"
    } else {
        "lm3s6965"
    };
    println!("cargo::rerun-if-changed=memory-{board}.x");
    let copied = std::fs::copy(format!("memory-{board}.x"), out.join("memory.x"));
    if let Err(why) = copied {
        println!("cargo::error=memory-{board}.x: {why}");
    }
    println!("cargo::rustc-link-search={}", out.display());
    println!("cargo::rustc-link-arg-bins=--nmagic");
    println!("cargo::rustc-link-arg-bins=-Tlink.x");
    if board == "rp2040" {
        println!("cargo::rustc-link-arg-bins=-Tlink-rp.x");
    }
}
