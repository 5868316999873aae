//! Encoder and decoder of Modbus device identification (function 0x2B, MEI type 0x0E): vendor,
//! product code and revision as text. Does no I/O; no input makes this code panic.

use crate::frame::{
    FRAME_MAX, ModbusFrameError, ModbusFrameWriter, ModbusFraming, ModbusRequest, ParsedFrame,
    has_valid_crc, tcp_reply_frame,
};

/// Function code and MEI type of the request.
const IDENTIFICATION_CODE: [u8; 2] = [0x2b, 0x0e];
/// Read code 1: the basic objects (vendor, product code, revision) in one stream.
const BASIC_OBJECTS_CODE: u8 = 1;
/// Bytes of the PDU before the first object; also the index of the object count in an RTU frame.
const PDU_HEADER_BYTES: usize = 7;

/// Request for the basic objects of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdentificationRequest {
    /// Unit id of the device.
    pub unit: u8,
    /// First object id requested: 0 vendor, 1 product code, 2 revision.
    pub object: u8,
}

/// Reply of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentificationReply<'a> {
    /// Objects of this reply, and the object id to continue from when there are more.
    Objects(IdentificationObjects<'a>, Option<u8>),
    /// Exception reply with its code.
    Exception(u8),
}

/// Iterator over the objects of one reply: id and text of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentificationObjects<'a>(&'a [u8]);

impl<'a> Iterator for IdentificationObjects<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let [object, length, rest @ ..] = self.0 else {
            return None;
        };
        let text = rest.get(..usize::from(*length))?;
        self.0 = &rest[text.len()..];
        Some((*object, text))
    }
}

impl ModbusRequest for IdentificationRequest {
    fn unit(&self) -> u8 {
        self.unit
    }

    fn append_pdu(&self, frame: &mut ModbusFrameWriter<'_>) {
        frame.append(&IDENTIFICATION_CODE);
        frame.append(&[BASIC_OBJECTS_CODE, self.object]);
    }
}

impl IdentificationRequest {
    /// Decodes the reply from the bytes received so far.
    pub fn parse(
        self,
        framing: ModbusFraming,
        transaction: u16,
        bytes: &[u8],
    ) -> ParsedFrame<IdentificationReply<'_>> {
        match framing {
            ModbusFraming::Tcp => self.parse_tcp(transaction, bytes),
            ModbusFraming::Rtu => self.parse_rtu(bytes),
        }
    }

    fn parse_tcp(self, transaction: u16, bytes: &[u8]) -> ParsedFrame<IdentificationReply<'_>> {
        let frame = match tcp_reply_frame(self.unit, transaction, bytes) {
            Ok(frame) => frame,
            Err(parsed) => return parsed.without_frame(),
        };
        match parse_pdu(&frame[7..]) {
            Some(answer) => ParsedFrame::Frame(answer, frame.len()),
            None => ParsedFrame::Garbage(ModbusFrameError::Function, frame.len()),
        }
    }

    fn parse_rtu(self, bytes: &[u8]) -> ParsedFrame<IdentificationReply<'_>> {
        let mut echo = [0; FRAME_MAX];
        let length = self.build(ModbusFraming::Rtu, 0, &mut echo);
        if bytes.starts_with(&echo[..length]) {
            return ParsedFrame::Garbage(ModbusFrameError::Echo, length);
        }
        // Only the own unit may begin a frame, because the length of any other one would be added
        // up from noise.
        if bytes.first().is_some_and(|unit| *unit != self.unit) {
            return ParsedFrame::Garbage(ModbusFrameError::Noise, 1);
        }
        let length = match rtu_reply_length(bytes) {
            Ok(length) => length,
            Err(parsed) => return parsed.without_frame(),
        };
        let Some(frame) = bytes.get(..length) else {
            return ParsedFrame::Incomplete(length - bytes.len());
        };
        if !has_valid_crc(frame) {
            return ParsedFrame::Garbage(ModbusFrameError::Checksum, 1);
        }
        match parse_pdu(&frame[1..length - 2]) {
            Some(answer) => ParsedFrame::Frame(answer, length),
            None => ParsedFrame::Garbage(ModbusFrameError::Stale, length),
        }
    }
}

/// Decodes a PDU as the reply; `None` for anything else.
fn parse_pdu(pdu: &[u8]) -> Option<IdentificationReply<'_>> {
    match *pdu {
        [code, exception] if code == IDENTIFICATION_CODE[0] | 0x80 => {
            Some(IdentificationReply::Exception(exception))
        }
        [code, kind, _, _, more, next, count, ref list @ ..]
            if [code, kind] == IDENTIFICATION_CODE =>
        {
            let objects = IdentificationObjects(list);
            // The object list has no length of its own: the reply is complete if as many objects
            // can be read as it announces.
            let whole = objects.clone().count() == usize::from(count);
            let next = (more != 0).then_some(next);
            whole.then_some(IdentificationReply::Objects(objects, next))
        }
        _ => None,
    }
}

