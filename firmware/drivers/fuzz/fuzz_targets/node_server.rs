//! Fuzz target: any bytes on the line of a node, in pieces and with silences between them. No
//! panic, every reply is a whole frame of the unit that was asked, and settings stay in range.
#![no_main]

use drivers::frame::{FRAME_MAX, crc16};
use drivers::modbus_server::{ModbusServer, RTU_FRAME_MAX, ServedFrame};
use drivers::node::{KeptRecord, NodeBank, NodeIdentity, NodeValues};
use libfuzzer_sys::fuzz_target;

const IDENTITY: NodeIdentity = NodeIdentity {
    firmware: [0, 1],
    firmware_text: "0.1.0",
    serial: u64::MAX,
    reset_cause: 1,
};

fuzz_target!(|pieces: Vec<(Vec<u8>, bool, bool)>| {
    let values = NodeValues::at_start(1, u32::MAX, 0);
    let mut settings = KeptRecord::FACTORY.settings();
    let mut server = ModbusServer::new(settings.line().unit);
    let mut reply = [0; FRAME_MAX];
    for (number, (mut bytes, has_sum, is_silent)) in pieces.into_iter().enumerate() {
        // Without help, hardly any input has a valid checksum.
        if has_sum {
            bytes.extend(crc16(&bytes).to_le_bytes());
        }
        server.push(&bytes);
        let _ = server.is_request_whole();
        if !is_silent {
            continue;
        }
        let now_s = u32::try_from(number).unwrap_or(u32::MAX) * 20;
        let mut bank = NodeBank {
            identity: &IDENTITY,
            values: &values,
            settings: &mut settings,
            now_s,
        };
        if let ServedFrame::Reply(length) = server.serve(&mut bank, &mut reply) {
            assert!((5..=RTU_FRAME_MAX).contains(&length));
            assert_eq!(crc16(&reply[..length]), 0);
            assert_eq!(reply[0], server.unit());
        }
        settings.end_trial(now_s);
        assert!(settings.line().checked().is_some());
        assert!(settings.kept_line().checked().is_some());
        server.set_unit(settings.line().unit);
    }
});
