//! Photos in a report: JPEG and PNG files, embedded as they are and rotated by their EXIF
//! orientation.

use std::sync::Arc;

/// Photo of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportPhoto {
    /// Stable English key within the report.
    pub id: String,
    /// File name as given.
    pub name: String,
    /// SHA-256 of the file, 64 lower-case hexadecimal digits.
    pub sha256: String,
    /// Picture in the file.
    pub picture: PictureFile,
}

/// Picture file with its size and rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PictureFile {
    /// File format.
    pub coding: PictureCoding,
    /// Width and height as stored, pixels.
    pub size: (u32, u32),
    /// Rotation that brings it upright.
    pub turn: PictureRotation,
    /// Bytes of the file.
    pub bytes: Arc<[u8]>,
}

/// File format of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureCoding {
    /// JPEG, from cameras.
    Jpeg,
    /// PNG, from screenshots.
    Png,
}

/// Clockwise rotation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PictureRotation {
    /// Upright as stored.
    #[default]
    None,
    /// By 90° (EXIF orientation 6).
    Right,
    /// By 180° (EXIF orientation 3).
    Half,
    /// By 270° (EXIF orientation 8).
    Left,
}

/// Longest side accepted, pixels; phone cameras have about a fifth of that.
// Just below 65 535, the most that the 16-bit sides of a JPEG can say.
const SIDE_MAX: u32 = 65_500;

impl PictureFile {
    /// Reads a picture; `None` unless the file is a JPEG or PNG with a size.
    pub fn read(bytes: Vec<u8>) -> Option<Self> {
        // Recognised by the first bytes, not by the file name.
        let (coding, size, turn) = match bytes.as_slice() {
            [0xff, 0xd8, ..] => {
                let (size, turn) = jpeg_size(&bytes)?;
                (PictureCoding::Jpeg, size, turn)
            }
            [0x89, b'P', b'N', b'G', ..] => {
                (PictureCoding::Png, png_size(&bytes)?, PictureRotation::None)
            }
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

    /// Returns width and height as shown, pixels.
    pub fn upright_size(&self) -> (u32, u32) {
        match self.turn {
            PictureRotation::None | PictureRotation::Half => self.size,
            PictureRotation::Right | PictureRotation::Left => (self.size.1, self.size.0),
        }
    }

    /// Returns the media type.
    pub fn media_type(&self) -> &'static str {
        match self.coding {
            PictureCoding::Jpeg => "image/jpeg",
            PictureCoding::Png => "image/png",
        }
    }
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    let two = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes(two.try_into().ok()?))
}

/// Returns the size from the first chunk (IHDR) of a PNG.
fn png_size(bytes: &[u8]) -> Option<(u32, u32)> {
    (bytes.get(12..16)? == b"IHDR").then_some(())?;
    Some((read_u32(bytes, 16)?, read_u32(bytes, 20)?))
}

/// Walks over the segments of a JPEG to the frame header; returns size and rotation.
fn jpeg_size(bytes: &[u8]) -> Option<((u32, u32), PictureRotation)> {
    let (mut at, mut turn) = (2, PictureRotation::None);
    // Each step advances by two bytes at least, so that the loop ends.
    while at < bytes.len() {
        if *bytes.get(at)? != 0xff {
            return None;
        }
        let marker = *bytes.get(at + 1)?;
        // Fill bytes may stand before a marker.
        if marker == 0xff {
            at += 1;
            continue;
        }
        // TEM and RSTn: markers without a length.
        if matches!(marker, 0x01 | 0xd0..=0xd7) {
            at += 2;
            continue;
        }
        // The length counts its own two bytes; a smaller one is damage, and must not stop the loop.
        let length = usize::from(read_u16(bytes, at + 2)?).max(2);
        let body = bytes.get(at + 4..at + 2 + length)?;
        match marker {
            // SOF0 to SOF15 without DHT, JPG and DAC, which are no frame headers.
            0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf => {
                let size = (read_u16(body, 3)?.into(), read_u16(body, 1)?.into());
                return Some((size, turn));
            }
            // A second segment of this kind without EXIF, such as XMP, must not undo the rotation.
            0xe1 => turn = exif_rotation(body).unwrap_or(turn),
            // Image data before any frame header: no valid JPEG.
            0xda | 0xd9 => return None,
            _ => {}
        }
        at += 2 + length;
    }
    None
}

/// Returns the rotation from the EXIF orientation, tag 0x0112 of the first directory.
fn exif_rotation(body: &[u8]) -> Option<PictureRotation> {
    let tiff = body.strip_prefix(b"Exif\0\0")?;
    let little = match tiff.get(..4)? {
        [b'I', b'I', 42, 0] => true,
        [b'M', b'M', 0, 42] => false,
        _ => return None,
    };
    let short = |at: usize| read_u16(tiff, at).map(|n| if little { n.swap_bytes() } else { n });
    let long = |at: usize| read_u32(tiff, at).map(|n| if little { n.swap_bytes() } else { n });
    let first = usize::try_from(long(4)?).ok()?;
    let entries = usize::from(short(first)?);
    // Offsets come from the file: a damaged one must end in `None` and not in an overflow.
    let mut places = (0..entries).filter_map(|n| first.checked_add(2 + 12 * n));
    let place = places.find(|at| short(*at) == Some(0x0112))?;
    Some(match short(place.checked_add(8)?)? {
        3 => PictureRotation::Half,
        6 => PictureRotation::Right,
        8 => PictureRotation::Left,
        // Cameras do not write the mirrored orientations (2, 4, 5 and 7).
        _ => PictureRotation::None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn camera_jpeg(orientation: u16) -> Vec<u8> {
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
        let upright = |orientation| {
            PictureFile::read(camera_jpeg(orientation))
                .unwrap()
                .upright_size()
        };
        assert_eq!(upright(1), (4000, 3000));
        assert_eq!(upright(6), (3000, 4000));
        assert_eq!(
            PictureFile::read(camera_jpeg(3)).unwrap().turn,
            PictureRotation::Half
        );
        assert_eq!(
            PictureFile::read(camera_jpeg(8)).unwrap().turn,
            PictureRotation::Left
        );
    }

    #[test]
    fn what_is_no_picture_is_none() {
        assert_eq!(PictureFile::read(b"%PDF-1.7".to_vec()), None);
        assert_eq!(PictureFile::read(vec![0xff, 0xd8, 0xff, 0xd9]), None);
        assert_eq!(PictureFile::read(Vec::new()), None);
    }

    proptest! {
        #[test]
        fn no_file_makes_it_panic(
            start in 0..3usize, bytes in proptest::collection::vec(any::<u8>(), 0..200),
            at in 0..60usize, byte in any::<u8>(),
        ) {
            let mut file = [&[0xff, 0xd8][..], b"\x89PNG", b""][start].to_vec();
            file.extend(bytes);
            let _ = PictureFile::read(file);
            let mut file = camera_jpeg(6);
            if let Some(place) = file.get_mut(at) {
                *place = byte;
            }
            let _ = PictureFile::read(file);
        }
    }
}
