//! Fuzz target: any bytes, as requests and as replies, in both framings. No panic, every result
//! makes progress, and an accepted reply is, byte for byte, one that the device could have given to
//! this very request.
#![no_main]

use drivers::frame::{
    FRAME_MAX, ModbusFraming, ModbusReadFunction, ModbusReadReply, ModbusReadRequest,
    ModbusRequest as _, ParsedFrame,
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u16, u16, u16, &[u8])| {
    let (unit, function, address, count, transaction, bytes) = input;
    let function =
        ModbusReadFunction::from_code(function % 4 + 1).unwrap_or(ModbusReadFunction::Holding);
    let request = ModbusReadRequest {
        unit,
        function,
        address,
        count,
    };
    for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
        replies(request, framing, transaction, bytes);
        requests(framing, bytes);
    }
});

fn replies(request: ModbusReadRequest, framing: ModbusFraming, transaction: u16, mut rest: &[u8]) {
    while !rest.is_empty() {
        match ModbusReadReply::parse(request, framing, transaction, rest) {
            ParsedFrame::Incomplete(more) => {
                assert!(more > 0);
                return;
            }
            ParsedFrame::Frame(reply, used) => {
                if let ModbusReadReply::Data(data) = reply {
                    assert_eq!(data.len(), request.data_bytes());
                }
                // Built again and compared: a parser that accepts too much would not give the same
                // bytes.
                let mut again = [0; FRAME_MAX];
                let length = reply.build(request, framing, transaction, &mut again);
                assert_eq!(again[..length], rest[..used]);
                rest = &rest[used..];
            }
            ParsedFrame::Garbage(_, used) => {
                // Without progress a reader would look at the same byte for ever.
                assert!(used > 0);
                rest = &rest[used..];
            }
        }
    }
}

fn requests(framing: ModbusFraming, mut rest: &[u8]) {
    while !rest.is_empty() {
        match ModbusReadRequest::parse(framing, rest) {
            ParsedFrame::Incomplete(more) => {
                assert!(more > 0);
                return;
            }
            ParsedFrame::Frame((request, transaction), used) => {
                let mut again = [0; FRAME_MAX];
                let length = request.build(framing, transaction, &mut again);
                assert_eq!(again[..length], rest[..used]);
                rest = &rest[used..];
            }
            ParsedFrame::Garbage(_, used) => {
                assert!(used > 0);
                rest = &rest[used..];
            }
        }
    }
}
