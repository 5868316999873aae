//! The device identification of Modbus (function 0x2B, type 0x0E) without a wire: who made a
//! device, and what it is, in the maker's own words. Pure; no input makes this code panic.

use crate::frame::{FRAME_MAX, Framing, Misfit, Parsed, Writer, checksum_fits, tcp_length};

/// Function and type of the identification.
const KIND: [u8; 2] = [0x2b, 0x0e];
/// The basic objects, as a stream.
const BASIC: u8 = 1;
/// Bytes of the PDU before the first object.
const HEAD: usize = 7;

/// Asks one device for its basic objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Whom.
    pub unit: u8,
    /// The first object that is wanted: 0 vendor, 1 product code, 2 revision.
    pub object: u8,
}

/// What a device answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer<'a> {
    /// Its objects, and where to ask on when there are more.
    Objects(Objects<'a>, Option<u8>),
    /// The device refuses, with this exception code.
    Exception(u8),
}

/// Objects of one answer: number and text of each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Objects<'a>(&'a [u8]);

impl<'a> Iterator for Objects<'a> {
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

impl Question {
    /// Writes the question; how many bytes of `out` it took.
    pub fn build(self, framing: Framing, transaction: u16, out: &mut [u8; FRAME_MAX]) -> usize {
        let mut frame = Writer::begin(framing, transaction, self.unit, out);
        frame.put(&[KIND[0], KIND[1], BASIC, self.object]);
        frame.end()
    }

    /// Reads the answer from the bytes received so far.
    pub fn parse(self, framing: Framing, transaction: u16, bytes: &[u8]) -> Parsed<Answer<'_>> {
        match framing {
            Framing::Tcp => self.parse_tcp(transaction, bytes),
            Framing::Rtu => self.parse_rtu(bytes),
        }
    }

    fn parse_tcp(self, transaction: u16, bytes: &[u8]) -> Parsed<Answer<'_>> {
        let length = match tcp_length(bytes) {
            Ok(length) => length,
            Err(parsed) => return parsed.without_value(),
        };
        let Some(frame) = bytes.get(..length) else {
            return Parsed::More(length - bytes.len());
        };
        if frame[..2] != transaction.to_be_bytes() {
            return Parsed::Garbage(Misfit::Stale, length);
        }
        if frame[6] != self.unit {
            return Parsed::Garbage(Misfit::Unit, length);
        }
        match body(&frame[7..]) {
            Some(answer) => Parsed::Frame(answer, length),
            None => Parsed::Garbage(Misfit::Function, length),
        }
    }

    fn parse_rtu(self, bytes: &[u8]) -> Parsed<Answer<'_>> {
        let mut echo = [0; FRAME_MAX];
        let length = self.build(Framing::Rtu, 0, &mut echo);
        if bytes.starts_with(&echo[..length]) {
            return Parsed::Garbage(Misfit::Echo, length);
        }
        if bytes.first().is_some_and(|unit| *unit != self.unit) {
            return Parsed::Garbage(Misfit::Noise, 1);
        }
        let length = match rtu_length(bytes) {
            Ok(length) => length,
            Err(parsed) => return parsed.without_value(),
        };
        let Some(frame) = bytes.get(..length) else {
            return Parsed::More(length - bytes.len());
        };
        if !checksum_fits(frame) {
            return Parsed::Garbage(Misfit::Checksum, 1);
        }
        match body(&frame[1..length - 2]) {
            Some(answer) => Parsed::Frame(answer, length),
            None => Parsed::Garbage(Misfit::Stale, length),
        }
    }
}

/// A PDU as the answer.
fn body(pdu: &[u8]) -> Option<Answer<'_>> {
    match *pdu {
        [code, exception] if code == KIND[0] | 0x80 => Some(Answer::Exception(exception)),
        [code, kind, _, _, more, next, count, ref list @ ..] if [code, kind] == KIND => {
            let objects = Objects(list);
            let whole = objects.clone().count() == usize::from(count);
            let next = (more != 0).then_some(next);
            whole.then_some(Answer::Objects(objects, next))
        }
        _ => None,
    }
}

