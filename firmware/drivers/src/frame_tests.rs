//! Tests of the frame parser: frames it must accept, and bytes it must refuse.

use super::*;
use proptest::prelude::*;

const READ_REQUEST: ModbusReadRequest = ModbusReadRequest {
    unit: 1,
    function: ModbusReadFunction::Holding,
    address: 0x006b,
    count: 3,
};

fn any_request() -> impl Strategy<Value = ModbusReadRequest> {
    let function = prop::sample::select(vec![
        ModbusReadFunction::Coils,
        ModbusReadFunction::DiscreteInputs,
        ModbusReadFunction::Holding,
        ModbusReadFunction::Input,
    ]);
    (any::<u8>(), function, any::<u16>(), 1..=125u16).prop_map(
        |(unit, function, address, count)| ModbusReadRequest {
            unit,
            function,
            address,
            count,
        },
    )
}

fn any_framing() -> impl Strategy<Value = ModbusFraming> {
    prop::sample::select(vec![ModbusFraming::Tcp, ModbusFraming::Rtu])
}

#[test]
fn the_specifications_example_comes_out_byte_for_byte() {
    let mut out = [0; FRAME_MAX];
    let length = READ_REQUEST.build(ModbusFraming::Tcp, 0x1501, &mut out);
    assert_eq!(out[..length], [0x15, 1, 0, 0, 0, 6, 1, 3, 0, 0x6b, 0, 3]);
    let length = READ_REQUEST.build(ModbusFraming::Rtu, 0, &mut out);
    assert_eq!(out[..length], [1, 3, 0, 0x6b, 0, 3, 0x74, 0x17]);
}

#[test]
fn an_exception_is_an_answer() {
    for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
        let mut out = [0; FRAME_MAX];
        let length = ModbusReadReply::Exception(2).build(READ_REQUEST, framing, 9, &mut out);
        let parsed = ModbusReadReply::parse(READ_REQUEST, framing, 9, &out[..length]);
        assert_eq!(
            parsed,
            ParsedFrame::Frame(ModbusReadReply::Exception(2), length)
        );
    }
}

#[test]
fn noise_and_our_own_echo_before_the_reply_are_dropped() {
    // Bytes of 0xff in front of an answer were reported (docs/field-reports.md).
    let mut wire = [0xff; FRAME_MAX];
    let mut out = [0; FRAME_MAX];
    let echo = READ_REQUEST.build(ModbusFraming::Rtu, 0, &mut out);
    wire[2..2 + echo].copy_from_slice(&out[..echo]);
    let length = ModbusReadReply::Data(&[1, 2, 3, 4, 5, 6]).build(
        READ_REQUEST,
        ModbusFraming::Rtu,
        0,
        &mut out,
    );
    let end = 2 + echo + length;
    wire[2 + echo..end].copy_from_slice(&out[..length]);
    let mut start = 0;
    loop {
        match ModbusReadReply::parse(READ_REQUEST, ModbusFraming::Rtu, 0, &wire[start..end]) {
            ParsedFrame::Garbage(_, bytes) => start += bytes,
            parsed => {
                let data = ModbusReadReply::Data(&[1, 2, 3, 4, 5, 6]);
                assert_eq!(parsed, ParsedFrame::Frame(data, length));
                return;
            }
        }
    }
}

#[test]
fn an_answer_to_anything_else_is_not_taken() {
    let other = |change: fn(&mut ModbusReadRequest), data: &[u8], framing, transaction| {
        let mut asked = READ_REQUEST;
        change(&mut asked);
        let mut out = [0; FRAME_MAX];
        let length = ModbusReadReply::Data(data).build(asked, framing, transaction, &mut out);
        match ModbusReadReply::parse(READ_REQUEST, framing, 9, &out[..length]) {
            ParsedFrame::Garbage(misfit, bytes) => {
                assert_eq!(bytes, length);
                misfit
            }
            parsed => panic!("{parsed:?}"),
        }
    };
    let (tcp, rtu) = (ModbusFraming::Tcp, ModbusFraming::Rtu);
    assert_eq!(other(|_| {}, &[0; 6], tcp, 8), ModbusFrameError::Stale);
    assert_eq!(
        other(|r| r.unit = 2, &[0; 6], tcp, 9),
        ModbusFrameError::Unit
    );
    assert_eq!(
        other(|r| r.unit = 2, &[0; 6], rtu, 9),
        ModbusFrameError::Unit
    );
    assert_eq!(other(|_| {}, &[0; 4], tcp, 9), ModbusFrameError::Length);
    assert_eq!(other(|_| {}, &[0; 8], rtu, 9), ModbusFrameError::Stale);
    let input = |r: &mut ModbusReadRequest| r.function = ModbusReadFunction::Input;
    assert_eq!(other(input, &[0; 6], tcp, 9), ModbusFrameError::Function);
    assert_eq!(other(input, &[0; 6], rtu, 9), ModbusFrameError::Stale);
}

#[test]
fn a_wrong_checksum_is_never_believed() {
    let mut out = [0; FRAME_MAX];
    let length = ModbusReadReply::Data(&[1, 2, 3, 4, 5, 6]).build(
        READ_REQUEST,
        ModbusFraming::Rtu,
        0,
        &mut out,
    );
    // Every single bit, since a CRC-16 finds each of them.
    for bit in 0..length * 8 {
        let mut damaged = out;
        damaged[bit / 8] ^= 1 << (bit % 8);
        let parsed =
            ModbusReadReply::parse(READ_REQUEST, ModbusFraming::Rtu, 0, &damaged[..length]);
        assert!(!matches!(parsed, ParsedFrame::Frame(..)), "bit {bit}");
    }
}

