//! Names of what a changed configuration or table of factors touches, as far as it can be known.

use crate::config::factors::built_in_factors;
use crate::config::{changed_keys, first_faulty_line, place_name};
use crate::evidence::{ChangedText, EvidenceMismatch, MismatchKind, VerificationReport, hash};

/// Adds to each fault of a text what was touched: by comparison with the text as it was, when it is
/// the one in force or in the program; else by what differs from both neighbours.
pub(super) fn name_changes(verdict: &mut VerificationReport, in_force: Option<&str>) {
    let texts = std::mem::take(&mut verdict.changed_texts);
    for text in &texts {
        let is_it = |fault: &&mut EvidenceMismatch| is_fault_of(fault, text);
        let Some(fault) = verdict.mismatches.iter_mut().find(is_it) else {
            continue;
        };
        fault.faulty_line = first_faulty_line(&text.text);
        if fault.faulty_line.is_some() {
            continue;
        }
        let known = in_force.into_iter().chain([built_in_factors()]);
        let original = known
            .into_iter()
            .find(|known| hash(known.as_bytes()) == text.sha256);
        fault.places = match original {
            Some(original) => changed_keys(original, &text.text),
            None => places_beside_neighbours(text),
        };
    }
}

fn is_fault_of(fault: &EvidenceMismatch, text: &ChangedText) -> bool {
    match fault.what {
        MismatchKind::File => {
            let name = format!("{} {}", text.kind.word(), text.id);
            fault.touches.contains(&name)
        }
        what => what == text.kind.what() && fault.name == text.id.to_string(),
    }
}

/// Places that differ from every neighbouring revision; none without a neighbour.
fn places_beside_neighbours(text: &ChangedText) -> Vec<String> {
    let mut all = text
        .neighbours
        .iter()
        .map(|near| changed_keys(near, &text.text));
    let Some(mut places) = all.next() else {
        return Vec::new();
    };
    for other in all {
        // What a neighbour had in that place may be another value.
        let has = |place: &str| other.iter().any(|one| place_name(one) == place_name(place));
        places.retain(|place| has(place));
    }
    places
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::RevisionKind;

    fn places(kind: RevisionKind, text: &str, sha256: &str, near: &[&str]) -> EvidenceMismatch {
        let mut verdict = VerificationReport::default();
        verdict.add_mismatch(None, kind.what(), "2");
        verdict.changed_texts.push(ChangedText {
            kind,
            id: 2,
            sha256: sha256.to_owned(),
            text: text.to_owned(),
            neighbours: near.iter().map(|one| (*one).to_owned()).collect(),
        });
        name_changes(&mut verdict, Some("[site]\nid = 'a'\n"));
        verdict.mismatches.remove(0)
    }

    #[test]
    fn a_changed_factor_and_a_changed_key_are_named() {
        let (factors, site) = (RevisionKind::Factors, RevisionKind::Configuration);
        let known = built_in_factors();
        let changed = known.replacen("value = 28.0", "value = 29.0", 1);
        let fault = places(factors, &changed, &hash(known.as_bytes()), &[]);
        assert_eq!(fault.places, ["[[factor]] gwp.ar5.ch4: value 28.0 → 29.0"]);
        let text = "[site]\nid = 'b'\n";
        let sha256 = hash(b"[site]\nid = 'a'\n");
        let told = ["[site]: id \"a\" → \"b\""];
        assert_eq!(places(site, text, &sha256, &[]).places, told);
        // The text as it was is known to nobody; its neighbours tell.
        let near = ["[site]\nid = 'a'\n[web]\n", "[site]\nid = 'a'\n[store]\n"];
        assert_eq!(places(site, text, "", &near).places, told);
        assert_eq!(places(site, text, "", &[]).places, Vec::<String>::new());
        let own = |value: &str| {
            let factors = format!("[[factor]]\nid = 'grid.own'\nvalue = {value}\n");
            format!("[site]\nid = 'a'\n\n# --- [factors] file ---\n{factors}")
        };
        let (near, text) = ([own("0.8"), own("0.7")], own("0.9"));
        let near = [&*near[0], &*near[1]];
        assert_eq!(
            places(site, &text, "", &near).places,
            ["[factors] file [[factor]] grid.own: value 0.8 → 0.9"]
        );
        let near = ["[site]\nid = 'a'\n[web]\n", "[site]\nid = 'a'\n[store]\n"];
        let broken = places(site, "[site]\nid = 'b'\n[web\n", "", &near);
        assert_eq!((broken.faulty_line, broken.places.len()), (Some(3), 0));
    }
}
