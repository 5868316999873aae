//! Sensor node behind a Modbus server: its register map as data ([`NODE_REGISTERS`]), its values,
//! and its settings with their confirmation. Profile and documentation of the node are generated
//! from the map.
//!
//! ```text
//! let mut bank = NodeBank { identity, values, settings, now_s };
//! server.serve(&mut bank, &mut reply)             // registers by number, see docs/node.md
//! ```

mod bank;
mod kept_record;
mod map;
mod settings;

pub use bank::{NodeBank, NodeIdentity, NodeValues};
pub use kept_record::{KEPT_BYTES, KeptRecord};
pub use map::{
    MAP_VERSION, NODE_REGISTERS, NODE_SIGNATURE, NodeRegister, RegisterEncoding, RegisterUse,
    SETTINGS_START, VALUES_END, register,
};
pub use settings::{
    CONFIRM_WORD, LINE_SPEEDS, LineSettings, NodeSettings, ProbeSettings, TRIAL_SECONDS,
};

#[cfg(test)]
mod tests;
