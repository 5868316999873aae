//! Rules for new passwords and for names.

use super::access_error::AccessError;
use crate::limits::{PASSWORD_BYTES_MAX, PASSWORD_CHARS_MIN, USER_NAME_CHARS_MAX};

/// Words with which people begin their passwords.
const COMMON_WORDS: &str = include_str!("../../assets/common-passwords.txt");
/// Characters beside a word that make no good password of it.
const BESIDE_A_WORD_MAX: usize = 6;
/// Different characters of a password that is more than a row of them.
const DIFFERENT_CHARS_MIN: usize = 5;

/// Name as it is kept: lower case, without spaces around it. `BadName` for anything else than 2 to
/// 40 of `a-z`, `0-9`, `.`, `-` and `_` that begin with a letter.
pub(super) fn parse_user_name(typed: &str) -> Result<String, AccessError> {
    let name = normal_name(typed);
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || ".-_".contains(c);
    let begins = name.starts_with(|c: char| c.is_ascii_lowercase());
    let fits = (2..=USER_NAME_CHARS_MAX).contains(&name.len());
    if begins && fits && name.chars().all(is_plain) {
        return Ok(name);
    }
    Err(AccessError::BadName)
}

/// Name that is compared: phones begin a name with a capital letter by themselves.
pub(super) fn normal_name(typed: &str) -> String {
    typed.trim().to_lowercase()
}

/// Checks a new password of a person.
pub(super) fn check_password(password: &str, name: &str) -> Result<(), AccessError> {
    if password.chars().count() < PASSWORD_CHARS_MIN {
        return Err(AccessError::PasswordShort);
    }
    if password.len() > PASSWORD_BYTES_MAX {
        return Err(AccessError::PasswordLong);
    }
    let lower = password.to_lowercase();
    // A name of two letters is by chance in many a good password.
    if name.len() > 2 && is_word_with_little_else(&lower, name) {
        return Err(AccessError::PasswordName);
    }
    let mut different: Vec<char> = lower.chars().collect();
    different.sort_unstable();
    different.dedup();
    let words = COMMON_WORDS.lines().map(str::trim);
    let mut words = words.filter(|word| !word.is_empty() && !word.starts_with('#'));
    let is_common = words.any(|word| is_word_with_little_else(&lower, word));
    if is_common || is_sequence(&lower) || different.len() < DIFFERENT_CHARS_MIN {
        return Err(AccessError::PasswordCommon);
    }
    Ok(())
}

/// Returns whether the word and at most a few more characters are the whole password.
fn is_word_with_little_else(password: &str, word: &str) -> bool {
    let rest = password.replacen(word, "", 1).chars().count();
    password.contains(word) && rest < BESIDE_A_WORD_MAX
}

/// Returns whether each character follows the one before it (`abcdefghij`, `9876543210`).
fn is_sequence(password: &str) -> bool {
    let codes: Vec<u32> = password.chars().map(u32::from).collect();
    let all = |step: fn(u32) -> u32| {
        let pairs = codes.windows(2);
        // From 9 a row of digits goes on with 0.
        pairs.filter(|pair| pair[1] != step(pair[0])).count() <= 1
    };
    all(|code| code + 1) || all(|code| code.wrapping_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_refused() {
        for (password, why) in [
            ("kunci 7", AccessError::PasswordShort),
            ("1234567890", AccessError::PasswordCommon),
            ("0987654321", AccessError::PasswordCommon),
            ("abcdefghijkl", AccessError::PasswordCommon),
            ("aaaaaaaaaaaa", AccessError::PasswordCommon),
            ("Password123", AccessError::PasswordCommon),
            ("indonesia2026", AccessError::PasswordCommon),
            ("Bismillah99!", AccessError::PasswordCommon),
            ("qwertyuiop", AccessError::PasswordCommon),
            ("Siti.Aminah1", AccessError::PasswordName),
        ] {
            assert_eq!(
                check_password(password, "siti.aminah"),
                Err(why),
                "{password}"
            );
        }
        let long = "x1y2z3w4v5".repeat(21);
        assert_eq!(
            check_password(&long, "siti"),
            Err(AccessError::PasswordLong)
        );
        for password in ["kunci gudang 7", "hujan turun deras", "Xk4-9fQz-11pp"] {
            assert_eq!(
                check_password(password, "siti.aminah"),
                Ok(()),
                "{password}"
            );
        }
    }

    #[test]
    fn a_name_is_lower_case_and_plain() {
        assert_eq!(parse_user_name(" Siti.Aminah ").unwrap(), "siti.aminah");
        for name in [
            "",
            "s",
            "7up",
            "siti aminah",
            "siti/..",
            "<b>",
            "sití",
            &"a".repeat(41),
        ] {
            assert_eq!(parse_user_name(name), Err(AccessError::BadName), "{name}");
        }
    }
}
