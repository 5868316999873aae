//! [`SunSpecSelection`]: points of a `SunSpec` device, selected by name before their addresses are
//! known.
//!
//! ```text
//! let selection = SunSpecSelection::new(None, wanted);
//! let resolved = selection.resolve_points(&models);    // models as discovered on the device
//! resolved.points                                      // with addresses, ready for a read plan
//! ```
//!
//! A device lists its models in holding registers, starting with the marker "`SunS`". Until it was
//! discovered, the shortest list with all selected points stands for it: in the read plan and in a
//! simulated device. See `profile = "sunspec"` in `docs/configuration.md`.

mod blank_image;
mod definitions;
mod device_keys;
mod model;
mod point_names;
mod selection;
#[cfg(test)]
mod tests;

pub(crate) use device_keys::check_sunspec;
pub use model::{COMMON_MODEL, END_MODEL, SUNS_MARKER, SunSpecModel};
pub(crate) use selection::SUNSPEC_PROFILE;
pub use selection::{ResolvedPoints, SunSpecSelection};
