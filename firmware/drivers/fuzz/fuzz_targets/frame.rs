//! Any bytes, as requests and as replies, in both framings: no panic, every verdict makes
//! progress, and whatever is believed is, byte for byte, an answer that the device could have
//! given to this very request.
#![no_main]

use drivers::frame::{FRAME_MAX, Framing, Function, Parsed, Reply, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, u8, u16, u16, u16, &[u8])| {
    let (unit, function, address, count, transaction, bytes) = input;
    let function = Function::from_code(function % 4 + 1).unwrap_or(Function::Holding);
    let request = Request {
        unit,
        function,
        address,
        count,
    };
    for framing in [Framing::Tcp, Framing::Rtu] {
        replies(request, framing, transaction, bytes);
        requests(framing, bytes);
    }
});

fn replies(request: Request, framing: Framing, transaction: u16, mut rest: &[u8]) {
    while !rest.is_empty() {
        match Reply::parse(request, framing, transaction, rest) {
            Parsed::More(more) => {
                assert!(more > 0);
                return;
            }
            Parsed::Frame(reply, used) => {
                if let Reply::Data(data) = reply {
                    assert_eq!(data.len(), request.data_bytes());
                }
                let mut again = [0; FRAME_MAX];
                let length = reply.build(request, framing, transaction, &mut again);
                assert_eq!(again[..length], rest[..used]);
                rest = &rest[used..];
            }
            Parsed::Garbage(_, used) => {
                assert!(used > 0);
                rest = &rest[used..];
            }
        }
    }
}

fn requests(framing: Framing, mut rest: &[u8]) {
    while !rest.is_empty() {
        match Request::parse(framing, rest) {
            Parsed::More(more) => {
                assert!(more > 0);
                return;
            }
            Parsed::Frame((request, transaction), used) => {
                let mut again = [0; FRAME_MAX];
                let length = request.build(framing, transaction, &mut again);
                assert_eq!(again[..length], rest[..used]);
                rest = &rest[used..];
            }
            Parsed::Garbage(_, used) => {
                assert!(used > 0);
                rest = &rest[used..];
            }
        }
    }
}