/// Returns the length of the RTU frame that starts here with our unit. RTU has no length field, so
/// the objects are added up one by one as they arrive.
fn rtu_reply_length(bytes: &[u8]) -> Result<usize, ParsedFrame<()>> {
    match bytes {
        [_, code, ..] if *code == IDENTIFICATION_CODE[0] | 0x80 => return Ok(5),
        [_, code, kind, ..] if [*code, *kind] == IDENTIFICATION_CODE => {}
        [_, code] if *code == IDENTIFICATION_CODE[0] => return Err(ParsedFrame::Incomplete(3)),
        [] | [_] => return Err(ParsedFrame::Incomplete(5 - bytes.len())),
        _ => return Err(ParsedFrame::Garbage(ModbusFrameError::Noise, 1)),
    }
    let Some(count) = bytes.get(PDU_HEADER_BYTES) else {
        return Err(ParsedFrame::Incomplete(PDU_HEADER_BYTES + 3 - bytes.len()));
    };
    let mut end = PDU_HEADER_BYTES + 1;
    for _ in 0..*count {
        let Some(length) = bytes.get(end + 1) else {
            return Err(ParsedFrame::Incomplete(end + 4 - bytes.len()));
        };
        end += 2 + usize::from(*length);
        if end + 2 > FRAME_MAX {
            return Err(ParsedFrame::Garbage(ModbusFrameError::Length, 1));
        }
    }
    Ok(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const BASIC_REQUEST: IdentificationRequest = IdentificationRequest { unit: 5, object: 0 };
    const BASIC_REPLY_PDU: [u8; 17] = *b"\x2b\x0e\x01\x01\xff\x02\x02\x00\x04Acme\x01\x02X1";

    fn frame_pdu(framing: ModbusFraming, unit: u8, pdu: &[u8]) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let mut frame = ModbusFrameWriter::begin(framing, 7, unit, &mut out);
        frame.append(pdu);
        let length = frame.end();
        out[..length].to_vec()
    }

    #[test]
    fn the_question_is_the_specifications() {
        let mut out = [0; FRAME_MAX];
        let length = BASIC_REQUEST.build(ModbusFraming::Tcp, 1, &mut out);
        assert_eq!(out[..length], [0, 1, 0, 0, 0, 5, 5, 0x2b, 0x0e, 1, 0]);
    }

    #[test]
    fn objects_are_read_and_an_exception_is_an_answer() {
        for framing in [ModbusFraming::Tcp, ModbusFraming::Rtu] {
            let wire = frame_pdu(framing, 5, &BASIC_REPLY_PDU);
            let ParsedFrame::Frame(IdentificationReply::Objects(objects, next), used) =
                BASIC_REQUEST.parse(framing, 7, &wire)
            else {
                panic!("{framing:?}");
            };
            assert_eq!((used, next), (wire.len(), Some(2)));
            let texts: Vec<(u8, &[u8])> = objects.collect();
            assert_eq!(texts, [(0, &b"Acme"[..]), (1, &b"X1"[..])]);
            let wire = frame_pdu(framing, 5, &[0xab, 1]);
            let parsed = BASIC_REQUEST.parse(framing, 7, &wire);
            assert_eq!(
                parsed,
                ParsedFrame::Frame(IdentificationReply::Exception(1), wire.len())
            );
        }
    }

    #[test]
    fn our_own_echo_is_dropped() {
        let mut out = [0; FRAME_MAX];
        let length = BASIC_REQUEST.build(ModbusFraming::Rtu, 0, &mut out);
        let parsed = BASIC_REQUEST.parse(ModbusFraming::Rtu, 0, &out[..length]);
        assert_eq!(parsed, ParsedFrame::Garbage(ModbusFrameError::Echo, length));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_move_on(bytes: Vec<u8>, tcp: bool, head in 0..9usize) {
            let framing = if tcp { ModbusFraming::Tcp } else { ModbusFraming::Rtu };
            let mut wire = frame_pdu(framing, 5, &BASIC_REPLY_PDU)[..head].to_vec();
            wire.extend(bytes);
            match BASIC_REQUEST.parse(framing, 7, &wire) {
                ParsedFrame::Incomplete(more) => prop_assert!(more > 0),
                ParsedFrame::Frame(_, used) => prop_assert!((1..=wire.len()).contains(&used)),
                ParsedFrame::Garbage(_, used) => prop_assert!(used >= 1),
            }
        }

        #[test]
        fn a_part_of_an_answer_is_never_taken_for_the_whole(cut in 1..21usize, tcp: bool) {
            let framing = if tcp { ModbusFraming::Tcp } else { ModbusFraming::Rtu };
            let wire = frame_pdu(framing, 5, &BASIC_REPLY_PDU);
            let part = &wire[..wire.len() - cut.min(wire.len() - 1)];
            let parsed = BASIC_REQUEST.parse(framing, 7, part);
            prop_assert!(matches!(parsed, ParsedFrame::Incomplete(_)));
        }
    }
}
