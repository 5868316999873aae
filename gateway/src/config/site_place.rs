//! [`is_in_indonesia`] and [`meant_place`]: whether coordinates lie in Indonesia, and which were
//! meant when a sign or the order is wrong. Coarse: boxes around the islands, not their coasts.

/// Latitudes and longitudes of boxes around the islands, in degrees; together they leave out the
/// neighbours north of the equator.
const INDONESIAN_BOXES: &[(f64, f64, f64, f64)] = &[
    // South of the equator: Sumatra to Papua.
    (-11.2, 0.0, 94.9, 141.1),
    // Sumatra: Aceh, the north, Riau and the islands before it.
    (0.0, 6.2, 94.9, 99.0),
    (0.0, 3.6, 99.0, 100.5),
    (0.0, 2.3, 100.5, 102.3),
    (0.0, 1.3, 102.3, 105.0),
    // Natuna and Anambas.
    (0.0, 5.0, 105.0, 109.3),
    // Kalimantan: the west and the middle, and the north-east.
    (0.0, 2.1, 108.5, 114.8),
    (0.0, 4.5, 114.8, 119.5),
    // Sulawesi with its northern islands, Maluku and Papua.
    (0.0, 5.7, 119.5, 127.6),
    (0.0, 4.8, 127.0, 127.6),
    (0.0, 3.0, 127.6, 136.0),
];

/// Correction that puts coordinates into Indonesia.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum PlaceCorrection {
    /// Latitude and longitude were exchanged.
    Swapped,
    /// The latitude has the wrong sign.
    LatitudeSign,
}

/// True for coordinates within a box around an island of Indonesia.
pub(crate) fn is_in_indonesia(latitude: f64, longitude: f64) -> bool {
    let mut boxes = INDONESIAN_BOXES.iter();
    boxes.any(|(south, north, west, east)| {
        (*south..=*north).contains(&latitude) && (*west..=*east).contains(&longitude)
    })
}

/// Returns the correction that puts coordinates into Indonesia; `None` when they are there, or
/// when neither does.
pub(crate) fn meant_place(latitude: f64, longitude: f64) -> Option<PlaceCorrection> {
    if is_in_indonesia(latitude, longitude) {
        return None;
    }
    if is_in_indonesia(longitude, latitude) || is_in_indonesia(-longitude, latitude) {
        return Some(PlaceCorrection::Swapped);
    }
    is_in_indonesia(-latitude, longitude).then_some(PlaceCorrection::LatitudeSign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_capitals_of_provinces_lie_inside_and_neighbours_outside() {
        for (latitude, longitude) in [
            (5.55, 95.32),   // Banda Aceh
            (3.59, 98.67),   // Medan
            (0.51, 101.45),  // Pekanbaru
            (1.68, 101.45),  // Dumai
            (1.05, 104.03),  // Batam
            (3.94, 108.38),  // Natuna
            (-3.76, 103.78), // Tanjung Enim
            (-6.2, 106.8),   // Jakarta
            (-0.03, 109.34), // Pontianak
            (0.07, 111.49),  // Sintang
            (3.3, 117.6),    // Tarakan
            (1.47, 124.84),  // Manado
            (0.79, 127.38),  // Ternate
            (-0.86, 131.25), // Sorong
            (-8.5, 140.4),   // Merauke
            (-10.17, 123.6), // Kupang
        ] {
            assert!(
                is_in_indonesia(latitude, longitude),
                "{latitude} {longitude}"
            );
        }
        for (latitude, longitude) in [
            (3.139, 101.69), // Kuala Lumpur
            (3.76, 103.78),  // the sign of Tanjung Enim
            (7.5, 110.4),
            (103.78, -3.76),
            (0.0, 0.0),
        ] {
            assert!(
                !is_in_indonesia(latitude, longitude),
                "{latitude} {longitude}"
            );
        }
        assert_eq!(
            meant_place(3.76, 103.78),
            Some(PlaceCorrection::LatitudeSign)
        );
        assert_eq!(meant_place(103.78, -3.76), Some(PlaceCorrection::Swapped));
        assert_eq!(meant_place(-3.76, 103.78), None);
        assert_eq!(meant_place(52.0, 5.0), None);
    }
}
