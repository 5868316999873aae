//! [`Language::point_label`]: names of points and of their values, in words.
//!
//! The id of a point is made of parts that profiles share. The catalogue has a text for each part,
//! `part-GROUP-WORD`, and the order in which the groups follow each other in the language,
//! `part-order`. Where that gives no good label, the catalogue has the whole name, `point-NAME`.

use super::Language;

/// Groups of parts: what is measured, in which manner, of which object, the phase or number, the
/// time that it covers, and a note in brackets.
const PART_GROUPS: [&str; 6] = ["measure", "manner", "object", "index", "time", "note"];
/// Most words of a name that form one part (`l1_l2`).
const WORDS_PER_PART_MAX: usize = 2;

/// A part of a label: its group, its place in the name, and its text.
struct LabelPart {
    group: &'static str,
    text: String,
}

impl Language {
    /// Returns the label of a point with this id and quantity: `ac_power_l1` is "AC power L1".
    ///
    /// Words that no catalogue has stand in brackets as typed, after what is known: they are an id,
    /// and not a word of this language.
    pub fn point_label(self, name: &str, quantity: &str) -> String {
        if let Some(label) = self.find_point_label(name) {
            return label;
        }
        let key = message_key_of(name);
        let (mut parts, unknown) = self.label_parts(&words_of(&key));
        let typed = unknown.join(" ");
        if !has_measure(&parts) {
            let measured = self.quantity_name(quantity);
            // A name in the reader's own language says already what is measured.
            if parts.is_empty() && typed.starts_with(&measured) {
                return capitalise(&typed);
            }
            parts.push(LabelPart {
                group: "measure",
                text: measured,
            });
        }
        let known = capitalise(&self.join_parts(&parts));
        match &*typed {
            "" => known,
            typed => format!("{known} ({typed})"),
        }
    }

    /// Returns the label of a point with this id; `None` when the catalogue lacks a word of it, or
    /// when no word says what is measured.
    pub fn find_point_label(self, name: &str) -> Option<String> {
        let key = message_key_of(name);
        if let Some(whole) = self.find_text(&format!("point-{key}")) {
            return Some(whole);
        }
        if let Some((model, rest)) = split_model(&key) {
            let label = self.find_point_label(rest)?;
            let model = self.text_with("part-model", &[("number", model)]);
            return Some(format!("{label} ({model})"));
        }
        let (parts, unknown) = self.label_parts(&words_of(&key));
        let is_whole = unknown.is_empty() && has_measure(&parts);
        is_whole.then(|| capitalise(&self.join_parts(&parts)))
    }

    /// Returns the word of a value of a profile: `stopped by key`. A value that no catalogue has
    /// (`4-20 mA`, a word of a site) is shown as written.
    pub fn value_word(self, value: &str) -> String {
        self.find_text(&format!("value-{}", message_key_of(value)))
            .unwrap_or_else(|| value.to_owned())
    }

