//! What a technician needs on site: what registers may mean, what is wrong with a line, how well it
//! holds. Pure; whoever asks the devices hands in what came.

pub mod calibrate;
pub mod diagnosis;
pub mod display;
pub mod infer;
pub mod scan;
pub mod soak;
