use super::*;
use crate::frame::{
    ModbusReadFunction, ModbusReadReply, ModbusReadRequest, ModbusRequest as _, ParsedFrame, crc16,
};
use crate::identification::{IdentificationReply, IdentificationRequest};
use crate::write_request::ModbusWriteRequest;
use proptest::prelude::*;

/// Ten registers, of which the last three can be written with values below 1000.
#[derive(Clone, Debug, PartialEq)]
struct TenRegisters {
    words: [u16; 10],
    broadcasts: usize,
}

const FRESH: TenRegisters = TenRegisters {
    words: [10, 11, 12, 13, 14, 15, 16, 17, 18, 19],
    broadcasts: 0,
};

impl RegisterBank for TenRegisters {
    fn read_word(&mut self, table: ServerTable, address: u16) -> Result<u16, ServerException> {
        let word = self.words.get(usize::from(address)).copied();
        let word = word.ok_or(ServerException::IllegalAddress)?;
        Ok(match table {
            ServerTable::Holding => word,
            ServerTable::Input => word + 100,
        })
    }

    fn write_words(&mut self, write: RegisterWrite<'_>) -> Result<(), ServerException> {
        let RegisterWrite { address, words, .. } = write;
        let start = usize::from(address);
        let places = self.words.get_mut(start..start + words.len());
        let places = places.filter(|_| start >= 7);
        let places = places.ok_or(ServerException::IllegalAddress)?;
        if words.contains(&999) {
            return Err(ServerException::DeviceFailure);
        }
        if words.iter().any(|word| *word >= 1000) {
            return Err(ServerException::IllegalValue);
        }
        places.copy_from_slice(words);
        self.broadcasts += usize::from(write.is_broadcast);
        Ok(())
    }

    fn identification(&self, object: u8) -> &str {
        ["Acme", "X1", "2.0"][usize::from(object)]
    }
}

fn with_crc(bytes: &[u8]) -> Vec<u8> {
    let mut frame = bytes.to_vec();
    frame.extend(crc16(bytes).to_le_bytes());
    frame
}

fn serve_bytes(bank: &mut TenRegisters, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut server = ModbusServer::new(5);
    server.push(bytes);
    let mut reply = [0; FRAME_MAX];
    match server.serve(bank, &mut reply) {
        ServedFrame::Reply(length) => Some(reply[..length].to_vec()),
        _ => None,
    }
}

/// Reply to a request without its checksum, without unit and checksum.
fn reply_pdu(request: &[u8]) -> Vec<u8> {
    let reply = serve_bytes(&mut FRESH.clone(), &with_crc(request)).unwrap();
    assert!(has_valid_crc(&reply));
    assert_eq!(reply[0], 5);
    reply[1..reply.len() - 2].to_vec()
}

#[test]
fn both_tables_are_read() {
    assert_eq!(reply_pdu(&[5, 3, 0, 1, 0, 2]), [3, 4, 0, 11, 0, 12]);
    assert_eq!(reply_pdu(&[5, 4, 0, 9, 0, 1]), [4, 2, 0, 119]);
}

#[test]
fn one_or_more_registers_are_written() {
    let mut bank = FRESH.clone();
    let request = with_crc(&[5, 6, 0, 7, 0, 70]);
    assert_eq!(serve_bytes(&mut bank, &request).unwrap(), request);
    let request = with_crc(&[5, 16, 0, 8, 0, 2, 4, 0, 80, 0, 90]);
    let reply = serve_bytes(&mut bank, &request).unwrap();
    assert_eq!(reply, with_crc(&[5, 16, 0, 8, 0, 2]));
    assert_eq!(bank.words[7..], [70, 80, 90]);
}

#[test]
fn every_exception_has_its_code() {
    let cases: &[(&[u8], [u8; 2])] = &[
        (&[5, 1, 0, 0, 0, 1], [0x81, 1]),
        (&[5, 7], [0x87, 1]),
        (&[5, 0x2b, 0x0d, 0, 0], [0xab, 1]),
        (&[5, 3, 0, 10, 0, 1], [0x83, 2]),
        (&[5, 3, 0, 9, 0, 2], [0x83, 2]),
        (&[5, 3, 0xff, 0xff, 0, 2], [0x83, 2]),
        (&[5, 6, 0, 0, 0, 1], [0x86, 2]),
        (&[5, 0x2b, 0x0e, 4, 3], [0xab, 2]),
        (&[5, 3, 0, 0, 0, 0], [0x83, 3]),
        (&[5, 4, 0, 0, 0, 126], [0x84, 3]),
        (&[5, 3, 0, 0, 0, 1, 0], [0x83, 3]),
        (&[5, 6, 0, 7, 0xff, 0xff], [0x86, 3]),
        (&[5, 6, 0, 7], [0x86, 3]),
        (&[5, 16, 0, 8, 0, 2, 2, 0, 1], [0x90, 3]),
        (&[5, 16, 0, 8, 0, 0, 0], [0x90, 3]),
        (&[5, 0x2b, 0x0e, 5, 0], [0xab, 3]),
        (&[5, 6, 0, 7, 3, 231], [0x86, 4]),
    ];
    for (request, expected) in cases {
        assert_eq!(reply_pdu(request), expected, "{request:02x?}");
    }
}

#[test]
fn a_broadcast_is_carried_out_and_not_answered() {
    let mut server = ModbusServer::new(5);
    let (mut bank, mut reply) = (FRESH.clone(), [0; FRAME_MAX]);
    server.push(&with_crc(&[0, 6, 0, 7, 0, 70]));
    assert_eq!(server.serve(&mut bank, &mut reply), ServedFrame::Broadcast);
    assert_eq!((bank.words[7], bank.broadcasts), (70, 1));
    server.push(&with_crc(&[0, 3, 0, 0, 0, 1]));
    assert_eq!(server.serve(&mut bank, &mut reply), ServedFrame::Broadcast);
}

