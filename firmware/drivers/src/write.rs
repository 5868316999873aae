//! Frames that write holding registers, functions 6 and 16. A gateway reads; only the wizard that
//! gives a device another address or speed writes.

use crate::frame::{FRAME_MAX, Framing, Writer};

/// Registers that are written at once: a 32-bit number.
pub const WORDS_MAX: usize = 2;

/// Values for holding registers of one device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Write {
    /// Whom.
    pub unit: u8,
    /// 0-based protocol address of the first register.
    pub address: u16,
    /// The values.
    pub words: [u16; WORDS_MAX],
    /// How many of them, 1 or 2.
    pub count: u8,
    /// Function 16; without it function 6, which writes the first word alone.
    pub multiple: bool,
}

impl Write {
    /// Code of its function.
    pub fn function(self) -> u8 {
        if self.multiple { 16 } else { 6 }
    }

    /// The values that it writes.
    pub fn values(&self) -> &[u16] {
        let count = if self.multiple {
            usize::from(self.count)
        } else {
            1
        };
        &self.words[..count.clamp(1, WORDS_MAX)]
    }

    /// Writes the request; how many bytes of `out` it took.
    pub fn build(self, framing: Framing, transaction: u16, out: &mut [u8; FRAME_MAX]) -> usize {
        let mut frame = Writer::begin(framing, transaction, self.unit, out);
        frame.put(&[self.function()]);
        frame.put(&self.address.to_be_bytes());
        if self.multiple {
            // One or two, as `values` has them.
            let count = self.count.clamp(1, 2);
            frame.put(&[0, count, count * 2]);
        }
        for word in self.values() {
            frame.put(&word.to_be_bytes());
        }
        frame.end()
    }

    /// The exception code with which the device refuses, in the bytes that came back. Whatever else
    /// came means little: some devices answer from their new address, some not at all.
    pub fn refusal(self, framing: Framing, bytes: &[u8]) -> Option<u8> {
        let start = match framing {
            Framing::Rtu => 0,
            Framing::Tcp => 6,
        };
        let wanted = [self.unit, self.function() | 0x80];
        let bodies = bytes.get(start..)?.windows(3);
        let mut found = bodies.filter(|body| body[..2] == wanted);
        found.next().map(|body| body[2])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(write: Write, framing: Framing) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let length = write.build(framing, 7, &mut out);
        out[..length].to_vec()
    }

    const ADDRESS: Write = Write {
        unit: 1,
        address: 0x0101,
        words: [5, 0],
        count: 1,
        multiple: false,
    };

    #[test]
    fn one_register_is_written_with_function_six() {
        let frame = built(ADDRESS, Framing::Rtu);
        assert_eq!(frame[..6], [1, 6, 1, 1, 0, 5]);
        assert_eq!(crate::frame::crc(&frame), 0);
        let frame = built(ADDRESS, Framing::Tcp);
        assert_eq!(frame, [0, 7, 0, 0, 0, 6, 1, 6, 1, 1, 0, 5]);
    }

    #[test]
    fn two_registers_are_written_with_function_sixteen() {
        let write = Write {
            words: [0x40a0, 0],
            count: 2,
            multiple: true,
            ..ADDRESS
        };
        let frame = built(write, Framing::Rtu);
        assert_eq!(frame[..11], [1, 16, 1, 1, 0, 2, 4, 0x40, 0xa0, 0, 0]);
        assert_eq!(crate::frame::crc(&frame), 0);
    }

    #[test]
    fn a_refusal_is_found_in_what_came_back() {
        assert_eq!(ADDRESS.refusal(Framing::Rtu, &[1, 0x86, 4, 0, 0]), Some(4));
        assert_eq!(ADDRESS.refusal(Framing::Rtu, &[1, 6, 1, 1, 0, 5]), None);
        assert_eq!(ADDRESS.refusal(Framing::Rtu, &[]), None);
        let tcp = [0, 7, 0, 0, 0, 3, 1, 0x86, 2];
        assert_eq!(ADDRESS.refusal(Framing::Tcp, &tcp), Some(2));
    }
}
