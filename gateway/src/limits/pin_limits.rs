//! Upper bounds of the gateway's own pins, real and simulated.

/// Maximum files that are looked at for the lines of a simulated GPIO chip.
pub const GPIO_LINES_MAX: usize = 1024;
/// Maximum parts (writes and reads) of one transaction on I2C.
pub const I2C_PARTS_MAX: usize = 8;
/// Maximum bytes of one such part.
pub const I2C_PART_BYTES_MAX: usize = 64;
/// Maximum masters of one simulated I2C bus at once.
pub const SIMULATED_I2C_MASTERS_MAX: usize = 8;