#[test]
fn what_is_not_for_this_unit_is_not_answered() {
    let mut server = ModbusServer::new(5);
    let (mut bank, mut reply) = (FRESH.clone(), [0; FRAME_MAX]);
    let mut wrong = with_crc(&[5, 3, 0, 0, 0, 1]);
    wrong[6] ^= 1;
    for (bytes, expected) in [
        (vec![], ServedFrame::Nothing),
        (wrong, ServedFrame::Garbage),
        (vec![5, 3, 0], ServedFrame::Garbage),
        (with_crc(&[6, 3, 0, 0, 0, 1]), ServedFrame::Foreign),
        (with_crc(&[6, 3, 2, 0, 1]), ServedFrame::Foreign),
    ] {
        server.push(&bytes);
        assert_eq!(server.serve(&mut bank, &mut reply), expected, "{bytes:?}");
    }
    assert_eq!(bank, FRESH);
}

#[test]
fn a_whole_request_is_known_before_the_silence() {
    let mut server = ModbusServer::new(5);
    let frame = with_crc(&[5, 16, 0, 8, 0, 1, 2, 0, 1]);
    for byte in &frame {
        assert!(!server.is_request_whole());
        server.push(&[*byte]);
    }
    assert!(server.is_request_whole());
    server.discard();
    assert!(!server.is_request_whole());
}

#[test]
fn our_own_client_understands_the_identification() {
    let request = IdentificationRequest { unit: 5, object: 0 };
    let mut frame = [0; FRAME_MAX];
    let length = request.build(ModbusFraming::Rtu, 0, &mut frame);
    let reply = serve_bytes(&mut FRESH.clone(), &frame[..length]).unwrap();
    let ParsedFrame::Frame(IdentificationReply::Objects(objects, None), _) =
        request.parse(ModbusFraming::Rtu, 0, &reply)
    else {
        panic!("{reply:02x?}");
    };
    let objects: Vec<(u8, &[u8])> = objects.collect();
    assert_eq!(objects, [(0, &b"Acme"[..]), (1, b"X1"), (2, b"2.0")]);
    assert_eq!(
        reply_pdu(&[5, 0x2b, 0x0e, 4, 1]),
        *b"\x2b\x0e\x04\x81\x00\x00\x01\x01\x02X1"
    );
    assert_eq!(reply_pdu(&[5, 0x2b, 0x0e, 1, 9])[6], 3);
}

proptest! {
    #[test]
    fn our_own_client_understands_every_reply(
        address in 0u16..12, count in 0u16..130, holding in any::<bool>(),
    ) {
        let function = if holding {
            ModbusReadFunction::Holding
        } else {
            ModbusReadFunction::Input
        };
        let request = ModbusReadRequest { unit: 5, function, address, count };
        let mut frame = [0; FRAME_MAX];
        let length = request.build(ModbusFraming::Rtu, 0, &mut frame);
        let reply = serve_bytes(&mut FRESH.clone(), &frame[..length]).unwrap();
        match ModbusReadReply::parse(request, ModbusFraming::Rtu, 0, &reply) {
            ParsedFrame::Frame(ModbusReadReply::Data(data), _) => {
                prop_assert_eq!(data.len(), usize::from(count) * 2);
            }
            ParsedFrame::Frame(ModbusReadReply::Exception(code), _) => {
                prop_assert!(code == 2 || code == 3);
            }
            other => prop_assert!(false, "{:?}", other),
        }
    }

    #[test]
    fn any_bytes_are_survived_and_the_next_request_is_answered(
        noise in proptest::collection::vec(
            proptest::collection::vec(any::<u8>(), 0..400), 0..4),
    ) {
        let mut server = ModbusServer::new(5);
        let (mut bank, mut reply) = (FRESH.clone(), [0; FRAME_MAX]);
        for burst in noise {
            server.push(&burst);
            server.serve(&mut bank, &mut reply);
        }
        server.push(&with_crc(&[5, 3, 0, 2, 0, 1]));
        prop_assert_eq!(server.serve(&mut bank, &mut reply), ServedFrame::Reply(7));
        prop_assert_eq!(&reply[..5], &[5, 3, 2, 0, 12]);
    }

    #[test]
    fn a_request_right_behind_noise_is_answered(
        noise in proptest::collection::vec(any::<u8>(), 0..600), value in 0u16..999,
    ) {
        let mut bank = FRESH.clone();
        let write = ModbusWriteRequest {
            unit: 5, address: 7, words: [value, 0], count: 1, multiple: true,
        };
        let mut frame = [0; FRAME_MAX];
        let length = write.build(ModbusFraming::Rtu, 0, &mut frame);
        let all = [&noise[..], &frame[..length]].concat();
        prop_assert!(serve_bytes(&mut bank, &all).is_some());
        prop_assert_eq!(bank.words[7], value);
    }

    #[test]
    fn any_request_of_the_right_unit_gets_one_whole_reply(
        pdu in proptest::collection::vec(any::<u8>(), 1..250),
    ) {
        let frame = with_crc(&[&[5], &pdu[..]].concat());
        let reply = serve_bytes(&mut FRESH.clone(), &frame).unwrap();
        prop_assert!(has_valid_crc(&reply) && reply.len() <= RTU_FRAME_MAX);
        prop_assert_eq!(reply[1] & 0x7f, pdu[0] & 0x7f);
    }
}
