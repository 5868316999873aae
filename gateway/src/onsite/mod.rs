//! What a technician does on the lines: looks for devices, and gives one another address. For the
//! command line and the API alike: nothing here prints or asks; whoever wants it done is a `Host`.

pub mod address;
pub mod scan;