    /// Splits the words of a name into parts that the catalogue has, and the other words.
    fn label_parts<'a>(self, words: &[&'a str]) -> (Vec<LabelPart>, Vec<&'a str>) {
        let mut parts: Vec<LabelPart> = Vec::new();
        let mut unknown = Vec::new();
        let mut object = "";
        let mut rest = words;
        while let Some((word, after)) = rest.split_first() {
            if word.bytes().all(|byte| byte.is_ascii_digit()) && unknown.is_empty() {
                let text = self.number_text(object, word);
                let group = "index";
                parts.push(LabelPart { group, text });
                rest = after;
                continue;
            }
            let found = (1..=WORDS_PER_PART_MAX.min(rest.len())).rev();
            let mut found =
                found.filter_map(|count| Some((count, self.find_part(&rest[..count])?)));
            // After an unknown word the order as typed says more than the rules.
            let found = found.next().filter(|_| unknown.is_empty());
            if let Some((count, part)) = found {
                if part.group == "object" {
                    object = word;
                }
                parts.push(part);
                rest = &rest[count..];
            } else {
                unknown.push(*word);
                rest = after;
            }
        }
        (parts, unknown)
    }

    /// Joins parts in the order of the language.
    fn join_parts(self, parts: &[LabelPart]) -> String {
        let order = self.text("part-order");
        let ordered = order.split(' ').flat_map(|group| {
            let of_group = parts.iter().filter(move |part| part.group == group);
            of_group.map(|part| part.text.as_str())
        });
        ordered.collect::<Vec<_>>().join(" ")
    }

    fn find_part(self, words: &[&str]) -> Option<LabelPart> {
        let words = words.join("-");
        PART_GROUPS.into_iter().find_map(|group| {
            let text = self.find_text(&format!("part-{group}-{words}"))?;
            Some(LabelPart { group, text })
        })
    }

    /// Text of a number in a name; the inputs of a DC side are strings of modules.
    fn number_text(self, object: &str, number: &str) -> String {
        let key = format!("part-number-{object}");
        let args = [("number", number)];
        match self.text_with(&key, &args) {
            text if text == key => self.text_with("part-number", &args),
            text => text,
        }
    }

    /// Name of a quantity in the middle of a text: small letters, except in abbreviations.
    fn quantity_name(self, quantity: &str) -> String {
        let key = format!("web-quantity-{}", message_key_of(quantity));
        let text = self.find_text(&key);
        let text = text.unwrap_or_else(|| self.text("part-other"));
        let second = text.chars().nth(1);
        if second.is_some_and(char::is_uppercase) {
            return text;
        }
        let mut letters = text.chars();
        let first = letters.next().map(char::to_lowercase);
        first.into_iter().flatten().chain(letters).collect()
    }
}

/// Splits the name of a point in one `SunSpec` model: `m103-evt1` is `103` and `evt1`.
fn split_model(key: &str) -> Option<(&str, &str)> {
    let (model, rest) = key.strip_prefix('m')?.split_once('-')?;
    let is_number = !model.is_empty() && model.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((model, rest))
}

fn has_measure(parts: &[LabelPart]) -> bool {
    parts.iter().any(|part| part.group == "measure")
}

/// Words of a name in the form of message keys.
fn words_of(key: &str) -> Vec<&str> {
    key.split('-').filter(|word| !word.is_empty()).collect()
}

/// Form of an id or a word in message keys: `stopped by key` is `stopped-by-key`.
fn message_key_of(word: &str) -> String {
    word.to_ascii_lowercase().replace(['_', ' ', '.'], "-")
}

fn capitalise(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_tells_a_point_from_its_neighbours() {
        let label = |name| Language::Id.point_label(name, "");
        assert_eq!(label("ac_power_l1"), "Daya AC L1");
        assert_eq!(label("ac_energy_import"), "Energi impor AC");
        assert_eq!(label("dc_voltage_2"), "Tegangan DC string 2");
        assert_eq!(
            label("grid_import_energy_today"),
            "Energi impor jaringan listrik hari ini"
        );
        let label = |name| Language::En.point_label(name, "");
        assert_eq!(label("ac_power_l1"), "AC power L1");
        assert_eq!(label("ac_voltage_l1_l2"), "AC voltage L1–L2");
        assert_eq!(label("battery_charge_power"), "Battery charging power");
        assert_eq!(label("temperature_3"), "Temperature 3");
    }

    #[test]
    fn an_unknown_word_stands_in_brackets_as_typed() {
        let label = |name, quantity| Language::Id.point_label(name, quantity);
        assert_eq!(label("pump_power_barn", "power"), "Daya pompa (barn)");
        assert_eq!(label("barn", "energy"), "Energi (barn)");
        assert_eq!(label("daya_gudang", "power"), "Daya gudang");
        assert_eq!(
            label("m160_module_3_dcw", "power"),
            "Daya (m160 module 3 dcw)"
        );
        assert_eq!(label("conn", ""), "Nilai (conn)");
        assert_eq!(label("m103_evt1", ""), "Kejadian 1 (model 103)");
        assert_eq!(label("wind", "speed"), "Kecepatan angin");
        assert_eq!(label("up", ""), "Nilai (up)");
    }

    #[test]
    fn a_value_is_a_word_or_shown_as_written() {
        assert_eq!(Language::Id.value_word("power off"), "daya mati");
        assert_eq!(Language::Id.value_word("4-20 mA"), "4-20 mA");
    }
}
