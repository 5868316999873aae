//! Texts about failures in the language of the reader.

use super::Language;
use crate::domain::{DetailMessage, DetailPart, FaultDetail, parse_finite};

impl Language {
    /// Returns the text about a failure in this language; in English as it stands in the log.
    pub fn fault_detail(self, detail: &FaultDetail) -> String {
        if self == Self::En {
            return detail.english().to_owned();
        }
        let texts = detail.parts().iter().map(|part| match part {
            DetailPart::Verbatim(text) => text.clone(),
            DetailPart::Message(message) => self.detail_message(message),
        });
        texts.collect()
    }

    fn detail_message(self, message: &DetailMessage) -> String {
        let number = |value: &String| match parse_finite(value) {
            Some(_) => self.locale().plain_digits(value),
            None => value.clone(),
        };
        let values: Vec<String> = message
            .args
            .iter()
            .map(|(_, value)| number(value))
            .collect();
        let args = message.args.iter().zip(&values);
        let args: Vec<(&str, &str)> = args.map(|((name, _), value)| (&**name, &**value)).collect();
        self.text_with(&message.key, &args)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_said_in_each_language_and_what_nobody_translates_stays() {
        let late =
            FaultDetail::message("no answer within 500 ms", "detail-timeout", &[("ms", &500)]);
        let detail = FaultDetail::from("Holding:0 x 2: ").followed_by(late);
        assert_eq!(
            Language::En.fault_detail(&detail),
            "Holding:0 x 2: no answer within 500 ms"
        );
        assert_eq!(
            Language::Id.fault_detail(&detail),
            "Holding:0 x 2: tidak ada jawaban dalam 500 ms"
        );
        let levels = FaultDetail::message(
            "1.5 s",
            "detail-two-times",
            &[("one", &1.5), ("other", &"192.168.1.5")],
        );
        assert_eq!(
            Language::Id.fault_detail(&levels),
            "; setelah 1,5 ms dan 192.168.1.5 ms"
        );
        let plain = FaultDetail::from("No such file");
        assert_eq!(Language::Id.fault_detail(&plain), "No such file");
    }
}
