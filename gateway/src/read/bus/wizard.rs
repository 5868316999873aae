//! Hearing everything that answers, and the only code that writes to a device: for the wizard that
//! gives one another address or speed.

use super::failure::not_open;
use super::shared::unfit;
use super::{BUFFER, Channel, Failure, line, millis};
use crate::errand::{Heard, Said, Wanted};
use drivers::frame::{FRAME_MAX, Framing, Misfit, Parsed, Reply, Request};
use drivers::write::Write;
use std::time::Duration;
use tokio::time::Instant;

/// Two devices that answer at once need not begin at once; a line is listened to so much longer
/// than one answer may take.
const LISTEN: Duration = Duration::from_millis(200);

impl Channel {
    /// Asks, and listens for the whole timeout to all that comes.
    pub async fn hear(&mut self, request: Request) -> Result<Heard, Failure> {
        if self.has_owner() {
            return match self
                .send_errand(Wanted::Hear(request), Duration::ZERO)
                .await?
            {
                Said::Heard(heard) => Ok(heard),
                _ => Err(unfit()),
            };
        }
        let mut frame = [0; FRAME_MAX];
        self.transaction = self.transaction.wrapping_add(1);
        let length = request.build(self.framing, self.transaction, &mut frame);
        let answer = request.reply_bytes(self.framing);
        let came = self.gather(&frame[..length], answer).await?;
        let heard = heard(request, self.framing, self.transaction, &came);
        if heard != Heard::One && self.framing == Framing::Rtu {
            // What comes later still must not pass for the answer to a poll.
            self.owe(request);
        }
        Ok(heard)
    }

    /// Writes; the code of the exception when the device refuses. Whether it took effect is seen by
    /// asking.
    pub async fn write(&mut self, write: Write) -> Result<Option<u8>, Failure> {
        if self.has_owner() {
            return match self
                .send_errand(Wanted::Write(write), Duration::ZERO)
                .await?
            {
                Said::Written => Ok(None),
                Said::Exception(code) => Ok(Some(code)),
                _ => Err(unfit()),
            };
        }
        let mut frame = [0; FRAME_MAX];
        self.transaction = self.transaction.wrapping_add(1);
        let length = write.build(self.framing, self.transaction, &mut frame);
        let came = self.gather(&frame[..length], length).await?;
        // An adapter may give back what was sent.
        let came = came.strip_prefix(&frame[..length]).unwrap_or(&came);
        Ok(write.refusal(self.framing, came))
    }

    /// Sends a frame and takes in everything until the time is up. The connection is new
    /// afterwards, so that nothing late is taken for another answer.
    async fn gather(&mut self, frame: &[u8], answer: usize) -> Result<Vec<u8>, Failure> {
        self.open().await?;
        self.rest(Duration::ZERO).await;
        self.put(frame).await?;
        let line = line(&self.link);
        let bytes = f64::from(u16::try_from(frame.len() + answer).unwrap_or(u16::MAX));
        let on_wire = line.map_or(Duration::ZERO, |line| millis(bytes * line.character_ms()));
        let until = Instant::now() + on_wire + self.timeout + LISTEN;
        let mut end = 0;
        while end < BUFFER {
            let wire = self.wire.as_mut().ok_or_else(not_open)?;
            let room = &mut self.buffer[end..];
            match tokio::time::timeout_at(until, wire.receive(room)).await {
                Ok(Ok(bytes)) => end += bytes,
                // A device on the network that hangs up has said all it will say.
                Ok(Err(_)) | Err(_) => break,
            }
        }
        self.quiet_since = Instant::now();
        if self.framing == Framing::Tcp {
            self.wire = None;
        }
        Ok(self.buffer[..end].to_vec())
    }
}

/// Who answered a request, by all bytes that came.
fn heard(request: Request, framing: Framing, transaction: u16, mut bytes: &[u8]) -> Heard {
    let (mut frames, mut noise) = (0, 0);
    while !bytes.is_empty() {
        let used = match Reply::parse(request, framing, transaction, bytes) {
            Parsed::More(_) => {
                noise += bytes.len();
                bytes.len()
            }
            Parsed::Frame(_, used) => {
                frames += 1;
                used
            }
            Parsed::Garbage(Misfit::Echo, used) => used,
            Parsed::Garbage(_, used) => {
                noise += used;
                used.max(1)
            }
        };
        bytes = bytes.get(used..).unwrap_or_default();
    }
    match (frames, noise) {
        (0, 0) => Heard::Nothing,
        (1, 0) => Heard::One,
        (2.., _) => Heard::Several,
        _ => Heard::Garbled,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drivers::frame::Function;
    use proptest::prelude::*;

    const ASKED: Request = Request {
        unit: 1,
        function: Function::Holding,
        address: 0,
        count: 1,
    };

    fn answer(data: [u8; 2]) -> Vec<u8> {
        let mut out = [0; FRAME_MAX];
        let length = Reply::Data(&data).build(ASKED, Framing::Rtu, 0, &mut out);
        out[..length].to_vec()
    }

    fn who(bytes: &[u8]) -> Heard {
        heard(ASKED, Framing::Rtu, 0, bytes)
    }

    #[test]
    fn two_devices_at_one_address_are_heard_one_after_the_other_and_at_once() {
        let (one, other) = (answer([0, 7]), answer([1, 9]));
        assert_eq!(who(&[]), Heard::Nothing);
        assert_eq!(who(&one), Heard::One);
        assert_eq!(who(&[one.clone(), other.clone()].concat()), Heard::Several);
        let both: Vec<u8> = one.iter().zip(&other).map(|(a, b)| a & b).collect();
        assert_eq!(who(&both), Heard::Garbled);
        assert_eq!(who(&[one, vec![0xff]].concat()), Heard::Garbled);
    }

    #[test]
    fn a_refusal_and_an_echo_are_no_second_device() {
        let mut out = [0; FRAME_MAX];
        let length = Reply::Exception(2).build(ASKED, Framing::Rtu, 0, &mut out);
        assert_eq!(who(&out[..length]), Heard::One);
        let length = ASKED.build(Framing::Rtu, 0, &mut out);
        let echoed = [&out[..length], &answer([0, 7])].concat();
        assert_eq!(who(&echoed), Heard::One);
    }

    proptest! {
        #[test]
        fn any_bytes_are_judged(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            if !bytes.is_empty() {
                prop_assert_ne!(who(&bytes), Heard::Nothing);
            }
            let _ = heard(ASKED, Framing::Tcp, 1, &bytes);
        }
    }
}