/// Bytes of the RTU frame that begins here with our unit.
fn rtu_length(bytes: &[u8]) -> Result<usize, Parsed<()>> {
    match bytes {
        [_, code, ..] if *code == KIND[0] | 0x80 => return Ok(5),
        [_, code, kind, ..] if [*code, *kind] == KIND => {}
        [_, code] if *code == KIND[0] => return Err(Parsed::More(3)),
        [] | [_] => return Err(Parsed::More(5 - bytes.len())),
        _ => return Err(Parsed::Garbage(Misfit::Noise, 1)),
    }
    let Some(count) = bytes.get(HEAD) else {
        return Err(Parsed::More(HEAD + 3 - bytes.len()));
    };
    let mut end = HEAD + 1;
    for _ in 0..*count {
        let Some(length) = bytes.get(end + 1) else {
            return Err(Parsed::More(end + 4 - bytes.len()));
        };
        end += 2 + usize::from(*length);
        if end + 2 > FRAME_MAX {
            return Err(Parsed::Garbage(Misfit::Length, 1));
        }
    }
    Ok(end + 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ASK: Question = Question { unit: 5, object: 0 };
    const PDU: [u8; 17] = *b"\x2b\x0e\x01\x01\xff\x02\x02\x00\x04Acme\x01\x02X1";

    fn framed(framing: Framing, unit: u8, pdu: &[u8]) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let mut frame = Writer::begin(framing, 7, unit, &mut out);
        frame.put(pdu);
        let length = frame.end();
        out[..length].to_vec()
    }

    #[test]
    fn the_question_is_the_specifications() {
        let mut out = [0; FRAME_MAX];
        let length = ASK.build(Framing::Tcp, 1, &mut out);
        assert_eq!(out[..length], [0, 1, 0, 0, 0, 5, 5, 0x2b, 0x0e, 1, 0]);
    }

    #[test]
    fn objects_are_read_and_an_exception_is_an_answer() {
        for framing in [Framing::Tcp, Framing::Rtu] {
            let wire = framed(framing, 5, &PDU);
            let Parsed::Frame(Answer::Objects(objects, next), used) = ASK.parse(framing, 7, &wire)
            else {
                panic!("{framing:?}");
            };
            assert_eq!((used, next), (wire.len(), Some(2)));
            let texts: Vec<(u8, &[u8])> = objects.collect();
            assert_eq!(texts, [(0, &b"Acme"[..]), (1, &b"X1"[..])]);
            let wire = framed(framing, 5, &[0xab, 1]);
            let parsed = ASK.parse(framing, 7, &wire);
            assert_eq!(parsed, Parsed::Frame(Answer::Exception(1), wire.len()));
        }
    }

    #[test]
    fn our_own_echo_is_dropped() {
        let mut out = [0; FRAME_MAX];
        let length = ASK.build(Framing::Rtu, 0, &mut out);
        let parsed = ASK.parse(Framing::Rtu, 0, &out[..length]);
        assert_eq!(parsed, Parsed::Garbage(Misfit::Echo, length));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_move_on(bytes: Vec<u8>, tcp: bool, head in 0..9usize) {
            let framing = if tcp { Framing::Tcp } else { Framing::Rtu };
            let mut wire = framed(framing, 5, &PDU)[..head].to_vec();
            wire.extend(bytes);
            match ASK.parse(framing, 7, &wire) {
                Parsed::More(more) => prop_assert!(more > 0),
                Parsed::Frame(_, used) => prop_assert!((1..=wire.len()).contains(&used)),
                Parsed::Garbage(_, used) => prop_assert!(used >= 1),
            }
        }

        #[test]
        fn a_part_of_an_answer_is_never_taken_for_the_whole(cut in 1..21usize, tcp: bool) {
            let framing = if tcp { Framing::Tcp } else { Framing::Rtu };
            let wire = framed(framing, 5, &PDU);
            let part = &wire[..wire.len() - cut.min(wire.len() - 1)];
            prop_assert!(matches!(ASK.parse(framing, 7, part), Parsed::More(_)));
        }
    }
}