#[test]
fn a_header_that_names_a_wrong_length_is_told_with_both_numbers() {
    let one = ModbusReadRequest {
        count: 1,
        ..READ_REQUEST
    };
    let misfit = |says: u16, count: u16, body: &[u8]| {
        let mut frame = [0, 9, 0, 0, 0, 0, 1, 3].to_vec();
        frame[4..6].copy_from_slice(&says.to_be_bytes());
        frame.extend(body);
        let request = ModbusReadRequest { count, ..one };
        assert!(!matches!(
            ModbusReadReply::parse(request, ModbusFraming::Tcp, 9, &frame),
            ParsedFrame::Frame(..)
        ));
        ModbusReadReply::header_length_error(request, 9, &frame)
    };
    let header = |says, should| {
        Some(ModbusFrameError::HeaderLength {
            stated: says,
            expected: should,
        })
    };
    assert_eq!(misfit(6, 1, &[2, 0x39, 2]), header(6, 5));
    assert_eq!(misfit(4, 1, &[2, 0x39, 2]), header(4, 5));
    let mut twenty = vec![20];
    twenty.extend([0x13, 0x88].repeat(10));
    assert_eq!(misfit(29, 10, &twenty), header(29, 23));
    // Half a reply, and the reply to another request.
    assert_eq!(misfit(23, 10, &twenty[..9]), None);
    assert_eq!(misfit(6, 2, &[2, 0x39, 2]), None);
    assert_eq!(
        header(6, 5).map(|misfit| misfit.to_string()).as_deref(),
        Some("length in the header is 6, should be 5")
    );
}

proptest! {
    #[test]
    fn a_wrong_header_is_only_seen_in_a_whole_answer(
        request in any_request(), transaction in any::<u16>(), says in any::<u16>(),
        data in prop::collection::vec(any::<u8>(), 250), cut in 0usize..260
    ) {
        let mut out = [0; FRAME_MAX];
        let data = &data[..request.data_bytes()];
        let reply = ModbusReadReply::Data(data);
        let length = reply.build(request, ModbusFraming::Tcp, transaction, &mut out);
        let should = u16::try_from(length - 6).unwrap();
        let header_error =
            |bytes| ModbusReadReply::header_length_error(request, transaction, bytes);
        prop_assert_eq!(header_error(&out[..length]), None);
        out[4..6].copy_from_slice(&says.to_be_bytes());
        let found = ModbusReadReply::header_length_error(request, transaction, &out[..length]);
        let expected = (says != should).then_some(ModbusFrameError::HeaderLength {
            stated: says,
            expected: should,
        });
        prop_assert_eq!(found, expected);
        let part = &out[..cut.min(length - 1)];
        prop_assert_eq!(ModbusReadReply::header_length_error(request, transaction, part), None);
        let _ = ModbusReadReply::header_length_error(request, transaction, data);
    }

    #[test]
    fn no_bytes_make_a_parser_panic_or_stand_still(
        bytes in prop::collection::vec(any::<u8>(), 0..300), request in any_request(),
        framing in any_framing(), transaction in any::<u16>()
    ) {
        match ModbusReadReply::parse(request, framing, transaction, &bytes) {
            ParsedFrame::Incomplete(more) => prop_assert!(more > 0),
            ParsedFrame::Frame(_, used) | ParsedFrame::Garbage(_, used) => {
                prop_assert!(used > 0 || bytes.is_empty());
                prop_assert!(used <= bytes.len());
            }
        }
        match ModbusReadRequest::parse(framing, &bytes) {
            ParsedFrame::Incomplete(more) => prop_assert!(more > 0),
            ParsedFrame::Frame(_, used) | ParsedFrame::Garbage(_, used) => {
                prop_assert!(used > 0 && used <= bytes.len());
            }
        }
    }

    #[test]
    fn what_one_end_builds_the_other_reads(
        request in any_request(), framing in any_framing(), transaction in any::<u16>(),
        data in prop::collection::vec(any::<u8>(), 250), cut in 0usize..260
    ) {
        let mut out = [0; FRAME_MAX];
        let length = request.build(framing, transaction, &mut out);
        let seen = if framing == ModbusFraming::Tcp { transaction } else { 0 };
        prop_assert_eq!(
            ModbusReadRequest::parse(framing, &out[..length]),
            ParsedFrame::Frame((request, seen), length)
        );
        let data = &data[..request.data_bytes()];
        let length = ModbusReadReply::Data(data).build(request, framing, transaction, &mut out);
        prop_assert_eq!(length, request.reply_bytes(framing));
        prop_assert_eq!(
            ModbusReadReply::parse(request, framing, transaction, &out[..length]),
            ParsedFrame::Frame(ModbusReadReply::Data(data), length)
        );
        let part = &out[..cut.min(length - 1)];
        let parsed = ModbusReadReply::parse(request, framing, transaction, part);
        prop_assert!(!matches!(parsed, ParsedFrame::Frame(..)));
    }
}
