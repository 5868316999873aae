//! Search for the serial numbers of all devices on a bus ([`RomSearch`]).
//!
//! All devices send a bit of their number and then its opposite, at the same time; a 0 wins. Where
//! both bits are 0, devices with either bit are there: the search takes the one side and comes back
//! for the other in a later pass.

use super::RomCode;
use crate::sensor_fault::SensorFault;

/// State of a search between its passes. Each pass finds one device.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RomSearch {
    /// Number that the last pass found.
    found: [u8; 8],
    /// Position, from 1, of the last fork at which the pass went to the side of 0; 0: none.
    last_fork: u8,
    is_finished: bool,
}

/// One pass of a search: 64 choices of a side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RomSearchPass {
    number: [u8; 8],
    old_fork: u8,
    new_fork: u8,
    position: u8,
}

impl RomSearch {
    /// Returns a search that has found nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the next pass; `None` when all devices are found.
    pub fn next_pass(&self) -> Option<RomSearchPass> {
        (!self.is_finished).then_some(RomSearchPass {
            number: self.found,
            old_fork: self.last_fork,
            new_fork: 0,
            position: 0,
        })
    }

    /// Takes what a pass has found. A damaged pass changes nothing and can be made again.
    pub fn finish_pass(&mut self, pass: &RomSearchPass) -> Result<RomCode, SensorFault> {
        if pass.position < 64 {
            return Err(SensorFault::NotReady);
        }
        let rom = RomCode::from_bytes(pass.number)?;
        // Kept after the checksum only: from a damaged number the next pass would go astray.
        self.found = pass.number;
        self.last_fork = pass.new_fork;
        self.is_finished = pass.new_fork == 0;
        Ok(rom)
    }
}

impl RomSearchPass {
    /// Returns the side to take, which is the bit to write next, from the two bits just read.
    /// `Absent`: no device sends either bit, the last one has been unplugged.
    pub fn choose(&mut self, bit: bool, opposite: bool) -> Result<bool, SensorFault> {
        if (bit && opposite) || self.position >= 64 {
            return Err(SensorFault::Absent);
        }
        let byte = usize::from(self.position / 8);
        let mask = 1 << (self.position % 8);
        self.position += 1;
        let is_fork = !bit && !opposite;
        let side = if is_fork {
            let before = self.number[byte] & mask != 0;
            // Before the last fork the path is walked again, at it the other side is taken, and
            // behind it 0 comes first: no device is found twice.
            let side = if self.position < self.old_fork {
                before
            } else {
                self.position == self.old_fork
            };
            if !side {
                self.new_fork = self.position;
            }
            side
        } else {
            bit
        };
        if side {
            self.number[byte] |= mask;
        } else {
            self.number[byte] &= !mask;
        }
        Ok(side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    /// Makes one pass over devices that send their bits at the same time.
    fn search_once(devices: &BTreeSet<RomCode>, search: &mut RomSearch) -> Option<RomCode> {
        let mut pass = search.next_pass()?;
        let mut active: Vec<RomCode> = devices.iter().copied().collect();
        for position in 0..64 {
            let bit_of = |rom: &RomCode| rom.bytes()[position / 8] >> (position % 8) & 1 == 1;
            // The line is low as soon as one device pulls it.
            let bit = active.iter().all(bit_of);
            let opposite = active.iter().all(|rom| !bit_of(rom));
            let side = pass.choose(bit, opposite).unwrap();
            active.retain(|rom| bit_of(rom) == side);
        }
        Some(search.finish_pass(&pass).unwrap())
    }

    proptest! {
        #[test]
        fn every_device_is_found_once(
            numbers in prop::collection::btree_set(0..1u64 << 48, 1..12),
            near in prop::collection::btree_set(0..32u64, 1..12),
        ) {
            let all = numbers.union(&near);
            let devices: BTreeSet<_> = all.map(|n| RomCode::from_number(0x28, *n)).collect();
            let mut search = RomSearch::new();
            let mut found = Vec::new();
            while let Some(rom) = search_once(&devices, &mut search) {
                found.push(rom);
                prop_assert!(found.len() <= devices.len());
            }
            prop_assert_eq!(found.len(), devices.len());
            prop_assert_eq!(found.into_iter().collect::<BTreeSet<_>>(), devices);
        }

        #[test]
        fn any_bits_end_in_a_device_or_a_fault(
            bits in prop::collection::vec(any::<(bool, bool)>(), 0..80)
        ) {
            let mut search = RomSearch::new();
            let mut pass = search.next_pass().unwrap();
            for (bit, opposite) in bits {
                let _ = pass.choose(bit, opposite);
            }
            let _ = search.finish_pass(&pass);
        }
    }

    #[test]
    fn a_shorted_line_is_no_device_and_the_pass_can_be_made_again() {
        let mut search = RomSearch::new();
        let mut pass = search.next_pass().unwrap();
        for _ in 0..64 {
            pass.choose(false, false).unwrap();
        }
        assert_eq!(search.finish_pass(&pass), Err(SensorFault::BusFault));
        assert_eq!(search, RomSearch::new());
    }
}
