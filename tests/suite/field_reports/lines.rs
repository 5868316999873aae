//! Devices and lines that answer late, slowly or wrongly.
