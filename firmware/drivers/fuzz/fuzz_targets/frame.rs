//! Any bytes, as requests and as replies, in both framings: no panic, and every verdict makes
//! progress.
#![no_main]

use drivers::frame::{Framing, Function, Parsed, Reply, Request};
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
        let mut rest = bytes;
        while !rest.is_empty() {
            match Reply::parse(request, framing, transaction, rest) {
                Parsed::More(more) => {
                    assert!(more > 0);
                    break;
                }
                Parsed::Frame(_, used) | Parsed::Garbage(_, used) => {
                    assert!(used > 0);
                    rest = &rest[used..];
                }
            }
        }
        let _ = Request::parse(framing, bytes);
    }
});
