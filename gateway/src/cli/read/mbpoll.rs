//! The same requests, as a technician can make them with another program.

use crate::config::{Bus, Device, Link, Parity, Table};
use crate::read::Once;

/// The same requests for mbpoll, whose addresses count from 1 unless told `-0`. It cannot speak RTU
/// over TCP.
pub(super) fn commands(bus: &Bus, device: &Device, once: &Once) -> Vec<String> {
    let (options, target) = match &bus.link {
        Link::Tcp { host, port } => (format!("-m tcp -p {port}"), host.clone()),
        Link::Rtu(line) => {
            let parity = match line.parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let options = format!("-m rtu -b {} -P {parity} -s {}", line.baud, line.stop_bits);
            (options, line.port.display().to_string())
        }
        Link::RtuOverTcp { .. } => return Vec::new(),
    };
    let command = |ask: &crate::read::Exchange| {
        let kind = match ask.table {
            Table::Coil => "0",
            Table::Discrete => "1",
            Table::Input => "3:hex",
            Table::Holding => "4:hex",
        };
        let (unit, address, count) = (device.unit, ask.address, ask.count);
        format!("mbpoll {options} -a {unit} -0 -t {kind} -r {address} -c {count} -1 {target}")
    };
    once.asks.iter().map(command).collect()
}
