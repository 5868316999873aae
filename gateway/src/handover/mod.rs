//! Record of the hand-over of a site: who hands over what to whom, in which state. Pure; devices,
//! calibrations, soak test and photos are handed in.
//!
//! Entry: [`HandoverRecord`], whose `to_document` gives a document for the report renderers. The
//! command line and the page fill it.
//!
//! User documentation: `docs/field.md`, "Handing the site over".

mod device_state;
mod record;
mod record_document;
mod tables;
mod wiring;

pub(crate) use device_state::{HandoverDevice, HandoverPoint, devices_from_config, find_point_mut};
pub(crate) use record::{HandoverCheck, HandoverCheckState, HandoverRecord, HandoverSigner};
