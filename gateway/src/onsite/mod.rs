//! Commissioning procedures on buses: scan for devices, and change a device's address. Command line
//! and API use the same code; it neither prints nor reads input, but calls a `Host` of the caller.
//! See docs/field.md.
//!
//! ```text
//! let mut scan = Scan::new(&wishes, Some(&config), host);   // host: impl scan::Host
//! scan.all(&Target::all(&["rs485".to_owned()], &[], Some(&config))?).await;
//! ```

pub mod address;
pub mod scan;
