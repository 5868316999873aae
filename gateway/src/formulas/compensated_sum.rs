//! Compensated summation, exact over millions of records.

use super::saved_state::saved_fields;

/// Compensated sum (Neumaier): the part of a small term that a large total cannot hold is kept in a
/// second number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CompensatedSum {
    total: f64,
    lost: f64,
}

saved_fields!(CompensatedSum { total, lost });

impl CompensatedSum {
    /// Adds one term.
    pub fn add(&mut self, x: f64) {
        let total = self.total + x;
        self.lost += if self.total.abs() >= x.abs() {
            (self.total - total) + x
        } else {
            (x - total) + self.total
        };
        self.total = total;
    }

    /// Returns the sum so far.
    pub fn value(self) -> f64 {
        // An infinite total leaves NaN in the compensation.
        if self.lost.is_finite() {
            self.total + self.lost
        } else {
            self.total
        }
    }
}

impl FromIterator<f64> for CompensatedSum {
    fn from_iter<I: IntoIterator<Item = f64>>(terms: I) -> Self {
        let mut sum = Self::default();
        terms.into_iter().for_each(|x| sum.add(x));
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_terms_survive_a_large_total() {
        let terms = [1e16, 1.0, 1.0, -1e16];
        let sum: CompensatedSum = terms.into_iter().collect();
        assert_eq!(sum.value().to_bits(), 2.0_f64.to_bits());
    }
}
