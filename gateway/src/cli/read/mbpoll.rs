//! The requests of a read as `mbpoll` commands, so that a technician can repeat them with another
//! program.

use crate::buses::{AdhocReading, PollRequest};
use crate::config::{Bus, Device, ModbusLink, ModbusTable, Parity};

/// Commands for mbpoll. It counts addresses from 1 unless told `-0`, and does not support RTU over
/// TCP: then the list is empty.
pub(super) fn mbpoll_commands(bus: &Bus, device: &Device, once: &AdhocReading) -> Vec<String> {
    let (options, target) = match bus.link.modbus() {
        Some(ModbusLink::Tcp { host, port }) => (format!("-m tcp -p {port}"), host.clone()),
        Some(ModbusLink::Rtu(line)) => {
            let parity = match line.parity {
                Parity::None => "none",
                Parity::Even => "even",
                Parity::Odd => "odd",
            };
            let options = format!("-m rtu -b {} -P {parity} -s {}", line.baud, line.stop_bits);
            (options, line.port.display().to_string())
        }
        Some(ModbusLink::RtuOverTcp { .. }) | None => return Vec::new(),
    };
    let command = |ask: &PollRequest| {
        let kind = match ask.table {
            ModbusTable::Coil => "0",
            ModbusTable::Discrete => "1",
            ModbusTable::Input => "3:hex",
            ModbusTable::Holding => "4:hex",
        };
        let (unit, address, count) = (device.unit, ask.address, ask.count);
        format!("mbpoll {options} -a {unit} -0 -t {kind} -r {address} -c {count} -1 {target}")
    };
    once.details.requests.iter().map(command).collect()
}
