//! Photos in a report: JPEG and PNG files, taken in as they are, turned as the camera was held.

use std::sync::Arc;

/// A photo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Photo {
    /// Stable English key within the report.
    pub id: String,
    /// File name as it was handed in.
    pub name: String,
    /// SHA-256 of the file, 64 small hexadecimal digits.
    pub sha256: String,
    /// What is inside the file.
    pub picture: Picture,
}

/// The inside of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// How it is packed.
    pub coding: Coding,
    /// Width and height as stored, pixels.
    pub size: (u32, u32),
    /// How it must be turned to stand upright.
    pub turn: Turn,
    /// The file.
    pub bytes: Arc<[u8]>,
}

/// How a picture is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As cameras write it.
    Jpeg,
    /// As screens are copied.
    Png,
}

/// Clockwise, in quarters of a turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Turn {
    /// It stands upright.
    #[default]
    None,
    /// A quarter.
    Right,
    /// Half.
    Half,
    /// Three quarters.
    Left,
}

/// Pixels of a side of a picture; cameras of phones have a fifth of that.
const SIDE_MAX: u32 = 65_500;

impl Picture {
    /// The picture in a file; `None` when it is neither a JPEG nor a PNG that has a size.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        let (coding, size, turn) = match bytes.as_slice() {
            [0xff, 0xd8, ..] => {
                let (size, turn) = jpeg(&bytes)?;
                (Coding::Jpeg, size, turn)
            }
            [0x89, b'P', b'N', b'G', ..] => (Coding::Png, png(&bytes)?, Turn::None),
            _ => return None,
        };
        let fits = |side: u32| (1..=SIDE_MAX).contains(&side);
        (fits(size.0) && fits(size.1)).then(|| Self {
            coding,
            size,
            turn,
            bytes: bytes.into(),
        })
    }

    /// Width and height as shown, pixels.
    pub fn upright(&self) -> (u32, u32) {
        match self.turn {
            Turn::None | Turn::Half => self.size,
            Turn::Right | Turn::Left => (self.size.1, self.size.0),
        }
    }

    /// Its media type.
    pub fn media_type(&self) -> &'static str {
        match self.coding {
            Coding::Jpeg => "image/jpeg",
            Coding::Png => "image/png",
        }
    }
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

/// The first chunk of a PNG says how large it is.
fn png(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((long(bytes, 16)?, long(bytes, 20)?))
}

/// Segments of a JPEG up to the one that says how large it is.
fn jpeg(bytes: &[u8]) -> Option<((u32, u32), Turn)> {
    let (mut at, mut turn) = (2, Turn::None);
    // Each step goes on by two bytes at least.
    while at < bytes.len() {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        if marker == 0xff {
            at += 1;
            continue;
        }
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            at += 2;
            continue;
        }
        let length = usize::from(short(bytes, at + 2)?).max(2);
        let body = bytes.get(at + 4..at + 2 + length)?;
        match marker {
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let size = (short(body, 3)?.into(), short(body, 1)?.into());
                return Some((size, turn));
            }
            0xe1 => turn = exif(body).unwrap_or(turn),
            // Data before any size.
            0xda | 0xd9 => return None,
            _ => {}
        }
        at += 2 + length;
    }
    None
}

/// How the camera was held: tag 0x0112 of the first directory.
fn exif(body: &[u8]) -> Option<Turn> {
    let tiff = body.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let short = |at: usize| short(tiff, at).map(|n| if little { n.swap_bytes() } else { n });
    let long = |at: usize| long(tiff, at).map(|n| if little { n.swap_bytes() } else { n });
    let first = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(first)?);
    let mut places = (0..entries).filter_map(|n| first.checked_add(2 + 12 * n));
    let place = places.find(|at| short(*at) == Some(0x0112))?;
    Some(match short(place.checked_add(8)?)? {
        3 => Turn::Half,
        6 => Turn::Right,
        8 => Turn::Left,
        _ => Turn::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera(orientation: u16) -> Vec<u8> {
        let mut exif = b"Exif\0\0II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
        exif.extend(orientation.to_le_bytes());
        exif.extend([0, 0, 0, 0, 0, 0]);
        let mut file = vec![0xff, 0xd8, 0xff, 0xe1];
        file.extend(u16::try_from(exif.len() + 2).unwrap().to_be_bytes());
        file.extend(exif);
        file.extend([0xff, 0xc0, 0, 11, 8, 0x0b, 0xb8, 0x0f, 0xa0, 1, 1, 0x11, 0]);
        file
    }

    #[test]
    fn a_photo_stands_as_the_camera_was_held() {
        let upright = |orientation| Picture::read(camera(orientation)).unwrap().upright();
        assert_eq!(upright(1), (4000, 3000));
        assert_eq!(upright(6), (3000, 4000));
        assert_eq!(Picture::read(camera(3)).unwrap().turn, Turn::Half);
        assert_eq!(Picture::read(camera(8)).unwrap().turn, Turn::Left);
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert_eq!(Picture::read(b"%PDF-1.7".to_vec()), None);
        assert_eq!(Picture::read(vec![0xff, 0xd8, 0xff, 0xd9]), None);
        assert_eq!(Picture::read(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(
            start in 0..3usize, bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0..60usize, byte in any::<u8>(),
        ) {
            let mut file = [&[0xff, 0xd8][..], b"\x89PNG", b""][start].to_vec();
            file.extend(bytes);
            let _ = Picture::read(file);
            let mut file = camera(6);
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
            let _ = Picture::read(file);
        }
    }
}
