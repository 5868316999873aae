//! Answers of any bytes, for fuzz targets (`crate::fuzz_doors`).

use super::write_verdict::{WriteVerdict, judge_answer};

/// Lines of the write that is answered.
const LINES: usize = 3;

/// Judges an answer: status in the first two bytes, then its text.
pub(crate) fn judge_any_answer(input: &[u8]) {
    let Some((status, text)) = input.split_first_chunk::<2>() else {
        return;
    };
    let status = u16::from_be_bytes(*status);
    let verdict = judge_answer(status, &String::from_utf8_lossy(text), LINES, None);
    assert_eq!(
        verdict == WriteVerdict::Stored,
        status == 204,
        "{verdict:?}"
    );
}
